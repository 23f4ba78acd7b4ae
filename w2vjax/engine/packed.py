"""Target rows of layers that have few or many of them, without the padding: paths of a tree.

Half of all paths padded to the longest is padding. Here the rows that count are packed into lines,
`SIZE` rows of one block to a line, and taken a few lines at a time, as many times as there are
any: what is read, multiplied and written of a step then stays in a core's cache.
"""

from collections.abc import Callable
from typing import NamedTuple, cast

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from w2vjax.engine.step import Rows, Step, products
from w2vjax.engine.windows import frame
from w2vjax.losses.arithmetic import Arithmetic, dot
from w2vjax.losses.elementwise import Logistic
from w2vjax.losses.layer import Labels

SizesOf = Callable[[Int[Array, "*n"]], Float[Array, "*n"]]
"""step sizes of rows"""
SIZE = 16
"""rows of a line: half a line a block is lost"""
AT_ONCE = 16
"""lines whose logits are made together, or as many rows that are written together"""
ROWS = SIZE * AT_ONCE


class PackedRows(NamedTuple):
    """Which of the target rows `[b, t, l]`, by their index, every line holds."""

    source: Int[Array, "p size"]
    """-1: none"""
    block: Int[Array, " p"]
    """whose rows they are"""
    num_turns: Int[Array, ""]
    """how many times `AT_ONCE` lines are taken until none is left"""


def pack(lengths: Int[Array, "b t"], width: int) -> PackedRows:
    """The rows of targets that have `lengths` of them, the first of `width` each."""
    num_blocks, targets = lengths.shape
    most = -(-targets * width // SIZE) * num_blocks
    most = -(-most // AT_ONCE) * AT_ONCE
    ends = jnp.cumsum(lengths, axis=1)
    num_lines = -(-ends[:, -1] // SIZE)
    begins = SIZE * (jnp.cumsum(num_lines) - num_lines)
    depth = jnp.arange(width)[None, None, :]
    places = (begins[:, None] + ends - lengths)[:, :, None] + depth
    places = jnp.where(depth < lengths[:, :, None], places, most * SIZE)
    source = (
        jnp.full(most * SIZE, -1)
        .at[places.reshape(-1)]
        .set(jnp.arange(places.size), mode="drop", unique_indices=True)
    )
    block = jnp.repeat(jnp.arange(num_blocks), num_lines, total_repeat_length=most)
    return PackedRows(source.reshape(most, SIZE), block, -(-jnp.sum(num_lines) // AT_ONCE))


class PackedTargets(NamedTuple):
    """The target rows of a step and what is asked of them, line by line."""

    rows: Int[Array, "b t l"]
    labels: Labels
    weight: Float[Array, "b t s"]
    hidden: Float[Array, "b s d"]
    step_sizes: SizesOf
    """of rows of the matrix, with a sign: a row's gradient times its step size is its change"""
    arithmetic: Arithmetic
    loss: Logistic

    def packed(self) -> PackedRows:
        """The rows that are pulled or pushed."""
        used = (self.labels.pull + self.labels.push) > 0
        return pack(jnp.sum(used, axis=2, dtype=jnp.int32), self.rows.shape[2])

    def change(
        self, matrix: Float[Array, "rows d"], shared: Int[Array, " k"], changes: Float[Array, "k d"]
    ) -> tuple[Float[Array, "b s d"], Float[Array, "rows d"]]:
        """The gradient in the hidden vectors; the matrix with its rows changed.

        All slopes are taken before any row is changed, those of the `shared` rows too, whose
        `changes` are made already.
        """
        packed = self.packed()
        rows = jnp.where(packed.source < 0, 0, self.rows.reshape(-1)[packed.source])
        scaled, to_hidden = self._slopes(matrix, packed, rows)
        return to_hidden, self._written(matrix, packed, rows, scaled, shared, changes)

    def _slopes(
        self, matrix: Float[Array, "rows d"], packed: PackedRows, rows: Int[Array, "p size"]
    ) -> tuple[Float[Array, "p size s"], Float[Array, "b s d"]]:
        """The loss's slope in every logit times its row's step size, and the hidden gradient."""
        width, spread = self.rows.shape[2], self.weight.shape[2]
        pull, push = self.labels.pull.reshape(-1), self.labels.push.reshape(-1)
        weight = self.weight.reshape(-1, spread)

        def turn(number: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
            made, to_hidden = state
            source, there, block = (
                _taken(of, number) for of in (packed.source, rows, packed.block)
            )
            place = jnp.maximum(source, 0)
            times = weight[place // width] * (source >= 0)[:, :, None].astype(jnp.float32)
            pulls, pushes = (values[place][:, :, None] * times for values in (pull, push))
            logits, back = jax.vjp(
                lambda hidden: products(matrix[there], hidden, self.arithmetic), self.hidden[block]
            )
            slope = jax.grad(
                lambda logits: sum(map(jnp.sum, self.loss.parts(logits, pulls, pushes)))
            )(logits)
            scaled = slope * self.step_sizes(there)[:, :, None]
            made = jax.lax.dynamic_update_slice(made, scaled, (number * AT_ONCE, 0, 0))
            return made, to_hidden.at[block].add(back(slope)[0])

        state = jnp.zeros((*packed.source.shape, spread)), jnp.zeros(self.hidden.shape)
        found: tuple[Array, Array] = jax.lax.fori_loop(0, packed.num_turns, turn, state)
        return found

    def _written(
        self,
        matrix: Float[Array, "rows d"],
        packed: PackedRows,
        rows: Int[Array, "p size"],
        scaled: Float[Array, "p size s"],
        shared: Int[Array, " k"],
        changes: Float[Array, "k d"],
    ) -> Float[Array, "rows d"]:
        """The matrix changed. One writer for all rows: two would make the compiler copy it."""
        more = -(-len(shared) // ROWS)
        shared = jnp.pad(shared, (0, more * ROWS - len(shared)))
        changes = jnp.pad(changes, ((0, len(shared) - len(changes)), (0, 0)))

        def write(number: Array, matrix: Array) -> Array:
            vectors = self.hidden[_taken(packed.block, number)]
            change = dot("bms,bsd->bmd", _taken(scaled, number), vectors, self.arithmetic)
            there, change = _taken(rows, number).reshape(ROWS), change.reshape(ROWS, -1)
            if more:
                last = jnp.maximum(0, number - packed.num_turns) * ROWS
                others = jax.lax.dynamic_slice(shared, (last,), (ROWS,))
                there = jnp.where(number < packed.num_turns, there, others)
                theirs = jax.lax.dynamic_slice(changes, (last, 0), change.shape)
                change = jnp.where(number < packed.num_turns, change, theirs)
            return matrix.at[there].add(change, mode="promise_in_bounds")

        written: Array = jax.lax.fori_loop(0, packed.num_turns + more, write, matrix)
        return written


def write_packed(
    matrix: Float[Array, "r d"],
    step: Step,
    rows: Rows,
    labels: Labels,
    step_sizes: SizesOf,
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
        step_sizes=step_sizes,
        arithmetic=step.arithmetic,
        loss=cast(Logistic, step.layer.loss),  # of every layer that packs its rows
    )
    to_hidden, matrix = targets.change(matrix, step.shared_rows.reshape(-1), shared_changes)
    return matrix, to_input_rows(to_hidden)[0]


def _taken(values: Array, number: Array) -> Array:
    """`AT_ONCE` lines, those of one turn."""
    start = (number * AT_ONCE,) + (0,) * (values.ndim - 1)
    return jax.lax.dynamic_slice(values, start, (AT_ONCE, *values.shape[1:]))
