"""The kept words of a text as a stream, cut into segments that the devices train on. Host code."""

import json
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from math import ceil
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from w2vjax.config.settings import Settings
from w2vjax.engine import processes
from w2vjax.engine.kept_words import Cuts, Parts, Piece, Place, Plan

LEAST_SEGMENTS = 32
"""of a run: devices that train on a short text meet often enough too"""
NO_DOCUMENT = -1


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

    @property
    def length(self) -> int:
        """Of a device's tokens in one segment: `window` more on each side."""
        return self.shard + 2 * self.window

    @classmethod
    def of(cls, config: Settings, devices: int, kept_words: float) -> "Layout":
        """Segments of at most `sync_words` kept words of all devices, or a step, evenly filled."""
        steps = max(1, ceil(kept_words / (devices * config.tokens_per_step)))
        usual = min(1 << 18, (1 << 20) // devices**2, int(kept_words) // LEAST_SEGMENTS)
        words = config.sync_words or usual
        longest = max(1, words // (devices * config.tokens_per_step))
        segments = ceil(steps / longest)
        return cls(devices, ceil(steps / segments), config.tokens_per_step, config.window)


class Position(NamedTuple):
    """Where a stream goes on."""

    number: int
    """of the next segment"""
    kept_words: int
    """in the segments before it"""
    places: tuple[Place, ...]
    """at which each part is read on"""


class Segment(NamedTuple):
    """What the devices train on between two synchronisations."""

    tokens: Int[np.ndarray, "devices length"]
    """each device's kept words, with `window` more on each side"""
    documents: Int[np.ndarray, "devices length"]
    """number of the document that each word stands in; -1 is padding"""
    progress: Float[np.ndarray, " steps"]
    """share of the training done at the start of every step"""
    kept_words: int
    after: Position | None = None
    """where the stream goes on; None: it has ended before"""

    @classmethod
    def empty(cls, layout: Layout) -> "Segment":
        """One without words, for a stream that has ended before others."""
        shape = layout.devices, layout.length
        return cls(
            np.zeros(shape, np.int32),
            np.full(shape, NO_DOCUMENT, np.int32),
            np.ones(layout.steps, np.float32),
            0,
        )


class Shard(NamedTuple):
    """One device's part of a segment."""

    tokens: Int[np.ndarray, " length"]
    documents: Int[np.ndarray, " length"]
    kept_words: int
    """how many of the words are kept words, not padding"""
    after: Place
    """where to read on for the next one"""


@dataclass(frozen=True)
class Stream:
    """A run's segments: every device reads its own part of the text."""

    layout: Layout
    parts: Parts
    elsewhere: Mapping[int, int] = field(default_factory=dict)
    """the parts that other processes read, with their kept words: they are padding here"""

    @classmethod
    def of(
        cls,
        plan: Plan,
        layout: Layout,
        cuts: Cuts | None = None,
        here: Sequence[int] | None = None,
    ) -> "Stream":
        """From the start. Without `cuts`, where the parts begin, it reads the text to find them.

        `here` are the parts that this process reads, where all processes call it; they tell each
        other how many words they keep. None: all parts.
        """
        shared = here is not None and processes.count() > 1
        if cuts is None:
            parts = Parts.of(plan, layout.devices, shared)
        else:
            parts = Parts(plan, plan.units(), cuts)
        if here is None or not shared:
            return cls(layout, parts)
        own = json.dumps([(part, parts.kept_words(part)) for part in here])
        known = dict(pair for told in processes.exchange(own) for pair in json.loads(told))
        return cls(layout, parts, {part: known[part] for part in known if part not in here})

    def begin(self) -> Position:
        """Where it begins."""
        return Position(0, 0, tuple(map(self.parts.begin, range(self.layout.devices))))

    def segments(self, start: Position | None = None) -> Iterator[Segment]:
        """In order, from a position on, or all. Every kept word is a centre in just one."""
        layout, expected = self.layout, self.parts.plan.kept_words()
        number, done, places = start or self.begin()
        nothing = Segment.empty(layout)
        none = Shard(nothing.tokens[0], nothing.documents[0], 0, Place(len(self.parts.cuts), 0, 0))
        devices = [
            _elsewhere(self.elsewhere[part], layout, number, none, place)
            if part in self.elsewhere
            else _shards(self.parts.pieces(part, place), layout, number)
            for part, place in enumerate(places)
        ]
        for shards in zip_longest(*devices, fillvalue=none):
            tokens, documents, kept, places = zip(*shards, strict=True)
            steps = done + np.arange(layout.steps) * layout.devices * layout.tokens_per_step
            progress = np.minimum(1.0, steps / expected).astype(np.float32)
            number, done = number + 1, done + sum(kept)
            after = Position(number, done, places)
            yield Segment(np.stack(tokens), np.stack(documents), progress, sum(kept), after)


def segments(plan: Plan, layout: Layout) -> Iterator[Segment]:
    """The segments of a plan, from its start."""
    return Stream.of(plan, layout).segments()


def _elsewhere(
    kept_words: int, layout: Layout, number: int, none: Shard, place: Place
) -> Iterator[Shard]:
    """Of a device of another process: how many words it has of each segment."""
    for centre in range(number * layout.shard, kept_words, layout.shard):
        yield none._replace(kept_words=min(layout.shard, kept_words - centre), after=place)


def _shards(pieces: Iterator[Piece], layout: Layout, number: int) -> Iterator[Shard]:
    """One device's parts of the segments in order, from the one of this number on.

    The pieces begin at or before its first word. Only as many are held as it takes.
    """
    held: deque[Piece] = deque()
    while True:
        centre = number * layout.shard
        first = centre - layout.window
        while not held or held[-1].end < first + layout.length:
            piece = next(pieces, None)
            if piece is None:
                break
            held.append(piece)
        if not held or held[-1].end <= centre:
            return
        tokens = np.zeros(layout.length, np.int32)
        documents = np.full(layout.length, NO_DOCUMENT, np.int32)
        for piece in held:
            begin = piece.place.kept_words - first
            taken = piece.words[:, max(0, -begin) : max(0, layout.length - begin)]
            there = slice(max(0, begin), max(0, begin) + taken.shape[1])
            tokens[there], documents[there] = taken
        kept = min(layout.shard, held[-1].end - centre)
        while len(held) > 1 and held[0].end <= first + layout.shard:
            held.popleft()
        yield Shard(tokens, documents, kept, held[0].place)
        number += 1
