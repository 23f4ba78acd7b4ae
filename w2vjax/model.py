"""Parameters, the loss of a step, and row updates: the only place that gathers and scatters."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import struct
from jaxtyping import Array, Float, Int, Key

from w2vjax.arithmetic import PLAIN, Arithmetic
from w2vjax.blocks import Batch
from w2vjax.outputs import OutputLayer
from w2vjax.step import Rows, Step


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
    """Sums over the blocks of a step that are watched, for the loss curve."""

    loss: Float[Array, "2"]
    """what their targets and their noise contribute, nats"""
    pairs: Float[Array, ""]
    """their pairs"""
    all_pairs: Float[Array, ""]
    """pairs in the whole step"""



def watched(step: Step, rows: Rows) -> tuple[Step, Rows]:
    """The first blocks of a step, a thirtieth of it at most: enough for the loss curve."""
    batch, groups = step.batch, step.shared.shape[0]
    number = max(1, step.number // 30)

    def first(values: Array, width: int) -> Array:
        spacing = (values.shape[0] - width) // max(1, step.number - 1)
        return values[: (number - 1) * spacing + width]

    wide = batch.weight.shape[2] if batch.mix is None else batch.mix.shape[2]
    own = batch.weight.shape[1]
    some = Batch(
        first(batch.inputs, wide),
        None if batch.mix is None else batch.mix[:number],
        first(batch.targets, own),
        batch.weight[:number],
    )
    shared = slice(number) if groups == step.number else slice(1)
    return (
        Step(some, step.layer, first(step.own, own), step.shared[shared], step.arithmetic),
        Rows(first(rows.input, wide), first(rows.own, own), rows.shared[shared]),
    )


def _damped(
    rate: Array,
    damping: float | Array,
    num_rows: int,
    parts: list[tuple[Array, Array]],
    whole: Array | None = None,
) -> Float[Array, " rows"]:
    """Every row's rate / max(1, damping · rate · H), H its curvatures in all places of a step."""
    total = jnp.zeros(num_rows) if whole is None else whole
    rows = jnp.concatenate([rows.reshape(-1) for rows, _ in parts])
    values = jnp.concatenate([values.reshape(-1) for _, values in parts])
    total = total.at[rows].add(values, mode="promise_in_bounds")
    return rate / jnp.maximum(1.0, damping * rate * total)


def update(
    parameters: Parameters,
    layer: OutputLayer,
    batch: Batch,
    shared: Int[Array, "g k"],
    learning_rate: Float[Array, ""],
    damping: float | Float[Array, ""],
    transform: optax.GradientTransformation,
    arithmetic: Arithmetic = PLAIN,
) -> tuple[Parameters, Telemetry]:
    """One step: the summed gradient of the pairs' loss, applied to the rows they touch.

    A row that many pairs hit is not moved by the sum of their stale gradients alone, which
    overshoots and, on repetitive text, diverges; nor by their mean, which starves it. Its step is
    divided by max(1, damping · rate · H), with H the row's own curvature in this step. The loss is
    convex in every row, and gradient steps on a convex function converge while rate · H < 2: with
    damping ½ no step exceeds that, at any learning rate and any number of pairs, and rows whose sum
    is safe move as in sequential training. 0 is plain summing.
    """
    step = Step(batch, layer, layer.own_rows(batch.targets), shared, arithmetic)
    whole = layer.shares == "matrix"
    places = jnp.concatenate([step.own.reshape(-1), step.shared.reshape(-1)])
    output = parameters.output[places]
    split = step.own.size
    rows = Rows(
        parameters.input[batch.inputs],
        output[:split].reshape(*step.own.shape, -1),
        output[split:].reshape(*step.shared.shape, -1),
    )
    relation = step.relation()
    matrix = parameters.output if whole else None
    probes = None
    if whole:
        number = step.grouped(rows.input).shape[1]
        probes = jnp.zeros(number), jnp.zeros(len(parameters.output))

    def loss(rows: Rows, matrix: Array | None, probes: tuple[Array, Array] | None) -> tuple:
        scores = step.scores(rows, matrix, probes)
        return jnp.sum(step.loss(scores, relation)), scores

    (slopes, to_matrix, bounds), scores = jax.grad(loss, argnums=(0, 1, 2), has_aux=True)(
        rows, matrix, probes
    )
    curvature = step.row_curvature(rows, step.curvature(scores, relation))
    of_inputs = curvature.input
    if bounds is not None:
        of_inputs = of_inputs + step.to_inputs(jnp.zeros_like(scores.rivals), bounds[0][None])
    damped = partial(_damped, learning_rate, damping)
    input_rate = damped(len(parameters.input), [(batch.inputs, of_inputs)])
    output_rate = damped(
        len(parameters.output),
        [(step.own, curvature.own), (step.shared, curvature.shared)],
        None if bounds is None else bounds[1],
    )
    to_output = jnp.concatenate(
        [slope.reshape(-1, slope.shape[-1]) for slope in (slopes.own, slopes.shared)]
    )

    def change(slope: Array, rate: Array) -> Array:
        return slope * -rate[:, None]

    changes = (
        change(slopes.input, input_rate[batch.inputs]),
        change(to_output, output_rate[places]),
        None if to_matrix is None else change(to_matrix, output_rate),
    )
    (to_input, to_output, to_matrix), _ = transform.update(changes, transform.init(changes))
    some, some_rows = watched(step, rows)
    telemetry = Telemetry(
        some.loss(some.scores(some_rows, matrix, None), some.relation()),
        jnp.sum(some.batch.weight),
        jnp.sum(batch.weight),
    )
    output = parameters.output if to_matrix is None else parameters.output + to_matrix
    return Parameters(
        input=parameters.input.at[batch.inputs].add(to_input, mode="promise_in_bounds"),
        output=output.at[places].add(to_output, mode="promise_in_bounds"),
    ), telemetry
