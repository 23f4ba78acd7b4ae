"""What word2vec.c makes of counts: the shares that are kept, and the noise."""

import math
from bisect import bisect_right
from collections.abc import Sequence

import numpy as np

from w2vjax.replay.generator import Generator
from w2vjax.samplers.mechanisms import fill_table

POWER = 0.75


class NoiseTable:
    """The table of noise words, without its slots: where each word's stretch ends.

    Word `i` has `counts[i]^0.75 / Σ counts^0.75` of the slots, as `fill_table` rounds them.
    """

    def __init__(self, counts: Sequence[int], size: int) -> None:
        # math.pow is the C library's; numpy has its own, which differs in the last bit
        powers = np.array([math.pow(count, POWER) for count in counts])
        shares = powers / np.cumsum(powers)[-1]  # cumsum adds in order, as a loop does
        self._ends: list[int] = np.cumsum(fill_table(shares, size)).tolist()
        self._size = size

    def draw(self, generator: Generator) -> int:
        """A word from a slot. `</s>` is never noise: a uniform word takes its place."""
        number = generator.next()
        word = bisect_right(self._ends, (number >> 16) % self._size)
        return word or number % (len(self._ends) - 1) + 1


def keep_shares(counts: Sequence[int], sample: float) -> list[float]:
    """The share in which every word is kept: `(sqrt(f / t) + 1) t / f`, possibly above 1.

    f is the word's share of all words, t is `sample`. In C's types: `t · words` and the quotient
    below the root are float32, what follows is double, the result is float32 again. Nothing asks
    for that of `</s>`.
    """
    threshold = np.float32(sample) * np.float32(sum(counts))
    shares = []
    for count in counts:
        root = math.sqrt(float(np.float32(count) / threshold))
        share = (root + 1) * float(threshold) / count if count else 1.0
        shares.append(float(np.float32(share)))
    return shares
