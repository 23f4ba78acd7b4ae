"""A training program on the bench: exactly the one that training runs, with its text in place."""

from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any, NamedTuple

import numpy as np

from w2vjax.bench.compiling import Compiled, compiled, counted, memory
from w2vjax.bench.work import work
from w2vjax.clock import Laps, seconds
from w2vjax.config.schema import RunConfig
from w2vjax.engine.replicas import Run
from w2vjax.engine.sync import Sync
from w2vjax.text.encoding import EncodedCorpus

SEGMENTS = 4
"""segments of the text that measurements take in turn"""


class Amounts(NamedTuple):
    """What one measurement gets through, all devices together."""

    steps: int
    """of each device"""
    words: float
    """raw words of the text that the kept words stand for"""
    kept_words: int
    pairs: int


class Subject:
    """A program ready to be timed: compiled, its first segments on the devices.

    A measurement is a segment's program and the exchange that follows it.
    """

    def __init__(self, corpus: EncodedCorpus, config: RunConfig) -> None:
        self.run = Run.of(corpus, [config])
        plan = self.run.streams[0].parts.plan
        epochs = self.run.configs[0].train.epochs
        self._raw = epochs * corpus.vocabulary.num_words / plan.kept_words()
        parts = [part for _, part in islice(self.run.segments(), SEGMENTS)]
        full = max(part.kept_words for part in parts)  # a short text's last one may be padding
        self._feed = [
            (full, self.run.arguments(number, part))
            for number, part in enumerate(parts)
            if part.kept_words == full
        ]
        first = self._feed[0][1]
        self.made: Compiled = compiled(lambda: self.run.lower(first))
        self._sync = Sync(self.run)
        self._state = self.run.state
        self._coming: Iterator[tuple[int, tuple]] = cycle(self._feed)
        self._last: tuple[int, Any] = (0, None)
        self._number = 0

    def measure(self) -> Laps:
        """Seconds of the next segment's program and of the exchange."""
        kept, arguments = next(self._coming)
        telemetry: Any = None

        def train() -> Any:
            nonlocal telemetry
            self._state, telemetry = self.made.program(self._state, self.run.layer, *arguments)
            return self._state

        def exchange() -> Any:
            self._state = self._sync(self._state)
            return self._state

        laps = {"program": seconds(train)}
        laps["exchange"] = seconds(exchange)
        self._last, self._number = (kept, telemetry), self._number + 1
        return laps

    def amounts(self) -> Amounts:
        """Of the last measurement."""
        kept, telemetry = self._last
        pairs = int(np.asarray(telemetry.all_pairs, np.float64).sum())
        return Amounts(self.run.layout.steps, kept * self._raw, kept, pairs)

    def facts(self) -> dict[str, float | int | None]:
        """What need not be timed: of all devices a step, and bytes a device."""
        arguments = self._feed[0][1]
        xla = counted(self.run, arguments)
        config = self.run.settings
        rows = self._state.parameters.output.shape[-2]
        by_hand = work(config, self.run.layer, rows, arguments[0].reshape(-1))
        copies = self.run.mesh.shape["data"]
        return {
            "compile_seconds": self.made.seconds,
            "cached_seconds": self.made.cached_seconds,
            "device_memory": memory(self.made.program),
            "xla_flops": xla.flops,
            "xla_bytes": xla.bytes,
            "flops": copies * by_hand.flops,
            "bytes": copies * by_hand.bytes,
        }
