"""Exactness of the mechanisms: which random words lead to which ids, unit by unit."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from noise import COUNTS, KEY, V

from w2vjax.config.schema import SamplerConfig
from w2vjax.samplers import (
    build,
    closed_forms,
    draw,
    mechanisms,
    num_unreachable,
    parse,
    probabilities,
)
from w2vjax.samplers.closed_forms import ONE, LogUniform, Uniform
from w2vjax.samplers.distributions import DISTRIBUTIONS
from w2vjax.samplers.laws import law, total_variation
from w2vjax.samplers.mechanisms import Alias, Cdf, UnigramTable, apportion


def feed(monkeypatch: pytest.MonkeyPatch, words: np.ndarray) -> None:
    """Makes samplers draw from the given random words: `[n]`, or `[2, n]` high and low."""
    for module in (closed_forms, mechanisms):
        monkeypatch.setattr(
            module, "random_words", lambda key, shape: jnp.asarray(words, jnp.uint32)
        )


def halves(words: list[int]) -> np.ndarray:
    return np.array([[w >> 32 for w in words], [w & (2**32 - 1) for w in words]], np.uint32)


BIG = 3_000_000
SOME = [0, 1, 2, 3, 100, 32_767, 65_535, 1_000_000, 2_097_150, 2_999_998]


def test_uniform_cuts_the_64_bit_line_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    firsts = [-(-((k + 1) << 64) // BIG) for k in SOME]  # first point of word k + 1
    feed(monkeypatch, halves([*firsts, *[f - 1 for f in firsts], 0, 2**64 - 1]))
    ids = Uniform.of(BIG).sample(KEY, (2 * len(SOME) + 2,))
    assert ids.tolist() == [*[k + 1 for k in SOME], *SOME, 0, BIG - 1]


def law_of_parts(sampler: LogUniform, num_words: int, num_points: int) -> np.ndarray:
    """The law of `LogUniform`, `[V]`, from the lengths at some points of each octave.

    Places are uniform below the length: P(m < t) is the mean of min(1, t / q). Points are denser
    where lengths are small.
    """
    octaves = math.floor(math.log2(num_words + 1) * 2**27) / 2**27  # as the sampler has them
    law, steps = np.zeros(num_words), np.arange(num_points) + 0.5
    for octave in range(math.ceil(octaves)):
        end = min(1.0, octaves - octave)
        line = (octave + end * (steps / num_points) ** 2) / octaves * 2**32
        weights = end * 2 * steps / num_points**2 / octaves
        first = np.minimum(line, 2**32 - 1).astype(np.uint32)
        fine = (line - first).astype(np.float32)
        held, lengths = map(np.asarray, sampler.parts(jnp.asarray(first), jnp.asarray(fine)))
        assert (held[64:-64] == octave).all(), "but for points at the very ends"
        least, most = lengths[held == octave][[0, -1]]
        q = np.where(held == octave, lengths, np.where(held < octave, least, most)) / 2.0**ONE
        q = np.maximum.accumulate(q)  # rounding leaves neighbours out of order
        inverse = np.append(np.cumsum((weights / q)[::-1])[::-1], 0)
        size = min(2**octave, num_words + 1 - 2**octave)
        ends = np.arange(size + 1) / 2**octave
        below = np.searchsorted(q, ends, side="right")
        law[2**octave - 1 :][:size] = np.diff(
            np.append(0, np.cumsum(weights))[below] + ends * inverse[below]
        )
    return law


@pytest.mark.parametrize("num_words", [1, 2, 3, 7, 50, 255, 256, 2000])
def test_log_uniform_is_a_mixture_with_the_law_of_the_formula(num_words: int) -> None:
    held = law_of_parts(LogUniform.of(num_words), num_words, 1 << 17)
    wanted = DISTRIBUTIONS["log-uniform"](np.ones(num_words), 1.0)
    np.testing.assert_allclose(held, wanted, rtol=2e-6)
    assert total_variation(held, wanted) < 1e-7


def test_log_uniform_of_a_large_vocabulary_has_the_law_of_the_formula() -> None:
    held = law_of_parts(LogUniform.of(BIG), BIG, 1 << 18)
    assert total_variation(held, DISTRIBUTIONS["log-uniform"](np.ones(BIG), 1.0)) < 5e-7


@pytest.mark.parametrize("num_words", [1, 2, 255, 256, BIG, 2**29 - 1])
def test_log_uniform_keeps_to_the_vocabulary(
    monkeypatch: pytest.MonkeyPatch, num_words: int
) -> None:
    """With the smallest and largest random words, and those beside the ends of octaves."""
    line = np.arange(1, 30) / math.log2(num_words + 1) * 2**32
    near = (line[line < 2**32 - 9, None] + np.arange(-8, 9)).astype(np.uint32).ravel()
    first = np.concatenate([near, np.uint32([0, 1, 2**31, 2**32 - 2, 2**32 - 1])])
    for place in (0, 1, 2**31, 2**32 - 1):
        feed(monkeypatch, np.stack([first, np.full(len(first), place, np.uint32)]))
        ids = np.asarray(LogUniform.of(num_words).sample(KEY, first.shape))
        assert ids.min() >= 0 and ids.max() < num_words
    assert ids.max() == num_words - 1


def test_cdf_finds_both_ends_of_every_stretch(monkeypatch: pytest.MonkeyPatch) -> None:
    sampler = Cdf.of(DISTRIBUTIONS["zipf"](COUNTS, 1.0))
    starts = np.asarray(sampler.starts)
    feed(monkeypatch, starts)
    assert sampler.sample(KEY, (V,)).tolist() == list(range(V))
    feed(monkeypatch, np.append(starts[1:] - np.uint32(1), np.uint32(2**32 - 1)))
    assert sampler.sample(KEY, (V,)).tolist() == list(range(V))


def test_table_takes_random_words_to_slots_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    sampler = UnigramTable.of(np.full(7, 1 / 7), 1000)
    slots = [0, 1, 499, 998, 999]
    firsts = [-(-(slot << 32) // 1000) for slot in slots]
    feed(monkeypatch, np.array([*firsts, *[f - 1 for f in firsts[1:]], 2**32 - 1], np.uint32))
    expected = [sampler.slots[s] for s in [*slots, *[s - 1 for s in slots[1:]], 999]]
    assert sampler.sample(KEY, (10,)).tolist() == [int(e) for e in expected]


WEIGHTS = st.sampled_from([0.0, 1e-12, 1e-3, 0.3, 1.0, 7.0, 8.0])


@pytest.mark.parametrize("mechanism", [Alias, Cdf])
@settings(max_examples=50, deadline=None)
@given(weights=st.lists(WEIGHTS, min_size=9, max_size=9).filter(any))
def test_any_weights_in_any_order(mechanism: Any, weights: list[float]) -> None:
    wanted = np.array(weights)
    wanted /= wanted.sum()
    sampler = mechanism.of(wanted)
    assert total_variation(law(sampler, len(wanted)), wanted) < 1e-7
    held = probabilities(sampler, len(wanted))
    np.testing.assert_allclose(held, law(sampler, len(wanted)), rtol=4e-6)
    ids = np.asarray(draw(sampler, KEY, (500,)))
    assert (wanted[ids] > 0).all()


@settings(max_examples=100, deadline=None)
@given(weights=st.lists(WEIGHTS, min_size=9, max_size=9).filter(any))
def test_alias_columns_keep_every_unit(weights: list[float]) -> None:
    """Whole units in, the same units out: not one of 2^36 is lost or moved."""
    wanted = np.array(weights) / sum(weights)
    sampler = Alias.of(wanted)
    drawn = [0] * 16
    for column, (own, alias) in enumerate(zip(sampler.thresholds, sampler.aliases, strict=True)):
        drawn[column] += int(own)
        drawn[int(alias)] += 2**32 - int(own)
    assert drawn == [*apportion(wanted, 2**36).tolist(), *[0] * 7]


@settings(max_examples=200)
@given(st.lists(st.floats(0, 1), min_size=1).filter(lambda w: sum(w) > 0), st.integers(0, 2**54))
def test_apportion_is_within_a_unit(weights: list[float], total: int) -> None:
    wanted = np.array(weights) / sum(weights)
    units = apportion(wanted, total)
    assert units.sum() == total and (units >= 0).all()
    assert np.abs(units - wanted * float(total)).max() <= 1 + total * 1e-15 * len(weights)


def test_apportion_gives_to_the_largest_remainders() -> None:
    wanted = np.random.default_rng(0).dirichlet(np.ones(1000))
    shares = wanted * 12_345
    up = apportion(wanted, 12_345) > np.floor(shares)
    remainders = shares - np.floor(shares)
    assert 0 < up.sum() < 1000
    assert remainders[up].min() >= remainders[~up].max()


def test_every_word_above_two_to_minus_32_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    num_words = 300_000
    wanted = np.full(num_words, 1.001 * 2.0**-32)
    wanted[0] = 1 - wanted[1:].sum()
    assert num_unreachable(Cdf.of(wanted), num_words) == 0
    assert num_unreachable(Alias.of(wanted), num_words) == 0
    feed(monkeypatch, np.asarray(Cdf.of(wanted).starts))
    assert (Cdf.of(wanted).sample(KEY, (num_words,)) == jnp.arange(num_words)).all()


def test_default_mechanism_at_three_million_words() -> None:
    counts = np.maximum(5, 10**9 // np.arange(1, BIG + 1))
    sampler = build(SamplerConfig(), counts)
    assert total_variation(law(sampler, BIG), DISTRIBUTIONS["unigram"](counts, 0.75)) < 1e-6
    assert num_unreachable(sampler, BIG) == 0
    assert sum(leaf.nbytes for leaf in jax.tree.leaves(sampler)) <= 16 * BIG
    closed = build(parse("log-uniform"), counts)
    wanted = DISTRIBUTIONS["log-uniform"](counts, 1.0)
    assert total_variation(probabilities(closed, BIG), wanted) < 1e-6
    assert sum(leaf.nbytes for leaf in jax.tree.leaves(closed)) < 100
