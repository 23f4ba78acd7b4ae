"""Parameters, the loss of a step, and row updates: the only place that gathers and scatters."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import struct
from jaxtyping import Array, Float, Int, Key

from w2vjax.arithmetic import PLAIN, Arithmetic
from w2vjax.blocks import Batch, cut
from w2vjax.output_layer import OutputLayer, Relation
from w2vjax.parcels import Work
from w2vjax.step import Rows, Scores, Step


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


def watched(step: Step) -> Step:
    """The first blocks of a step, a thirtieth of it at most: enough for the loss curve."""
    batch, groups = step.batch, step.shared.shape[0]
    number = max(1, step.number // 30)

    def first(values: Array, width: int) -> Array:
        spacing = (values.shape[0] - width) // max(1, step.number - 1)
        return values[: (number - 1) * spacing + width]

    own = batch.weight.shape[1]
    return step._replace(
        batch=Batch(
            first(batch.inputs, batch.weight.shape[2] if batch.mix is None else batch.mix.shape[2]),
            None if batch.mix is None else batch.mix[:number],
            first(batch.targets, own),
            batch.weight[:number],
            batch.undivided,
        ),
        own=first(step.own, own),
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


class Damping(NamedTuple):
    """What keeps the summed gradients of a row that many pairs hit from overshooting.

    Their sum, all of it stale, overshoots and, on repetitive text, diverges; their mean starves the
    row. A row's step is divided by max(1, `curvature` · rate · H, n / `pairs`).

    H bounds the loss's curvature in this row and step: Σ |slope of a score| · ‖the other vector‖².
    The loss is convex in every row, and gradient steps on a convex function converge while
    rate · H < 2: with `curvature` ½ no row's step exceeds that, and none moves its scores by more
    than two or so, at any learning rate and any number of pairs; rows whose sum is safe move as in
    sequential training. As a trace, H is close where few vectors meet a row, and too large where
    they point in many directions: the layers' own values are a tenth of the safe one (with ¼, small
    texts read many times lost a third of their accuracy, and NCE most of it). In a tree every pair
    meets a dozen nodes, all tokens the same top ones, and the trace is far too careful even so.
    There n, the row's pairs in the step, count: no row moves further than `pairs` of them would in
    sequential training.
    """

    curvature: float = 0.5
    """0: without"""
    pairs: float | None = None
    """None: without"""


class _Load(NamedTuple):
    """What slows rows down: a rate is divided by the sum of these values, times the weight."""

    weight: float | Array
    of: Rows
    """in the places where a step meets rows; without `d`"""
    matrix: Float[Array, " v"] | None = None
    """and of all rows of the output matrix"""


def _loads(
    step: Step,
    rows: Rows,
    scores: Scores,
    relation: Relation,
    bounds: tuple[Array, Array] | None,
    learning_rate: Array,
    damping: Damping,
) -> list[_Load]:
    """The loads that `damping` asks for. `bounds` is the curvature of rivals, if all words are."""
    loads = []
    if damping.curvature:
        of = step.row_curvature(rows, step.curvature(scores, relation))
        if bounds is not None:
            of_rivals = step.to_inputs(jnp.zeros_like(step.batch.weight[:, 0]), bounds[0][None])
            of = of._replace(input=of.input + of_rivals)
        of_matrix = None if bounds is None else bounds[1]
        loads.append(_Load(damping.curvature * learning_rate, of, of_matrix))
    if damping.pairs is not None:
        loads.append(_Load(1.0 / damping.pairs, step.row_counts(relation)))
    return loads


class Slots(NamedTuple):
    """Where a step met each row: what it adds up for rows then takes no room for all the others.

    Rows that it did not meet have an earlier step's place, which nobody asks for. Steps hand the
    same memory on: cleared for every step, it would cost them time in proportion to the vocabulary.
    """

    input: Int[Array, " v"]
    output: Int[Array, " r"]

    @classmethod
    def of(cls, parameters: Parameters) -> "Slots":
        """Those of a first step."""
        return cls(*(jnp.zeros(len(leaf), jnp.int32) for leaf in jax.tree.leaves(parameters)))


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
        loads: Sequence[tuple[float | Array, Float[Array, " n"], Array | None]],
    ) -> tuple["Rates", Int[Array, " rows"]]:
        """From weights, values in the places where a step meets rows, and values of all rows.

        Returns the slots of this step too.
        """
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


def _flat(own: Array, shared: Array) -> Array:
    return jnp.concatenate([own.reshape(-1), shared.reshape(-1)])


def _probes(step: Step, rows: Rows, matrix: Array | None) -> tuple[Array, Array] | None:
    """The zeros whose gradients bound the curvature of `losses.log_partition`."""
    if matrix is None:
        return None
    return jnp.zeros(step.grouped(rows.input).shape[1]), jnp.zeros(len(matrix))


def _rates(slots: Slots, step: Step, rate: Array, loads: list[_Load]) -> tuple[Rates, Rates, Slots]:
    """Of the input rows and of the output rows."""
    of_input = [(load.weight, load.of.input, None) for load in loads]
    of_output = [(load.weight, _flat(load.of.own, load.of.shared), load.matrix) for load in loads]
    inputs, met = Rates.of(rate, slots.input, step.batch.inputs, of_input)
    outputs, met_there = Rates.of(rate, slots.output, _flat(step.own, step.shared), of_output)
    return inputs, outputs, Slots(met, met_there)


def _steps_of_rows(
    step: Step, rows: Rows, slopes: Scores, own: Float[Array, "m l"], shared: Float[Array, "g k"]
) -> Float[Array, "n d"]:
    """Changes of the output rows read, at their rates."""
    _, to_rows = jax.vjp(
        lambda own, shared: step.scores(Rows(rows.input, own, shared), None, None),
        *(rows.own, rows.shared),
    )
    # How far rows go depends on the slopes; a slope times a rate costs less than a gradient does.
    slopes = step.at_rates(slopes, own, shared)._replace(rivals=None)
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
    slots: Slots | None = None,
) -> tuple[Parameters, Telemetry, Slots]:
    """One step: the summed gradient of the pairs' loss, applied to the rows they touch.

    `packing` takes own rows in parcels where targets have few or many of them, and the rates do
    not depend on their scores: the same step, sooner. `slots` are those of the step before.
    """
    step = Step(batch, layer, layer.own_rows(batch.targets), shared, arithmetic)
    relation, matrix = step.relation(), parameters.output if layer.shares == "matrix" else None
    plain = transform is None and not damping.curvature and batch.weight.shape[1] > 1
    packed = packing and layer.ragged and plain
    dense, asked = step.without_own(relation) if packed else (step, relation)
    some = watched(step)
    rows, first_rows = read(parameters, dense, some)
    scores, to_hidden = jax.vjp(
        lambda inputs, *rest: dense.scores(rows._replace(input=inputs), *rest),
        *(rows.input, matrix, _probes(dense, rows, matrix)),
    )
    slopes = jax.grad(lambda scores: jnp.sum(dense.loss(scores, asked)))(scores)
    to_input, to_matrix, bounds = to_hidden(slopes)
    loads = _loads(step, rows, scores, relation, bounds, learning_rate, damping)
    slots = Slots.of(parameters) if slots is None else slots
    input_rates, output_rates, slots = _rates(slots, step, -learning_rate, loads)
    to_output = _steps_of_rows(
        dense, rows, slopes, output_rates.at(dense.own), output_rates.at(dense.shared)
    )
    if packed:
        own = cut(step.own, step.number, batch.weight.shape[1])
        hidden, to_input_rows = jax.vjp(step.hidden, rows.input)
        parcels = Work(
            own, relation, batch.weight, hidden, output_rates.at, arithmetic, layer.sigmoid
        )
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
        places = _flat(step.own, shared)
        output = output.at[places].add(changes[1], mode="promise_in_bounds")
    inputs = parameters.input.at[batch.inputs].add(changes[0], mode="promise_in_bounds")
    telemetry = Telemetry(
        some.loss(some.scores(first_rows, matrix, None), some.relation()),
        jnp.sum(some.batch.weight),
        jnp.sum(batch.weight),
    )
    return Parameters(inputs, output), telemetry, slots
