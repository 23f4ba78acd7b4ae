"""Synchronising the devices' copies of the matrices: an all-reduce of their changes, row by row.

How often rows are synchronised, and what of the summed changes counts.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh
from jax.sharding import PartitionSpec as P
from jaxtyping import Array, Float

from w2vjax.engine.damping import RowProgress
from w2vjax.engine.placement import ALL, EACH, STATE
from w2vjax.engine.replicas import Run
from w2vjax.engine.row_optimizer import OptimizerState, RowState
from w2vjax.engine.update import Parameters, TrainState

CACHED = 1 << 19
"""numbers synchronised at a time: what is read several times comes from the cache, and into memory
that the part before it used"""
MOST_PARTS = 32
"""of rows that are synchronised equally often"""
SPAN = 4
"""rows this many times as rare are synchronised this many times more seldom"""


def merge_weight(progress: Float[Array, "n rows"]) -> Float[Array, " rows"]:
    """How much of the sum of n devices' changes to a row is applied, from the row's progress h_i.

    (1 - e^-Σh) / Σ(1 - e^-h_i), between 1/n and 1. Gradient steps go to where the row's gradient
    vanishes, and e^-h of the way is left after them. Devices that began at the same place have gone
    1 - e^-h_i of it each; one that had done all of their steps, 1 - e^-Σh. Rows that hardly moved
    (h → 0) get the sum, as if one device had done all the steps; rows that each device took all the
    way (h → ∞) get the mean, for the sum would overshoot n-fold.

    A device by itself counts as two that went the same way: a row that it took all the way ends
    half-way between where it was and where it is (Zhang et al. 2019, Lookahead, α = ½). That evens
    out the noise of the steps as it does between devices, and what suits one suits several.
    """
    if len(progress) == 1:
        progress = jnp.concatenate([progress, progress])
    gone = jnp.sum(-jnp.expm1(-progress), axis=0)
    together = -jnp.expm1(-jnp.sum(progress, axis=0))
    return jnp.where(gone > 0, together / jnp.where(gone > 0, gone, 1.0), 1.0)


@partial(
    jax.jit,
    static_argnames=("mesh", "replicas"),
    donate_argnames=("state", "before"),
)
def merge(
    state: TrainState, before: tuple[Parameters, ...], mesh: Mesh, replicas: bool = False
) -> tuple[TrainState, tuple[Parameters, ...]]:
    """Adds all devices' changes since `before`, weighted, to the first rows: an all-reduce.

    `before` are consecutive parts of the matrices, from their first row, as all devices agreed on
    them. Returns the state, and these parts as agreed on now; their rows' progress starts anew. An
    optimizer's state of these rows becomes the mean of the devices that met them.
    """

    def on_device(state: TrainState, before: tuple[Parameters, ...]) -> Any:
        matrices, progress, optimizer = state
        if mesh.shape["data"] > 1 and jax.tree.leaves(optimizer):
            optimizer = OptimizerState(
                _mean_state(optimizer.input, progress.input, [len(p.input) for p in before]),
                _mean_state(optimizer.output, progress.output, [len(p.output) for p in before]),
            )
        inputs, input_progress, now_inputs = _merged(
            matrices.input, progress.input, [part.input for part in before]
        )
        outputs, output_progress, now_outputs = _merged(
            matrices.output, progress.output, [part.output for part in before]
        )
        agreed = zip(now_inputs, now_outputs, strict=True)
        now = tuple(Parameters(input=one, output=other) for one, other in agreed)
        merged = Parameters(input=inputs, output=outputs)
        return TrainState(merged, RowProgress(input_progress, output_progress), optimizer), now

    program = jax.shard_map(
        on_device, mesh=mesh, in_specs=(STATE, ALL), out_specs=(STATE, ALL), check_vma=False
    )
    program = jax.vmap(program) if replicas else program
    result: tuple[TrainState, tuple[Parameters, ...]] = program(state, before)
    return result


def _merged(
    matrix: Float[Array, "1 rows d"],
    progress: Float[Array, "1 rows"],
    before: list[Array],
) -> tuple[Float[Array, "1 rows d"], Float[Array, "1 rows"], list[Array]]:
    """One matrix of one device, its rows' progress, and the parts as agreed on.

    Part by part, lest the matrix be copied as a whole.
    """
    first, now = 0, []
    for old in before:
        last = first + len(old)
        of_all = jax.lax.all_gather(progress[0, first:last], "data")
        change = _total(matrix[0, first:last] - old)
        new = old + merge_weight(of_all)[:, None] * change
        matrix = jax.lax.dynamic_update_slice(matrix, new[None], (0, first, 0))
        now.append(new)
        first = last
    return matrix, progress.at[:, :first].set(0.0), now


def _total(values: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The devices' sum, in their order: the same bits whether one process has them or many.

    Every device adds up some of the rows, and all of them gather the sums, which sends as much as
    an all-reduce does; that adds up in an order of its own, which matters from three devices on.
    """
    number, rows = jax.lax.axis_size("data"), len(values)
    if number <= 2 or not rows:
        return jax.lax.psum(values, "data")
    share = -(-rows // number)
    padding = ((0, share * number - rows), *((0, 0),) * (values.ndim - 1))
    shares = jnp.pad(values, padding).reshape(number, share, *values.shape[1:])
    own = jax.lax.all_to_all(shares, "data", split_axis=0, concat_axis=0)
    return jax.lax.all_gather(jnp.sum(own, axis=0), "data", tiled=True)[:rows]


def _mean_state(state: RowState, progress: Float[Array, "1 rows"], sizes: list[int]) -> RowState:
    """An optimizer's state, with rows as the mean of the devices that met them since the last sync.

    A mean, so that sums of squares stay positive. What all rows share is the first device's.
    """
    ends = np.cumsum(sizes)
    parts = [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]
    met = [progress[0, part] > 0 for part in parts]
    counts = [jax.lax.psum(part.astype(jnp.float32), "data") for part in met]

    def mean(leaf: Array) -> Array:
        for part, here, count in zip(parts, met, counts, strict=True):
            own = leaf[0, part]
            of_row = (-1, *(1,) * (own.ndim - 1))
            total = _total(jnp.where(here.reshape(of_row), own, 0))
            known = total / jnp.maximum(count, 1.0).reshape(of_row)
            new = jnp.where(count.reshape(of_row) > 0, known.astype(leaf.dtype), own)
            leaf = jax.lax.dynamic_update_slice_in_dim(leaf, new[None], part.start, axis=1)
        return leaf

    def first(leaf: Array) -> Array:
        return jax.lax.all_gather(leaf[0], "data")[:1]

    return RowState(
        elements=tuple(map(mean, state.elements)),
        rows=tuple(map(mean, state.rows)),
        scalars=tuple(map(first, state.scalars)),
    )


class Sync:
    """The devices' agreement, compiled. A device by itself agrees with where it was.

    The more seldom a row occurs, the more seldom it need be synchronised. Level 0 are the frequent
    rows, after every segment; level 1 four times as many, after every fourth; level 2 sixteen times
    as many, after every sixteenth; and so on.
    """

    def __init__(self, run: Run, num_segments: int = 0) -> None:
        """For a run that starts, or has trained on so many segments, and whose copies agree."""
        self._before: list[Parameters] = []
        """parts of the matrices, as agreed on when they were last synchronised"""
        self._levels: list[tuple[int, jax.stages.Compiled]] = []
        """how many parts each synchronises, and its program: collectives of several in one hang"""
        self._num_segments = num_segments
        devices = run.mesh.shape["data"]
        parameters, settings = run.state.parameters, run.settings
        num_rows = max(leaf.shape[-2] for leaf in jax.tree.leaves(parameters))
        static = {"mesh": run.mesh, "replicas": run.several}
        first, last = 0, settings.frequent_rows or max(1, (1 << 14) // devices)
        while first < num_rows:
            for start, end in _parts(first, min(last, num_rows), settings.dim):
                self._before.append(_agreed(parameters, start, end, run.mesh))
            lowered = merge.lower(run.state, tuple(self._before), **static)
            self._levels.append((len(self._before), lowered.compile()))
            first, last = last, last * SPAN

    def __call__(self, state: TrainState) -> TrainState:
        """After a segment: the rows of the levels that are due."""
        self._num_segments += 1
        return self._merge(state, self._due)

    @property
    def _due(self) -> int:
        """The last of the levels that are due after the segment before."""
        level = 0
        while level + 1 < len(self._levels) and self._num_segments % SPAN ** (level + 1) == 0:
            level += 1
        return level

    @property
    def whole(self) -> bool:
        """Whether all rows agree since the segment before: every copy is what was agreed on."""
        return self._due == len(self._levels) - 1

    @property
    def before(self) -> list[Parameters]:
        """Parts of the matrices as agreed on when each was last synchronised."""
        return self._before

    def restore(self, before: list[Parameters]) -> None:
        """Goes on from parts as `before` gave them."""
        shardings = jax.tree.map(lambda leaf: leaf.sharding, self._before)
        self._before = jax.device_put(before, shardings)

    def end(self, state: TrainState) -> TrainState:
        """After the last segment: all rows."""
        return self._merge(state, -1)

    def agreed(self, state: TrainState) -> Parameters:
        """All rows as `end` would leave them, `[1, v, d]` on each device; nothing else changes.

        It works on a copy of the state and of what was agreed on.
        """
        num_parts, program = self._levels[-1]
        copy: tuple[TrainState, tuple[Parameters, ...]] = jax.tree.map(
            jnp.copy, (state, tuple(self._before[:num_parts]))
        )
        agreed: TrainState = program(*copy)[0]
        return agreed.parameters

    def _merge(self, state: TrainState, level: int) -> TrainState:
        num_parts, program = self._levels[level]
        state, now = program(state, tuple(self._before[:num_parts]))
        self._before[:num_parts] = now
        return state


def _parts(first: int, last: int, dim: int) -> list[tuple[int, int]]:
    """Consecutive rows that fit a cache, or else as many as are compiled in little time."""
    size = max(1, CACHED // dim, -(-(last - first) // MOST_PARTS))
    return [(start, min(start + size, last)) for start in range(first, last, size)]


def _agreed(parameters: Parameters, first: int, last: int, mesh: Mesh) -> Parameters:
    """Rows that are the same on all devices, `[v, d]`, each device's its own copy of them."""

    def copied(leaf: Array) -> Array:
        rows = leaf.shape[-2]
        return _rows(leaf, min(first, rows), min(last, rows) - min(first, rows), mesh)

    return jax.tree.map(copied, parameters)


@partial(jax.jit, static_argnames=("size", "mesh"))
def _rows(matrix: Array, first: Array | int, size: int, mesh: Mesh) -> Array:
    before = (None,) * (matrix.ndim - 3)  # replicas

    def on_device(matrix: Array, first: Array | int) -> Array:
        return jax.lax.dynamic_slice_in_dim(matrix[..., 0, :, :], first, size, axis=-2)

    specs = (P(*before, *EACH), P())
    program = jax.shard_map(
        on_device, mesh=mesh, in_specs=specs, out_specs=P(*before, *ALL), check_vma=False
    )
    copied: Array = program(matrix, first)
    return copied
