"""The gradient laboratory's mathematics, against formulas and simulations."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from problems import COUNTS, POLICIES, D, V, config_of

from w2vjax.errors import InputError
from w2vjax.losses.layer import OutputLayer
from w2vjax.losses.layers import build
from w2vjax.losses.negative_layers import NegativeSampling
from w2vjax.losses.sampled_layer import SampledSoftmax
from w2vjax.samplers import SAMPLERS
from w2vjax.samplers.mechanisms import Alias
from w2vjax.study.gradients import (
    SLICES,
    TENTHS,
    EmbeddedPairs,
    Moments,
    by_slice,
    estimates,
    exact_gradient,
    expected_gradient,
    gradient,
    moments,
    normalised,
    squared_bias,
    tenths,
)

LINEAR = [
    (layer, policy)
    for layer in ("negative-sampling", "nce")
    for policy in POLICIES
    if policy != "auto"
]
SOFTMAX_POLICIES = ("mask", "keep")


def batch(num_pairs: int = 8, same_hidden: bool = False) -> EmbeddedPairs:
    draw = np.random.default_rng(1)
    hidden = draw.normal(size=(num_pairs, D))
    if same_hidden:
        hidden[:] = hidden[0]
    arrays = hidden, 0.7 * draw.normal(size=(V, D))
    hidden, output = (jnp.asarray(array, jnp.float32) for array in arrays)
    return EmbeddedPairs(hidden, jnp.asarray(draw.integers(0, V, num_pairs), jnp.int32), output)


def apart(pairs: EmbeddedPairs, layer: OutputLayer, expected: jax.Array) -> tuple[float, float]:
    """Largest and typical distance of the mean of draws from what is expected, standard errors."""
    keys = jax.random.split(jax.random.key(3), 4_000)

    def draw(key: jax.Array) -> jax.Array:
        return gradient(pairs, layer, layer.shared_rows(key, (2,)))

    drawn = np.asarray(jax.jit(jax.vmap(draw))(keys), np.float64)
    error = drawn.std(axis=0, ddof=1) / np.sqrt(len(drawn))
    assert error.max() > 1e-4
    away = (drawn.mean(axis=0) - np.asarray(expected)) / np.maximum(error, 1e-6)
    return float(np.abs(away).max()), float(np.sqrt(np.mean(away**2)))


def test_the_exact_gradient_is_that_of_log_softmax() -> None:
    pairs = batch()

    def loss(output):
        log_p = jax.nn.log_softmax(pairs.hidden @ output.T, axis=1)
        return -jnp.mean(log_p[jnp.arange(len(pairs.targets)), pairs.targets])

    expected = jax.grad(loss)(pairs.output)
    np.testing.assert_allclose(exact_gradient(pairs), expected, atol=1e-6)
    assert np.abs(expected).max() > 0.01


def test_normalised_scores_are_log_probabilities_of_the_same_model() -> None:
    pairs = batch()
    made = normalised(pairs)
    log_p = jax.nn.log_softmax(pairs.hidden @ pairs.output.T, axis=1)
    np.testing.assert_allclose(made.hidden @ made.output.T, log_p, atol=1e-5)
    exact = np.asarray(exact_gradient(made))
    np.testing.assert_allclose(exact[:, :D], exact_gradient(pairs), atol=1e-5)
    assert np.linalg.norm(exact[:, D]) < 0.01 * np.linalg.norm(exact)


def test_nce_comes_to_the_exact_gradient_where_scores_are_log_probabilities() -> None:
    """Gutmann & Hyvärinen 2012, section 2.4: maximum likelihood in the limit; nowhere else."""
    for pairs, vanishes in ((normalised(batch()), True), (batch(), False)):
        exact, bias = exact_gradient(pairs), {}
        for count in (64, 1024, 16384):
            layer = build(config_of("nce", num_noise=count), 1, COUNTS)
            away = expected_gradient(pairs, layer) - exact
            bias[count] = float(jnp.linalg.norm(away) / jnp.linalg.norm(exact))
        assert (bias[1024] < bias[64] / 8 and bias[16384] < bias[1024] / 8) == vanishes
        assert (bias[16384] > 0.5) == (not vanishes)


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("layer", ["negative-sampling", "nce"])
def test_the_expected_gradient_sums_over_the_vocabulary(layer, sampler) -> None:
    """Written out: (σ(s_t - c_t) - 1) at the target, k·q_v·σ(s_v - c_v) at every noise word."""
    pairs, k = batch(), 3
    config = config_of(layer, num_noise=k, sampler=replace(SAMPLERS[sampler], table_size=5_000))
    built = build(replace(config, collision="keep"), k, COUNTS)
    q = np.exp(np.asarray(built.sampler.log_prob(jnp.arange(V)), np.float64))
    hidden, output = (np.asarray(a, np.float64) for a in (pairs.hidden, pairs.output))
    scores = hidden @ output.T - (np.log(k * q) if layer == "nce" else 0)
    odds = 1 / (1 + np.exp(-scores))
    slopes = k * q * odds
    places = np.arange(len(hidden)), np.asarray(pairs.targets)
    slopes[places] += odds[places] - 1
    expected = slopes.T @ hidden / len(hidden)
    np.testing.assert_allclose(expected_gradient(pairs, built), expected, atol=2e-6)


@pytest.mark.parametrize(("layer", "policy"), LINEAR)
def test_the_expected_gradient_is_the_mean_of_draws(layer, policy) -> None:
    pairs, built = batch(), build(config_of(layer, collision=policy), 6, COUNTS)
    worst, typical = apart(pairs, built, expected_gradient(pairs, built))
    assert worst < 5 and typical < 1.3
    assert apart(pairs, built, exact_gradient(pairs))[0] > 20, "which is another"


@pytest.mark.parametrize("policy", SOFTMAX_POLICIES)
def test_noise_from_the_models_own_softmax_leaves_no_bias_but_a_shorter_step(policy) -> None:
    """All corrected scores are alike then. Blanc & Rendle 2018, theorem 2.1.

    A pair's expected gradient is the exact one times K/(K + 1), as the target's score is corrected
    too; or, hits left out, times (1 - E[1/(N + 1)])/(1 - p_t) with N from Bin(K, 1 - p_t).
    """
    pairs, draws = batch(same_hidden=True), 8
    softmax = np.asarray(jax.nn.softmax(pairs.hidden[0] @ pairs.output.T), np.float64)
    chance = softmax[np.asarray(pairs.targets)]
    factor = np.full(len(chance), draws / (draws + 1))
    if policy == "mask":
        left = (1 - chance ** (draws + 1)) / ((draws + 1) * (1 - chance))
        factor = (1 - left) / (1 - chance)
    slopes = factor[:, None] * (softmax - np.eye(V)[np.asarray(pairs.targets)])
    expected = jnp.asarray(slopes.T @ np.asarray(pairs.hidden) / len(chance), jnp.float32)

    own, uniform = (
        SampledSoftmax(Alias.of(law / law.sum()), draws, policy) for law in (softmax, np.ones(V))
    )
    worst, typical = apart(pairs, own, expected)
    assert worst < 5 and typical < 1.3
    assert apart(pairs, uniform, expected)[0] > 10


def test_masked_hits_leave_the_target_out_of_the_partition_as_noise_grows() -> None:
    """Drawn with repeats, a target that counts once weighs 1/(K q) and not one: bias stays."""
    pairs, exact = batch(), exact_gradient(batch())
    scores = np.asarray(pairs.hidden @ pairs.output.T, np.float64)
    targets = np.eye(V)[np.asarray(pairs.targets)]
    others = np.where(targets, 0, np.exp(scores))
    others /= others.sum(axis=1, keepdims=True)
    limit = (others - targets).T @ np.asarray(pairs.hidden) / len(scores)
    for policy, expected in (("keep", exact), ("mask", limit)):
        layer = build(config_of("sampled-softmax", collision=policy), 1 << 14, COUNTS)
        drawn = gradient(pairs, layer, layer.shared_rows(jax.random.key(1), (2,)))
        np.testing.assert_allclose(drawn, expected, atol=0.02, err_msg=policy)
    assert np.linalg.norm(limit - exact) > 0.05


@pytest.mark.parametrize("layer", ["negative-sampling", "nce"])
def test_drawn_moments_agree_with_their_definition(layer) -> None:
    """Errors, cosines and squared bias from the draws themselves."""
    pairs, built = batch(), build(config_of(layer, collision="keep"), 6, COUNTS)
    exact, key = exact_gradient(pairs), jax.random.key(7)
    held = moments(pairs, built, key, 20, 3, 4, exact)
    assert held.products.shape == (3, 3, SLICES)
    star = np.asarray(exact, np.float64)
    mean = np.asarray(expected_gradient(pairs, built), np.float64)
    np.testing.assert_allclose(
        held.products[0, 1], by_slice(((mean - star) ** 2).sum(1)), rtol=1e-4
    )
    once = jax.jit(gradient)
    spread, cosine = [], []
    for b in range(3):
        for each in jax.random.split(jax.random.fold_in(key, b), 20):
            drawn = np.asarray(once(pairs, built, built.shared_rows(each, (4,))), np.float64)
            spread.append(by_slice(((drawn - mean) ** 2).sum(1)))
            length = np.sqrt(by_slice((drawn**2).sum(1)) * by_slice((star**2).sum(1)))
            # No noise and no target may be in a slice.
            cosine.append(by_slice((drawn * star).sum(1)) / np.maximum(length, 1e-15))
    found = estimates(held)
    norm = by_slice((star**2).sum(1))
    np.testing.assert_allclose(found["variance"].value, np.mean(spread, 0) / norm, rtol=1e-3)
    np.testing.assert_allclose(found["cosine-of-draw"].value, np.mean(cosine, 0), atol=1e-4)
    by_mean = by_slice((mean * star).sum(1)) / np.sqrt(by_slice((mean**2).sum(1)) * norm)
    np.testing.assert_allclose(found["cosine-of-mean"].value, by_mean, atol=1e-4)
    assert np.all(found["squared-bias"].error == 0), "it is exact"


def simulated(generator: np.random.Generator, bias: np.ndarray, batches: int) -> Moments:
    """Batches of normal draws about the bias, for an exact gradient of ones."""
    width = len(bias)
    means = bias + generator.normal(size=(batches, width))
    error = np.tile((means**2).mean(0).sum(), (batches, SLICES)) * 1.0
    products = np.repeat((means @ means.T)[:, :, None], SLICES, axis=2)
    along = np.repeat(means.sum(1)[:, None], SLICES, axis=1)
    norm = np.full(SLICES, float(width))
    return Moments(norm, error, products, along, np.zeros((batches, SLICES)))


@pytest.mark.parametrize("size", [0.0, 0.4])
def test_products_of_different_batches_estimate_the_squared_bias(size) -> None:
    """Unbiased, where the squared mean is too large by variance over number.

    The jackknife tells its standard error, and where there is no bias at all, for a product of two
    deviations, more: √(2(b - 1)/(b - 2)) of it (Efron & Stein 1981).
    """
    generator, bias, batches = np.random.default_rng(0), np.full(30, size), 8
    runs = [simulated(generator, bias, batches) for _ in range(2_000)]
    values = np.array([squared_bias(run, np.arange(batches))[0] for run in runs])
    error = values.std() / np.sqrt(len(values))
    assert abs(values.mean() - (bias**2).sum()) < 4 * error
    naive = np.mean([run.products[:, :, 0].mean() for run in runs])
    assert naive == pytest.approx((bias**2).sum() + 30 / batches, abs=4 * error + 0.05)
    told = [estimates(run)["squared-bias"].error[0] * 30 for run in runs[:500]]
    told_error = np.sqrt(np.mean(np.square(told)))
    if size:
        assert told_error == pytest.approx(values.std(), rel=0.25)
    else:
        assert told_error == pytest.approx(np.sqrt(7 / 3) * values.std(), rel=0.1)


@pytest.mark.parametrize("num_words", [3, 10, 20, 37])
def test_tenths_divide_the_rows(num_words) -> None:
    parts = np.bincount(tenths(num_words), minlength=TENTHS)
    assert len(parts) == TENTHS and parts.sum() == num_words
    assert parts.max() - parts.min() <= 1 and np.all(np.diff(tenths(num_words)) >= 0)
    values = np.random.default_rng(0).random(num_words) ** 2
    slices = by_slice(values)
    assert slices[:-1].sum() == pytest.approx(values.sum()) == slices[-1]
    assert slices[0] == pytest.approx(values[tenths(num_words) == 0].sum())


def test_pairs_that_cannot_be_divided_are_refused() -> None:
    layer = build(config_of("nce"), 6, COUNTS)
    assert isinstance(layer, NegativeSampling)
    pairs = batch()
    with pytest.raises(InputError, match="8 pairs in 3 groups"):
        moments(pairs, layer, jax.random.key(0), 2, 2, 3, exact_gradient(pairs))
