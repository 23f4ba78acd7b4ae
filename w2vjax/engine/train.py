"""Training: the stream's segments through the program, for one run or several at once."""

import time
from collections.abc import Callable, Sequence

import jax
import optax

from w2vjax.config.schema import RunConfig
from w2vjax.engine import prospects
from w2vjax.engine.checkpoint import NO_CHECKPOINTS, Checkpoints, Keeper
from w2vjax.engine.history import History
from w2vjax.engine.replicas import Run
from w2vjax.engine.stopping import Asked, asked_to_stop
from w2vjax.engine.stream import Segment
from w2vjax.engine.telemetry import Telemetry
from w2vjax.engine.trained import Trained as Trained
from w2vjax.engine.trained import trained_runs
from w2vjax.engine.update import Parameters
from w2vjax.engine.watch import UNWATCHED, Watch, WatchedRuns
from w2vjax.progress import say, track
from w2vjax.text.encoding import EncodedCorpus


def train(
    corpus: EncodedCorpus,
    config: RunConfig,
    optimizer: optax.GradientTransformation | None = None,
    show: bool = True,
    watch: Watch = UNWATCHED,
    checkpoints: Checkpoints = NO_CHECKPOINTS,
) -> Trained:
    """Trains word vectors on an encoded corpus.

    `optimizer` is an optax transformation from gradients to what is added, `optax.adagrad(0.1)`
    say, in place of the one that `train.optimizer` names. What it returns is multiplied by
    `train.learning_rate` (1 if that is None), which falls linearly with the words read. It sees the
    gradients of the rows that a step touches, summed, `[rows, dim]` for each matrix: rows that a
    step does not touch keep their state and are not changed (`engine.row_optimizer`). Nothing is
    damped. Arrays of its state must have a line a row, or be scalars.

    `watch` is told how training goes, and scores the vectors on the way (`engine.watch`).
    `checkpoints` says where it leaves what it has come to, and goes on from what is there
    (`engine.checkpoint`); while they are kept, signals and Ctrl-C stop it after a segment.

    Raises `InputError` for impossible settings, where the text leaves nothing to learn from, and
    for a checkpoint that is damaged or of another run; `FloatingPointError` when training diverges;
    `Stopped` when a signal has stopped it. Warns where the text leaves little
    (`engine.prospects.warn`).
    """
    prospects.check(corpus, config)
    prospects.warn(corpus, config)
    return train_replicas(corpus, [config], optimizer, show, watch, checkpoints)[0]


def train_replicas(
    corpus: EncodedCorpus,
    configs: Sequence[RunConfig],
    optimizer: optax.GradientTransformation | None = None,
    show: bool = True,
    watch: Watch = UNWATCHED,
    checkpoints: Checkpoints = NO_CHECKPOINTS,
) -> list[Trained]:
    """Trains several runs as one program, compiled once: seeds, learning rates, samplers.

    Each is as it would be alone, to float tolerance; their seconds are those of all together.
    Raises `InputError` for runs that cannot share a program, and what `train` raises.
    """
    for config in configs:
        prospects.check(corpus, config)
    keeper = Keeper(checkpoints, configs, corpus)
    run = Run.of(corpus, configs, optimizer, keeper.saved.cuts if keeper.saved else None)
    histories = _histories(run)
    heeded = checkpoints.folder is not None
    words = sum(history.words for history in histories)
    with track("training", words, "M words", show) as advance, asked_to_stop(heeded) as asked:
        training = Training(run, histories, watch, keeper, advance)
        if show and training.share:
            say(f"goes on from a checkpoint, {training.share:.0%} of the training done")
        parameters = training.through(asked)
    return trained_runs(run, parameters, histories, training.seconds, training.compile_seconds)


def _histories(run: Run) -> list[History]:
    """Of every run, nothing done yet."""
    raw_words = run.corpus.vocabulary.num_words / len(run.corpus.ids)
    plans = [stream.parts.plan for stream in run.streams]
    return [
        History(round(run.settings.epochs * raw_words * plan.words()), plan.kept_words())
        for plan in plans
    ]


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
