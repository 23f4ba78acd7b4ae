"""Mechanisms with tables: how words are drawn from any given probabilities.

Each turns uniform 32-bit words into ids with whole-number comparisons, so that the exact law of
its draws is known. float32 uniforms would not do: they lie on a grid of 2^-23, too coarse to
reach every word of a large vocabulary.
"""

import math
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float32, Int32, Key, UInt32
from numpy.typing import NDArray

from w2vjax.errors import InputError
from w2vjax.pytrees import pytree
from w2vjax.samplers.distributions import Probabilities, checked_probabilities
from w2vjax.samplers.ids import gathered
from w2vjax.samplers.random_words import WORD, multiply_high, random_words


@pytree
class Tabulated:
    """What the mechanisms with a table share: their exact law, looked up."""

    log_law: Float32[Array, " v"]
    """log-probability of each word as it is drawn; -inf: never drawn"""

    @property
    def num_words(self) -> int:
        """V."""
        return self.log_law.shape[0]

    def log_prob(self, ids: Int32[Array, "..."]) -> Float32[Array, "..."]:
        """Exact log-probability of drawing each id; -inf where it is none."""
        return gathered(self.log_law, ids, -jnp.inf)


@pytree
class Alias(Tabulated):
    """Walker's alias method (1977): two random words, one comparison, whatever the distribution.

    `C = 2^b ≥ V` columns of `2^32` units each. A word picks the column; a second word below its
    threshold keeps the column's own id, otherwise its alias is drawn. All masses are integers
    over `2^(32+b)`: within 1e-9 total variation of any target. 12 to 20 bytes a word.
    """

    thresholds: UInt32[Array, " c"]
    aliases: Int32[Array, " c"]

    @classmethod
    def of(cls, probabilities: Probabilities) -> Self:
        """Columns for the given probabilities `[V]`."""
        width = _width(len(probabilities))
        units = apportion(probabilities, 1 << (WORD + width))
        thresholds, aliases = _alias_columns(units, width)
        return cls(
            log_law=_log_law(units, WORD + width),
            thresholds=jnp.asarray(thresholds),
            aliases=jnp.asarray(aliases),
        )

    def sample(self, key: Key[Array, ""], shape: tuple[int, ...]) -> Int32[Array, "..."]:
        """Ids of the given shape."""
        first, second = random_words(key, (2, *shape))
        column = (first >> (WORD - _width(len(self.aliases)))).astype(jnp.int32)
        own = second < _at(self.thresholds, column)
        return jnp.where(own, column, _at(self.aliases, column))


@pytree
class Cdf(Tabulated):
    """Inversion: the word whose stretch of the 32-bit line holds a random word.

    All masses are integers over `2^32`. A guide (Chen & Asau 1974), indexed by the leading bits
    of the random word, leaves a short stretch for the binary search. 12 to 16 bytes a word.
    """

    starts: UInt32[Array, " v"]
    """first point of each word's stretch"""
    guide: Int32[Array, " c"]
    """the word that holds the first point of each of `c - 1` equal cells; and the last word"""
    num_steps: Int32[Array, ""]
    """halvings that the longest stretch of the guide needs"""

    @classmethod
    def of(cls, probabilities: Probabilities) -> Self:
        """Stretches for the given probabilities `[V]`."""
        units = apportion(probabilities, 1 << WORD)
        starts = np.cumsum(units) - units
        # words without mass at the end would start beyond the line: the guide never leads there
        last = int(np.flatnonzero(units)[-1])
        width = _width(len(units))
        cells = np.arange(1 << width) << (WORD - width)
        guide = np.append(np.searchsorted(starts, cells, side="right") - 1, last)
        return cls(
            log_law=_log_law(units, WORD),
            starts=jnp.asarray(np.minimum(starts, 2**WORD - 1).astype(np.uint32)),
            guide=jnp.asarray(guide.astype(np.int32)),
            num_steps=jnp.int32(int(np.diff(guide).max()).bit_length()),
        )

    def sample(self, key: Key[Array, ""], shape: tuple[int, ...]) -> Int32[Array, "..."]:
        """Ids of the given shape."""
        point = random_words(key, shape)
        cell = (point >> (WORD - _width(len(self.guide) - 1))).astype(jnp.int32)

        def halve(_: Any, ends: tuple[Array, Array]) -> tuple[Array, Array]:
            low, high = ends
            middle = (low + high + 1) >> 1
            right = _at(self.starts, middle) <= point
            return jnp.where(right, middle, low), jnp.where(right, high, middle - 1)

        ends = _at(self.guide, cell), _at(self.guide, cell + 1)
        ids: Array = jax.lax.fori_loop(0, self.num_steps, halve, ends)[0]
        return ids


