"""Which words of an encoded text training keeps: part by part, in order, from any place on.

Host code. What it draws depends on the seed, the epoch and the part alone, so that every method
sees the same words in the same order, and a part can be read from the middle.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from w2vjax.config.schema import TrainConfig
from w2vjax.engine import collective
from w2vjax.text.encoding import EncodedCorpus
from w2vjax.text.vocab import keep_probabilities

PIECE = 1 << 20
"""words thinned out at a time, about"""
LONGEST = 10_000
"""words after which a document is cut, so that a text of one document can be dealt out too"""
ORDER, SUBSAMPLING = 0, 1
"""purposes of the random streams, apart from those of `train`"""
DRAWS = 8
"""numbers of float32 that one step of Philox's counter gives"""


class Units(NamedTuple):
    """What is dealt out to the devices, in order or shuffled: documents, the long ones cut."""

    starts: Int[np.ndarray, " u"]
    lengths: Int[np.ndarray, " u"]


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
        counts = self.corpus.occurrences
        return self.config.epochs * self.words() * float(counts @ self.keep()) / counts.sum()

    def keep(self) -> Float[np.ndarray, " v"]:
        """Every word's probability to be kept."""
        config = self.config
        counts = self.corpus.vocabulary.counts
        return keep_probabilities(counts, config.subsample, config.subsample_formula)


class Place(NamedTuple):
    """Where a part of the text goes on: where a piece of it begins."""

    epoch: int
    unit: int
    """in the order of the epoch"""
    kept_words: int
    """of the part before it, since the first epoch"""


class Piece(NamedTuple):
    """Some of a part's kept words."""

    place: Place
    words: Int[np.ndarray, "2 n"]
    """over the numbers of their documents"""

    @property
    def end(self) -> int:
        """Kept words of the part up to its end."""
        return self.place.kept_words + self.words.shape[1]


Cuts = Sequence[Sequence[int]]
"""of every epoch, the units of its order at which parts begin, and at which the last one ends"""


@dataclass(frozen=True)
class Parts:
    """A text dealt out in parts of equal weight, so that no device waits for another at the end."""

    plan: Plan
    units: Units
    cuts: Cuts

    @classmethod
    def of(cls, plan: Plan, num_parts: int, shared: bool = False) -> "Parts":
        """Reads the whole text once, for the weight of each unit; `shared`: by all processes."""
        units, config = plan.units(), plan.config
        weights, cuts = _weights(plan, units, shared), []
        for epoch in range(ceil(config.epochs)):
            ordered = weights[_order(plan, units, epoch)]
            done = np.cumsum(ordered) - ordered / 2
            share = min(1.0, config.epochs - epoch) * weights.sum() / num_parts
            cuts.append(np.searchsorted(done, share * np.arange(num_parts + 1)).tolist())
        return cls(plan, units, cuts)

    def begin(self, part: int) -> Place:
        """Where a part begins."""
        return Place(0, self.cuts[0][part], 0)

    def kept_words(self, part: int) -> int:
        """Of a part, in all epochs: it is read for that."""
        ends = [piece.end for piece in self.pieces(part, self.begin(part))]
        return ends[-1] if ends else 0

    def pieces(self, part: int, start: Place) -> Iterator[Piece]:
        """A part's kept words from a place on, epoch after epoch."""
        plan, units = self.plan, self.units
        keep, kept_words = plan.keep().astype(np.float32), start.kept_words
        for epoch in range(start.epoch, len(self.cuts)):
            first, last = self.cuts[epoch][part : part + 2]
            order, unit = _order(plan, units, epoch), first
            if epoch == start.epoch:
                unit = start.unit
            before = int(units.lengths[order[first:unit]].sum())
            thinning = _advanced(_generator(plan.config.seed, SUBSAMPLING, epoch, part), before)
            for chosen in _pieces(units, order[unit:last]):
                ids = _words(plan, units, chosen)
                # Numbers of words, not a mask: words picked by a mask cost four times as much.
                kept = np.flatnonzero(thinning.random(len(ids), dtype=np.float32) < keep[ids])
                # The last document of an epoch and the first of the next are never the same.
                numbers = np.arange(unit, unit + len(chosen), dtype=np.int32) * 2 + epoch % 2
                documents = np.repeat(numbers, units.lengths[chosen])
                place = Place(epoch, unit, kept_words)
                yield Piece(place, np.stack([ids[kept], documents[kept]]))
                kept_words += len(kept)
                unit += len(chosen)


def _order(plan: Plan, units: Units, epoch: int) -> Int[np.ndarray, " u"]:
    """The units in the order in which an epoch reads them."""
    order = np.arange(len(units.starts))
    if plan.config.shuffle:
        return _generator(plan.config.seed, ORDER, epoch).permutation(order)
    return order


def _generator(seed: int, purpose: int, epoch: int, part: int = 0) -> np.random.Generator:
    key = np.array([seed, (purpose << 32) + epoch], np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=[0, 0, 0, part]))


def _advanced(generator: np.random.Generator, draws: int) -> np.random.Generator:
    """A new generator, once it has drawn so many numbers of float32."""
    philox = generator.bit_generator
    assert isinstance(philox, np.random.Philox)
    philox.advance(draws // DRAWS)
    generator.random(draws % DRAWS, dtype=np.float32)
    return generator


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


def _weights(plan: Plan, units: Units, shared: bool) -> Float[np.ndarray, " u"]:
    """Kept words of every unit, in expectation."""
    keep, sums, number = plan.keep(), [np.zeros(0)], len(units.starts)
    own = collective.share(number) if shared else slice(number)
    for chosen in _pieces(units, np.arange(number)[own]):
        begins = np.cumsum(units.lengths[chosen]) - units.lengths[chosen]
        sums.append(np.add.reduceat(keep[_words(plan, units, chosen)], begins))
    weights = np.concatenate(sums)
    return collective.joined(weights, number) if shared else weights
