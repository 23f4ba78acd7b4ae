"""TensorFlow's candidate sampling: worked by hand, and the laws of draws without repeats."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import struct
from noise import COUNTS, KEY, KINDS

from w2vjax.errors import InputError
from w2vjax.samplers import (
    Candidates,
    build,
    candidates,
    check_unique,
    log_expected_count,
    parse,
)
from w2vjax.samplers.candidates import LEAST_CHUNK
from w2vjax.samplers.closed_forms import LogUniform, Uniform
from w2vjax.samplers.mechanisms import Alias


@struct.dataclass
class Script:
    """A sampler whose draws are written down: the same list for every key."""

    draws: jax.Array

    def sample(self, key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
        return jnp.resize(self.draws, shape)

    def log_prob(self, ids: jax.Array) -> jax.Array:
        return jnp.log(jnp.float32([0.5, 0.25, 0.125, 0.125]))[ids]


def script(*draws: int) -> Script:
    return Script(jnp.resize(jnp.int32(draws), LEAST_CHUNK))


def test_without_repeats_by_hand() -> None:
    """Draws 0 0 1 0 3 …: three different words after five tries, in the order of their draws."""
    held = candidates(script(0, 0, 1, 0, 3, 2), KEY, 3, unique=True)
    assert held.ids.tolist() == [0, 1, 3] and held.tries == 5
    # 1 - (1 - p)^5 for p = 1/2, 1/4, 1/8
    expected = [31 / 32, 1 - (3 / 4) ** 5, 1 - (7 / 8) ** 5]
    np.testing.assert_allclose(np.exp(held.log_expected), expected, rtol=1e-6)
    # and of a target: as often as it would be among such noise
    target = log_expected_count(jnp.log(jnp.float32([0.125])), held.tries, unique=True)
    assert float(jnp.exp(target[0])) == pytest.approx(1 - (7 / 8) ** 5, rel=1e-6)


def test_with_repeats_by_hand() -> None:
    held = candidates(script(0, 0, 1, 0, 3, 2), KEY, 4, unique=False)
    assert held.ids.tolist() == [0, 0, 1, 0] and held.tries == 4
    np.testing.assert_allclose(np.exp(held.log_expected), [2, 2, 1, 2], rtol=1e-6)


def test_a_lucky_set_has_as_many_tries_as_words() -> None:
    held = candidates(script(2, 1), KEY, 2, unique=True)
    assert held.ids.tolist() == [2, 1] and held.tries == 2
    np.testing.assert_allclose(
        np.exp(held.log_expected), [1 - (7 / 8) ** 2, 1 - (3 / 4) ** 2], 1e-6
    )


def test_tries_go_on_over_chunks() -> None:
    """One chunk has only word 0: the second word comes with a later one, and every draw counts."""

    @struct.dataclass
    class Late:
        start: jax.Array

        def sample(self, key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
            first = (jax.random.key_data(key) == self.start).all()
            later = jnp.where(jnp.arange(shape[0]) == 9, 1, 0)
            return jnp.where(first, 0, later).astype(jnp.int32)

        def log_prob(self, ids: jax.Array) -> jax.Array:
            return jnp.full(ids.shape, math.log(0.5), jnp.float32)

    late = Late(jax.random.key_data(jax.random.fold_in(KEY, 0)))
    held = candidates(late, KEY, 2, unique=True)
    assert held.ids.tolist() == [0, 1] and held.tries == LEAST_CHUNK + 10


def test_expected_counts_of_small_probabilities_keep_their_digits() -> None:
    p, tries = 1e-9, 5000
    held = log_expected_count(jnp.log(jnp.float32(p)), jnp.int32(tries), unique=True)
    assert float(held) == pytest.approx(math.log(-math.expm1(tries * math.log1p(-p))), abs=2e-6)
    sure = log_expected_count(jnp.float32([0.0, -jnp.inf]), jnp.int32(3), unique=True)
    assert sure.tolist() == [0.0, -math.inf]


@jax.jit
def drawn(sampler: Any, key: jax.Array) -> Candidates:
    return candidates(sampler, key, 100, unique=True)


@pytest.mark.parametrize("kind", KINDS)
def test_no_word_comes_twice(kind: str) -> None:
    sampler = build(parse(kind), COUNTS)
    one = drawn(sampler, KEY)
    assert len(set(one.ids.tolist())) == 100 and int(one.ids.min()) >= 0
    assert int(one.tries) >= 100
    keys = jax.random.split(KEY, 3)
    many = jax.vmap(drawn, (None, 0))(sampler, keys)
    for number, key in enumerate(keys):
        alone = drawn(sampler, key)
        assert many.ids[number].tolist() == alone.ids.tolist()
        assert many.tries[number] == alone.tries


def test_all_words_can_be_drawn_without_repeats() -> None:
    held = candidates(LogUniform.of(300), KEY, 300, unique=True)
    assert sorted(held.ids.tolist()) == list(range(300))
    assert (held.log_expected <= 0).all()


def test_sets_have_the_law_of_draws_without_repeats() -> None:
    """Two of three words: P(a, then b) = p(a) p(b) / (1 - p(a)), and the tries' law with it."""
    p = np.array([0.6, 0.3, 0.1])
    sampler, num = Alias.of(p), 20_000
    keys = jax.random.split(jax.random.key(7), num)
    held = jax.jit(jax.vmap(lambda key: candidates(sampler, key, 2, unique=True)))(keys)
    ids = np.asarray(held.ids)
    for a in range(3):
        for b in set(range(3)) - {a}:
            wanted = p[a] * p[b] / (1 - p[a])
            seen = ((ids[:, 0] == a) & (ids[:, 1] == b)).mean()
            assert abs(seen - wanted) < 4 * math.sqrt(wanted * (1 - wanted) / num), (a, b)
    # after a first word a, the number of further tries is geometric with success 1 - p(a)
    wanted = 1 + (p / (1 - p)).sum()
    variance = (p * (1 + p) / (1 - p) ** 2).sum() - (wanted - 1) ** 2
    assert abs(held.tries.mean() - wanted) < 4 * math.sqrt(variance / num)


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(InputError, match="num_sampled is 0"):
        candidates(Uniform.of(5), KEY, 0, unique=True)
    with pytest.raises(InputError, match=r"6 different noise words .* only 5 can"):
        check_unique(Uniform.of(5), 5, 6)
    check_unique(Uniform.of(5), 5, 5)
    with pytest.raises(InputError, match="only 2 can"):
        check_unique(Alias.of(np.array([0.5, 0.0, 0.5])), 3, 3)
