"""Laws of the two losses and of the exact partition function."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from problems import jit
from scipy.special import expit, logsumexp, softmax

from w2vjax import losses
from w2vjax.losses import categorical, log_partition, logistic


def cells(seed: int, rows: int = 7, hidden: int = 3) -> tuple[jax.Array, ...]:
    """Scores, pull, push and own of a small problem; every hidden vector has a target."""
    generator = np.random.default_rng(seed)
    scores = generator.normal(size=(rows, hidden)) * 3
    pull = generator.integers(0, 3, (rows, hidden))
    pull[0] = 1
    push = generator.integers(0, 4, (rows, hidden))
    own = generator.integers(0, 2, rows)
    push[0] = 1
    return tuple(jnp.asarray(part, jnp.float32) for part in (scores, pull, push, own))


def total(loss, scores, *others):
    return sum(jnp.sum(part) for part in loss(scores, *others))


def test_logistic_pulls_up_and_pushes_down():
    scores, pull, push, own = cells(0)
    positive, noise = logistic(scores, pull, push, own)
    exact = np.asarray(scores, np.float64)
    np.testing.assert_allclose(positive, -pull * np.log(expit(exact)), rtol=1e-5)
    np.testing.assert_allclose(noise, -push * np.log(expit(-exact)), rtol=1e-5)
    slope = jax.grad(total, argnums=1)(logistic, scores, pull, push, own)
    np.testing.assert_allclose(slope, push * expit(exact) - pull * expit(-exact), atol=1e-5)


def test_categorical_has_a_partition_for_every_target():
    scores, pull, push, own = cells(1)
    positive, noise = categorical(scores, pull, push, own)
    exact, slopes = np.asarray(scores, np.float64), np.zeros(scores.shape)
    for m, s in np.ndindex(scores.shape):
        weights = np.asarray(push[:, s], np.float64).copy()
        weights[m] += own[m]
        np.testing.assert_allclose(positive[m, s], -pull[m, s] * exact[m, s], rtol=1e-6)
        partition = logsumexp(exact[:, s], b=weights)
        np.testing.assert_allclose(noise[m, s], pull[m, s] * partition, rtol=1e-4, atol=1e-6)
        share = weights * np.exp(exact[:, s] - partition)
        slopes[:, s] += pull[m, s] * (share - (np.arange(len(share)) == m))
    found = jax.grad(total, argnums=1)(categorical, scores, pull, push, own)
    np.testing.assert_allclose(found, slopes, atol=1e-5)


@pytest.mark.parametrize("loss", [logistic, categorical])
def test_extreme_scores_stay_finite(loss):
    scores = jnp.array([[300.0, -300.0], [-300.0, 300.0], [0.0, 0.0]])
    pull = jnp.array([[1.0, 1.0], [0.0, 0.0], [0.0, 0.0]])
    push = jnp.array([[0.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    own = jnp.ones(3)
    parts = np.asarray(loss(scores, pull, push, own)).sum(axis=(0, 1))
    expected = [np.log(2) if loss is logistic else 0, 600]
    if loss is logistic:  # row 1 is noise at +300 for the second hidden vector
        expected[1] += np.log(2)
    np.testing.assert_allclose(parts, expected, atol=1e-3)
    slope = jax.grad(total, argnums=1)(loss, scores, pull, push, own)
    assert np.isfinite(slope).all() and np.abs(slope[:, 1]).max() == pytest.approx(1)


def test_categorical_heeds_only_a_pairs_own_rivals():
    """The target of another hidden vector is a row of the block, but no rival."""
    scores = jnp.array([[0.3], [-0.2], [40.0]])
    pull, push = jnp.array([[1.0], [0.0], [0.0]]), jnp.array([[0.0], [1.0], [0.0]])
    loss = total(categorical, scores, pull, push, jnp.ones(3))
    assert float(loss) == pytest.approx(np.log1p(np.exp(-0.5)), rel=1e-5)


@pytest.mark.parametrize("at_a_time", [1, 2, 5])
@pytest.mark.parametrize("scale", [1.0, 60.0])
def test_log_partition_is_exact_in_any_parts(at_a_time, scale, monkeypatch):
    """Value and gradient. Five vectors are no multiple of two; scores reach hundreds."""
    monkeypatch.setattr(losses, "SCORES", at_a_time * 13 + 1)
    generator = np.random.default_rng(3)
    hidden, matrix = generator.normal(size=(5, 4)), generator.normal(size=(13, 4)) * scale
    weight = generator.normal(size=5)

    def weighted(hidden: jax.Array, matrix: jax.Array) -> tuple[jax.Array, jax.Array]:
        found = log_partition(hidden, matrix)
        return jnp.asarray(weight, jnp.float32) @ found, found

    arguments = (jnp.asarray(hidden, jnp.float32), jnp.asarray(matrix, jnp.float32))
    gradient = jit(jax.grad(weighted, argnums=(0, 1), has_aux=True))
    (to_hidden, to_matrix), found = gradient(*arguments)
    scores = hidden @ matrix.T
    np.testing.assert_allclose(found, logsumexp(scores, axis=1), rtol=3e-6)
    share = weight[:, None] * softmax(scores, axis=1)
    np.testing.assert_allclose(to_hidden, share @ matrix, atol=1e-5 * scale**2)
    np.testing.assert_allclose(to_matrix, share.T @ hidden, atol=1e-5 * scale)


def test_log_partition_keeps_only_some_scores(monkeypatch):
    """Memory, forward and backward, is a small part of what all scores would take."""
    monkeypatch.setattr(losses, "SCORES", 1 << 18)
    num_hidden, num_words = 256, 100_000
    shapes = (num_hidden, 8), (num_words, 8)
    arguments = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]

    def both(hidden: jax.Array, matrix: jax.Array) -> tuple[jax.Array, jax.Array]:
        return jax.grad(lambda *parts: log_partition(*parts).sum(), (0, 1))(hidden, matrix)

    memory = jax.jit(both).lower(*arguments).compile().memory_analysis()
    assert memory.temp_size_in_bytes < num_hidden * num_words * 4 / 5
