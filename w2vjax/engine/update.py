"""Parameters, the loss of a step, and row updates: the only place that gathers and scatters."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import struct
from jaxtyping import Array, Float, Int, Key

from w2vjax.engine.damping import Damping, RowProgress, UpdateState, flat, rate_divisor_of, rates_of
from w2vjax.engine.packed import Work
from w2vjax.engine.step import Rows, Scores, Step
from w2vjax.engine.windows import Batch, frame
from w2vjax.losses.arithmetic import PLAIN, Arithmetic
from w2vjax.losses.elementwise import Logistic
from w2vjax.losses.layer import OutputLayer


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


class State(NamedTuple):
    """What training carries from one stretch of text to the next."""

    parameters: Parameters
    decay: RowProgress
    """since rows were last exchanged"""


class Telemetry(NamedTuple):
    """Sums over the blocks of a step that are watched, for the loss curve."""

    loss: Float[Array, "2"]
    """what their targets and their noise contribute, nats"""
    pairs: Float[Array, ""]
    """their pairs"""
    all_pairs: Float[Array, ""]
    """pairs in the whole step"""


def watched(step: Step) -> Step:
    """The first blocks of a step, a thirtieth of it at most: enough for the loss curve."""
    batch, groups = step.batch, step.shared.shape[0]
    reads, width = batch.reads
    reading = max(1, reads // 30)
    number = step.number // reads * reading

    def first(values: Array, number: int, whole: int, width: int) -> Array:
        spacing = (values.shape[0] - width) // max(1, whole - 1)
        return values[: (number - 1) * spacing + width]

    own = number, step.number, batch.weight.shape[1]
    return step._replace(
        batch=Batch(
            first(batch.inputs, reading, reads, width),
            None if batch.averaging is None else batch.averaging[:reading],
            first(batch.targets, *own),
            batch.weight[:number],
            batch.sum_gradient,
        ),
        own=first(step.own, *own),
        shared=step.shared[: number if groups == step.number else 1],
    )


def read(parameters: Parameters, step: Step, some: Step) -> tuple[Rows, Rows]:
    """The rows that take part in a step, and those of its first blocks.

    Every matrix is read once, and not again when it is written: the compiler would copy it.
    """
    parts = step.own, step.shared, some.own
    ends = np.cumsum([part.size for part in parts])
    output = parameters.output[jnp.concatenate([part.reshape(-1) for part in parts])]
    own, shared, first = (
        output[end - part.size : end].reshape(*part.shape, output.shape[1])
        for part, end in zip(parts, ends, strict=True)
    )
    rows = Rows(parameters.input[step.batch.inputs], own, shared)
    inputs, groups = len(some.batch.inputs), len(some.shared)
    return rows, Rows(rows.input[:inputs], first, shared[:groups])


def _probes(step: Step, rows: Rows, matrix: Array | None) -> tuple[Array, Array] | None:
    """The zeros whose gradients bound the curvature of `partition.log_partition`."""
    if matrix is None:
        return None
    return jnp.zeros(step.grouped(rows.input, step.hidden(rows.input)).shape[1]), jnp.zeros(
        len(matrix)
    )


def _steps_of_rows(
    step: Step, rows: Rows, slopes: Scores, own: Float[Array, "m l"], shared: Float[Array, "g k"]
) -> Float[Array, "n d"]:
    """Changes of the output rows read, at their rates."""
    _, to_rows = jax.vjp(
        lambda own, shared: step.scores(Rows(rows.input, own, shared), None, None),
        *(rows.own, rows.shared),
    )
    # How far rows go depends on the slopes; a slope times a rate costs less than a gradient does.
    slopes = step.at_rates(slopes, own, shared)._replace(log_z=None)
    return jnp.concatenate([part.reshape(-1, part.shape[-1]) for part in to_rows(slopes)])


def update(
    parameters: Parameters,
    layer: OutputLayer,
    batch: Batch,
    shared: Int[Array, "g k"],
    learning_rate: Float[Array, ""],
    damping: Damping,
    transform: optax.GradientTransformation | None = None,
    arithmetic: Arithmetic = PLAIN,
    packing: bool = True,
    carry: UpdateState | None = None,
) -> tuple[Parameters, Telemetry, UpdateState]:
    """One step: the summed gradient of the pairs' loss, applied to the rows they touch.

    `packing` takes own rows in parcels where targets have few or many of them, and the rates do
    not depend on their scores: the same step, sooner. `carry` is what the step before handed on.
    """
    step = Step(batch, layer, layer.target_rows(batch.targets), shared, arithmetic)
    labels, matrix = step.labels(), parameters.output if layer.candidate_scope == "matrix" else None
    plain = transform is None and not damping.by_scores and batch.weight.shape[1] > 1
    packed = packing and layer.ragged and isinstance(layer.loss, Logistic) and plain
    dense, asked = step.without_own(labels) if packed else (step, labels)
    some = watched(step)
    rows, first_rows = read(parameters, dense, some)
    scores, to_hidden = jax.vjp(
        lambda inputs, *rest: dense.scores(rows._replace(input=inputs), *rest),
        *(rows.input, matrix, _probes(dense, rows, matrix)),
    )
    slopes = jax.grad(lambda scores: jnp.sum(dense.loss(scores, asked)))(scores)
    to_input, to_matrix, bounds = to_hidden(slopes)
    load = rate_divisor_of(step, rows, scores, labels, bounds, learning_rate, damping)
    carry = (
        UpdateState.of(len(parameters.input), len(parameters.output)) if carry is None else carry
    )
    input_rates, output_rates, carry = rates_of(carry, step, -learning_rate, load)
    to_output = _steps_of_rows(
        dense, rows, slopes, output_rates.at(dense.own), output_rates.at(dense.shared)
    )
    if packed and isinstance(layer.loss, Logistic):
        own = frame(step.own, step.number, batch.weight.shape[1])
        hidden, to_input_rows = jax.vjp(step.hidden, rows.input)
        parcels = Work(own, labels, batch.weight, hidden, output_rates.at, arithmetic, layer.loss)
        of_own, output = parcels.change(parameters.output, shared.reshape(-1), to_output)
        (to_input,) = (to_input + more for more in to_input_rows(of_own))
    every_row = jnp.arange(len(parameters.output))
    changes = (
        to_input * input_rates.at(batch.inputs)[:, None],
        to_output,
        None if to_matrix is None else to_matrix * output_rates.at(every_row)[:, None],
    )
    if transform is not None:
        changes, _ = transform.update(changes, transform.init(changes))
    if not packed:
        output = parameters.output if changes[2] is None else parameters.output + changes[2]
        places = flat(step.own, shared)
        output = output.at[places].add(changes[1], mode="promise_in_bounds")
    inputs = parameters.input.at[batch.inputs].add(changes[0], mode="promise_in_bounds")
    telemetry = Telemetry(
        some.loss(some.scores(first_rows, matrix, None), some.labels()),
        jnp.sum(some.batch.weight),
        jnp.sum(batch.weight),
    )
    return Parameters(inputs, output), telemetry, carry
