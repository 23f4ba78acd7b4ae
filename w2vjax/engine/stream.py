"""The encoded text as a stream of kept words, cut into segments that the devices train on.

Host code. What it draws (which words are kept) depends on the seed and the epoch alone, so that
every method sees the same words in the same order.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from math import ceil
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from w2vjax.config.schema import TrainConfig
from w2vjax.config.settings import Settings
from w2vjax.text.encoding import EncodedCorpus
from w2vjax.text.vocab import keep_probabilities

PIECE = 1 << 20
"""words thinned out at a time, about"""
LONGEST = 10_000
"""words after which a document is cut, so that a text of one document can be dealt out too"""
LEAST_SEGMENTS = 32
"""of a run: devices that train on a short text meet often enough too"""
ORDER, SUBSAMPLING = 0, 1
"""purposes of the random streams, apart from those of `train`"""
NO_DOCUMENT = -1


class Segment(NamedTuple):
    """What the devices train on between two synchronisations."""

    tokens: Int[np.ndarray, "devices length"]
    """each device's kept words, with `window` more on each side"""
    documents: Int[np.ndarray, "devices length"]
    """number of the document that each word stands in; -1 is padding"""
    progress: Float[np.ndarray, " steps"]
    """share of the training done at the start of every step"""
    kept_words: int


