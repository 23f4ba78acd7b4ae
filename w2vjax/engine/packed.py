"""Own rows of targets that have few or many of them, without the padding: paths of a tree.

Half of all paths padded to the longest is padding. Here the rows that count are put together,
`SIZE` of one block to a parcel, and taken a few parcels at a time, as many times as there are
any: what is read, multiplied and written of a step then stays in a core's cache.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from w2vjax.engine.step import score
from w2vjax.losses.arithmetic import Arithmetic, dot
from w2vjax.losses.elementwise import Logistic
from w2vjax.losses.layer import Labels

SIZE = 16
"""rows of a parcel: half a parcel a block is lost"""
AT_ONCE = 16
"""parcels that are scored together, or as many rows that are written together"""
ROWS = SIZE * AT_ONCE


class Parcels(NamedTuple):
    """Which of the own rows `[b, t, l]`, numbered from 0, every parcel holds."""

    rows: Int[Array, "p size"]
    """-1: none"""
    block: Int[Array, " p"]
    """whose rows they are"""
    times: Int[Array, ""]
    """how many times `AT_ONCE` parcels are taken until none is left"""


def pack(lengths: Int[Array, "b t"], width: int) -> Parcels:
    """Parcels of targets that have `lengths` own rows, the first of `width` each."""
    number, targets = lengths.shape
    most = -(-targets * width // SIZE) * number
    most = -(-most // AT_ONCE) * AT_ONCE
    ends = jnp.cumsum(lengths, axis=1)
    parcels = -(-ends[:, -1] // SIZE)
    begins = SIZE * (jnp.cumsum(parcels) - parcels)
    places = (begins[:, None] + ends - lengths)[:, :, None] + jnp.arange(width)[None, None, :]
    places = jnp.where(jnp.arange(width)[None, None, :] < lengths[:, :, None], places, most * SIZE)
    rows = (
        jnp.full(most * SIZE, -1)
        .at[places.reshape(-1)]
        .set(jnp.arange(places.size), mode="drop", unique_indices=True)
    )
    block = jnp.repeat(jnp.arange(number), parcels, total_repeat_length=most)
    return Parcels(rows.reshape(most, SIZE), block, -(-jnp.sum(parcels) // AT_ONCE))


class Work(NamedTuple):
    """What the own rows of a step do, parcel by parcel."""

    own: Int[Array, "b t l"]
    labels: Labels
    weight: Float[Array, "b t s"]
    hidden: Float[Array, "b s d"]
    rates: Callable[[Int[Array, "*n"]], Float[Array, "*n"]]
    """of rows of the matrix, with a sign: a row's gradient times its rate is its change"""
    arithmetic: Arithmetic
    loss: Logistic

    @property
    def parcels(self) -> Parcels:
        """The rows that are pulled or pushed, packed."""
        used = (self.labels.pull + self.labels.push) > 0
        return pack(jnp.sum(used, axis=2, dtype=jnp.int32), self.own.shape[2])

    def change(
        self, matrix: Float[Array, "rows d"], shared: Int[Array, " k"], changes: Float[Array, "k d"]
    ) -> tuple[Float[Array, "b s d"], Float[Array, "rows d"]]:
        """The gradient in the hidden vectors; the matrix with its rows changed.

        All slopes are taken before any row is changed, the `shared` ones too, whose `changes` are
        made already.
        """
        parcels = self.parcels
        width, spread = self.own.shape[2], self.weight.shape[2]
        own = jnp.where(parcels.rows < 0, 0, self.own.reshape(-1)[parcels.rows])
        pull, push = self.labels.pull.reshape(-1), self.labels.push.reshape(-1)
        weight = self.weight.reshape(-1, spread)

        def taken(values: Array, number: Array) -> Array:
            start = (number * AT_ONCE,) + (0,) * (values.ndim - 1)
            return jax.lax.dynamic_slice(values, start, (AT_ONCE, *values.shape[1:]))

        def slopes(number: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
            made, to_hidden = state
            source, rows, block = (
                taken(values, number) for values in (parcels.rows, own, parcels.block)
            )
            there = jnp.maximum(source, 0)
            times = weight[there // width] * (source >= 0)[:, :, None].astype(jnp.float32)
            pulls, pushes = (values[there][:, :, None] * times for values in (pull, push))
            scores, back = jax.vjp(
                lambda hidden: score(matrix[rows], hidden, self.arithmetic), self.hidden[block]
            )
            slope = jax.grad(
                lambda scores: sum(map(jnp.sum, self.loss.parts(scores, pulls, pushes)))
            )(scores)
            scaled = slope * self.rates(rows)[:, :, None]
            made = jax.lax.dynamic_update_slice(made, scaled, (number * AT_ONCE, 0, 0))
            return made, to_hidden.at[block].add(back(slope)[0])

        state = jnp.zeros((*parcels.rows.shape, spread)), jnp.zeros(self.hidden.shape)
        made, to_hidden = jax.lax.fori_loop(0, parcels.times, slopes, state)

        # One writer for all rows: two would make the compiler copy the matrix.
        more = -(-len(shared) // ROWS)
        shared = jnp.pad(shared, (0, more * ROWS - len(shared)))
        changes = jnp.pad(changes, ((0, len(shared) - len(changes)), (0, 0)))

        def write(number: Array, matrix: Array) -> Array:
            vectors = self.hidden[taken(parcels.block, number)]
            rows = dot("bms,bsd->bmd", taken(made, number), vectors, self.arithmetic)
            there, rows = taken(own, number).reshape(ROWS), rows.reshape(ROWS, -1)
            if more:
                last = jnp.maximum(0, number - parcels.times) * ROWS
                others = jax.lax.dynamic_slice(shared, (last,), (ROWS,))
                there = jnp.where(number < parcels.times, there, others)
                theirs = jax.lax.dynamic_slice(changes, (last, 0), rows.shape)
                rows = jnp.where(number < parcels.times, rows, theirs)
            return matrix.at[there].add(rows, mode="promise_in_bounds")

        return to_hidden, jax.lax.fori_loop(0, parcels.times + more, write, matrix)
