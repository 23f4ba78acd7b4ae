"""Laws of the output layers, for every one in the registry, against the formulas of the papers."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from problems import (
    COUNTS,
    DRAWS,
    EVERY,
    LAYERS,
    NUM_NOISE,
    D,
    V,
    config_of,
    each_step,
    one_pair,
    parameters,
    sampler_law,
    setting_of,
)
from references import FORMULAS, blocks_step, tree_softmax

from w2vjax.config.layers import LAYERS as OUTPUTS
from w2vjax.config.layers import sampled_layers
from w2vjax.config.schema import OutputConfig, SamplerConfig
from w2vjax.engine.update import Parameters
from w2vjax.errors import InputError
from w2vjax.losses.layer import OutputLayer
from w2vjax.losses.layers import build

NORMALISED = [layer for layer in OUTPUTS if layer not in sampled_layers()]
NUM_CHOICES = 8
"""words of the vocabulary where expectations are sums over all words"""
CHOICES = np.array([30, 14, 9, 9, 5, 3, 2, 1])


def examples(layer: OutputLayer, num_words: int = V) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Every word as a target, with noise that holds duplicates, the target, or nothing else."""
    key = jax.random.key(1)
    inputs = jax.random.randint(key, (num_words,), 0, num_words)
    targets = jnp.arange(num_words)
    noise = layer.shared_rows(jax.random.key(2), (num_words,))
    if layer.candidate_scope == "block":
        noise = noise.at[:, 1].set(noise[:, 0])
        noise = noise.at[::3, 2:4].set(targets[::3, None])
        noise = noise.at[4, :].set(4)
    return inputs, targets, noise


def test_every_layer_has_a_formula():
    assert set(FORMULAS) == set(OUTPUTS)


@pytest.mark.parametrize("layer", OUTPUTS)
def test_the_formulas_slopes_are_those_of_their_losses(layer):
    """The references themselves: closed forms against central differences."""
    config = config_of(layer)
    setting = setting_of(config, build(config, DRAWS, COUNTS))
    generator = np.random.default_rng(0)
    scores, noise = generator.normal(size=V), np.array([3, 3, 7, 0])
    for target in (0, 3, 11):
        formula = partial(FORMULAS[layer], target=target, noise=noise, setting=setting)
        for row in range(V - 1):  # a tree has one row less
            shift = np.zeros(V)
            shift[row] = 1e-5
            up, down = (sum(formula(scores + sign * shift)[:2]) for sign in (1, -1))
            assert formula(scores).slope[row] == pytest.approx((up - down) / 2e-5, abs=1e-8)


@pytest.mark.parametrize("config", EVERY)
def test_one_example_is_the_papers_formula(config):
    """Value and gradient, noise that repeats itself or hits the target included."""
    layer = build(config, DRAWS, COUNTS)
    matrices = parameters(layer.num_rows(V))
    inputs, targets, noise = examples(layer)
    if config.layer in sampled_layers():
        assert noise.shape == (V, DRAWS)
    block = one_pair(inputs, targets)
    found = jax.tree.map(np.asarray, each_step(matrices, layer, block, noise))
    setting, formula = setting_of(config, layer), FORMULAS[config.layer]
    arrays, block, noise = jax.tree.map(
        np.asarray, ((matrices.input, matrices.output), block, noise)
    )
    for e in range(V):
        one = jax.tree.map(lambda leaf, e=e: leaf[e : e + 1], block)
        expected = blocks_step(formula, setting, arrays, one, noise[e : e + 1])
        for name, ours, theirs in zip(found._fields, found, expected, strict=True):
            np.testing.assert_allclose(
                ours[e], theirs, atol=5e-6, rtol=2e-5, err_msg=f"{name}, target {e}"
            )
    assert np.abs(found.to_output).max() > 0.1


