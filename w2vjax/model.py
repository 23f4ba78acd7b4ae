"""Parameters, the loss of a step, and row updates: the only place that gathers and scatters."""

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


class Damping(NamedTuple):
    """What keeps the summed gradients of a row that many pairs hit from overshooting.

    Their sum, all of it stale, overshoots and, on repetitive text, diverges; their mean starves the
    row. A row's step is divided by max(1, `curvature` · rate · H, n / `pairs`).

    H bounds the loss's curvature in this row and step: Σ |slope of a score| · ‖the other vector‖².
    The loss is convex in every row, and gradient steps on a convex function converge while
    rate · H < 2: with `curvature` ½ no row's step exceeds that, and none moves its scores by more
    than two or so, at any learning rate and any number of pairs; rows whose sum is safe move as in
    sequential training. As a trace, H is close where few vectors meet a row. In a tree every pair
    meets a dozen nodes, all tokens the same top ones: their vectors point in many directions, and
    the trace is far too careful. There n, the row's pairs in the step, count: no row moves further
    than `pairs` of them would in sequential training.
    """

    curvature: float = 0.5
    """0: without"""
    pairs: float | None = None
    """None: without"""


def _rates(
    rate: Array,
    num_rows: int,
    places: Array,
    loads: list[tuple[float | Array, Array, Array | None]],
) -> Float[Array, " rows"]:
    """Every row's rate / max(1, loads): weights of values in the places where a step meets rows.

    A load's third part are values of the whole matrix, where there are such.
    """
    least = jnp.float32(1.0)
    for weight, values, whole in loads:
        total = jnp.zeros(num_rows) if whole is None else whole
        total = total.at[places].add(values, mode="promise_in_bounds")
        least = jnp.maximum(least, weight * total)
    return jnp.broadcast_to(rate / least, (num_rows,))


def _flat(own: Array, shared: Array) -> Array:
    return jnp.concatenate([own.reshape(-1), shared.reshape(-1)])


def update(
    parameters: Parameters,
    layer: OutputLayer,
    batch: Batch,
    shared: Int[Array, "g k"],
    learning_rate: Float[Array, ""],
    damping: Damping,
    transform: optax.GradientTransformation,
    arithmetic: Arithmetic = PLAIN,
) -> tuple[Parameters, Telemetry]:
    """One step: the summed gradient of the pairs' loss, applied to the rows they touch."""
    step = Step(batch, layer, layer.own_rows(batch.targets), shared, arithmetic)
    whole = layer.shares == "matrix"
    places = _flat(step.own, step.shared)
    output = parameters.output[places]
    split, dim = step.own.size, output.shape[1]
    rows = Rows(
        parameters.input[batch.inputs],
        output[:split].reshape(*step.own.shape, dim),
        output[split:].reshape(*step.shared.shape, dim),
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
    loads: list[tuple[float | Array, Rows, Array | None]] = []
    if damping.curvature:
        curvature = step.row_curvature(rows, step.curvature(scores, relation))
        if bounds is not None:
            of_rivals = step.to_inputs(jnp.zeros_like(scores.rivals), bounds[0][None])
            curvature = curvature._replace(input=curvature.input + of_rivals)
        of_matrix = None if bounds is None else bounds[1]
        loads.append((damping.curvature * learning_rate, curvature, of_matrix))
    if damping.pairs is not None:
        loads.append((1.0 / damping.pairs, step.row_counts(relation), None))
    input_rate = _rates(
        learning_rate,
        len(parameters.input),
        batch.inputs,
        [(weight, of.input, None) for weight, of, _ in loads],
    )
    output_rate = _rates(
        learning_rate,
        len(parameters.output),
        places,
        [(weight, _flat(of.own, of.shared), rest) for weight, of, rest in loads],
    )
    to_output = _flat(slopes.own, slopes.shared).reshape(-1, dim)

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
