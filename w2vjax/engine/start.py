"""Where training starts from: word2vec.c's way, or from vectors that are there."""

import hashlib
import warnings

import jax.numpy as jnp
import numpy as np

from w2vjax.engine.update import Parameters
from w2vjax.errors import InputError, InputWarning
from w2vjax.vectors.embeddings import Embeddings


def carried_on(parameters: Parameters, words: tuple[str, ...], start: Embeddings) -> Parameters:
    """The parameters with the rows of all words that have vectors already.

    Output rows too, where there are any and each row of the layer is a word's: inner nodes of a
    tree start anew. The other rows and the biases stay as they are.

    Raises `InputError` if the dimensions differ; warns where output vectors are missing.
    """
    num_words, dim = start.vectors.shape
    here = len(words)
    inputs, outputs = np.array(parameters.input), np.array(parameters.output)
    if not 0 <= inputs.shape[1] - dim <= 1:
        raise InputError(
            f"the vectors to continue from have {dim} numbers each, and dim is another: "
            f"set --dim {dim} (train.dim)"
        )
    rows = np.array([start.index.get(word, -1) for word in words])
    there = np.flatnonzero(rows >= 0)
    inputs[there, :dim] = start.vectors[rows[there]]
    if start.outputs is None and len(outputs) == here:
        warnings.warn(
            f"the {num_words:,} vectors to continue from have no output vectors: these start anew, "
            "at zero. Files .npz and .safetensors of this program have them",
            InputWarning,
            stacklevel=2,
        )
    if start.outputs is not None and len(outputs) == here:
        outputs[there, :dim] = start.outputs[rows[there]]
    return Parameters(jnp.asarray(inputs), jnp.asarray(outputs))


def digest(start: Embeddings | None) -> str | None:
    """SHA-256 of vectors to start from, so that checkpoints know them; None: there are none."""
    if start is None:
        return None
    found = hashlib.sha256("\n".join(start.words).encode())
    for array in (start.vectors, start.outputs):
        if array is not None:
            found.update(np.ascontiguousarray(array))
    return found.hexdigest()
