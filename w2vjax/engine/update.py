"""Parameters and row updates: the only place that gathers and scatters.

A step reads the rows that it meets, makes their logits, takes the loss's slopes in them, finds how
far every row may go, makes the rows' changes and writes them.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Float, Int, Key

from w2vjax.engine.damping import (
    Damping,
    RowPositions,
    RowProgress,
    StepSizes,
    UpdateState,
    flat,
    rate_divisor_of,
    step_sizes_of,
)
from w2vjax.engine.packed import write_packed
from w2vjax.engine.row_optimizer import OptimizerState, RowOptimizer, RowsInTraining
from w2vjax.engine.step import Logits, Rows, Step
from w2vjax.engine.telemetry import Telemetry, watched
from w2vjax.engine.windows import Batch
from w2vjax.losses.arithmetic import PLAIN, Arithmetic
from w2vjax.losses.layer import Labels, OutputLayer


@struct.dataclass
class Parameters:
    """The two matrices. Only their touched rows are ever differentiated.

    Biases, where a layer has them, are one more column of the output matrix, before which every
    input row has a 1 that never moves: a mean of such rows has it too.
    """

    input: Float[Array, "v d"]
    """one row a word: the word vectors"""
    output: Float[Array, "r d"]
    """one row a candidate: a word, or an inner node of a tree"""


def initial(
    key: Key[Array, ""],
    num_words: int,
    num_rows: int,
    dim: int,
    biases: Float[Array | np.ndarray, " r"] | None = None,
) -> Parameters:
    """word2vec.c's start: inputs uniform in ±1/(2d), outputs zero. `biases` are column d."""
    bound = 0.5 / dim
    vectors = jax.random.uniform(key, (num_words, dim), minval=-bound, maxval=bound)
    outputs = jnp.zeros((num_rows, dim))
    if biases is not None:
        vectors = jnp.concatenate([vectors, jnp.ones((num_words, 1))], axis=1)
        outputs = jnp.concatenate([outputs, jnp.asarray(biases, jnp.float32)[:, None]], axis=1)
    return Parameters(input=vectors, output=outputs)


class TrainState(NamedTuple):
    """What training carries from one segment of the text to the next."""

    parameters: Parameters
    progress: RowProgress
    """since rows were last synchronised"""
    optimizer: OptimizerState = OptimizerState()


def read(parameters: Parameters, step: Step, first: Step) -> tuple[Rows, Rows]:
    """The rows that take part in a step, and those of its first blocks.

    Every matrix is read once, and not again when it is written: the compiler would copy it.
    """
    parts = step.target_rows, step.shared_rows, first.target_rows
    ends = np.cumsum([part.size for part in parts])
    output = parameters.output[jnp.concatenate([part.reshape(-1) for part in parts])]
    target, shared, first_target = (
        output[end - part.size : end].reshape(*part.shape, output.shape[1])
        for part, end in zip(parts, ends, strict=True)
    )
    rows = Rows(parameters.input[step.batch.inputs], target, shared)
    inputs = rows.input[: len(first.batch.inputs)]
    return rows, Rows(inputs, first_target, shared[: first.num_groups])


class Gradients(NamedTuple):
    """The logits of a step, the loss's slopes in them, and what follows from these."""

    logits: Logits
    slopes: Logits
    input: Float[Array, "n d"]
    """in the input rows"""
    matrix: Float[Array, "r d"] | None
    """in all rows of the output matrix, by log Z"""
    bounds: tuple[Float[Array, " n"], Float[Array, " r"]] | None
    """of the curvature of log Z, in hidden vectors and in all rows"""


def gradients_of(
    step: Step, rows: Rows, labels: Labels, matrix: Float[Array, "r d"] | None
) -> Gradients:
    """Logits, slopes and gradients of the summed loss; `matrix` if all of its rows are candidates.

    Gradients of the output rows read are left out: `output_changes` makes changes of slopes.
    """

    def logits_of(inputs: Array, matrix: Array | None, probes: tuple | None) -> Logits:
        return step.logits(rows._replace(input=inputs), matrix, probes)

    logits, backward = jax.vjp(logits_of, rows.input, matrix, _probes(step, rows, matrix))
    slopes = jax.grad(lambda logits: jnp.sum(step.loss(logits, labels)))(logits)
    to_input, to_matrix, bounds = backward(slopes)
    return Gradients(logits, slopes, to_input, to_matrix, bounds)


def _probes(step: Step, rows: Rows, matrix: Array | None) -> tuple[Array, Array] | None:
    """The zeros whose gradients bound the curvature of `partition.log_partition`."""
    if matrix is None:
        return None
    batch = step.batch
    once = batch.group_hidden(rows.input, batch.hidden(rows.input), step.num_groups)
    return jnp.zeros(once.shape[1]), jnp.zeros(len(matrix))


def output_changes(
    step: Step, rows: Rows, slopes: Logits, step_sizes: StepSizes
) -> Float[Array, "n d"]:
    """Changes of the output rows read: target rows, then shared rows."""
    _, to_rows = jax.vjp(
        lambda target, shared: step.logits(Rows(rows.input, target, shared), None, None),
        rows.target,
        rows.shared,
    )
    # A slope times its row's step size costs less than the row's gradient does.
    slopes = step.at_step_sizes(
        slopes, step_sizes.at(step.target_rows), step_sizes.at(step.shared_rows)
    )
    return jnp.concatenate([part.reshape(-1, part.shape[-1]) for part in to_rows(slopes)])


