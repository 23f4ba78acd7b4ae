"""Where arrays lie: the mesh of devices, and arrays made on the devices that hold them.

A device gets its own part and nothing else, of whichever process it is; no host holds all copies.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P
from jaxtyping import Array, Float, Int

from w2vjax.config.schema import TrainConfig
from w2vjax.engine.damping import RowProgress
from w2vjax.engine.row_optimizer import OptimizerState, RowOptimizer, RowState
from w2vjax.engine.update import Parameters, TrainState
from w2vjax.errors import InputError, in_range

EACH = P("data", None, "model")
"""how `[devices, rows, dimensions]` lie on the mesh"""
ALL = P(None, "model")
"""and `[rows, dimensions]` of which every device along `data` has a copy"""
STATE: Any = TrainState(
    EACH,  # type: ignore[arg-type]
    P("data"),  # type: ignore[arg-type]
    OptimizerState(*[RowState(EACH, P("data"), P("data"))] * 2),  # type: ignore[arg-type]
)
"""and what training carries"""
LANES = 8
"""rows are filled up with zeros, which stay zero, to a multiple of these: with 300 numbers a row,
products and copies took a CPU a twentieth longer than with 304"""
STRETCH = 1 << 22
"""numbers of a matrix that are gathered at a time, where no process has whole rows"""


def mesh_of(config: TrainConfig) -> Mesh:
    """The devices to train on, of every process as many.

    Raises `InputError` if there are not as many as asked for, or they cannot be shared out.
    """
    available = jax.devices()
    number = config.devices or len(available) // config.model_devices * config.model_devices
    in_range("devices", number, 1, len(available))
    if number % config.model_devices or config.dim % config.model_devices:
        raise InputError(
            f"model_devices is {config.model_devices}: it must divide devices, which is {number}, "
            f"and dim, which is {config.dim}"
        )
    processes = range(jax.process_count())
    if number % len(processes):
        raise InputError(
            f"devices is {number}, and there are {len(processes)} processes: each has as many, so "
            "give a multiple of their number, or fewer processes"
        )
    chosen = [
        device
        for process in processes
        for device in jax.local_devices(process)[: number // len(processes)]
    ]
    shape = (number // config.model_devices, config.model_devices)
    kinds = (AxisType.Auto, AxisType.Auto)
    return jax.make_mesh(shape, ("data", "model"), kinds, devices=chosen)


def place(
    start: Callable[..., Parameters],
    arguments: dict[str, Any],
    mesh: Mesh,
    optimizer: RowOptimizer | None = None,
) -> TrainState:
    """The matrices that `start(**arguments)` gives on every device, `[devices, v, d]`, made there.

    No row is moved, no gradient seen yet.
    """
    devices = mesh.shape["data"]
    multiple = math.lcm(LANES, mesh.shape["model"])

    def copies(spec: P, leaf: Array) -> Array:
        if spec == EACH:
            leaf = jnp.pad(leaf, ((0, 0), (0, -leaf.shape[1] % multiple)))
        return jnp.broadcast_to(leaf[None], (devices, *leaf.shape))

    def state(**arguments: Any) -> TrainState:
        parameters, begun = start(**arguments), OptimizerState()
        if optimizer is not None:
            begun = optimizer.start(parameters.input, parameters.output)
        none = [jnp.zeros(len(leaf)) for leaf in (parameters.input, parameters.output)]
        alone = TrainState(parameters, RowProgress(*none), begun)
        return _by_spec(lambda spec, part: jax.tree.map(partial(copies, spec), part), alone)

    there = _by_spec(lambda spec: NamedSharding(mesh, spec))
    placed: TrainState = jax.jit(state, out_shardings=there)(**arguments)
    return placed


def _by_spec(function: Callable, *trees: Any) -> Any:
    """The function of every entry of `STATE` and of what the trees have in its place."""
    return jax.tree.map(function, STATE, *trees, is_leaf=lambda part: isinstance(part, P))


def everywhere(tree: Any, mesh: Mesh) -> Any:
    """Arrays that all processes have, on every device."""

    def put(leaf: Array) -> Array:
        return _made(np.asarray(leaf), NamedSharding(mesh, P()))

    return jax.tree.map(put, tree)


def dealt(parts: np.ndarray, mesh: Mesh) -> Array:
    """`[*replicas, devices, length]`, every device its own line."""
    return _made(parts, NamedSharding(mesh, P(*(None,) * (parts.ndim - 2), "data")))


def _made(values: np.ndarray, there: NamedSharding) -> Array:
    return jax.make_array_from_callback(values.shape, there, lambda place: values[place])


def fetched(
    matrix: Float[Array, "*replicas devices v d"], columns: slice, mesh: Mesh
) -> Float[np.ndarray, "*replicas v width"]:
    """Some columns of a matrix of which all devices have the same copy; in every process.

    A process that has whole rows takes them from its own devices. Where none has, all of them
    gather the rows, some at a time.
    """
    owners = [{device.process_index for device in copy} for copy in mesh.devices]
    if all(len(processes) == 1 for processes in owners):
        parts = {shard.index[-1].start or 0: shard.data for shard in matrix.addressable_shards}
        return _columns([parts[start] for start in sorted(parts)], columns)
    return _gathered(matrix, columns, mesh)


def _gathered(matrix: Array, columns: slice, mesh: Mesh) -> np.ndarray:
    """By all processes, whose devices have some columns each, `STRETCH` numbers at a time."""
    num_rows = matrix.shape[-2]
    size = min(num_rows, max(1, STRETCH // matrix.shape[-1]))
    starts = [min(start, num_rows - size) for start in range(0, num_rows, size)]
    found = [np.asarray(_rows(matrix, start, size, mesh))[..., columns] for start in starts]
    last = num_rows - size * (len(starts) - 1)
    return np.concatenate([*found[:-1], found[-1][..., size - last :, :]], axis=-2)


def _columns(parts: list[Array], columns: slice) -> np.ndarray:
    """Some columns of a copy that lies on several devices, of each some columns in turn."""
    found, first = [], 0
    for part in parts:
        here = slice(max(0, columns.start - first), max(0, columns.stop - first))
        found.append(np.asarray(part)[..., 0, :, here])
        first += part.shape[-1]
    return np.concatenate(found, axis=-1)


@partial(jax.jit, static_argnames=("size", "mesh"))
def _rows(matrix: Array, first: Int[Array, ""] | int, size: int, mesh: Mesh) -> Array:
    """Rows of the first copy, on every device."""
    lie = P(*(None,) * (matrix.ndim - 3), *EACH)

    def on_device(matrix: Array, first: Array | int) -> Array:
        rows = jax.lax.dynamic_slice_in_dim(matrix[..., 0, :, :], first, size, axis=-2)
        return jax.lax.all_gather(rows, "model", axis=rows.ndim - 1, tiled=True)

    gather = jax.shard_map(
        on_device, mesh=mesh, in_specs=(lie, P()), out_specs=P(), check_vma=False
    )
    return gather(matrix, first)


def counted(mesh: Mesh) -> list[int]:
    """The parts of the text that this process counts: whose first device it has."""
    here = jax.process_index()
    return [part for part, (first, *_) in enumerate(mesh.devices) if first.process_index == here]


def read_here(mesh: Mesh) -> list[int]:
    """The parts of the text that this process reads: any of whose devices it has."""
    here = jax.process_index()
    return [
        part
        for part, copy in enumerate(mesh.devices)
        if here in {device.process_index for device in copy}
    ]
