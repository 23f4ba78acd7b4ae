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
from jaxtyping import Bool, Float, Int

from w2vjax.config import TrainConfig
from w2vjax.encoding import EncodedCorpus
from w2vjax.vocab import keep_probabilities

PIECE = 1 << 20
"""words thinned out at a time"""
SUBSAMPLING = 1
"""the random stream's purpose, apart from those of `train`"""
NO_DOCUMENT = -1


class Segment(NamedTuple):
    """What the devices train on between two exchanges."""

    tokens: Int[np.ndarray, "devices length"]
    """each device's stretch of kept words, with `window` more on each side"""
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
    def stretch(self) -> int:
        """Kept words of one device in one segment."""
        return self.steps * self.tokens_per_step

    @classmethod
    def of(cls, config: TrainConfig, devices: int, kept_words: float) -> "Layout":
        """At most `sync_steps` steps a segment, and segments that fill the stream evenly."""
        assert config.tokens_per_step is not None
        steps = max(1, ceil(kept_words / (devices * config.tokens_per_step)))
        segments = ceil(steps / config.sync_steps)
        return cls(devices, ceil(steps / segments), config.tokens_per_step, config.window)


class Plan(NamedTuple):
    """Which words of a corpus a stream passes on."""

    corpus: EncodedCorpus
    config: TrainConfig
    held_out_every: int | None = None
    """every n-th document is held out"""
    held_out: bool = False
    """pass on only the documents held out, instead of only the others"""

    def keeps(self, documents: Int[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
        """Which documents take part."""
        if self.held_out_every is None:
            return np.ones(documents.shape, bool)
        return (documents % self.held_out_every == self.held_out_every - 1) == self.held_out

    def words(self) -> int:
        """Words of the vocabulary in one pass over the documents that take part."""
        taking_part = self.keeps(np.arange(len(self.corpus.starts) - 1))
        return int(np.diff(self.corpus.starts)[taking_part].sum())

    def kept_words(self) -> float:
        """Kept words of the whole run, in expectation."""
        counts = self.corpus.vocabulary.counts
        return self.config.epochs * self.words() * float(counts @ self.keep()) / counts.sum()

    def keep(self) -> Float[np.ndarray, " v"]:
        """Every word's probability to be kept."""
        config = self.config
        counts = self.corpus.vocabulary.counts
        return keep_probabilities(counts, config.subsample, config.subsample_formula)


Stretch = tuple[Int[np.ndarray, " length"], Int[np.ndarray, " length"], int]
"""words, the numbers of their documents, and how many of the words are kept words, not padding"""


def _kept(plan: Plan, part: int, parts: int) -> Iterator[Int[np.ndarray, "2 n"]]:
    """One part's kept words over the numbers of their documents, epoch after epoch."""
    corpus, config = plan.corpus, plan.config
    keep = plan.keep().astype(np.float32)
    for epoch in range(ceil(config.epochs)):
        share = min(1.0, config.epochs - epoch)
        begin, end = (round(edge * share * len(corpus.ids) / parts) for edge in (part, part + 1))
        stream = np.array([config.seed, (SUBSAMPLING << 32) + epoch], np.uint64)
        generator = np.random.Generator(np.random.Philox(key=stream, counter=[0, 0, 0, part]))
        for low in range(begin, end, PIECE):
            ids = np.asarray(corpus.ids[low : min(low + PIECE, end)])
            first, last = np.searchsorted(corpus.starts, [low, low + len(ids) - 1], side="right")
            begins = np.zeros(len(ids), np.int32)
            begins[corpus.starts[first:last] - low] = 1
            documents = first - 1 + np.cumsum(begins, dtype=np.int32)
            chosen = generator.random(len(ids), dtype=np.float32) < keep[ids]
            if plan.held_out_every is not None:
                chosen &= plan.keeps(documents)
            # Two passes over a single document must not look like one document.
            numbers = documents[chosen] * 2 + epoch % 2
            yield np.stack([ids[chosen], numbers.astype(np.int32)])


def _stretches(plan: Plan, layout: Layout, part: int) -> Iterator[Stretch]:
    """One device's stretches in order. Every kept word is a centre in exactly one of them."""
    window, size = layout.window, layout.stretch
    padding = np.stack([np.zeros(size, np.int32), np.full(size, NO_DOCUMENT, np.int32)])
    pieces, held = [padding[:, -window:]], window
    for piece in _kept(plan, part, layout.devices):
        pieces.append(piece)
        held += piece.shape[1]
        while held >= size + 2 * window:
            stream = np.concatenate(pieces, axis=1)
            yield stream[0, : size + 2 * window], stream[1, : size + 2 * window], size
            pieces, held = [stream[:, size:]], held - size
    while held > window:
        stream = np.concatenate([*pieces, padding, padding[:, : 2 * window]], axis=1)
        kept = min(size, held - window)
        yield stream[0, : size + 2 * window], stream[1, : size + 2 * window], kept
        pieces, held = [stream[:, size:held]], held - size


def segments(plan: Plan, layout: Layout) -> Iterator[Segment]:
    """The run's segments in order: every device reads its own part of the text."""
    expected, done = plan.kept_words(), 0
    length = layout.stretch + 2 * layout.window
    nothing = np.zeros(length, np.int32), np.full(length, NO_DOCUMENT, np.int32), 0
    devices = [_stretches(plan, layout, part) for part in range(layout.devices)]
    for stretches in zip_longest(*devices, fillvalue=nothing):
        tokens, documents, kept = zip(*stretches, strict=True)
        steps = done + np.arange(layout.steps) * layout.devices * layout.tokens_per_step
        progress = np.minimum(1.0, steps / expected).astype(np.float32)
        yield Segment(np.stack(tokens), np.stack(documents), progress, sum(kept))
        done += sum(kept)
