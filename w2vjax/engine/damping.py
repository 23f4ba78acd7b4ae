"""What keeps the summed gradients of a row that many pairs hit from overshooting."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from w2vjax.engine.curvature import (
    RowValues,
    input_curvature,
    input_pairs,
    output_bounds,
    row_curvature,
)
from w2vjax.engine.row_optimizer import OptimizerState
from w2vjax.engine.step import Logits, Rows, Step
from w2vjax.losses.layer import Labels


class Damping(NamedTuple):
    """What keeps the summed gradients of a row that many pairs hit from overshooting.

    Their sum, all of it stale, overshoots and, on repetitive text, diverges; their mean starves the
    row. A row's step is divided by max(1, `curvature` · learning rate · H).

    H bounds the loss's curvature in this row and step: Σ |slope of a logit| · ‖the other vector‖².
    The loss is convex in every row, and gradient steps on a convex function converge while
    rate · H < 2: with `curvature` ½ no row's step exceeds that, and none moves its logits by more
    than two or so, at any learning rate and any number of pairs; rows whose sum is safe move as in
    sequential training. As a trace, H is close where few vectors meet a row, and too large where
    they point in many directions: the layers' own values are 0.03 to 0.075 (with ¼, small texts
    read many times lost a third of their accuracy, and NCE most of it).

    In a tree every token meets the same top nodes, all words' vectors share a direction there, and
    little less than the safe value will do. H counts lengths, so that nodes go as far as they can
    while vectors are short. It takes ¼ for the slope of a logit, the most that a logistic has, and
    needs no logits (`curvature.output_bounds`). A word, on the other hand, meets a dozen nodes in
    every pair, most of which agree about it already, and H is far too careful. There n, the row's
    pairs in the step, count: with `pairs`, an input row's step is divided by max(1, n / `pairs`)
    instead, and it moves no further than that many pairs would move it in sequential training.
    """

    curvature: float = 0.5
    """0: without"""
    pairs: float | None = None
    """None: input rows go by their curvature too, and all by the logits' slopes"""

    @property
    def by_logits(self) -> bool:
        """Whether the step sizes depend on the logits."""
        return bool(self.curvature) and self.pairs is None


class RateDivisor(NamedTuple):
    """What slows rows down: a row's rate is divided by max(1, the sum of its values here)."""

    met: RowValues
    """in the places where a step meets rows"""
    matrix: Float[Array, " v"] | None = None
    """and of all rows of the output matrix"""


def rate_divisor_of(
    step: Step,
    rows: Rows,
    logits: Logits,
    labels: Labels,
    bounds: tuple[Array, Array] | None,
    learning_rate: Array,
    damping: Damping,
) -> RateDivisor | None:
    """What `damping` asks for. `bounds` is the curvature of log Z over the whole matrix, if any."""
    weight = damping.curvature * learning_rate
    of_matrix = None if bounds is None else weight * bounds[1]
    if damping.pairs is not None:
        target, shared = (weight * bound for bound in output_bounds(step, rows, labels))
        return RateDivisor(
            RowValues(input_pairs(step.batch) / damping.pairs, target, shared), of_matrix
        )
    if not damping.curvature:
        return None
    met = row_curvature(step, rows, logits, labels)
    if bounds is not None:
        none = jnp.zeros_like(step.batch.weight[:, 0])
        of_log_z = input_curvature(step.batch, none, bounds[0][None])
        met = met._replace(input=met.input + of_log_z)
    return RateDivisor(met.times(weight), of_matrix)


def flat(target: Array, shared: Array) -> Array:
    """The places where a step meets rows of the output matrix, one after the other."""
    return jnp.concatenate([target.reshape(-1), shared.reshape(-1)])


class RowPositions(NamedTuple):
    """Where a step met each row: what it adds up for rows then takes no room for all the others.

    Rows that it did not meet have an earlier step's position, which nobody asks for. Steps hand the
    same memory on: cleared for every step, it would cost them time in proportion to the vocabulary.
    """

    input: Int[Array, " v"]
    output: Int[Array, " r"]


