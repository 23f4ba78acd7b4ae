"""Training: the stream's segments through the program, for one run or several at once."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import jax
import numpy as np
import optax
from jaxtyping import Float

from w2vjax.config.schema import RunConfig
from w2vjax.engine.history import History, LossPoint
from w2vjax.engine.replicas import Run
from w2vjax.engine.stream import Segment
from w2vjax.engine.sync import Sync
from w2vjax.engine.telemetry import Telemetry
from w2vjax.engine.update import Parameters
from w2vjax.progress import track
from w2vjax.text.encoding import EncodedCorpus
from w2vjax.vectors.embeddings import Embeddings


@dataclass(frozen=True)
class Trained:
    """What a run leaves."""

    embeddings: Embeddings
    parameters: Parameters
    """the vectors of both matrices, without biases"""
    curve: tuple[LossPoint, ...]
    words: int
    """raw words read, all epochs"""
    kept_words: int
    pairs: int
    steps: int
    """of each device"""
    seconds: float
    """training by the wall clock, without compiling and without reading the text"""
    compile_seconds: float
    biases: Float[np.ndarray, " r"] | None = None
    """of the output rows; None: they have none"""


def train(
    corpus: EncodedCorpus,
    config: RunConfig,
    optimizer: optax.GradientTransformation | None = None,
    show: bool = True,
) -> Trained:
    """Trains word vectors on an encoded corpus.

    `optimizer` is an optax transformation from gradients to what is added, `optax.adagrad(0.1)`
    say, in place of the one that `train.optimizer` names. What it returns is multiplied by
    `train.learning_rate` (1 if that is None), which falls linearly with the words read. It sees the
    gradients of the rows that a step touches, summed, `[rows, dim]` for each matrix: rows that a
    step does not touch keep their state and are not changed (`engine.row_optimizer`). Nothing is
    damped. Arrays of its state must have a line a row, or be scalars.

    Raises `InputError` for impossible settings, `FloatingPointError` when training diverges.
    """
    return train_replicas(corpus, [config], optimizer, show)[0]


def train_replicas(
    corpus: EncodedCorpus,
    configs: Sequence[RunConfig],
    optimizer: optax.GradientTransformation | None = None,
    show: bool = True,
) -> list[Trained]:
    """Trains several runs as one program, compiled once: seeds, learning rates, samplers.

    Each is as it would be alone, to float tolerance; their seconds are those of all together.
    Raises `InputError` for runs that cannot share a program, and what `train` raises.
    """
    run = Run.of(corpus, configs, optimizer)
    settings = run.settings
    raw_words = corpus.vocabulary.num_words / len(corpus.ids)
    histories = [
        History(round(settings.epochs * raw_words * plan.words()), plan.kept_words())
        for plan in run.plans
    ]
    state, sync, segment_program, pending = run.state, None, None, None
    layer = run.layer
    begin = compiled = time.perf_counter()
    with track("training", sum(h.words for h in histories), "M words", show) as advance:

        def report(parts: list[Segment], telemetry: Telemetry) -> None:
            done = _record(histories, parts, telemetry)
            advance(done, done / 1e6)

        for number, (parts, segment) in enumerate(run.segments()):
            arguments = run.arguments(number, segment)
            if segment_program is None or sync is None:
                begin = time.perf_counter()
                segment_program, sync = run.lower(arguments).compile(), Sync(run)
                compiled = time.perf_counter()
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
    seconds = time.perf_counter() - compiled
    ends = _ends(run, state.parameters)
    return [
        _trained(corpus, *end, history, seconds, compiled - begin)
        for end, history in zip(ends, histories, strict=True)
    ]


End = tuple[Parameters, Float[np.ndarray, " r"] | None]
"""the vectors of both matrices, and the biases"""


def _ends(run: Run, parameters: Parameters) -> list[End]:
    """What every replica has come to: its rows without what fills them up."""
    dim = run.settings.dim
    vectors = jax.tree.map(lambda leaf: np.asarray(leaf[..., 0, :, :dim]), parameters)
    biases = np.asarray(parameters.output[..., 0, :, dim]) if run.biased else None
    if not run.several:
        return [(vectors, biases)]
    every = range(len(run.configs))
    return [jax.tree.map(lambda leaf, n=n: leaf[n], (vectors, biases)) for n in every]


def _record(histories: list[History], parts: list[Segment], telemetry: Telemetry) -> float:
    """Hands every replica its part; returns the words done."""
    if len(histories) == 1:
        return histories[0].add(parts[0].kept_words, telemetry)
    done = 0.0
    for number, (history, part) in enumerate(zip(histories, parts, strict=True)):
        own = jax.tree.map(lambda leaf, number=number: leaf[number], telemetry)
        done += history.add(part.kept_words, own)
    return done


def _trained(
    corpus: EncodedCorpus,
    parameters: Parameters,
    biases: Float[np.ndarray, " r"] | None,
    history: History,
    seconds: float,
    compile_seconds: float,
) -> Trained:
    vocabulary = corpus.vocabulary
    if not all(np.isfinite(matrix).all() for matrix in jax.tree.leaves((parameters, biases))):
        raise FloatingPointError(
            "the parameters are no longer finite at the end: lower learning_rate, or raise damping"
        )
    vectors, outputs = np.asarray(parameters.input), np.asarray(parameters.output)
    return Trained(
        embeddings=Embeddings(
            vocabulary.words,
            vectors,
            outputs if len(outputs) == len(vocabulary) else None,
            vocabulary.counts,
        ),
        parameters=parameters,
        curve=tuple(history.curve),
        words=history.words,
        kept_words=history.kept_words,
        pairs=history.pairs,
        steps=history.steps,
        seconds=seconds,
        compile_seconds=compile_seconds,
        biases=biases,
    )
