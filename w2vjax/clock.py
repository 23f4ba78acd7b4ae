"""Programs timed in turn, A B A B, so that whatever else the machine does falls on all of them."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import jax

Laps = dict[str, float]
"""seconds of the parts of a measurement"""


class Lap(NamedTuple):
    """One measurement."""

    name: str
    repeat: int
    seconds: Laps


def seconds(call: Callable[[], Any]) -> float:
    """Seconds until the call's result is there, on the device."""
    start = time.perf_counter()
    jax.block_until_ready(call())
    return time.perf_counter() - start


def interleaved(
    measures: Mapping[str, Callable[[], Laps]],
    repeats: int,
    most: float = math.inf,
    repeated: Callable[[], None] = lambda: None,
) -> Iterator[Lap]:
    """Every program once to warm up, then all in turn, `repeats` times; yields as it goes.

    A program that has run for `most` seconds drops out, after two measurements at least.
    `repeated` is called after each round.
    """
    spent = dict.fromkeys(measures, 0.0)
    for measure in measures.values():
        measure()
    for repeat in range(repeats):
        for name, measure in measures.items():
            if repeat >= 2 and spent[name] >= most:
                continue
            laps = measure()
            spent[name] += sum(laps.values())
            yield Lap(name, repeat, laps)
        repeated()
