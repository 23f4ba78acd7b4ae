"""Nanoseconds a draw, against raw random bits and numpy, in the same process.

Each measurement of a sampler (B) follows one of `jax.random.bits` (A): A B A B …, so that whatever
else the machine does falls on both. A measurement is one compiled call that makes all the draws.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Key, UInt32

from w2vjax import clock
from w2vjax.samplers import Sampler, build, draw, parse
from w2vjax.samplers.distributions import Probabilities, unigram

ZIPF_TOTAL = 30
"""words of text a word of vocabulary, about, in the vocabularies made up for `by_vocabulary`"""
SIZES = (1_000, 10_000, 100_000, 1_000_000, 3_000_000)
CURVES = ("log-uniform", "unigram^0.75:alias", "unigram^0.75:cdf", "unigram^0.75:table")
BITS, NUMPY = "jax.random.bits", "numpy choice(p)"


class Times(NamedTuple):
    """Medians over the measurements."""

    nanoseconds: float
    """a draw"""
    bits: float
    """nanoseconds a raw 32-bit word, measured in between"""
    speed: float
    """of the draws, as a multiple of the bits': the median ratio of neighbours"""


def against_bits(sampler: Sampler, num_draws: int, repeats: int, seed: int = 0) -> Times:
    """The time of a draw, and of raw bits."""
    keys = jax.random.split(jax.random.key(seed), repeats + 1)  # the first to warm up

    def measure(call: Callable[..., Any]) -> Callable[[], clock.Laps]:
        coming = iter(keys)
        return lambda: {"call": clock.seconds(partial(call, next(coming), shape=(num_draws,)))}

    measures = {"bits": measure(_bits), "draws": measure(partial(draw, sampler))}
    laps = clock.interleaved(measures, repeats)
    times = np.array([lap.seconds["call"] for lap in laps]).reshape(repeats, 2)
    bits, drawn = np.median(times, axis=0) / num_draws * 1e9
    return Times(drawn, bits, float(np.median(times[:, 0] / times[:, 1])))


def of_numpy(law: Probabilities, num_draws: int, repeats: int = 3) -> float:
    """Nanoseconds a draw of `numpy.random.Generator.choice` with these probabilities `[V]`."""
    generator = np.random.default_rng(0)
    choose = partial(generator.choice, len(law), num_draws, p=law)
    return float(np.median([clock.seconds(choose) for _ in range(repeats)])) / num_draws * 1e9


def by_vocabulary(
    largest: int, table_size: int, num_draws: int, repeats: int, advance: Callable[[], None]
) -> list[dict[str, Any]]:
    """Rows `sampler, words, nanoseconds` for vocabularies by Zipf's law, up to about `largest`.

    `advance` is called after each size.
    """
    rows: list[dict[str, Any]] = []
    for size in vocabulary_sizes(largest):
        counts = np.maximum(5, ZIPF_TOTAL * size // np.arange(1, size + 1))
        found = {NUMPY: of_numpy(unigram(counts, 0.75), num_draws, repeats=1)}
        bits: list[float] = []
        for name in CURVES:
            config = parse(f"{name}({table_size})" if name.endswith("table") else name)
            if config.mechanism == "table" and table_size < size:
                continue
            times = against_bits(build(config, counts), num_draws, repeats)
            found[config.name] = times.nanoseconds
            bits.append(times.bits)
        found[BITS] = float(np.median(bits))
        rows += [{"sampler": n, "words": size, "nanoseconds": ns} for n, ns in found.items()]
        advance()
    return rows


def vocabulary_sizes(largest: int) -> list[int]:
    """The sizes that `by_vocabulary` measures: to a million words, or to three if need be."""
    return [size for size in SIZES if size <= max(1_000_000, 3 * largest)]


@partial(jax.jit, static_argnames="shape")
def _bits(key: Key[Array, ""], shape: tuple[int, ...]) -> UInt32[Array, "..."]:
    return jax.random.bits(key, shape)
