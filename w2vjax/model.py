"""Parameters, the loss of blocks, and row updates: the only place that gathers and scatters."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import struct
from jaxtyping import Array, Float, Int, Key

from w2vjax.blocks import Block
from w2vjax.losses import log_partition
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


EVERY = 31
"""blocks, of which one is watched: a prime, so that lone pairs of all distances have their turn"""


class Telemetry(NamedTuple):
    """Sums over the blocks of a step that are watched, for the loss curve."""

    loss: Float[Array, "2"]
    """what their targets and their noise contribute, nats"""
    pairs: Float[Array, ""]
    """their pairs"""
    all_pairs: Float[Array, ""]
    """pairs in the whole step"""


def hidden_of(inputs: Float[Array, "n d"], mix: Float[Array, "s n"] | None) -> Float[Array, "s d"]:
    """A block's hidden vectors: the input rows, or CBOW's means of them."""
    return inputs if mix is None else mix @ inputs


def block_loss(
    hidden: Float[Array, "s d"],
    candidates: Float[Array, "m d"],
    group: Group,
    layer: OutputLayer,
    log_partitions: Float[Array, " s"] | None = None,
) -> Float[Array, "2"]:
    """The loss of one block given its rows: what targets and noise contribute, in nats.

    `log_partitions` are those over the whole output matrix, for layers that push every row.
    """
    scores = candidates @ hidden.T - group.shift[:, None]
    if log_partitions is None:
        positive, noise = layer.loss(scores, group.pull, group.push, group.own)
    else:
        positive, noise = -group.pull * scores, group.pull * log_partitions[None, :]
    return jnp.stack([jnp.sum(positive), jnp.sum(noise)])


def losses(
    rows: tuple[Float[Array, "b n d"], Float[Array, "b m d"]],
    matrix: Float[Array, "v d"] | None,
    mix: Float[Array, "b s n"] | None,
    group: Group,
    layer: OutputLayer,
) -> Float[Array, "b 2"]:
    """The losses of many blocks. `matrix` is the whole output matrix, if all of it is pushed."""
    hidden = jax.vmap(hidden_of)(rows[0], mix)
    log_partitions = None
    if matrix is not None:
        flat = hidden.reshape(-1, hidden.shape[-1])
        log_partitions = log_partition(flat, matrix).reshape(hidden.shape[:2])
    each = jax.vmap(block_loss, (0, 0, 0, None, 0))
    return each(hidden, rows[1], group, layer, log_partitions)


def _hits(block: Block, group: Group) -> tuple[Float[Array, "b n"], Float[Array, "b m"]]:
    """How many pairs hit every gathered row of the input and of the output matrix."""
    pairs = jnp.sum(block.weight, axis=1)
    if block.mix is not None:
        pairs = jnp.sum((block.mix > 0).astype(jnp.float32) * pairs[:, :, None], axis=1)
    return pairs, jnp.sum(group.pull + group.push, axis=2)


def _damping(
    num_rows: int, rows: Int[Array, "b n"], hits: Float[Array, "b n"], row_cap: float
) -> Float[Array, " rows"]:
    """Every row's 1 / max(1, hits / row_cap).

    Summing many stale gradients of one row overshoots and, on repetitive text, diverges; averaging
    them starves frequent words. Below the cap a row moves as in sequential training.
    """
    total = jnp.zeros(num_rows).at[rows].add(hits, mode="promise_in_bounds")
    return 1.0 / jnp.maximum(1.0, total / row_cap)


def update(
    parameters: Parameters,
    layer: OutputLayer,
    block: Block,
    noise: Int[Array, "b k"],
    learning_rate: Float[Array, ""],
    row_cap: float,
    transform: optax.GradientTransformation,
    input_cap: float | None = None,
) -> tuple[Parameters, Telemetry]:
    """One step: the summed gradient of the blocks' losses, applied to the rows they touch.

    `row_cap` damps rows hit by many pairs; `input_cap`, if given, those of the input matrix.
    """
    group = jax.vmap(layer.group)(block.targets, block.weight, noise)
    matrix = parameters.output if layer.whole else None
    rows = parameters.input[block.inputs], parameters.output[group.rows]

    def loss(rows: tuple[Array, Array], matrix: Array | None) -> Array:
        return jnp.sum(losses(rows, matrix, block.mix, group, layer))

    gradients = jax.grad(loss, argnums=(0, 1))(rows, matrix)
    hits = _hits(block, group)
    damping = (
        _damping(parameters.input.shape[0], block.inputs, hits[0], input_cap or row_cap),
        _damping(parameters.output.shape[0], group.rows, hits[1], row_cap),
    )

    def changes(gradient: Array, damping: Array) -> Array:
        return -learning_rate * gradient * damping[..., None]

    updates = jax.tree.map(
        changes,
        gradients,
        (
            (damping[0][block.inputs], damping[1][group.rows]),
            None if matrix is None else damping[1],
        ),
    )
    (to_input, to_output), to_matrix = transform.update(updates, transform.init(updates))[0]
    # The gradient does not need the loss itself: a few blocks' is enough for the curve.
    some, mix, watched = jax.tree.map(lambda leaf: leaf[::EVERY], (rows, block.mix, group))
    telemetry = Telemetry(
        jnp.sum(losses(some, matrix, mix, watched, layer), axis=0),
        jnp.sum(block.weight[::EVERY]),
        jnp.sum(block.weight),
    )
    output = parameters.output if to_matrix is None else parameters.output + to_matrix
    return Parameters(
        input=parameters.input.at[block.inputs].add(to_input, mode="promise_in_bounds"),
        output=output.at[group.rows].add(to_output, mode="promise_in_bounds"),
    ), telemetry
