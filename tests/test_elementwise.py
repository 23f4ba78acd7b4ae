"""Laws of the two losses."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import expit, logsumexp

from w2vjax.losses.elementwise import CATEGORICAL, LOGISTIC, Logistic


def cells(seed: int, rows: int = 7, hidden: int = 3) -> tuple[jax.Array, ...]:
    """Scores, pull and push of a small problem; every hidden vector has a target."""
    generator = np.random.default_rng(seed)
    scores = generator.normal(size=(rows, hidden)) * 3
    pull = generator.integers(0, 3, (rows, hidden))
    pull[0] = 1
    push = generator.integers(0, 4, (rows, hidden))
    return tuple(jnp.asarray(part, jnp.float32) for part in (scores, pull, push))


def log_z(seed: int) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
    """Scores, pull, own counts and log-sums of log_z."""
    generator = np.random.default_rng(seed)
    own = jnp.asarray(generator.integers(0, 2, (7, 1)), jnp.float32)
    return *cells(seed)[:2], own, jnp.asarray(generator.normal(size=(1, 3)) * 2, jnp.float32)


def total(loss, *arguments):
    return sum(jnp.sum(part) for part in loss(*arguments))


def test_logistic_pulls_up_and_pushes_down():
    scores, pull, push = cells(0)
    positive, noise = LOGISTIC.parts(scores, pull, push)
    exact = np.asarray(scores, np.float64)
    np.testing.assert_allclose(positive, -pull * np.log(expit(exact)), rtol=1e-5)
    np.testing.assert_allclose(noise, -push * np.log(expit(-exact)), rtol=1e-5)
    slope = jax.grad(total, argnums=1)(LOGISTIC.parts, scores, pull, push)
    np.testing.assert_allclose(slope, push * expit(exact) - pull * expit(-exact), atol=1e-5)


@pytest.mark.parametrize("beyond", ["saturate", "skip"])
def test_tables_of_the_sigmoid_cut_slopes_and_not_values(beyond):
    scores = jnp.array([-9.0, -6.5, -5.5, 0.3, 5.5, 6.5, 9.0])
    pull, push = jnp.array([1.0, 0, 2, 0.5, 0, 1, 0]), jnp.array([0.0, 1, 0, 0.5, 1, 0, 2])
    table = Logistic(6.0, beyond)

    def total(scores, loss=LOGISTIC):
        return sum(map(jnp.sum, loss.parts(scores, pull, push)))

    np.testing.assert_array_equal(total(scores, table), total(scores))
    found = np.asarray(jax.grad(total)(scores, table))
    chance = np.array([0, 0, *expit(scores[2:5]), 1, 1])
    expected = np.asarray(push) * chance - np.asarray(pull) * (1 - chance)
    if beyond == "skip":
        expected[[0, 1, 5, 6]] = 0
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_categorical_has_a_partition_for_every_target():
    scores, pull, own, others = log_z(1)
    positive, noise = CATEGORICAL.parts(scores, pull, own, others)
    exact, slopes = np.asarray(scores, np.float64), np.zeros(scores.shape)
    for m, s in np.ndindex(scores.shape):
        np.testing.assert_allclose(positive[m, s], -pull[m, s] * exact[m, s], rtol=1e-6)
        both = np.array([exact[m, s], others[0, s]], np.float64)
        partition = logsumexp(both, b=[float(own[m, 0]), 1.0])
        np.testing.assert_allclose(noise[m, s], pull[m, s] * partition, rtol=1e-4, atol=1e-6)
        share = float(own[m, 0]) * np.exp(exact[m, s] - partition)
        slopes[m, s] = pull[m, s] * (share - 1)
    found = jax.grad(total, argnums=1)(CATEGORICAL.parts, scores, pull, own, others)
    np.testing.assert_allclose(found, slopes, atol=1e-5)


def diagonal(loss, scores, *others):
    """Second derivative of the summed loss in every score by itself."""
    slope = jax.grad(lambda flat: total(loss, flat.reshape(scores.shape), *others))
    return jnp.diag(jax.jacfwd(slope)(scores.reshape(-1))).reshape(scores.shape)


def test_logistic_curvature_bounds_the_second_derivative():
    """And is the slope's size where a row is only pulled or only pushed."""
    scores, pull, push = cells(2)
    exact = np.asarray(diagonal(LOGISTIC.parts, scores, pull, push))
    bound = np.asarray(LOGISTIC.curvature(scores, pull, push))
    assert (bound >= exact * 0.9999).all() and (bound > 1.5 * exact).any()
    slope = np.abs(np.asarray(jax.grad(total, argnums=1)(LOGISTIC.parts, scores, pull, push)))
    alone = (np.asarray(pull) == 0) | (np.asarray(push) == 0)
    np.testing.assert_allclose(bound[alone], slope[alone], atol=1e-5)


def test_categorical_curvature_bounds_the_second_derivative():
    scores, pull, own, others = log_z(3)
    of_own, share = CATEGORICAL.curvature(scores, pull, own, others)
    exact = np.asarray(diagonal(CATEGORICAL.parts, scores, pull, own, others))
    assert (np.asarray(of_own) >= exact * 0.9999).all() and exact.max() > 0.1
    slope = jax.grad(lambda rest: total(CATEGORICAL.parts, scores, pull, own, rest))(others)
    np.testing.assert_allclose(share, slope, atol=1e-5)
    limit = np.asarray(pull).sum(axis=0)
    assert (np.asarray(share) > 0).all() and (np.asarray(share) <= limit).all()


@pytest.mark.parametrize("loss", [LOGISTIC, CATEGORICAL])
def test_extreme_scores_stay_finite(loss):
    scores = jnp.array([[300.0, -300.0]])
    pull, push = jnp.ones((1, 2)), jnp.zeros((1, 2))
    others = (push,) if loss is LOGISTIC else (jnp.ones((1, 1)), jnp.zeros((1, 2)))
    parts = np.asarray(loss.parts(scores, pull, *others)).sum(axis=(0, 1))
    np.testing.assert_allclose(parts, [0, 300], atol=1e-3)
    slope = jax.grad(total, argnums=1)(loss.parts, scores, pull, *others)
    np.testing.assert_allclose(slope, [[0, -1]], atol=1e-6)
