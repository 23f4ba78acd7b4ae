"""Distances and exact laws, worked by hand."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from noise import COUNTS, V

from w2vjax.samplers import build, laws, parse
from w2vjax.samplers.mechanisms import Alias, Cdf, UnigramTable

P = np.array([0.5, 0.25, 0.25, 0.0])
Q = np.array([0.25, 0.25, 0.25, 0.25])


def test_distances_by_hand() -> None:
    assert laws.total_variation(P, Q) == 0.25
    assert laws.kl_divergence(P, Q) == pytest.approx(0.5 * math.log(2))
    assert laws.kl_divergence(Q, P) == math.inf
    # half of (√½ - ½)² + ¼
    expected = math.sqrt(((math.sqrt(0.5) - 0.5) ** 2 + 0.25) / 2)
    assert laws.hellinger(P, Q) == pytest.approx(expected)
    assert laws.ratio_bounds(P, Q) == (0.0, 2.0)
    assert laws.ratio_bounds(Q, P) == (0.5, 1.0), "over the words that the second can draw"


def test_distances_of_a_law_from_itself_and_from_its_neighbours() -> None:
    p = COUNTS / COUNTS.sum()
    assert laws.total_variation(p, p) == laws.kl_divergence(p, p) == laws.hellinger(p, p) == 0
    # for small differences δ: KL = Σ δ²/2p, and hellinger² = KL/4; no digits are lost in the sum
    moved = p * (1 + 1e-8 * np.sin(np.arange(V)))
    moved /= moved.sum()
    expected = (np.square(moved - p) / (2 * p)).sum()
    assert laws.kl_divergence(moved, p) == pytest.approx(expected, rel=1e-4)
    assert laws.hellinger(moved, p) == pytest.approx(math.sqrt(expected / 4), rel=1e-4)


def test_masses_by_hand() -> None:
    p = np.array([0.4, 0.3, 0.15, 0.1, 0.05])
    assert laws.top_mass(p, 2) == pytest.approx(0.7)
    assert laws.top_mass(p, 1000) == pytest.approx(1)
    assert laws.rare_half_mass(p) == pytest.approx(0.15)
    assert laws.rare_half_mass(P) == pytest.approx(0.25)


def test_laws_are_counted_from_the_integers() -> None:
    half, zero = jnp.uint32(2**31), jnp.zeros(3, jnp.float32)
    alias = Alias(zero, thresholds=jnp.stack([half, 0 * half]), aliases=jnp.int32([1, 0]))
    assert laws.law(alias, 2).tolist() == [0.75, 0.25]
    cdf = Cdf(zero, jnp.uint32([0, 2**30, 2**31]), jnp.int32([0, 0, 2, 2, 2]), jnp.int32(2))
    assert laws.law(cdf, 3).tolist() == [0.25, 0.25, 0.5]
    # three slots: word 0 has two, and so the random words below 2^33 / 3, rounded up
    table = UnigramTable(zero, jnp.int32([0, 0, 1]))
    assert laws.law(table, 2)[0] == math.ceil(2**33 / 3) / 2**32
    assert laws.law(table, 2).sum() == 1


def test_a_users_sampler_is_taken_at_its_word() -> None:
    class Mine:
        def sample(self, key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
            raise NotImplementedError

        def log_prob(self, ids: jnp.ndarray) -> jnp.ndarray:
            return jnp.log(jnp.float32([0.25, 0.75]))[ids]

    assert laws.law(Mine(), 2) == pytest.approx([0.25, 0.75])


@pytest.mark.parametrize("name", ["uniform", "log-uniform"])
def test_closed_forms_are_their_formula(name: str) -> None:
    held, word = laws.law(build(parse(name), COUNTS), V), 11
    expected = {"uniform": 1 / V, "log-uniform": math.log(13 / 12) / math.log(V + 1)}[name]
    assert held[word] == pytest.approx(expected, rel=1e-12)
