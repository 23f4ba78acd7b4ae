"""What runs leave: their vectors, and what it took."""

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import numpy as np
from jaxtyping import Float

from w2vjax.engine.history import History, Look, LossPoint
from w2vjax.engine.placement import fetched
from w2vjax.engine.replicas import Run
from w2vjax.engine.update import Parameters
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
    looks: tuple[Look, ...] = ()
    """scores on the way, where they were asked for"""


def trained_runs(
    run: Run,
    parameters: Parameters,
    histories: Sequence[History],
    seconds: float,
    compile_seconds: float,
) -> list[Trained]:
    """What every replica has come to; `parameters` are those that all devices agreed on.

    Raises `FloatingPointError` if a number is not finite any more.
    """
    return [
        _trained(run.corpus, *end, history, seconds, compile_seconds)
        for end, history in zip(_ends(run, parameters), histories, strict=True)
    ]


End = tuple[Parameters, Float[np.ndarray, " r"] | None]
"""the vectors of both matrices, and the biases"""


def _ends(run: Run, parameters: Parameters) -> list[End]:
    """What every replica has come to: its rows without what fills them up."""
    dim = run.settings.dim
    vectors = jax.tree.map(lambda leaf: fetched(leaf, slice(0, dim), run.mesh), parameters)
    biases = None
    if run.biased:
        biases = fetched(parameters.output, slice(dim, dim + 1), run.mesh)[..., 0]
    if not run.several:
        return [(vectors, biases)]
    every = range(len(run.configs))
    return [jax.tree.map(lambda leaf, n=n: leaf[n], (vectors, biases)) for n in every]


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
        looks=tuple(history.looks),
    )
