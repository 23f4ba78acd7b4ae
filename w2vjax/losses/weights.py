"""Where the rows of words come from: an array, a function, or an array divided among devices."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Float, Int32

from w2vjax.errors import InputError
from w2vjax.pytrees import pytree
from w2vjax.samplers.ids import gathered, known_num_words

Rows = Array | Callable[[Array], Array]
"""what has a row, or a number, of every word: an array, or a function of ids `[R]`"""


@pytree
class VocabularySharded:
    """Weights `[V, d]`, or biases `[V]`, divided by words among the devices of a mesh axis.

    Rows are read where they live: every device puts in those it has, zeros for the others, and
    the sum over the axis is what was asked for. Only these rows travel, never the matrix; on the
    way back each device adds to its own. A pytree: gradients and optimizers see `weights`. Place
    them once, with `jax.device_put(weights, VocabularySharded(weights, mesh, axis).sharding)`.
    """

    weights: Float[Array, "v ..."]
    mesh: Mesh = struct.field(pytree_node=False)
    axis: str = struct.field(pytree_node=False)
    """of the mesh; V must be a multiple of its size"""

    @property
    def num_words(self) -> int:
        """V."""
        return len(self.weights)

    @property
    def sharding(self) -> NamedSharding:
        """How the weights are to be placed."""
        return NamedSharding(self.mesh, PartitionSpec(self.axis))

    def __call__(self, ids: Int32[Array, " r"]) -> Float[Array, "r ..."]:
        """The rows of the ids, on all devices; NaN where there is no such row.

        Raises `InputError` if the mesh has no such axis, or its size does not divide V.
        """
        if self.axis not in self.mesh.shape:
            known = tuple(self.mesh.shape)
            raise InputError(f"axis is {self.axis!r}: the mesh has the axes {known}")
        if len(self.weights) % self.mesh.shape[self.axis]:
            raise InputError(
                f"weights has {len(self.weights)} rows: axis {self.axis!r} divides them among "
                f"{self.mesh.shape[self.axis]} devices, so add rows up to a multiple of that"
            )

        def here(part: Array, ids: Array) -> Array:
            local = ids - jax.lax.axis_index(self.axis) * len(part)
            return jax.lax.psum(gathered(part, local, 0), self.axis)

        by_words, everywhere = PartitionSpec(self.axis), PartitionSpec()
        read = jax.shard_map(
            here, mesh=self.mesh, in_specs=(by_words, everywhere), out_specs=everywhere
        )
        there = ((ids >= 0) & (ids < len(self.weights))).reshape(-1, *[1] * (self.weights.ndim - 1))
        return jnp.where(there, read(self.weights, ids), jnp.nan)


def array_or_function(rows: Rows) -> Rows:
    """The array of a flax variable, which can be called too; all else as it is."""
    return jnp.asarray(rows) if hasattr(rows, "__jax_array__") else rows


def rows_of(rows: Rows, ids: Int32[Array, " r"]) -> Float[Array, "r ..."]:
    """The rows of the ids; of an array NaN where there is no such row, never another one."""
    return rows(ids) if callable(rows) else gathered(jnp.asarray(rows), ids, jnp.nan)


def num_words_of(table: Any) -> int | None:
    """V, if it tells: an array by its length, others by `num_words`."""
    if isinstance(table, jax.Array | np.ndarray) or hasattr(table, "__jax_array__"):
        return len(table)
    return known_num_words(table)