def write(
    matrix: Float[Array, "r d"],
    rows: Int[Array, " n"],
    changes: Float[Array, "n d"],
    of_all: Float[Array, "r d"] | None = None,
) -> Float[Array, "r d"]:
    """A matrix with the changes added to its rows, and to all of them."""
    matrix = matrix if of_all is None else matrix + of_all
    return matrix.at[rows].add(changes, mode="promise_in_bounds")


def damped(
    parameters: Parameters,
    step: Step,
    rows: Rows,
    gradients: Gradients,
    labels: Labels,
    dense: Step,
    learning_rate: Float[Array, ""],
    damping: Damping,
    state: UpdateState,
) -> tuple[Parameters, UpdateState]:
    """The rows moved against their gradients, each as far as `damping` lets it.

    `dense` is the step without the target rows that are packed, if they are.
    """
    divisor = rate_divisor_of(
        step, rows, gradients.logits, labels, gradients.bounds, learning_rate, damping
    )
    input_sizes, output_sizes, state = step_sizes_of(state, step, -learning_rate, divisor)
    to_output = output_changes(dense, rows, gradients.slopes, output_sizes)
    to_input, output, of_all = gradients.input, parameters.output, gradients.matrix
    if dense is not step:
        output, by_targets = write_packed(output, step, rows, labels, output_sizes.at, to_output)
        to_input = to_input + by_targets
    if of_all is not None:
        of_all = of_all * output_sizes.at(jnp.arange(len(of_all)))[:, None]
    inputs = step.moved(to_input * input_sizes.at(step.batch.inputs)[:, None])
    if dense is step:
        output = write(output, flat(step.target_rows, step.shared_rows), to_output, of_all)
    return Parameters(write(parameters.input, step.batch.inputs, inputs), output), state


def optimized(
    optimizer: RowOptimizer,
    parameters: Parameters,
    step: Step,
    rows: Rows,
    gradients: Gradients,
    learning_rate: Float[Array, ""],
    state: UpdateState,
) -> tuple[Parameters, UpdateState]:
    """The rows moved by an optimizer: the learning rate times what it makes of their gradients."""
    positions, progress, held = state
    inputs = RowsInTraining(parameters.input, positions.input, progress.input, held.input)
    outputs = RowsInTraining(parameters.output, positions.output, progress.output, held.output)
    to_output = output_changes(step, rows, gradients.slopes, StepSizes(jnp.float32(1.0)))
    places = flat(step.target_rows, step.shared_rows)
    input_width, output_width = optimizer.widths
    inputs = optimizer.step(
        trained=inputs,
        rows=step.batch.inputs,
        values=rows.input,
        gradients=step.moved(gradients.input),
        rate=learning_rate,
        width=input_width,
    )
    if gradients.matrix is not None:
        whole = write(gradients.matrix, places, to_output)
        outputs = optimizer.step_all(outputs, whole, learning_rate, output_width)
    else:
        read = [part.reshape(-1, part.shape[-1]) for part in (rows.target, rows.shared)]
        outputs = optimizer.step(
            trained=outputs,
            rows=places,
            values=jnp.concatenate(read),
            gradients=to_output,
            rate=learning_rate,
            width=output_width,
        )
    after = UpdateState(
        RowPositions(inputs.positions, outputs.positions),
        RowProgress(inputs.progress, outputs.progress),
        OptimizerState(inputs.state, outputs.state),
    )
    return Parameters(inputs.matrix, outputs.matrix), after


def update(
    parameters: Parameters,
    layer: OutputLayer,
    batch: Batch,
    shared: Int[Array, "g k"],
    learning_rate: Float[Array, ""],
    damping: Damping,
    optimizer: RowOptimizer | None = None,
    arithmetic: Arithmetic = PLAIN,
    packed: bool = False,
    state: UpdateState | None = None,
    moving: Float[Array, " d"] | None = None,
) -> tuple[Parameters, Telemetry, UpdateState]:
    """One step: the summed gradient of the pairs' loss, applied to the rows they touch.

    `shared` are the rows that groups of targets share; `optimizer` takes the place of damped steps;
    `packed` takes target rows without their padding, which gives the same step sooner where
    `program.packs` allows it; `state` is what the step before handed on; `moving` is `Step.moving`.
    """
    step = Step(batch, layer, layer.target_rows(batch.targets), shared, arithmetic, moving)
    labels, matrix = step.labels(), parameters.output if layer.candidate_scope == "matrix" else None
    dense, dense_labels = step.without_target_rows(labels) if packed else (step, labels)
    first = watched(step)
    rows, first_rows = read(parameters, dense, first)
    gradients = gradients_of(dense, rows, dense_labels, matrix)
    if state is None:
        state = UpdateState.of(len(parameters.input), len(parameters.output))
        if optimizer is not None:
            begun = optimizer.start(parameters.input, parameters.output)
            state = state._replace(optimizer=begun)
    if optimizer is None:
        new, state = damped(
            parameters, step, rows, gradients, labels, dense, learning_rate, damping, state
        )
    else:
        new, state = optimized(optimizer, parameters, step, rows, gradients, learning_rate, state)
    telemetry = Telemetry(
        first.loss(first.logits(first_rows, matrix, None), first.labels()),
        jnp.sum(first.batch.weight),
        jnp.sum(batch.weight),
    )
    return new, telemetry, state
