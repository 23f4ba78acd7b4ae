"""Parameters, the loss of blocks, and row updates: the only place that gathers and scatters."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import struct
from jaxtyping import Array, Float, Int, Key

from w2vjax.blocks import Block
from w2vjax.outputs import Group, OutputLayer


@struct.dataclass
class Parameters:
    """The two matrices. Only their touched rows are ever differentiated."""

    input: Float[Array, "v d"]
    """one row a word: the word vectors"""
    output: Float[Array, "r d"]
    """one row a candidate: a word, or an inner node of a tree"""


def initial(key: Key[Array, ""], num_words: int, num_rows: int, dim: int) -> Parameters:
    """word2vec.c's start: inputs uniform in ±1/(2d), outputs zero."""
    bound = 0.5 / dim
    vectors = jax.random.uniform(key, (num_words, dim), minval=-bound, maxval=bound)
    return Parameters(input=vectors, output=jnp.zeros((num_rows, dim)))


class Telemetry(NamedTuple):
    """Sums over the first block of a step, for the loss curve."""

    loss: Float[Array, "2"]
    """what its targets and its noise contribute, nats"""
    pairs: Float[Array, ""]
    """its pairs"""
    all_pairs: Float[Array, ""]
    """pairs in the whole step"""


def block_loss(
    inputs: Float[Array, "n d"],
    candidates: Float[Array, "m d"],
    mix: Float[Array, "s n"] | None,
    group: Group,
    layer: OutputLayer,
) -> Float[Array, "2"]:
    """The loss of one block given its gathered rows: what targets and noise contribute, in nats."""
    hidden = inputs if mix is None else mix @ inputs
    scores = candidates @ hidden.T - group.shift[:, None]
    positive, noise = layer.loss(scores, group.pull, group.push, group.own)
    return jnp.stack([jnp.sum(positive), jnp.sum(noise)])


def _hits(block: Block, group: Group) -> tuple[Float[Array, "b n"], Float[Array, "b m"]]:
    """How many pairs hit every gathered row of the input and of the output matrix."""
    pairs = jnp.sum(block.weight, axis=1)
    if block.mix is not None:
        pairs = jnp.sum((block.mix > 0).astype(jnp.float32) * pairs[:, :, None], axis=1)
    return pairs, jnp.sum(group.pull + group.push, axis=2)


def _add_rows(
    matrix: Float[Array, "v d"],
    rows: Int[Array, "b n"],
    updates: Float[Array, "b n d"],
    hits: Float[Array, "b n"],
    row_cap: float,
) -> Float[Array, "v d"]:
    """Adds the updates, each row's sum divided by max(1, hits / row_cap).

    Summing many stale gradients of one row overshoots and, on repetitive text, diverges; averaging
    them starves frequent words. Below the cap a row moves as in sequential training.
    """
    total = jnp.zeros(matrix.shape[0]).at[rows].add(hits, mode="promise_in_bounds")
    damping = 1.0 / jnp.maximum(1.0, total[rows] / row_cap)
    return matrix.at[rows].add(updates * damping[:, :, None], mode="promise_in_bounds")


def update(
    parameters: Parameters,
    layer: OutputLayer,
    block: Block,
    noise: Int[Array, "b k"],
    learning_rate: Float[Array, ""],
    row_cap: float,
    transform: optax.GradientTransformation,
) -> tuple[Parameters, Telemetry]:
    """One step: the summed gradient of the blocks' losses, applied to the rows they touch."""
    group = jax.vmap(layer.group)(block.targets, block.weight, noise)
    rows = parameters.input[block.inputs], parameters.output[group.rows]

    def loss(inputs: Array, candidates: Array, mix: Array | None, group: Group) -> Array:
        return jnp.sum(block_loss(inputs, candidates, mix, group, layer))

    gradients = jax.vmap(jax.grad(loss, argnums=(0, 1)))(*rows, block.mix, group)
    scaled = jax.tree.map(lambda gradient: -learning_rate * gradient, gradients)
    updates, _ = transform.update(scaled, transform.init(scaled))
    hits = _hits(block, group)
    # The gradient does not need the loss itself: one block's is enough for the curve.
    first = jax.tree.map(lambda leaf: leaf[0], (*rows, block.mix, group))
    telemetry = Telemetry(
        block_loss(*first, layer), jnp.sum(block.weight[0]), jnp.sum(block.weight)
    )
    return Parameters(
        input=_add_rows(parameters.input, block.inputs, updates[0], hits[0], row_cap),
        output=_add_rows(parameters.output, group.rows, updates[1], hits[1], row_cap),
    ), telemetry
