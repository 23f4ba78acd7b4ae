"""Words that often come together become one word: new_york.

Mikolov et al. 2013b, section 4. Works on the text as numbers, in passes over a file.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int32, Int64, UInt64

from w2vjax.config.schema import CorpusConfig

CHUNK = 1 << 20
"""words read at a time"""
MOST_PAIRS = 1 << 23
"""pairs of neighbours counted at a time: more are counted in several readings of the file"""


class Numbered(NamedTuple):
    """A text as numbers in a file."""

    words: list[bytes]
    """by number"""
    breaks: Int64[np.ndarray, " breaks"]
    """words before the end of each document, rising"""


def joined(text: Numbered, raw: Path, config: CorpusConfig) -> Numbered:
    """The text with pairs of words joined by `_`, once for each of `config.phrases` passes.

    Two neighbours a b in a document become one word where

        score(a, b) = (count(ab) - δ) / (count(a) · count(b)) · N  >  threshold,

    equation 6 of the paper, times the number N of words in the text, as in word2phrase.c, so that
    a threshold means the same whatever the length. δ is `phrase_min_count` (5): pairs and words
    that are rarer join nothing. In a sentence the pair that comes first is joined. The threshold is
    `phrase_threshold` (100) in the last pass, twice as high in the one before it, and so on: 200
    and 100 in two passes, as in word2vec's own example; later passes join phrases of three words
    and more. The file `raw` of numbers is replaced. Memory grows with the different words and with
    `MOST_PAIRS`, not with the length of the text.
    """
    words, breaks = list(text.words), text.breaks
    for left in reversed(range(config.phrases)):
        found = _phrases(raw, len(words), breaks, config.phrase_threshold * 2**left, config)
        if not len(found[0]):
            continue
        known = {word: number for number, word in enumerate(words)}
        made = []
        for first, second in zip(*(part.tolist() for part in found), strict=True):
            word = words[first] + b"_" + words[second]
            made.append(known.setdefault(word, len(known)))
        types = len(words)
        words = list(known)
        keys = _keys(*found, types)
        breaks = _rewrite(raw, breaks, keys, np.array(made, np.int32), types)
    return Numbered(words, breaks)


Pairs = tuple[Int64[np.ndarray, " p"], Int64[np.ndarray, " p"]]


def _phrases(
    raw: Path, types: int, breaks: Int64[np.ndarray, " b"], threshold: float, config: CorpusConfig
) -> Pairs:
    """The pairs to join, by rising key."""
    least = config.phrase_min_count
    counts = np.zeros(types, np.int64)
    for _, ids, _ in _chunks(raw, breaks):
        counts += np.bincount(ids[:-1], minlength=types)
    usable = counts >= least
    size = int(counts.sum())
    parts = 1 + int(size // MOST_PAIRS)
    found = []
    for part in range(parts):
        some = [np.zeros(0, np.int64)]
        for _, ids, apart in _chunks(raw, breaks):
            first, second = ids[:-1].astype(np.int64), ids[1:].astype(np.int64)
            inside = ~apart & (second >= 0)
            inside &= usable[first] & usable[second]
            keys = _keys(first[inside], second[inside], types)
            some.append(keys if parts == 1 else keys[_mixed(keys) % parts == part])
        keys, pairs = np.unique(np.concatenate(some), return_counts=True)
        first, second = np.divmod(keys, types)
        score = _scores(pairs, counts[first], counts[second], least, size)
        found.append(keys[score > threshold])
    first, second = np.divmod(np.sort(np.concatenate(found)), types)
    return first, second


def _scores(
    pairs: Int64[np.ndarray, " p"],
    first: Int64[np.ndarray, " p"],
    second: Int64[np.ndarray, " p"],
    discount: int,
    size: int,
) -> Float64[np.ndarray, " p"]:
    return (pairs - discount) / first / second * size


def _rewrite(
    raw: Path,
    breaks: Int64[np.ndarray, " b"],
    keys: Int64[np.ndarray, " p"],
    made: Int32[np.ndarray, " p"],
    types: int,
) -> Int64[np.ndarray, " b"]:
    """Joins the pairs in the file; where documents end now."""
    beside = raw.with_name(f"{raw.name}.joined")
    ends, kept, run_start, is_second = [], 0, -1, False
    with beside.open("wb") as target:
        for offset, ids, apart in _chunks(raw, breaks):
            first, second = ids[:-1], ids[1:]
            sought = _keys(first.astype(np.int64), second.astype(np.int64), types)
            place = np.minimum(np.searchsorted(keys, sought), len(keys) - 1)
            found = ~apart & (second >= 0) & (keys[place] == sought)
            taken, run_start = _alternate(found, offset, run_start)
            stays = ~np.concatenate([[is_second], taken[:-1]])
            is_second = bool(taken[-1])
            target.write(np.where(taken, made[place], first)[stays].data)
            before = np.concatenate([[0], np.cumsum(stays)])
            begin, end = np.searchsorted(breaks, [offset, offset + len(first)])
            ends.append(before[breaks[begin:end] - offset] + kept)
            kept += int(before[-1])
    beside.replace(raw)
    ends.append(np.full(len(breaks) - sum(map(len, ends)), kept))
    return np.concatenate(ends)


def _alternate(
    found: Bool[np.ndarray, " n"], offset: int, run_start: int
) -> tuple[Bool[np.ndarray, " n"], int]:
    """Of pairs in a row, which share words, every other one from the first; where the last row
    began, or -1 if the last pair is none. `run_start` is that of the words before."""
    places = np.arange(offset, offset + len(found))
    begins = found & ~np.concatenate([[run_start >= 0], found[:-1]])
    starts = np.maximum.accumulate(np.where(begins, places, run_start))
    taken = found & ((places - starts) % 2 == 0)
    return taken, int(starts[-1]) if found[-1] else -1


def _chunks(
    raw: Path, breaks: Int64[np.ndarray, " b"]
) -> Iterator[tuple[int, Int32[np.ndarray, " n_1"], Bool[np.ndarray, " n"]]]:
    """Pieces of the text: words before it, its words and the one after (-1: none), and whether a
    document ends behind each."""
    size = raw.stat().st_size // 4
    for offset in range(0, size, CHUNK):
        ids = np.fromfile(raw, np.int32, CHUNK + 1, offset=4 * offset)
        if offset + CHUNK >= size:
            ids = np.append(ids, np.int32(-1))
        apart = np.zeros(len(ids) - 1, bool)
        ends = breaks[np.searchsorted(breaks, offset, "right") :]
        ends = ends[: np.searchsorted(ends, offset + len(apart), "right")]
        apart[ends - offset - 1] = True
        yield offset, ids, apart


def _keys(
    first: Int64[np.ndarray, " p"], second: Int64[np.ndarray, " p"], types: int
) -> Int64[np.ndarray, " p"]:
    """Pairs as numbers."""
    return first * types + second


def _mixed(keys: Int64[np.ndarray, " p"]) -> UInt64[np.ndarray, " p"]:
    """Hashes that deal pairs out evenly, as `tokens` has them."""
    return (keys.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(33)
