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

    positive: Float[Array, ""]
    """what the targets contribute, nats"""
    noise: Float[Array, ""]
    """what the noise contributes, nats"""
    pairs: Float[Array, ""]
    """pairs they are summed over"""
    all_pairs: Float[Array, ""]
    """pairs in the whole step"""


def block_loss(
    inputs: Float[Array, "n d"],
    candidates: Float[Array, "m d"],
    mix: Float[Array, "s n"] | None,
    group: Group,
    layer: OutputLayer,
) -> tuple[Float[Array, ""], tuple[Float[Array, ""], Float[Array, ""]]]:
    """The loss of one block given its gathered rows, and its two parts. Nats, summed over pairs."""
    hidden = inputs if mix is None else mix @ inputs
    scores = candidates @ hidden.T - group.shift[:, None]
    positive, noise = layer.loss(scores, group.pull, group.push, group.own)
    parts = jnp.sum(positive), jnp.sum(noise)
    return parts[0] + parts[1], parts


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
    gradient = jax.vmap(jax.grad(block_loss, argnums=(0, 1), has_aux=True), (0, 0, 0, 0, None))
    inputs, candidates = parameters.input[block.inputs], parameters.output[group.rows]
    gradients, (positive, negative) = gradient(inputs, candidates, block.mix, group, layer)
    scaled = jax.tree.map(lambda rows: -learning_rate * rows, gradients)
    updates, _ = transform.update(scaled, transform.init(scaled))
    hits = _hits(block, group)
    telemetry = Telemetry(positive[0], negative[0], jnp.sum(block.weight[0]), jnp.sum(block.weight))
    return Parameters(
        input=_add_rows(parameters.input, block.inputs, updates[0], hits[0], row_cap),
        output=_add_rows(parameters.output, group.rows, updates[1], hits[1], row_cap),
    ), telemetry
