"""Token ids → blocks: which input rows make the hidden vectors, and which targets they have.

Skip-gram and CBOW differ only here. So do the two groupings of the same pairs: by block of
consecutive words, and one by one.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Float, Int


@struct.dataclass
class Block:
    """`S` hidden vectors and `T` targets; with a leading axis, many such blocks."""

    inputs: Int[Array, "*b n"]
    """rows of the input matrix"""
    mix: Float[Array, "*b s n"] | None
    """hidden = mix @ input rows (CBOW's mean); None: each input row is a hidden vector"""
    targets: Int[Array, "*b t"]
    """words to predict"""
    weight: Float[Array, "*b t s"]
    """how many times hidden vector s has target t"""


def window_block(
    tokens: Int[Array, " around"],
    documents: Int[Array, " around"],
    reach: Int[Array, " s"],
    architecture: str,
    predicts: str = "neighbours",
) -> Block:
    """The block of `s` consecutive centres with all their window targets.

    `tokens` and `documents` hold as many more words on each side as a window can reach. A centre's
    neighbours stand within its `reach`, in its document.

    Skip-gram: a centre predicts each of its neighbours (the paper), or each of them predicts the
    centre (word2vec.c; fewer rows where a target has many candidates). CBOW: the mean of the
    neighbours predicts the centre, and its gradient is that of the mean (word2vec.c leaves out the
    division by their number; İrsoy et al. 2021, section 3).
    """
    size = reach.shape[0]
    window = (tokens.shape[0] - size) // 2
    offset = np.arange(size + 2 * window)[:, None] - np.arange(size)[None, :] - window
    near = (np.abs(offset) <= reach[None, :]) & (offset != 0)
    same = documents[:, None] == documents[None, window : window + size]
    weight = (near & same).astype(jnp.float32)
    centres = tokens[window : window + size]
    if architecture == "skip-gram" and predicts == "centre":
        return Block(inputs=tokens, mix=None, targets=centres, weight=weight.T)
    if architecture == "skip-gram":
        return Block(inputs=centres, mix=None, targets=tokens, weight=weight)
    counts = jnp.sum(weight, axis=0)
    mix = weight.T / jnp.maximum(counts, 1.0)[:, None]
    return Block(inputs=tokens, mix=mix, targets=centres, weight=jnp.diag(jnp.minimum(counts, 1.0)))


def window_blocks(
    tokens: Int[Array, " length"],
    documents: Int[Array, " length"],
    reach: Int[Array, " tokens"],
    architecture: str,
    size: int,
    predicts: str = "neighbours",
) -> Block:
    """A stretch of words as blocks of `size` centres: every pair stands in its centre's block."""
    window = (tokens.shape[0] - reach.shape[0]) // 2
    around = np.arange(0, reach.shape[0], size)[:, None] + np.arange(size + 2 * window)[None, :]
    block = jax.vmap(partial(window_block, architecture=architecture, predicts=predicts))
    return block(tokens[around], documents[around], reach.reshape(-1, size))


def pair_blocks(
    tokens: Int[Array, " length"],
    documents: Int[Array, " length"],
    reach: Int[Array, " tokens"],
    architecture: str,
    predicts: str = "neighbours",
) -> Block:
    """The same pairs one by one: every block has one hidden vector and one target."""
    blocks = window_blocks(tokens, documents, reach, architecture, 1)
    if architecture != "skip-gram":
        return blocks
    # A lone centre has 2·window candidate targets (and itself, never a target): one block each.
    window = (tokens.shape[0] - reach.shape[0]) // 2
    others = np.delete(np.arange(2 * window + 1), window)
    inputs = jnp.repeat(blocks.inputs, 2 * window, axis=0)
    targets = blocks.targets[:, others].reshape(-1, 1)
    if predicts == "centre":
        inputs, targets = targets, inputs
    weight = blocks.weight[:, others].reshape(-1, 1, 1)
    return Block(inputs=inputs, mix=None, targets=targets, weight=weight)
