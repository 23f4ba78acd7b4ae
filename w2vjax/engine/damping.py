"""What keeps the summed gradients of a row that many pairs hit from overshooting."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from w2vjax.engine.step import Rows, Scores, Step
from w2vjax.losses.layer import Labels


class Damping(NamedTuple):
    """What keeps the summed gradients of a row that many pairs hit from overshooting.

    Their sum, all of it stale, overshoots and, on repetitive text, diverges; their mean starves the
    row. A row's step is divided by max(1, `curvature` · rate · H).

    H bounds the loss's curvature in this row and step: Σ |slope of a score| · ‖the other vector‖².
    The loss is convex in every row, and gradient steps on a convex function converge while
    rate · H < 2: with `curvature` ½ no row's step exceeds that, and none moves its scores by more
    than two or so, at any learning rate and any number of pairs; rows whose sum is safe move as in
    sequential training. As a trace, H is close where few vectors meet a row, and too large where
    they point in many directions: the layers' own values are 0.03 to 0.075 (with ¼, small texts
    read many times lost a third of their accuracy, and NCE most of it).

    In a tree every token meets the same top nodes, all words' vectors share a direction there, and
    little less than the safe value will do. H counts lengths, so that nodes go as far as they can
    while vectors are short. It takes ¼ for the slope of a score, the most that a logistic has, and
    needs no scores (`step.Step.output_bounds`). A word, on the other hand, meets a dozen nodes in
    every pair, most of which agree about it already, and H is far too careful. There n, the row's
    pairs in the step, count: with `pairs`, an input row's step is divided by max(1, n / `pairs`)
    instead, and it moves no further than that many pairs would move it in sequential training.
    """

    curvature: float = 0.5
    """0: without"""
    pairs: float | None = None
    """None: input rows go by their curvature too, and all by the scores' own slopes"""

    @property
    def by_scores(self) -> bool:
        """Whether the rates depend on the scores."""
        return bool(self.curvature) and self.pairs is None


class RateDivisor(NamedTuple):
    """What slows rows down: a row's rate is divided by max(1, the sum of its values here)."""

    of: Rows
    """in the places where a step meets rows; without `d`"""
    matrix: Float[Array, " v"] | None = None
    """and of all rows of the output matrix"""


def rate_divisor_of(
    step: Step,
    rows: Rows,
    scores: Scores,
    labels: Labels,
    bounds: tuple[Array, Array] | None,
    learning_rate: Array,
    damping: Damping,
) -> RateDivisor | None:
    """What `damping` asks for. `bounds` is the curvature of log_z, if all words are."""
    weight = damping.curvature * learning_rate
    of_matrix = None if bounds is None else weight * bounds[1]
    if damping.pairs is not None:
        own, shared = (weight * bound for bound in step.output_bounds(rows, labels))
        return RateDivisor(Rows(step.input_pairs() / damping.pairs, own, shared), of_matrix)
    if not damping.curvature:
        return None
    of = step.row_curvature(rows, step.curvature(scores, labels))
    if bounds is not None:
        of_rivals = step.to_inputs(jnp.zeros_like(step.batch.weight[:, 0]), bounds[0][None])
        of = of._replace(input=of.input + of_rivals)
    return RateDivisor(Rows(*(weight * part for part in of)), of_matrix)


def flat(own: Array, shared: Array) -> Array:
    """The places where a step meets rows of the output matrix, one after the other."""
    return jnp.concatenate([own.reshape(-1), shared.reshape(-1)])


class RowPositions(NamedTuple):
    """Where a step met each row: what it adds up for rows then takes no room for all the others.

    Rows that it did not meet have an earlier step's place, which nobody asks for. Steps hand the
    same memory on: cleared for every step, it would cost them time in proportion to the vocabulary.
    """

    input: Int[Array, " v"]
    output: Int[Array, " r"]


class RowProgress(NamedTuple):
    """h: the sum of every row's loads in a stretch of steps, in which e^-h of its way was left.

    A step of load l goes l of the way, as it were, to where the row's own gradient vanishes.
    """

    input: Float[Array, "*copies v"]
    output: Float[Array, "*copies r"]


class UpdateState(NamedTuple):
    """What a step hands to the next besides the matrices."""

    slots: RowPositions
    decay: RowProgress

    @classmethod
    def of(cls, inputs: int, outputs: int, decay: RowProgress | None = None) -> "UpdateState":
        """That of a first step, of as many rows in both matrices."""
        slots = RowPositions(jnp.zeros(inputs, jnp.int32), jnp.zeros(outputs, jnp.int32))
        return cls(slots, decay or RowProgress(jnp.zeros(inputs), jnp.zeros(outputs)))


def further(
    decay: Float[Array, " rows"],
    places: Int[Array, " n"],
    values: Float[Array, " n"],
    of_all: Float[Array, " rows"] | None = None,
) -> Float[Array, " rows"]:
    """The decay after one more step, from its load in the places where it met rows, and of all."""
    decay = decay if of_all is None else decay + of_all
    return decay.at[places].add(values, mode="promise_in_bounds")


class Rates(NamedTuple):
    """How far the rows of a matrix go: the rate / max(1, their load)."""

    rate: Float[Array, ""]
    load: Float[Array, " n"] | None = None
    """added up over all the places where a row is met; None: nothing slows them down"""
    slots: Int[Array, " rows"] | None = None
    """where in the load a row has its sum; None: at its number"""

    @classmethod
    def of(
        cls,
        rate: Array,
        slots: Int[Array, " rows"],
        places: Int[Array, " n"],
        values: Float[Array, " n"],
        of_all: Float[Array, " rows"] | None = None,
    ) -> tuple["Rates", Int[Array, " rows"]]:
        """From the load where a step meets rows, and of all rows. Returns its slots too."""
        if of_all is not None:
            return cls(rate, of_all.at[places].add(values, mode="promise_in_bounds")), slots
        slots = slots.at[places].set(jnp.arange(len(places)), mode="promise_in_bounds")
        load = jnp.zeros(len(places)).at[slots[places]].add(values, mode="promise_in_bounds")
        return cls(rate, load, slots), slots

    def at(self, rows: Int[Array, "*n"]) -> Float[Array, "*n"]:
        """The rates of some rows that the step meets."""
        if self.load is None:
            return jnp.full(rows.shape, self.rate)
        load = self.load[rows if self.slots is None else self.slots[rows]]
        return self.rate / jnp.maximum(1.0, load)


def rates_of(
    carry: UpdateState, step: Step, rate: Array, load: RateDivisor | None
) -> tuple[Rates, Rates, UpdateState]:
    """Of the input rows and of the output rows, and what the step hands on."""
    if load is None:
        return Rates(rate), Rates(rate), carry
    of_input = step.batch.inputs, load.of.input
    of_output = flat(step.own, step.shared), flat(load.of.own, load.of.shared), load.matrix
    inputs, met = Rates.of(rate, carry.slots.input, *of_input)
    outputs, met_there = Rates.of(rate, carry.slots.output, *of_output)
    decay = further(carry.decay.input, *of_input), further(carry.decay.output, *of_output)
    return inputs, outputs, UpdateState(RowPositions(met, met_there), RowProgress(*decay))
