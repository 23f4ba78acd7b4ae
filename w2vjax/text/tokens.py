"""Words to numbers, fast: a hash table in numpy in front of a dictionary."""

import itertools
from collections import defaultdict

import numpy as np
from jaxtyping import Int32, Int64, UInt8, UInt64

SLOTS = 20
"""log2 of the table's size"""
_WIDTH = 16
"""longest word in bytes that the table holds"""
_PAD = b" " * (_WIDTH + 1)
_SIZES = np.arange(_WIDTH + 1)
_LOW = np.array([(1 << 8 * min(n, 8)) - 1 for n in _SIZES.tolist()], np.uint64)
_HIGH = np.array([(1 << 8 * max(n - 8, 0)) - 1 for n in _SIZES.tolist()], np.uint64)


class WordIds:
    """Numbers words in the order in which they are first seen.

    A word of up to 16 bytes is two 64-bit integers, so whole blocks of text are looked up by numpy
    at once, exactly: the table's entry is compared with the word. What the table does not hold
    (new words, long words, words whose slot another one took first) goes through the dictionary.
    The result is the dictionary's alone, about three times as fast.
    """

    def __init__(self) -> None:
        self.ids: defaultdict[bytes, int] = defaultdict(itertools.count().__next__)
        self._slot_ids = np.full(1 << SLOTS, -1, np.int32)
        self._slot_low = np.zeros(1 << SLOTS, np.uint64)
        self._slot_high = np.zeros(1 << SLOTS, np.uint64)

    def __call__(
        self, text: bytes
    ) -> tuple[Int32[np.ndarray, " words"], Int64[np.ndarray, " newlines"]]:
        """Ids of the words of `text` (white space: bytes up to 32), and for every newline the
        number of words before it."""
        data = np.frombuffer(text + _PAD, np.uint8)
        start, stop = _edges(data)
        newlines = np.searchsorted(start, np.flatnonzero(data == ord("\n")))
        low, high = _keys(data, start, stop - start)
        slot = _hash(low, high)
        ids = self._slot_ids[slot]
        known = (self._slot_low[slot] == low) & (self._slot_high[slot] == high)
        missed = np.flatnonzero(~known | (stop - start > _WIDTH))
        if len(missed):
            ids[missed] = self._slowly(text, start[missed], stop[missed])
            short = missed[(stop - start)[missed] <= _WIDTH]
            new = short[self._slot_ids[slot[short]] < 0]
            taken, first = np.unique(slot[new], return_index=True)
            new = new[first]
            self._slot_ids[taken] = ids[new]
            self._slot_low[taken] = low[new]
            self._slot_high[taken] = high[new]
        return ids, newlines

    def _slowly(
        self, text: bytes, start: Int64[np.ndarray, " m"], stop: Int64[np.ndarray, " m"]
    ) -> Int32[np.ndarray, " m"]:
        words = [text[a:b] for a, b in zip(start.tolist(), stop.tolist(), strict=True)]
        return np.fromiter(map(self.ids.__getitem__, words), np.int32, len(words))


def _edges(
    data: UInt8[np.ndarray, " bytes"],
) -> tuple[Int64[np.ndarray, " words"], Int64[np.ndarray, " words"]]:
    """Where words start and stop; the data end in white space."""
    solid = np.zeros(len(data) + 1, bool)
    np.greater(data, 32, out=solid[1:])
    edges = np.flatnonzero(solid[1:] != solid[:-1])
    return edges[::2], edges[1::2]


def _keys(
    data: UInt8[np.ndarray, " bytes"],
    start: Int64[np.ndarray, " words"],
    length: Int64[np.ndarray, " words"],
) -> tuple[UInt64[np.ndarray, " words"], UInt64[np.ndarray, " words"]]:
    """Every word's first eight bytes and the eight after them, zeros behind its end."""
    size = np.minimum(length, _WIDTH)
    eight = np.ndarray((len(data) - 7,), "V8", data, strides=(1,))
    return eight[start].view("<u8") & _LOW[size], eight[start + 8].view("<u8") & _HIGH[size]


def _hash(
    low: UInt64[np.ndarray, " words"], high: UInt64[np.ndarray, " words"]
) -> Int64[np.ndarray, " words"]:
    """Slots by multiplicative hashing (Knuth, The Art of Computer Programming 3, section 6.4)."""
    mixed = (low ^ (high * np.uint64(0xC2B2AE3D27D4EB4F))) * np.uint64(0x9E3779B97F4A7C15)
    return (mixed >> np.uint64(64 - SLOTS)).view(np.int64)