class RowProgress(NamedTuple):
    """h: the sum of every row's rate divisors since the last sync, where e^-h of its way is left.

    A step with divisor l goes l of the way, as it were, to where the row's own gradient vanishes.
    A step of an optimizer counts as its rate, which is the share of its way there that it goes.
    """

    input: Float[Array, "*copies v"]
    output: Float[Array, "*copies r"]


class UpdateState(NamedTuple):
    """What a step hands to the next besides the matrices."""

    positions: RowPositions
    progress: RowProgress
    optimizer: OptimizerState = OptimizerState()

    @classmethod
    def of(
        cls,
        inputs: int,
        outputs: int,
        progress: RowProgress | None = None,
        optimizer: OptimizerState | None = None,
    ) -> "UpdateState":
        """That of a first step, of as many rows in both matrices."""
        positions = RowPositions(jnp.zeros(inputs, jnp.int32), jnp.zeros(outputs, jnp.int32))
        progress = progress or RowProgress(jnp.zeros(inputs), jnp.zeros(outputs))
        return cls(positions, progress, optimizer or OptimizerState())


class Met(NamedTuple):
    """Where a step meets rows of one matrix, and what slows them down there."""

    rows: Int[Array, " n"]
    divisor: Float[Array, " n"]
    of_all: Float[Array, " rows"] | None = None
    """and what slows down every row of the matrix"""

    def advanced(self, progress: Float[Array, " rows"]) -> Float[Array, " rows"]:
        """The rows' progress after this step."""
        progress = progress if self.of_all is None else progress + self.of_all
        return progress.at[self.rows].add(self.divisor, mode="promise_in_bounds")


class StepSizes(NamedTuple):
    """How far the rows of a matrix go: the learning rate, with a sign, / max(1, their divisor)."""

    rate: Float[Array, ""]
    divisor: Float[Array, " n"] | None = None
    """added up over all the places where a row is met; None: nothing slows them down"""
    positions: Int[Array, " rows"] | None = None
    """where in the divisor a row has its sum; None: at its index"""

    @classmethod
    def of(
        cls, rate: Array, positions: Int[Array, " rows"], met: Met
    ) -> tuple["StepSizes", Int[Array, " rows"]]:
        """From what slows rows down where a step meets them. Returns their positions too."""
        rows, values = met.rows, met.divisor
        if met.of_all is not None:
            return cls(rate, met.of_all.at[rows].add(values, mode="promise_in_bounds")), positions
        positions = positions.at[rows].set(jnp.arange(len(rows)), mode="promise_in_bounds")
        divisor = jnp.zeros(len(rows)).at[positions[rows]].add(values, mode="promise_in_bounds")
        return cls(rate, divisor, positions), positions

    def at(self, rows: Int[Array, "*n"]) -> Float[Array, "*n"]:
        """The step sizes of some rows that the step meets."""
        if self.divisor is None:
            return jnp.full(rows.shape, self.rate)
        divisor = self.divisor[rows if self.positions is None else self.positions[rows]]
        return self.rate / jnp.maximum(1.0, divisor)


def step_sizes_of(
    state: UpdateState, step: Step, rate: Array, divisor: RateDivisor | None
) -> tuple[StepSizes, StepSizes, UpdateState]:
    """Of the input rows and of the output rows, and what the step hands on."""
    if divisor is None:
        return StepSizes(rate), StepSizes(rate), state
    values, positions, progress = divisor.met, state.positions, state.progress
    inputs = Met(step.batch.inputs, values.input)
    outputs = Met(
        rows=flat(step.target_rows, step.shared_rows),
        divisor=flat(values.target, values.shared),
        of_all=divisor.matrix,
    )
    input_sizes, input_positions = StepSizes.of(rate, positions.input, inputs)
    output_sizes, output_positions = StepSizes.of(rate, positions.output, outputs)
    after = UpdateState(
        RowPositions(input_positions, output_positions),
        RowProgress(inputs.advanced(progress.input), outputs.advanced(progress.output)),
        state.optimizer,
    )
    return input_sizes, output_sizes, after
