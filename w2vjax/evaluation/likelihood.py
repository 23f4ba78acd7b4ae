"""Held-out likelihood: how well the exact softmax over all words predicts unseen pairs."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from w2vjax.errors import InputError
from w2vjax.evaluation.scores import Score
from w2vjax.losses.arithmetic import Arithmetic
from w2vjax.losses.partition import log_partition

HIDDEN_PER_BLOCK = 512
PRECISE = Arithmetic(precision="highest")


def held_out(
    hidden: Float[np.ndarray, "h d"],
    outputs: Float[np.ndarray, "v d"],
    pairs_centre: Int[np.ndarray, " n"],
    pairs_target: Int[np.ndarray, " n"],
    biases: Float[np.ndarray, " v"] | None = None,
) -> Score:
    """Mean of −log P(target | centre) over the pairs, in nats a pair, with

        log P(t | c) = h_c·o_t + b_t − log Σ_v exp(h_c·o_v + b_v),

    h the rows of `hidden` (skip-gram: the input matrix), o those of `outputs`, b `biases`, None: 0.
    Exact: one
    logarithm of a sum over the vocabulary for each different centre. The value is None without
    pairs. Raises `InputError` for shapes that do not fit, ids out of range or a non-finite result.
    """
    hidden, outputs = np.asarray(hidden, np.float32), np.asarray(outputs, np.float32)
    centre, target = np.asarray(pairs_centre), np.asarray(pairs_target)
    biases = np.zeros(len(outputs), np.float32) if biases is None else np.asarray(biases)
    _check(hidden, outputs, centre, target, biases)
    protocol = f"exact softmax over {len(outputs):,} words, nats a pair"
    if not len(centre):
        return Score("likelihood/held-out", None, 0, 0, protocol)
    different, place = np.unique(centre, return_inverse=True)
    blocks = -(-len(different) // HIDDEN_PER_BLOCK)
    padded = np.zeros((blocks * HIDDEN_PER_BLOCK, hidden.shape[1]), np.float32)
    padded[: len(different)] = hidden[different]
    log_sums = np.asarray(_log_sums(*map(jnp.asarray, (padded, outputs, biases))))
    log_likelihood = 0.0
    for start in range(0, len(centre), 1 << 16):
        part = slice(start, start + (1 << 16))
        logits = np.einsum(
            "nd,nd->n", hidden[centre[part]], outputs[target[part]], dtype=np.float64
        )
        logits += biases[target[part]]
        log_likelihood += float(np.sum(logits - log_sums[place[part]]))
    value = -log_likelihood / len(centre)
    if not np.isfinite(value):
        raise InputError("the held-out likelihood is not finite: did training diverge?")
    return Score("likelihood/held-out", value, len(centre), len(centre), protocol)


@jax.jit
def _log_sums(
    hidden: Float[Array, "h d"],
    outputs: Float[Array, "v d"],
    biases: Float[Array, " v"],
) -> Float[Array, " h"]:
    """log Σ_v exp(h·o_v + b_v) of every row of `hidden`, by blocks of it."""
    blocks = hidden.reshape(-1, HIDDEN_PER_BLOCK, hidden.shape[1])
    of_block = partial(log_partition, matrix=outputs, arithmetic=PRECISE, biases=biases)
    return jax.lax.map(of_block, blocks).reshape(-1)


def _check(
    hidden: np.ndarray,
    outputs: np.ndarray,
    centre: np.ndarray,
    target: np.ndarray,
    biases: np.ndarray,
) -> None:
    if hidden.ndim != 2 or outputs.ndim != 2 or hidden.shape[1] != outputs.shape[1]:
        raise InputError(
            f"hidden {hidden.shape} and outputs {outputs.shape}: matrices of one width are needed"
        )
    if biases.shape != outputs.shape[:1]:
        raise InputError(
            f"biases {biases.shape}: one for each of the {len(outputs)} rows of outputs is needed"
        )
    if centre.ndim != 1 or centre.shape != target.shape:
        raise InputError(
            f"centres {centre.shape} and targets {target.shape}: one target for each centre"
        )
    for name, ids, rows in (("centre", centre, len(hidden)), ("target", target, len(outputs))):
        if len(ids) and not 0 <= ids.min() <= ids.max() < rows:
            raise InputError(f"a {name} id lies outside 0 … {rows - 1}")
