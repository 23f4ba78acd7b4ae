"""Training: the stream's segments through the program, for one run or several at once."""

import time
from collections.abc import Sequence

import jax
import optax

from w2vjax.config.schema import RunConfig
from w2vjax.engine import prospects
from w2vjax.engine.history import History
from w2vjax.engine.replicas import Run
from w2vjax.engine.stream import Segment
from w2vjax.engine.sync import Sync
from w2vjax.engine.telemetry import Telemetry
from w2vjax.engine.trained import Trained as Trained
from w2vjax.engine.trained import trained_runs
from w2vjax.engine.watch import UNWATCHED, Watch, WatchedRuns
from w2vjax.progress import track
from w2vjax.text.encoding import EncodedCorpus


def train(
    corpus: EncodedCorpus,
    config: RunConfig,
    optimizer: optax.GradientTransformation | None = None,
    show: bool = True,
    watch: Watch = UNWATCHED,
) -> Trained:
    """Trains word vectors on an encoded corpus.

    `optimizer` is an optax transformation from gradients to what is added, `optax.adagrad(0.1)`
    say, in place of the one that `train.optimizer` names. What it returns is multiplied by
    `train.learning_rate` (1 if that is None), which falls linearly with the words read. It sees the
    gradients of the rows that a step touches, summed, `[rows, dim]` for each matrix: rows that a
    step does not touch keep their state and are not changed (`engine.row_optimizer`). Nothing is
    damped. Arrays of its state must have a line a row, or be scalars.

    `watch` is told how training goes, and scores the vectors on the way (`engine.watch`).

    Raises `InputError` for impossible settings and where the text leaves nothing to learn from,
    `FloatingPointError` when training diverges; warns where it leaves little
    (`engine.prospects.warn`).
    """
    prospects.check(corpus, config)
    prospects.warn(corpus, config)
    return train_replicas(corpus, [config], optimizer, show, watch)[0]


def train_replicas(
    corpus: EncodedCorpus,
    configs: Sequence[RunConfig],
    optimizer: optax.GradientTransformation | None = None,
    show: bool = True,
    watch: Watch = UNWATCHED,
) -> list[Trained]:
    """Trains several runs as one program, compiled once: seeds, learning rates, samplers.

    Each is as it would be alone, to float tolerance; their seconds are those of all together.
    Raises `InputError` for runs that cannot share a program, and what `train` raises.
    """
    for config in configs:
        prospects.check(corpus, config)
    run = Run.of(corpus, configs, optimizer)
    settings = run.settings
    raw_words = corpus.vocabulary.num_words / len(corpus.ids)
    histories = [
        History(round(settings.epochs * raw_words * plan.words()), plan.kept_words())
        for plan in run.plans
    ]
    watching = WatchedRuns(watch, run, histories)
    state, sync, segment_program, pending = run.state, None, None, None
    layer, compile_seconds = run.layer, 0.0
    with track("training", sum(h.words for h in histories), "M words", show) as advance:

        def report(parts: list[Segment], telemetry: Telemetry) -> None:
            done = _record(histories, parts, telemetry)
            watching.segment(parts)
            advance(done, done / 1e6)

        for number, (parts, segment) in enumerate(run.segments()):
            arguments = run.arguments(number, segment)
            if segment_program is None or sync is None:
                begin = time.perf_counter()
                segment_program, sync = run.lower(arguments).compile(), Sync(run)
                compile_seconds = time.perf_counter() - begin
                watching.start(compile_seconds)
            if pending is not None and watching.due(pending[0]):
                report(*pending)
                pending = None
                watching.look(state, sync)
            state, telemetry = segment_program(state, layer, *arguments)
            layer = run.after(layer, parts)
            state = sync(state)
            # Only now wait for the segment before: the host prepares one while the device trains.
            if pending is not None:
                report(*pending)
            pending = (parts, telemetry)
        if pending is not None and sync is not None:
            state = jax.block_until_ready(sync.end(state))
            report(*pending)
    return trained_runs(run, state.parameters, histories, watching.seconds(), compile_seconds)


def _record(histories: list[History], parts: list[Segment], telemetry: Telemetry) -> float:
    """Hands every replica its part; returns the words done."""
    if len(histories) == 1:
        return histories[0].add(parts[0].kept_words, telemetry)
    done = 0.0
    for number, (history, part) in enumerate(zip(histories, parts, strict=True)):
        own = jax.tree.map(lambda leaf, number=number: leaf[number], telemetry)
        done += history.add(part.kept_words, own)
    return done
