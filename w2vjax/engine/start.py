"""Where training starts from: word2vec.c's way, or from vectors that are there."""

import hashlib
import warnings
from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Float, Float32, Int, Key

from w2vjax.engine.update import Parameters, initial
from w2vjax.errors import InputError, InputWarning
from w2vjax.vectors.embeddings import Embeddings


class Known(NamedTuple):
    """Rows that start from vectors which are there."""

    rows: Int[np.ndarray, " n"]
    """of words that have vectors"""
    vectors: Float32[np.ndarray, "n d"]
    outputs: Float32[np.ndarray, "n d"] | None
    """None: output rows start anew"""


def known_rows(words: tuple[str, ...], start: Embeddings, num_rows: int, dim: int) -> Known:
    """The rows of words that have vectors already, for matrices of `dim` numbers a row.

    Output rows too, where there are any and each of the layer's `num_rows` is a word's: inner nodes
    of a tree start anew. Raises `InputError` if the dimensions differ; warns where output vectors
    are missing.
    """
    width = start.vectors.shape[1]
    if width != dim:
        raise InputError(
            f"the vectors to continue from have {width} numbers each, and dim is {dim}: "
            f"set --dim {width} (train.dim)"
        )
    places = np.array([start.index.get(word, -1) for word in words])
    rows = np.flatnonzero(places >= 0)
    if start.outputs is None and num_rows == len(words):
        warnings.warn(
            f"the {len(start.words):,} vectors to continue from have no output vectors: these "
            "start anew, at zero. Files .npz and .safetensors of this program have them",
            InputWarning,
            stacklevel=2,
        )
    outputs = start.outputs if num_rows == len(words) else None
    there = places[rows]
    return Known(rows, start.vectors[there], None if outputs is None else outputs[there])


def begin(
    key: Key[Array, ""],
    biases: Float[Array, " r"] | Float[np.ndarray, " r"] | None,
    known: Known | None,
    num_words: int,
    num_rows: int,
    dim: int,
) -> Parameters:
    """The matrices at the start: word2vec.c's, but for rows that are known."""
    fresh = initial(key, num_words, num_rows, dim, biases)
    if known is None:
        return fresh
    inputs = fresh.input.at[known.rows, :dim].set(known.vectors)
    outputs = fresh.output
    if known.outputs is not None:
        outputs = outputs.at[known.rows, :dim].set(known.outputs)
    return Parameters(inputs, outputs)


def digest(start: Embeddings | None) -> str | None:
    """SHA-256 of vectors to start from, so that checkpoints know them; None: there are none."""
    if start is None:
        return None
    found = hashlib.sha256("\n".join(start.words).encode())
    for array in (start.vectors, start.outputs):
        if array is not None:
            found.update(np.ascontiguousarray(array))
    return found.hexdigest()