@pytest.mark.parametrize("layer", NORMALISED)
@pytest.mark.parametrize("num_words", [2, 37])
def test_probabilities_sum_to_one(layer, num_words):
    counts = np.sort(np.random.default_rng(3).integers(1, 90, num_words))[::-1]
    built = build(config_of(layer, shared_nodes=6), 1, counts)
    matrices = parameters(built.num_rows(num_words), num_words=num_words)
    targets = jnp.arange(num_words)
    noise = built.shared_rows(jax.random.key(0), (num_words,))
    probabilities = []
    for word in range(2):
        inputs = jnp.full(num_words, word)
        loss = each_step(matrices, built, one_pair(inputs, targets), noise).loss
        probabilities.append(np.exp(-np.asarray(loss, np.float64).sum(axis=(1, 2))))
        assert probabilities[-1].sum() == pytest.approx(1, abs=1e-5)
    assert np.abs(probabilities[0] - probabilities[1]).max() > 0.01


def at_scores(scores: np.ndarray) -> Parameters:
    """Parameters at which the one hidden vector that examples use has these scores."""
    hidden = np.random.default_rng(5).normal(size=D)
    rows = scores[:, None] * hidden[None, :] / (hidden @ hidden)
    return Parameters(
        *(jnp.asarray(part, jnp.float32) for part in (np.tile(hidden, (NUM_CHOICES, 1)), rows))
    )


def expected_slopes(layer: OutputLayer, scores: np.ndarray, draws: int) -> np.ndarray:
    """E over `draws` noise words of the gradient in every score, for every target: [t, v].

    The sum over every way to draw them, weighted by the sampler's law.
    """
    axes = np.meshgrid(*[np.arange(NUM_CHOICES)] * (1 + draws), indexing="ij")
    targets, *noise = (axis.ravel() for axis in axes)
    law = sampler_law(layer, NUM_CHOICES)
    chance = np.prod([law[drawn] for drawn in noise], axis=0)
    matrices = at_scores(scores)
    block = one_pair(jnp.zeros(len(targets), jnp.int32), jnp.asarray(targets))
    drawn = jnp.asarray(np.stack(noise, axis=1), jnp.int32)
    gradient = np.asarray(each_step(matrices, layer, block, drawn).to_output, np.float64)
    hidden = np.asarray(matrices.input[0], np.float64)
    slopes = gradient @ hidden / (hidden @ hidden)
    summed = np.zeros((NUM_CHOICES, NUM_CHOICES))
    np.add.at(summed, targets, chance[:, None] * slopes)
    return summed


@pytest.mark.parametrize("layer", sampled_layers())
def test_the_optimum_is_where_theory_says(layer):
    """With P(t|h) the data's law, the expected gradient is zero in every row.

    NEG: v_t · h = log P(t|h)/q(t) - log k (Levy & Goldberg 2014, eq. 11); NCE: log P(t|h)
    (Gutmann & Hyvärinen 2012, theorem 1); sampled softmax: log P(t|h) + any constant, noise that
    hits the target kept (Ma & Collins 2018, the ranking objective).
    """
    draws = 2 if layer == "sampled-softmax" else 1
    config = config_of(layer, collision="keep")
    built = build(config, draws, CHOICES)
    law = np.random.default_rng(11).dirichlet(np.full(NUM_CHOICES, 2.0))
    noise_law = sampler_law(built, NUM_CHOICES)
    optimum = {
        "negative-sampling": np.log(law / noise_law) - np.log(NUM_NOISE),
        "nce": np.log(law),
        "sampled-softmax": np.log(law) + 0.7,
    }[layer]
    np.testing.assert_allclose(law @ expected_slopes(built, optimum, draws), 0, atol=2e-6)
    elsewhere = optimum + np.linspace(0, 0.3, NUM_CHOICES)
    assert np.abs(law @ expected_slopes(built, elsewhere, draws)).max() > 3e-3


@pytest.mark.parametrize("layer", ["negative-sampling", "nce"])
def test_collisions_follow_the_policy_in_expectation(layer):
    """keep: noise ~ q; mask: q without the target; redraw: q given that it is not the target."""
    scores = np.random.default_rng(2).normal(size=NUM_CHOICES)
    for policy in ("keep", "mask", "redraw"):
        built = build(config_of(layer, collision=policy), 1, CHOICES)
        law = sampler_law(built, NUM_CHOICES)
        others = np.ones((NUM_CHOICES, NUM_CHOICES)) - (policy != "keep") * np.eye(NUM_CHOICES)
        noise_law = law * others
        if policy == "redraw":
            noise_law /= noise_law.sum(axis=1, keepdims=True)
            assert noise_law.sum(axis=1) == pytest.approx(1)
        shift = np.log(NUM_NOISE * law) if layer == "nce" else 0
        chance = 1 / (1 + np.exp(shift - scores))
        expected = NUM_NOISE * noise_law * chance - np.diag(1 - chance)
        found = expected_slopes(built, scores, 1)
        np.testing.assert_allclose(found, expected, atol=3e-6, err_msg=policy)


