"""Training: the stream's segments through the program, for one run or several at once."""

from collections.abc import Sequence

import optax

from w2vjax.config.schema import RunConfig
from w2vjax.engine import agreement, processes, prospects
from w2vjax.engine.checkpoint import NO_CHECKPOINTS, Checkpoints, Keeper
from w2vjax.engine.history import History
from w2vjax.engine.replicas import Run
from w2vjax.engine.stopping import asked_to_stop
from w2vjax.engine.trained import Trained as Trained
from w2vjax.engine.trained import trained_runs
from w2vjax.engine.training import Training
from w2vjax.engine.watch import UNWATCHED, Watch
from w2vjax.errors import InputError
from w2vjax.progress import say, track
from w2vjax.text.encoding import EncodedCorpus
from w2vjax.vectors.embeddings import Embeddings


def train(
    corpus: EncodedCorpus,
    config: RunConfig,
    optimizer: optax.GradientTransformation | None = None,
    show: bool = True,
    watch: Watch = UNWATCHED,
    checkpoints: Checkpoints = NO_CHECKPOINTS,
    start: Embeddings | None = None,
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
    Words that `start` has start from its vectors, and from its output vectors where the layer has a
    row a word (`engine.start`); `text.grown` puts a text into their vocabulary.

    Where `jax.distributed` is initialised, all processes call it with the same text and settings,
    and get the same: each trains on its own devices, and what it needs of the others is exchanged.

    Raises `InputError` for impossible settings, where the text leaves nothing to learn from, where
    processes differ in what they are to do, and for a checkpoint that is damaged or of another run;
    `FloatingPointError` when training diverges; `Stopped` when a signal has stopped it. Warns where
    the text leaves little
    (`engine.prospects.warn`).
    """
    agreement.check(corpus, [config], evaluate_every=watch.every)
    prospects.check(corpus, config)
    prospects.warn(corpus, config)
    return train_replicas(corpus, [config], optimizer, show, watch, checkpoints, start)[0]


def train_replicas(
    corpus: EncodedCorpus,
    configs: Sequence[RunConfig],
    optimizer: optax.GradientTransformation | None = None,
    show: bool = True,
    watch: Watch = UNWATCHED,
    checkpoints: Checkpoints = NO_CHECKPOINTS,
    start: Embeddings | None = None,
) -> list[Trained]:
    """Trains several runs as one program, compiled once: seeds, learning rates, samplers.

    Each is as it would be alone, to float tolerance; their seconds are those of all together.
    Raises `InputError` for runs that cannot share a program, and what `train` raises.
    """
    agreement.check(corpus, configs, evaluate_every=watch.every)
    for config in configs:
        prospects.check(corpus, config)
    if processes.count() > 1:
        checkpoints = _none_of_several(checkpoints, show and processes.leads())
    keeper = Keeper(checkpoints, configs, corpus, start)
    run = Run.of(corpus, configs, optimizer, keeper.saved.cuts if keeper.saved else None, start)
    histories = _histories(run)
    heeded = checkpoints.folder is not None
    words, show = sum(history.words for history in histories), show and processes.leads()
    with track("training", words, "M words", show) as advance, asked_to_stop(heeded) as asked:
        training = Training(run, histories, watch, keeper, advance)
        if show and training.share:
            say(f"goes on from a checkpoint, {training.share:.0%} of the training done")
        parameters = training.through(asked)
    return trained_runs(run, parameters, histories, training.seconds, training.compile_seconds)


def _none_of_several(checkpoints: Checkpoints, show: bool) -> Checkpoints:
    """No checkpoints, which is told. Raises `InputError` where there is one to go on from."""
    if checkpoints.any_there():
        raise InputError(
            f"{checkpoints.folder} has a checkpoint, from which one process alone can go on: start "
            "one, or remove the folder to train anew"
        )
    if checkpoints.folder is not None and show:
        say("several processes leave no checkpoints: a run that is stopped starts anew")
    return NO_CHECKPOINTS


def _histories(run: Run) -> list[History]:
    """Of every run, nothing done yet."""
    raw_words = run.corpus.vocabulary.num_words / len(run.corpus.ids)
    plans = [stream.parts.plan for stream in run.streams]
    return [
        History(round(run.settings.epochs * raw_words * plan.words()), plan.kept_words())
        for plan in plans
    ]