@pytree
class UnigramTable(Tabulated):
    """word2vec.c's table: each word fills slots in proportion to its probability (`fill_table`).

    Draws are uniform over the slots. Words with less than a slot's share are rounded up, which
    pushes the last ones off the end: they are never drawn, and `log_prob` says so.
    """

    slots: Int32[Array, " n"]

    @classmethod
    def of(cls, probabilities: Probabilities, size: int) -> Self:
        """A table of `size` slots. Raises `InputError` if the vocabulary does not fit in."""
        check_table(probabilities, size)
        num_slots = fill_table(probabilities, size)
        return cls(
            log_law=_log_law(np.diff(slot_ends(num_slots), prepend=0), WORD),
            slots=jnp.asarray(np.repeat(np.arange(len(num_slots), dtype=np.int32), num_slots)),
        )

    def sample(self, key: Key[Array, ""], shape: tuple[int, ...]) -> Int32[Array, "..."]:
        """Ids of the given shape."""
        slot = multiply_high(random_words(key, shape), jnp.uint32(len(self.slots)))
        return _at(self.slots, slot.astype(jnp.int32))


@pytree
class Ranked:
    """A law of ranks, and the id of each: for ids that are in another order, or partly reserved.

    8 bytes a word, besides what draws the ranks.
    """

    inner: Any
    """draws ranks"""
    ids: Int32[Array, " n"]
    """of each rank"""
    ranks: Int32[Array, " v"]
    """of each id; -1: it is never drawn"""

    @classmethod
    def of(cls, inner: Any, ids: NDArray[np.int64], num_words: int) -> Self:
        """Draws `ids[rank]`, below `num_words`, where `inner` draws the rank."""
        ranks = np.full(num_words, -1, np.int32)
        ranks[ids] = np.arange(len(ids))
        return cls(inner, jnp.asarray(ids.astype(np.int32)), jnp.asarray(ranks))

    @property
    def num_words(self) -> int:
        """V."""
        return self.ranks.shape[0]

    def sample(self, key: Key[Array, ""], shape: tuple[int, ...]) -> Int32[Array, "..."]:
        """Ids of the given shape."""
        return _at(self.ids, self.inner.sample(key, shape))

    def log_prob(self, ids: Int32[Array, "..."]) -> Float32[Array, "..."]:
        """Log-probability of the id's rank; -inf where it has none."""
        ranks = gathered(self.ranks, ids, -1)
        log_prob = self.inner.log_prob(jnp.maximum(ranks, 0))
        return jnp.where(ranks >= 0, log_prob, -jnp.inf)


def check_table(probabilities: Probabilities, size: int) -> None:
    """Raises `InputError` for a table with fewer slots than there are words."""
    if size < len(probabilities):
        lost = int((fill_table(probabilities, size) == 0).sum())
        raise InputError(
            f"table_size is {size} and the vocabulary has {len(probabilities)} words: "
            f"{lost} of them could never be drawn; make the table larger"
        )