@dataclass(frozen=True)
class Layout:
    """Shapes that stay the same for the whole run, so that one program serves it."""

    devices: int
    steps: int
    tokens_per_step: int
    window: int

    @property
    def shard(self) -> int:
        """Kept words of one device in one segment."""
        return self.steps * self.tokens_per_step

    @classmethod
    def of(cls, config: Settings, devices: int, kept_words: float) -> "Layout":
        """Segments of at most `sync_words` kept words of all devices, or a step, evenly filled."""
        steps = max(1, ceil(kept_words / (devices * config.tokens_per_step)))
        usual = min(1 << 18, (1 << 20) // devices**2, int(kept_words) // LEAST_SEGMENTS)
        words = config.sync_words or usual
        longest = max(1, words // (devices * config.tokens_per_step))
        segments = ceil(steps / longest)
        return cls(devices, ceil(steps / segments), config.tokens_per_step, config.window)


class Units(NamedTuple):
    """What is dealt out to the devices, in order or shuffled: documents, the long ones cut."""

    starts: Int[np.ndarray, " u"]
    lengths: Int[np.ndarray, " u"]


Weights = Float[np.ndarray, " u"]
"""kept words of every unit, in expectation"""


class Plan(NamedTuple):
    """Which words of a corpus a stream passes on."""

    corpus: EncodedCorpus
    config: TrainConfig
    held_out_every: int | None = None
    """every n-th document is held out"""
    held_out: bool = False
    """pass on only the documents held out, instead of only the others"""

    def units(self) -> Units:
        """The documents that take part."""
        starts, lengths = self.corpus.starts[:-1], np.diff(self.corpus.starts)
        if self.held_out_every is not None:
            last = np.arange(len(starts)) % self.held_out_every == self.held_out_every - 1
            starts, lengths = starts[last == self.held_out], lengths[last == self.held_out]
        cuts = -(-lengths // LONGEST)
        number = np.arange(cuts.sum()) - np.repeat(np.cumsum(cuts) - cuts, cuts)
        left = np.repeat(lengths, cuts) - number * LONGEST
        return Units(np.repeat(starts, cuts) + number * LONGEST, np.minimum(left, LONGEST))

    def words(self) -> int:
        """Words of the vocabulary in one pass over the documents that take part."""
        return int(self.units().lengths.sum())

    def kept_words(self) -> float:
        """Kept words of the whole run, in expectation."""
        counts = self.corpus.vocabulary.counts
        return self.config.epochs * self.words() * float(counts @ self.keep()) / counts.sum()

    def keep(self) -> Float[np.ndarray, " v"]:
        """Every word's probability to be kept."""
        config = self.config
        counts = self.corpus.vocabulary.counts
        return keep_probabilities(counts, config.subsample, config.subsample_formula)


Shard = tuple[Int[np.ndarray, " length"], Int[np.ndarray, " length"], int]
"""words, the numbers of their documents, and how many of the words are kept words, not padding"""


def _generator(seed: int, purpose: int, epoch: int, part: int = 0) -> np.random.Generator:
    key = np.array([seed, (purpose << 32) + epoch], np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=[0, 0, 0, part]))


def _pieces(units: Units, order: Int[np.ndarray, " u"]) -> Iterator[Int[np.ndarray, " n"]]:
    """Units in this order, about `PIECE` words at a time, one at least."""
    ends = np.cumsum(units.lengths[order])
    begin = 0
    while begin < len(order):
        before = ends[begin] - units.lengths[order[begin]]
        stop = max(begin + 1, int(np.searchsorted(ends, before + PIECE)))
        yield order[begin:stop]
        begin = stop


def _words(plan: Plan, units: Units, chosen: Int[np.ndarray, " u"]) -> Int[np.ndarray, " n"]:
    """The words of some units, one after the other."""
    starts, lengths = units.starts[chosen], units.lengths[chosen]
    if (starts[1:] == starts[:-1] + lengths[:-1]).all():
        return np.asarray(plan.corpus.ids[starts[0] : starts[-1] + lengths[-1]])
    before = np.cumsum(lengths) - lengths
    return plan.corpus.ids[np.repeat(starts - before, lengths) + np.arange(lengths.sum())]


def _weights(plan: Plan, units: Units) -> Weights:
    """Kept words of every unit, in expectation."""
    keep, sums = plan.keep(), [np.zeros(0)]
    for chosen in _pieces(units, np.arange(len(units.starts))):
        begins = np.cumsum(units.lengths[chosen]) - units.lengths[chosen]
        sums.append(np.add.reduceat(keep[_words(plan, units, chosen)], begins))
    return np.concatenate(sums)


def _kept(
    plan: Plan, units: Units, weights: Weights, part: int, parts: int
) -> Iterator[Int[np.ndarray, "2 n"]]:
    """One part's kept words over the numbers of their documents, epoch after epoch."""
    config = plan.config
    keep = plan.keep().astype(np.float32)
    for epoch in range(ceil(config.epochs)):
        order = np.arange(len(weights))
        if config.shuffle:
            order = _generator(config.seed, ORDER, epoch).permutation(order)
        # Parts of equal weight, so that no device waits for another at the end.
        done = np.cumsum(weights[order]) - weights[order] / 2
        share = min(1.0, config.epochs - epoch) * weights.sum() / parts
        begin, end = np.searchsorted(done, [share * part, share * (part + 1)])
        thinning = _generator(config.seed, SUBSAMPLING, epoch, part)
        number = begin
        for chosen in _pieces(units, order[begin:end]):
            ids = _words(plan, units, chosen)
            # Numbers of words, not a mask: words picked by a mask cost four times as much.
            kept = np.flatnonzero(thinning.random(len(ids), dtype=np.float32) < keep[ids])
            # The last document of an epoch and the first of the next are never the same.
            numbers = np.arange(number, number + len(chosen), dtype=np.int32) * 2 + epoch % 2
            yield np.stack([ids[kept], np.repeat(numbers, units.lengths[chosen])[kept]])
            number += len(chosen)


def _shards(
    plan: Plan, units: Units, weights: Weights, layout: Layout, part: int
) -> Iterator[Shard]:
    """One device's parts of the segments in order. Every kept word is a centre in just one."""
    window, size = layout.window, layout.shard
    length = size + 2 * window
    padding = np.stack([np.zeros(length, np.int32), np.full(length, NO_DOCUMENT, np.int32)])
    pieces, held = [padding[:, :window]], window
    for piece in _kept(plan, units, weights, part, layout.devices):
        pieces.append(piece)
        held += piece.shape[1]
        while held >= length:
            stream = np.concatenate(pieces, axis=1)
            yield stream[0, :length], stream[1, :length], size
            pieces, held = [stream[:, size:]], held - size
    while held > window:
        stream = np.concatenate([*pieces, padding], axis=1)
        kept = min(size, held - window)
        yield stream[0, :length], stream[1, :length], kept
        pieces, held = [stream[:, size:held]], held - size


def segments(plan: Plan, layout: Layout) -> Iterator[Segment]:
    """The run's segments in order: every device reads its own part of the text."""
    expected, done = plan.kept_words(), 0
    length = layout.shard + 2 * layout.window
    nothing = np.zeros(length, np.int32), np.full(length, NO_DOCUMENT, np.int32), 0
    units = plan.units()
    weights = _weights(plan, units)
    parts = range(layout.devices)
    devices = [_shards(plan, units, weights, layout, part) for part in parts]
    for shards in zip_longest(*devices, fillvalue=nothing):
        tokens, documents, kept = zip(*shards, strict=True)
        steps = done + np.arange(layout.steps) * layout.devices * layout.tokens_per_step
        progress = np.minimum(1.0, steps / expected).astype(np.float32)
        yield Segment(np.stack(tokens), np.stack(documents), progress, sum(kept))
        done += sum(kept)
