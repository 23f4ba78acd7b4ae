"""What processes have together: sums of their numbers, and arrays of which each makes a part."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P
from jaxtyping import Array, Float, Int

from w2vjax.engine import processes


def summed(numbers: Int[np.ndarray, " n"]) -> Int[np.ndarray, " n"]:
    """Over all processes, each of which has its own; below 2^31."""
    number = processes.count()
    if number == 1:
        return numbers
    firsts = [jax.local_devices(process)[0] for process in range(number)]
    mesh = jax.make_mesh((number,), ("process",), (AxisType.Auto,), devices=firsts)
    here = NamedSharding(mesh, P("process"))
    own = jax.make_array_from_process_local_data(here, numbers[None].astype(np.int32))
    return np.asarray(_total(own, mesh)).astype(numbers.dtype)


@partial(jax.jit, static_argnames="mesh")
def _total(numbers: Int[Array, "processes n"], mesh: Mesh) -> Int[Array, " n"]:
    there = NamedSharding(mesh, P())
    return jax.lax.with_sharding_constraint(jnp.sum(numbers, axis=0), there)


def share(length: int) -> slice:
    """The entries of an array that this process is to make."""
    size = -(-length // processes.count())
    return slice(min(length, processes.index() * size), min(length, (processes.index() + 1) * size))


def joined(own: Float[np.ndarray, " n"], length: int) -> Float[np.ndarray, " length"]:
    """The whole array, of which every process has made its `share`."""
    if processes.count() == 1:
        return own
    filled = np.zeros(-(-length // processes.count()))
    filled[: len(own)] = own
    # As integers: JAX would round numbers of 64 bits.
    whole = multihost_utils.process_allgather(filled.view(np.int32), tiled=True)
    return np.asarray(whole).view(np.float64)[:length]