def slot_ends(num_slots: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many of the `2^32` random words lead to words `0 … i`, for the slots of each, `[V]`."""
    filled = np.cumsum(num_slots)
    return -(-(filled << WORD) // filled[-1])


def fill_table(probabilities: Probabilities, size: int) -> NDArray[np.int64]:
    """Slots that word2vec.c's `InitUnigramTable` gives to each word, `[V]`, summing to `size`.

    The loop there: slot `a` takes word `i`; if `a / size` exceeds the cumulative probability of
    words `0 … i`, the next slot takes `i + 1`, and the last word takes all that is left. Word `i`
    therefore ends at the first slot beyond its cumulative share, or one after word `i - 1`,
    whichever comes later: a running maximum.
    """
    if size < 1:
        raise InputError(f"table_size is {size}: it must be at least 1")
    share = np.cumsum(checked_probabilities(probabilities))
    beyond = np.maximum(np.floor(share * size) - 1, 0)
    for _ in range(3):  # the product is rounded; the quotient is what the loop compares
        beyond += beyond / size <= share
    words = np.arange(len(share))
    ends = words + np.maximum.accumulate(beyond.astype(np.int64) - words) + 1
    ends = np.minimum(ends, size)
    ends[-1] = size
    return np.diff(ends, prepend=0)


def apportion(probabilities: Probabilities, total: int) -> NDArray[np.int64]:
    """Whole units, `total` in all, nearest to the probabilities (largest remainders, Hamilton).

    Each word gets the floor or the ceiling of its share, so none with a whole unit is lost, and
    none without a share gets any.
    """
    shares = checked_probabilities(probabilities) * float(total)
    units = np.floor(shares).astype(np.int64)
    missing = total - int(units.sum())
    extra = min(max(missing, 0), int(np.count_nonzero(shares)))
    remainders = np.where(shares > 0, shares - units, -1)
    units[np.argsort(-remainders, kind="stable")[:extra]] += 1
    units[np.argmax(units)] += missing - extra  # rounding of the shares themselves
    return units


def _alias_columns(
    units: NDArray[np.int64], width: int
) -> tuple[NDArray[np.uint32], NDArray[np.int32]]:
    """Fills `2^width` columns of `2^32` units: one sweep over deficits and excesses, in integers.

    Small words are filled up by the large ones in order. A large word that runs dry in the middle
    of one becomes small itself and is filled up by the next large word. Cumulative sums tell where
    that happens, so the sweep (Hübschle-Schneider & Sanders 2022, section 4.1) needs no loop.
    """
    capacity = 1 << WORD
    mass = np.zeros(1 << width, np.int64)
    mass[: len(units)] = units
    small, large = np.flatnonzero(mass < capacity), np.flatnonzero(mass >= capacity)
    deficit = np.cumsum(capacity - mass[small])
    excess = np.cumsum(mass[large] - capacity)
    own, alias = mass.copy(), np.arange(1 << width)
    before = deficit - (capacity - mass[small])
    alias[small] = large[np.searchsorted(excess, before, side="right")]
    spent = np.concatenate([[0], deficit])
    dry = np.searchsorted(spent, excess, side="left")  # after which small word it runs dry
    own[large] = capacity + excess - spent[dry]
    alias[large[:-1]] = large[1:]
    alias[own == capacity] = np.flatnonzero(own == capacity)  # a full column needs no 33rd bit
    return np.minimum(own, capacity - 1).astype(np.uint32), alias.astype(np.int32)


def _width(length: int) -> int:
    """Bits that number at least `length` columns (one or more)."""
    return max(1, (length - 1).bit_length())


def _log_law(units: NDArray[np.int64], bits: int) -> Float32[Array, " v"]:
    with np.errstate(divide="ignore"):
        return jnp.asarray((np.log(units) - bits * math.log(2)).astype(np.float32))


def _at(table: Array, index: Int32[Array, "..."]) -> Array:
    # indices are right by construction; the checked gather costs half as much again
    return table.at[index].get(mode="promise_in_bounds")
