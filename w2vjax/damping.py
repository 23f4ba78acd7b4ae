"""What keeps the summed gradients of a row that many pairs hit from overshooting."""

from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from w2vjax.output_layer import Relation
from w2vjax.step import Rows, Scores, Step


class Damping(NamedTuple):
    """What keeps the summed gradients of a row that many pairs hit from overshooting.

    Their sum, all of it stale, overshoots and, on repetitive text, diverges; their mean starves the
    row. A row's step is divided by max(1, `curvature` · rate · H).

    H bounds the loss's curvature in this row and step: Σ |slope of a score| · ‖the other vector‖².
    The loss is convex in every row, and gradient steps on a convex function converge while
    rate · H < 2: with `curvature` ½ no row's step exceeds that, and none moves its scores by more
    than two or so, at any learning rate and any number of pairs; rows whose sum is safe move as in
    sequential training. As a trace, H is close where few vectors meet a row, and too large where
    they point in many directions: the layers' own values are a tenth of the safe one (with ¼, small
    texts read many times lost a third of their accuracy, and NCE most of it).

    In a tree every token meets the same top nodes, all words' vectors share a direction there, and
    little less than the safe value will do. H counts lengths, so that nodes go as far as they can
    while vectors are short. It takes ¼ for the slope of a score, the most that a logistic has, and
    needs no scores (`step.Step.row_bounds`). A word, on the other hand, meets a dozen nodes in
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


class Load(NamedTuple):
    """What slows rows down: a rate is divided by the sum of these values, times the weight."""

    weight: float | Array
    of: Rows
    """in the places where a step meets rows; without `d`"""
    matrix: Float[Array, " v"] | None = None
    """and of all rows of the output matrix"""


def loads_of(
    step: Step,
    rows: Rows,
    scores: Scores,
    relation: Relation,
    bounds: tuple[Array, Array] | None,
    learning_rate: Array,
    damping: Damping,
) -> list[Load]:
    """The loads that `damping` asks for. `bounds` is the curvature of rivals, if all words are."""
    weight = damping.curvature * learning_rate
    of_matrix = None if bounds is None else bounds[1]
    loads = []
    if damping.by_scores:
        of = step.row_curvature(rows, step.curvature(scores, relation))
        if bounds is not None:
            of_rivals = step.to_inputs(jnp.zeros_like(step.batch.weight[:, 0]), bounds[0][None])
            of = of._replace(input=of.input + of_rivals)
        loads.append(Load(weight, of, of_matrix))
    elif damping.curvature:
        loads.append(Load(weight, step.row_bounds(rows, relation), of_matrix))
    if damping.pairs is not None:
        loads.append(Load(1.0 / damping.pairs, step.row_pairs()))
    return loads


def flat(own: Array, shared: Array) -> Array:
    """The places where a step meets rows of the output matrix, one after the other."""
    return jnp.concatenate([own.reshape(-1), shared.reshape(-1)])


class Slots(NamedTuple):
    """Where a step met each row: what it adds up for rows then takes no room for all the others.

    Rows that it did not meet have an earlier step's place, which nobody asks for. Steps hand the
    same memory on: cleared for every step, it would cost them time in proportion to the vocabulary.
    """

    input: Int[Array, " v"]
    output: Int[Array, " r"]


class Decay(NamedTuple):
    """h: the sum of every row's loads in a stretch of steps, in which e^-h of its way was left.

    A step of load l goes l of the way, as it were, to where the row's own gradient vanishes.
    """

    input: Float[Array, "*copies v"]
    output: Float[Array, "*copies r"]


class Carry(NamedTuple):
    """What a step hands to the next besides the matrices."""

    slots: Slots
    decay: Decay | None
    """None: not added up"""

    @classmethod
    def of(cls, inputs: int, outputs: int, decay: Decay | None = None) -> "Carry":
        """That of a first step, of as many rows in both matrices."""
        return cls(Slots(jnp.zeros(inputs, jnp.int32), jnp.zeros(outputs, jnp.int32)), decay)


Values = tuple[float | Array, Float[Array, " n"], Float[Array, " rows"] | None]
"""a load's weight, its values in the places where a step meets rows, and those of all rows"""


def further(
    decay: Float[Array, " rows"], places: Int[Array, " n"], loads: Sequence[Values]
) -> Float[Array, " rows"]:
    """The decay after one more step."""
    for weight, values, whole in loads:
        decay = decay if whole is None else decay + whole * weight
        decay = decay.at[places].add(values * weight, mode="promise_in_bounds")
    return decay


class Rates(NamedTuple):
    """How far the rows of a matrix go: the rate / max(1, their loads)."""

    rate: Float[Array, ""]
    loads: tuple[Float[Array, " n"], ...]
    """each already weighed and added up over all the places where a row is met"""
    slots: Int[Array, " rows"] | None
    """where in the loads a row has its sum; None: at its number"""

    @classmethod
    def of(
        cls,
        rate: Array,
        slots: Int[Array, " rows"],
        places: Int[Array, " n"],
        loads: Sequence[Values],
    ) -> tuple["Rates", Int[Array, " rows"]]:
        """From the loads in the places where a step meets rows. Returns its slots too."""
        everywhere = any(whole is not None for _, _, whole in loads)
        if loads and not everywhere:
            slots = slots.at[places].set(jnp.arange(len(places)), mode="promise_in_bounds")
        at, length = (places, len(slots)) if everywhere else (slots[places], len(places))
        totals = []
        for weight, values, whole in loads:
            total = jnp.zeros(length) if whole is None else whole * weight
            totals.append(total.at[at].add(values * weight, mode="promise_in_bounds"))
        return cls(rate, tuple(totals), None if everywhere else slots), slots

    def at(self, rows: Int[Array, "*n"]) -> Float[Array, "*n"]:
        """The rates of some rows that the step meets."""
        least = jnp.ones(rows.shape)
        for load in self.loads:
            least = jnp.maximum(least, load[rows if self.slots is None else self.slots[rows]])
        return self.rate / least


def rates_of(
    carry: Carry, step: Step, rate: Array, loads: Sequence[Load]
) -> tuple[Rates, Rates, Carry]:
    """Of the input rows and of the output rows, and what the step hands on."""
    of_input: list[Values] = [(load.weight, load.of.input, None) for load in loads]
    of_output: list[Values] = [
        (load.weight, flat(load.of.own, load.of.shared), load.matrix) for load in loads
    ]
    there = step.batch.inputs, flat(step.own, step.shared)
    inputs, met = Rates.of(rate, carry.slots.input, there[0], of_input)
    outputs, met_there = Rates.of(rate, carry.slots.output, there[1], of_output)
    decay = carry.decay
    if decay is not None:
        decay = Decay(
            further(decay.input, there[0], of_input), further(decay.output, there[1], of_output)
        )
    return inputs, outputs, Carry(Slots(met, met_there), decay)