def test_masked_hits_count_once_in_a_sampled_softmax():
    """With every noise word equal to the target nothing is left to tell it from."""
    built = build(config_of("sampled-softmax", collision="mask"), DRAWS, COUNTS)
    matrices = parameters(V)
    targets = jnp.array([0, 5])
    noise = jnp.broadcast_to(targets[:, None], (2, DRAWS))
    found = each_step(matrices, built, one_pair(targets, targets), noise)
    np.testing.assert_allclose(found.loss.sum(axis=-1), 0, atol=1e-5)
    np.testing.assert_allclose(found.to_output, 0, atol=1e-5)


@pytest.mark.parametrize("layer", sampled_layers())
def test_words_that_are_never_drawn_still_train_or_are_refused(layer):
    """A coarse table leaves out the rarest words; as targets they give no infinite loss.

    Where logits are corrected they would have no correction.
    """
    sampler = SamplerConfig("unigram", 1.0, "table", table_size=V)
    config = config_of(layer, sampler=sampler)
    if layer != "negative-sampling":
        with pytest.raises(InputError, match=r"never draws \d+ of the 20 words .*cannot correct"):
            build(config, DRAWS, COUNTS)
        return
    with pytest.warns(UserWarning, match="never pushed away"):
        built = build(config, DRAWS, COUNTS)
    unreachable = np.flatnonzero(sampler_law(built) == 0)
    assert len(unreachable)
    targets = jnp.asarray(unreachable)
    noise = built.shared_rows(jax.random.key(0), targets.shape)
    found = each_step(parameters(V), built, one_pair(targets, targets), noise)
    for part in found:
        assert np.isfinite(part).all()


@pytest.mark.parametrize("config", LAYERS)
def test_a_target_without_weight_leaves_no_trace(config):
    layer = build(config, DRAWS, COUNTS)
    inputs, targets, noise = examples(layer)
    block = one_pair(inputs, targets)
    idle = block.replace(weight=jnp.zeros_like(block.weight))
    for part in each_step(parameters(layer.num_rows(V)), layer, idle, noise):
        np.testing.assert_array_equal(part, 0)


@pytest.mark.parametrize("layer", OUTPUTS)
def test_noise_has_the_shape_asked_for_and_depends_on_the_key(layer):
    built = build(config_of(layer), DRAWS, COUNTS)
    drawn = [np.asarray(built.shared_rows(jax.random.key(seed), (7, 5))) for seed in (0, 0, 1)]
    assert all(np.issubdtype(noise.dtype, np.integer) for noise in drawn)
    np.testing.assert_array_equal(drawn[0], drawn[1])
    if layer in sampled_layers():
        assert drawn[0].shape == (7, 5, DRAWS)
        assert drawn[0].min() >= 0 and drawn[0].max() < V
        assert (drawn[0] != drawn[2]).any()
        assert len(np.unique(drawn[0].reshape(-1, DRAWS), axis=0)) > 1
    else:
        nodes = built.top.shape[1] if built.candidate_scope == "step" else 0
        np.testing.assert_array_equal(drawn[0], np.broadcast_to(np.arange(nodes), (7, 5, nodes)))


def test_a_tree_has_a_row_for_every_inner_node():
    for layer in OUTPUTS:
        is_tree = getattr(FORMULAS[layer], "func", None) is tree_softmax
        assert build(config_of(layer), DRAWS, COUNTS).num_rows(V) == V - is_tree


@pytest.mark.parametrize(
    "config, message",
    [
        (OutputConfig("negative-samplin"), "did you mean negative-sampling"),
        (OutputConfig("sampled-softmax", collision="redraw"), "mask and keep"),
        (OutputConfig("nce", SamplerConfig("unigrm")), "did you mean unigram"),
    ],
)
def test_impossible_layers_are_refused(config, message):
    with pytest.raises(InputError, match=message):
        build(config, DRAWS, COUNTS)
