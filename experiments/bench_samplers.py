"""Nanoseconds a draw: every sampler against raw random bits, in the same process.

Claim: a draw costs about as much as its random bits, whatever the vocabulary.
Expectation at V = 76,000 on CPU, as a multiple of the speed of `jax.random.bits`: log-uniform and
a table that fits the cache 0.75, alias 0.5, CDF 0.3; each at least 3 times numpy's `choice`.
Cost: about a minute on 2 cores, set by `--repeats`.

Each measurement of a sampler (B) follows one of the raw bits (A): A B A B …, so that whatever else
the machine does falls on both. Medians of the times, and of the ratios of neighbours.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import tyro

from w2vjax.samplers import build, parse
from w2vjax.samplers.distributions import unigram

NAMES = (
    "uniform",
    "log-uniform",
    "unigram^0.75",
    "zipf^1",
    "unigram^0.75:cdf",
    "unigram^0.75:table(1e5)",
    "unigram^0.75:table(1e7)",
)


@dataclass(frozen=True)
class Settings:
    """What is measured."""

    num_words: int = 76_000
    """V: words of a vocabulary whose frequencies follow Zipf's law"""
    num_draws: int = 1 << 20
    """draws a measurement"""
    repeats: int = 30
    """measurements a sampler"""
    samplers: tuple[str, ...] = NAMES
    """samplers by name"""


def seconds(run: Callable[[], object]) -> float:
    """Wall-clock time of one call."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def main(settings: Settings) -> None:
    """Prints a line a sampler: nanoseconds a draw, speed against raw bits and numpy, bytes."""
    key, shape = jax.random.key(0), (settings.num_draws,)
    counts = np.maximum(5, 3_000_000 // np.arange(1, settings.num_words + 1))
    law, generator = unigram(counts, 0.75), np.random.default_rng(0)
    choose = [seconds(lambda: generator.choice(settings.num_words, shape, p=law)) for _ in range(3)]
    raw = jax.jit(lambda key: jax.random.bits(key, shape))
    raw(key).block_until_ready()
    numpy_ns = np.median(choose) / settings.num_draws * 1e9
    print(
        f"{'sampler':26} {'ns/draw':>8} {'bits ns':>8} {'x bits':>7} {'x numpy':>8} {'bytes':>12}"
    )
    for name in settings.samplers:
        sampler = build(parse(name), counts)
        draw = jax.jit(lambda sampler, key: sampler.sample(key, shape))
        draw(sampler, key).block_until_ready()
        times = np.array(
            [
                (
                    seconds(lambda: raw(key).block_until_ready()),
                    seconds(lambda draw=draw, s=sampler: draw(s, key).block_until_ready()),
                )
                for _ in range(settings.repeats)
            ]
        )
        bits_ns, draw_ns = np.median(times, axis=0) / settings.num_draws * 1e9
        num_bytes = sum(jnp.asarray(leaf).nbytes for leaf in jax.tree.leaves(sampler))
        print(
            f"{name:26} {draw_ns:8.1f} {bits_ns:8.1f} {np.median(times[:, 0] / times[:, 1]):7.2f} "
            f"{numpy_ns / draw_ns:8.1f} {num_bytes:12,}"
        )


if __name__ == "__main__":
    main(tyro.cli(Settings))
