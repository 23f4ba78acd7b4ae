"""Parameters and row updates: the only place that gathers and scatters.

A step reads the rows that it meets, makes their logits, takes the loss's slopes in them, finds how
far every row may go, makes the rows' changes and writes them.
"""

from typing import NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import struct
from jaxtyping import Array, Float, Int, Key

from w2vjax.engine.damping import (
    Damping,
    RowProgress,
    StepSizes,
    UpdateState,
    flat,
    rate_divisor_of,
    step_sizes_of,
)
from w2vjax.engine.packed import PackedTargets
from w2vjax.engine.step import Logits, Rows, Step
from w2vjax.engine.windows import Batch, frame
from w2vjax.losses.arithmetic import PLAIN, Arithmetic
from w2vjax.losses.elementwise import Logistic
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
    biases: Float[np.ndarray, " r"] | None = None,
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
    batch, groups = step.batch, step.num_groups
    reads, width = batch.reads
    first_reads = max(1, reads // 30)
    num_blocks = batch.num_blocks // reads * first_reads

    def first(values: Array, num_frames: int, whole: int, width: int) -> Array:
        spacing = (values.shape[0] - width) // max(1, whole - 1)
        return values[: (num_frames - 1) * spacing + width]

    targets = {"num_frames": num_blocks, "whole": batch.num_blocks, "width": batch.block_targets}
    return step._replace(
        batch=Batch(
            inputs=first(batch.inputs, num_frames=first_reads, whole=reads, width=width),
            averaging=None if batch.averaging is None else batch.averaging[:first_reads],
            targets=first(batch.targets, **targets),
            weight=batch.weight[:num_blocks],
            sum_gradient=batch.sum_gradient,
        ),
        target_rows=first(step.target_rows, **targets),
        shared_rows=step.shared_rows[: num_blocks if groups == batch.num_blocks else 1],
    )


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


class Changes(NamedTuple):
    """What is added to the matrices; what a transformation of the updates sees."""

    input: Float[Array, "n d"]
    """to the input rows of the step"""
    output: Float[Array, "m d"]
    """to its target and shared rows"""
    matrix: Float[Array, "r d"] | None
    """and to all output rows"""


def changes_of(
    step: Step, gradients: Gradients, output: Array, input_sizes: StepSizes, output_sizes: StepSizes
) -> Changes:
    """The rows' changes; `output` are those of the output rows read, made before."""
    to_matrix = gradients.matrix
    if to_matrix is not None:
        to_matrix = to_matrix * output_sizes.at(jnp.arange(len(to_matrix)))[:, None]
    inputs = gradients.input * input_sizes.at(step.batch.inputs)[:, None]
    if step.moving is not None:
        inputs = inputs * step.moving[None]
    return Changes(inputs, output, to_matrix)


def write_packed(
    matrix: Float[Array, "r d"],
    step: Step,
    rows: Rows,
    labels: Labels,
    step_sizes: StepSizes,
    shared_changes: Float[Array, "k d"],
) -> tuple[Float[Array, "r d"], Float[Array, "n d"]]:
    """The output matrix with target rows and shared rows changed; the target rows' gradient in
    the input rows."""
    batch = step.batch
    hidden, to_input_rows = jax.vjp(batch.hidden, rows.input)
    targets = PackedTargets(
        rows=frame(step.target_rows, batch.num_blocks, batch.block_targets),
        labels=labels,
        weight=batch.weight,
        hidden=hidden,
        step_sizes=step_sizes.at,
        arithmetic=step.arithmetic,
        loss=cast(Logistic, step.layer.loss),  # of every layer that packs its rows
    )
    to_hidden, matrix = targets.change(matrix, step.shared_rows.reshape(-1), shared_changes)
    return matrix, to_input_rows(to_hidden)[0]


def write(
    matrix: Float[Array, "r d"],
    rows: Int[Array, " n"],
    changes: Float[Array, "n d"],
    of_all: Float[Array, "r d"] | None = None,
) -> Float[Array, "r d"]:
    """A matrix with the changes added to its rows, and to all of them."""
    matrix = matrix if of_all is None else matrix + of_all
    return matrix.at[rows].add(changes, mode="promise_in_bounds")


def update(
    parameters: Parameters,
    layer: OutputLayer,
    batch: Batch,
    shared: Int[Array, "g k"],
    learning_rate: Float[Array, ""],
    damping: Damping,
    transform: optax.GradientTransformation | None = None,
    arithmetic: Arithmetic = PLAIN,
    packed: bool = False,
    state: UpdateState | None = None,
    moving: Float[Array, " d"] | None = None,
) -> tuple[Parameters, Telemetry, UpdateState]:
    """One step: the summed gradient of the pairs' loss, applied to the rows they touch.

    `shared` are the rows that groups of targets share; `packed` takes target rows without their
    padding, which gives the same step sooner where `program.packs` allows it; `state` is what the
    step before handed on; `moving` is `Step.moving`.
    """
    step = Step(batch, layer, layer.target_rows(batch.targets), shared, arithmetic, moving)
    labels, matrix = step.labels(), parameters.output if layer.candidate_scope == "matrix" else None
    dense, dense_labels = step.without_target_rows(labels) if packed else (step, labels)
    first = watched(step)
    rows, first_rows = read(parameters, dense, first)
    gradients = gradients_of(dense, rows, dense_labels, matrix)
    divisor = rate_divisor_of(
        step, rows, gradients.logits, labels, gradients.bounds, learning_rate, damping
    )
    state = state or UpdateState.of(len(parameters.input), len(parameters.output))
    input_sizes, output_sizes, state = step_sizes_of(state, step, -learning_rate, divisor)
    to_output = output_changes(dense, rows, gradients.slopes, output_sizes)
    output = parameters.output
    if packed:
        output, to_input = write_packed(output, step, rows, labels, output_sizes, to_output)
        gradients = gradients._replace(input=gradients.input + to_input)
    changes = changes_of(step, gradients, to_output, input_sizes, output_sizes)
    if transform is not None:
        changes, _ = transform.update(changes, transform.init(changes))
    if not packed:
        output = write(output, flat(step.target_rows, shared), changes.output, changes.matrix)
    inputs = write(parameters.input, batch.inputs, changes.input)
    telemetry = Telemetry(
        first.loss(first.logits(first_rows, matrix, None), first.labels()),
        jnp.sum(first.batch.weight),
        jnp.sum(batch.weight),
    )
    return Parameters(inputs, output), telemetry, state
