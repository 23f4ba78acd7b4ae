"""Laws of the exact partition function."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import logsumexp, softmax

from w2vjax.losses import partition
from w2vjax.losses.partition import log_partition


@pytest.mark.parametrize("at_a_time", [1, 5, 12, 13])
@pytest.mark.parametrize("scale", [1.0, 60.0])
@pytest.mark.parametrize("kept", [64, 65])
def test_it_is_exact_in_any_stretches(at_a_time, scale, kept, monkeypatch):
    """Value and gradient, made twice or kept. Thirteen is no multiple; scores reach hundreds."""
    monkeypatch.setattr(partition, "SCORES", at_a_time * 5 + 1)
    monkeypatch.setattr(partition, "LEAST_ROWS", 1)
    monkeypatch.setattr(partition, "KEPT", kept)
    generator = np.random.default_rng(3)
    hidden, matrix = generator.normal(size=(5, 4)), generator.normal(size=(13, 4)) * scale
    weight = generator.normal(size=5)

    def weighted(hidden: jax.Array, matrix: jax.Array) -> tuple[jax.Array, jax.Array]:
        found = log_partition(hidden, matrix)
        return jnp.asarray(weight, jnp.float32) @ found, found

    arguments = (jnp.asarray(hidden, jnp.float32), jnp.asarray(matrix, jnp.float32))
    gradient = jax.jit(jax.grad(weighted, argnums=(0, 1), has_aux=True))
    (to_hidden, to_matrix), found = gradient(*arguments)
    scores = hidden @ matrix.T
    np.testing.assert_allclose(found, logsumexp(scores, axis=1), rtol=3e-6)
    share = weight[:, None] * softmax(scores, axis=1)
    np.testing.assert_allclose(to_hidden, share @ matrix, atol=1e-5 * scale**2)
    np.testing.assert_allclose(to_matrix, share.T @ hidden, atol=1e-5 * scale)


@pytest.mark.parametrize(("num_hidden", "all_scores"), [(256, 0.1), (160, 1.4)])
def test_it_keeps_only_some_scores(num_hidden, all_scores):
    """Memory, forward and backward, in parts of what all scores take: beyond `KEPT` a small one."""
    num_words = 100_000
    shapes = (num_hidden, 8), (num_words, 8)
    arguments = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]

    def both(hidden: jax.Array, matrix: jax.Array) -> tuple[jax.Array, jax.Array]:
        return jax.grad(lambda *parts: log_partition(*parts).sum(), (0, 1))(hidden, matrix)

    memory = jax.jit(both).lower(*arguments).compile().memory_analysis()
    assert memory.temp_size_in_bytes < num_hidden * num_words * 4 * all_scores


def test_probes_measure_the_curvature():
    """E_p‖v‖² for every hidden vector, Σ_s g_s p_v ‖h_s‖² for every row."""
    generator = np.random.default_rng(4)
    hidden, matrix = generator.normal(size=(5, 4)), generator.normal(size=(13, 4))
    weight = generator.uniform(1, 3, size=5)

    def weighted(probes: tuple[jax.Array, jax.Array]) -> jax.Array:
        arguments = (jnp.asarray(part, jnp.float32) for part in (hidden, matrix))
        return jnp.asarray(weight, jnp.float32) @ log_partition(*arguments, probes)

    of_hidden, of_matrix = jax.grad(weighted)((jnp.zeros(5), jnp.zeros(13)))
    chance = softmax(hidden @ matrix.T, axis=1)
    squares = [(part**2).sum(axis=1) for part in (hidden, matrix)]
    np.testing.assert_allclose(of_hidden, weight * (chance @ squares[1]), rtol=1e-5)
    np.testing.assert_allclose(of_matrix, (weight * squares[0]) @ chance, rtol=1e-5)
