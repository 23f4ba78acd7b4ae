"""Runs in training: segment by segment, looked at, kept and stopped between two of them."""

import time
from collections.abc import Callable

import jax

from w2vjax.engine import processes
from w2vjax.engine.checkpoint import Keeper
from w2vjax.engine.history import History
from w2vjax.engine.replicas import Run
from w2vjax.engine.stopping import Asked
from w2vjax.engine.stream import Segment
from w2vjax.engine.telemetry import Telemetry
from w2vjax.engine.update import Parameters
from w2vjax.engine.watch import Watch, WatchedRuns

Advance = Callable[[float, float], None]
"""of a progress line: words done, and millions of them"""


class Training:
    """Runs in training, from the start or from a checkpoint."""

    def __init__(
        self,
        run: Run,
        histories: list[History],
        watch: Watch,
        keeper: Keeper,
        advance: Advance,
    ) -> None:
        self.compile_seconds = self.seconds = 0.0
        self._histories = histories
        self._watching = WatchedRuns(watch, run, histories)
        self._keeper, self._advance = keeper, advance
        self._program: jax.stages.Compiled | None = None
        self._num_segments = 0
        self._parts: list[Segment] = []
        """the last segment of every run"""
        self._telemetry: Telemetry | None = None
        """of that segment, until it is reported"""
        begin = time.perf_counter()
        self._run, self._sync = keeper.restore(run)
        if saved := keeper.saved:
            self._num_segments, self.seconds = saved.number, saved.seconds
            for history, before in zip(histories, saved.histories, strict=True):
                history.restore(before)
            advance(self._done(), 0.0)
        self._state, self._layer = self._run.state, self._run.layer
        self._restored_in = time.perf_counter() - begin

    @property
    def share(self) -> float:
        """Of the training that is done."""
        return self._done() / sum(history.words for history in self._histories)

    def through(self, asked: Asked) -> Parameters:
        """To the end: the matrices that all devices agree on.

        Raises `Stopped`, once a checkpoint is written, if it is asked to stop.
        """
        saved = self._keeper.saved
        for parts, segment in self._run.segments(saved.positions if saved else None):
            arguments = self._run.arguments(self._num_segments, segment)
            if self._program is None:
                self._compile(arguments)
            if self._telemetry is not None:
                self._between_segments(asked)
            self._train(parts, arguments)
        if asked.by is not None and self._telemetry is not None:
            self._between_segments(asked)
        state = jax.block_until_ready(self._sync.end(self._state))
        self._report()
        self.seconds = self._watching.seconds()
        self._keeper.close()
        return state.parameters

    def _compile(self, arguments: tuple) -> None:
        """The program, for arguments like these; then the clock of training starts."""
        begin = time.perf_counter()
        self._program = self._run.lower(arguments).compile()
        processes.wait()  # whoever came late would find that the others have given up
        self.compile_seconds = self._restored_in + time.perf_counter() - begin
        self._watching.start(self.compile_seconds, self.seconds)

    def _train(self, parts: list[Segment], arguments: tuple) -> None:
        """A segment of every run."""
        assert self._program is not None
        self._state, telemetry = self._program(self._state, self._layer, *arguments)
        self._layer = self._run.after(self._layer, parts)
        self._state = self._sync(self._state)
        self._num_segments += 1
        # Only now wait for the segment before: the host prepares one while the device trains.
        self._report()
        self._parts, self._telemetry = parts, telemetry

    def _report(self) -> None:
        """Waits for the last segment, and takes in what it tells."""
        if self._telemetry is None:
            return
        before = self._done()
        for number, (history, part) in enumerate(zip(self._histories, self._parts, strict=True)):
            own = self._telemetry
            if self._run.several:
                own = jax.tree.map(lambda leaf, number=number: leaf[number], own)
            history.add(part.kept_words, own)
        self._telemetry = None
        self._watching.segment(self._parts)
        done = self._done() - before
        self._advance(done, done / 1e6)

    def _done(self) -> float:
        """Raw words so far, of all runs."""
        return sum(history.words_after() for history in self._histories)

    def _between_segments(self, asked: Asked) -> None:
        """Looks at the vectors, writes a checkpoint and stops, as far as each is due."""
        look = self._watching.due(self._parts)
        keep = self._keeper.due(self._sync) or asked.by is not None
        if look or keep:
            self._report()
        if look:
            self._watching.look(self._state, self._sync)
        if keep:
            self._keeper.write(
                run=self._run,
                state=self._state,
                layer=self._layer,
                sync=self._sync,
                histories=self._histories,
                number=self._num_segments,
                positions=[part.after for part in self._parts],
                seconds=self._watching.seconds(),
            )
        if asked.by is not None:
            self._keeper.close()
            raise asked.stopped(self.share)
