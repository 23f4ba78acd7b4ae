"""Laws of the row updates: what is summed, what is damped, and what is left alone."""

from functools import partial
from itertools import cycle
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from problems import (
    ARCHITECTURES,
    COUNTS,
    DRAWS,
    IN_TURN,
    NO_CHANGE,
    NUM_NOISE,
    D,
    V,
    config_of,
    gradients,
    moved,
    parameters,
    problem,
    setting_of,
    shared_of,
    step,
    text,
    updated,
    window,
)
from references import FORMULAS, blocks_step

from w2vjax.config.layers import LAYERS as OUTPUTS
from w2vjax.config.layers import sampled_layers
from w2vjax.engine.damping import Damping
from w2vjax.engine.update import initial
from w2vjax.engine.windows import Batch, frame, pair_batch
from w2vjax.losses.layers import build

DAMPED = Damping()
NUM_KEYS = 1 << 11


@pytest.mark.parametrize("config, architecture, predicts", IN_TURN)
def test_blocks_are_the_sum_of_their_pairs(config, architecture, predicts):
    """With the same draws: loss of the first block read, gradient of all in both matrices."""
    matrices, layer, block, noise = problem(config, architecture, predicts)
    found = step(matrices, layer, block, noise)
    setting, formula = setting_of(config, layer), FORMULAS[config.layer]
    expected = blocks_step(formula, setting, (matrices.input, matrices.output), block, noise)
    first = expected.loss[: len(block.weight) // block.reads[0]].sum(axis=0)
    np.testing.assert_allclose(found.loss[0], first, rtol=1e-5)
    for name, ours, theirs in zip(found._fields[1:], found[1:], expected[1:], strict=True):
        np.testing.assert_allclose(ours, theirs, atol=4e-5, rtol=1e-5, err_msg=name)
        assert np.abs(theirs).max() > 1


@pytest.mark.parametrize(
    "layer, architecture", [*zip(sampled_layers(), cycle(["skip-gram", "cbow"]))]
)
def test_sharing_noise_leaves_the_expected_gradient_as_it_is(layer, architecture):
    """Means over many draws: each pair with k noise words of its own, a block with its shared K.

    (A sampled softmax has K in both.)
    """
    alone = DRAWS if layer == "sampled-softmax" else NUM_NOISE
    matrices = parameters(V, seed=1)
    means, variances = [], []
    for block, draws in (
        (window(architecture, "neighbours"), DRAWS),
        (pair_batch(*text(), architecture), alone),
    ):
        built = build(config_of(layer), draws, COUNTS)

        @jax.jit
        def drawn(key: jax.Array, built: Any = built, block: Batch = block) -> jax.Array:
            noise = built.shared_rows(key, (NUM_KEYS, block.reads[0]))
            found = jax.vmap(partial(gradients, matrices, built, block))(noise)
            parts = (part.reshape(NUM_KEYS, -1) for part in (found.to_input, found.to_output))
            return jnp.concatenate(list(parts), axis=1)

        samples = np.asarray(drawn(jax.random.key(draws)), np.float64)
        means.append(samples.mean(axis=0))
        variances.append(samples.var(axis=0, ddof=1) / NUM_KEYS)
    error = np.sqrt(sum(variances)) + 1e-6
    difference = np.abs(means[0] - means[1])
    sampled = error > 1e-4
    assert sampled.mean() > 0.3 and (difference[~sampled] < 1e-3).all()
    z = difference[sampled] / error[sampled]
    assert z.max() < 4 and np.square(z).mean() < 1.5
    assert error.max() < 0.03 * np.abs(means[0]).max()


@pytest.mark.parametrize("layer", OUTPUTS)
def test_an_undivided_mean_gives_every_neighbour_all_of_its_gradient(layer):
    """word2vec.c's way: as many times the mean's share as the mean has words."""
    matrices, built, batch, noise = problem(config_of(layer), "cbow", "neighbours")
    # One mean a block: its words' shares are told apart by their number.
    number, each = batch.averaging.shape[:2]
    alone = batch.replace(
        weight=jnp.zeros_like(batch.weight).at[3::each].set(batch.weight[3::each])
    )
    divided = step(matrices, built, alone, noise)
    whole = step(matrices, built, alone.replace(sum_gradient=True), noise)
    np.testing.assert_allclose(whole.loss, divided.loss, rtol=1e-6)
    np.testing.assert_allclose(whole.to_output, divided.to_output, atol=1e-6)
    expected = np.zeros((V, D))
    words, shares = np.asarray(frame(batch.inputs, *batch.reads)), np.asarray(batch.averaging)[:, 3]
    one_by_one = [
        step(
            matrices,
            built,
            alone.replace(weight=jnp.zeros_like(alone.weight).at[b].set(alone.weight[b])),
            noise,
        ).to_input
        for b in range(3, number * each, each)
    ]
    for b, gradient in enumerate(one_by_one):
        there = shares[b] > 0
        if there.any():
            times = np.bincount(words[b], there, V) / np.bincount(words[b], shares[b], V).clip(1e-9)
            expected += np.asarray(gradient) * times[:, None]
    np.testing.assert_allclose(whole.to_input, expected, atol=2e-5, rtol=1e-4)
    assert np.abs(whole.to_input - divided.to_input).max() > 0.01


def test_compiling_changes_nothing():
    arguments = problem(config_of("negative-sampling"))
    with jax.disable_jit():
        plain = gradients(*arguments)
    for ours, theirs in zip(jax.jit(gradients)(*arguments), plain, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("architecture, predicts", ARCHITECTURES)
@pytest.mark.parametrize("layer", OUTPUTS)
def test_only_touched_rows_change(layer, architecture, predicts):
    matrices, built, block, noise = problem(
        config_of(layer, shared_nodes=3), architecture, predicts
    )
    noise = noise // 2
    found = step(matrices, built, block, noise)
    number, width = block.weight.shape[:2]
    live = np.asarray(block.weight).sum(axis=1) > 0
    if block.averaging is not None:
        live = (np.asarray(block.averaging) > 0).any(axis=1)
    changed = np.flatnonzero(np.abs(found.to_input).sum(axis=1))
    inputs = np.asarray(frame(block.inputs, *block.reads))
    assert set(changed) == set(inputs[live].tolist())
    assert 0 < len(changed) < V
    changed = np.flatnonzero(np.abs(found.to_output).sum(axis=1))
    if built.candidate_scope == "matrix":
        assert len(changed) == V
    elif layer in sampled_layers():
        weighted = np.asarray(block.weight).sum(axis=2) > 0
        targets = np.asarray(frame(block.targets, number, width))[weighted].tolist()
        assert set(changed) == {*targets, *np.asarray(noise).ravel().tolist()}
        assert len(changed) < V


@pytest.mark.parametrize("layer", OUTPUTS)
def test_a_step_costs_no_more_for_a_larger_vocabulary(layer):
    """Arithmetic of a step: no dense gradient, except where every row is a candidate."""

    def flops(num_words: int, dim: int = 64) -> float:
        counts = np.maximum(1, 10**6 // np.arange(1, num_words + 1))
        built = build(config_of(layer), DRAWS, counts)
        block = window("skip-gram", "neighbours")
        noise = shared_of(built, block)
        matrices = parameters(built.num_rows(num_words), num_words=num_words, dim=dim)
        arguments = (matrices, built, block, noise, jnp.float32(1.0), DAMPED, NO_CHANGE)
        return updated.lower(*arguments).cost_analysis()["flops"]

    grown, dense = flops(30_000) - flops(1_000), 29_000 * 64
    if build(config_of(layer), DRAWS, COUNTS).candidate_scope == "matrix":
        assert grown > 10 * dense
    else:  # a tree is a few turns deeper; a dense gradient costs at least twice `dense`
        assert grown < dense


@pytest.mark.parametrize("layer", OUTPUTS)
def test_no_step_at_learning_rate_zero(layer):
    matrices, *others = problem(config_of(layer))
    new, telemetry, _ = updated(matrices, *others, jnp.float32(0.0), DAMPED, NO_CHANGE)
    for change in moved(matrices, new):
        np.testing.assert_array_equal(change, 0)
    assert np.isfinite(telemetry.loss).all() and telemetry.loss.sum() > 0


def test_telemetry_counts_the_pairs():
    block = window("skip-gram", "neighbours")
    layer = build(config_of("full-softmax"), DRAWS, COUNTS)
    noise = shared_of(layer, block)
    telemetry = updated(parameters(V), layer, block, noise, jnp.float32(0.1), DAMPED, NO_CHANGE)[1]
    assert telemetry.all_pairs == block.weight.sum() > telemetry.pairs == block.weight[0].sum() > 0


def test_the_start_is_word2vecs():
    """Inputs uniform in ±1/(2d), outputs zero, and the same inputs for every output layer."""
    start = initial(jax.random.key(0), 3_000, 2_999, D)
    values = np.asarray(start.input, np.float64)
    assert start.input.shape == (3_000, D) and start.output.shape == (2_999, D)
    assert not start.output.any()
    assert 0.99 * 0.5 / D < np.abs(values).max() <= 0.5 / D
    error = 0.5 / D / np.sqrt(3 * values.size)
    assert abs(values.mean()) < 4 * error
    other = initial(jax.random.key(0), 3_000, 10, D)
    np.testing.assert_array_equal(start.input, other.input)
    assert (initial(jax.random.key(1), 3_000, 10, D).input != start.input).any()
