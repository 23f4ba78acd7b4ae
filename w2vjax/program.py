"""The training program: a segment of the stream on every device, and the exchange of changes.

One jitted, donated program for one device or many. The mesh has two axes: over `data` every device
trains its own copy of the matrices on its own part of the text; over `model` devices share a copy,
each with some of its dimensions.
"""

from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P
from jaxtyping import Array, Float, Int, Key

from w2vjax.arithmetic import Arithmetic
from w2vjax.blocks import Batch, pair_batch, window_batch
from w2vjax.config import TrainConfig
from w2vjax.errors import InputError, in_range
from w2vjax.model import Damping, Parameters, Slots, Telemetry, update
from w2vjax.output_layer import OutputLayer
from w2vjax.stream import NO_DOCUMENT

WINDOW, NOISE = 3, 4
"""purposes of the random streams, so that one never disturbs another"""


def mesh_of(config: TrainConfig) -> Mesh:
    """The devices to train on. Raises `InputError` if there are not as many as asked for."""
    available = jax.devices()
    number = config.devices or len(available) // config.model_devices * config.model_devices
    in_range("devices", number, 1, len(available))
    if number % config.model_devices or config.dim % config.model_devices:
        raise InputError(
            f"model_devices is {config.model_devices}: it must divide devices, which is {number}, "
            f"and dim, which is {config.dim}"
        )
    shape = (number // config.model_devices, config.model_devices)
    kinds = (AxisType.Auto, AxisType.Auto)
    return jax.make_mesh(shape, ("data", "model"), kinds, devices=available[:number])


EACH = P("data", None, "model")
"""how `[devices, rows, dimensions]` lie on the mesh"""
ALL = P(None, "model")
"""and `[rows, dimensions]` of which every device along `data` has a copy"""


def place(parameters: Parameters, mesh: Mesh) -> Parameters:
    """The same matrices on every device, `[devices, v, d]`."""

    def everywhere(leaf: Array) -> Array:
        copies = jnp.broadcast_to(leaf[None], (mesh.shape["data"], *leaf.shape))
        return jax.device_put(copies, NamedSharding(mesh, EACH))

    return jax.tree.map(everywhere, parameters)


def agreed(parameters: Parameters, first: int, last: int, mesh: Mesh) -> Parameters:
    """A copy of rows that are the same on all devices, `[v, d]`; replicas stay in front."""

    def copied(leaf: Array) -> Array:
        rows = leaf[..., 0, first:last, :]
        spec = P(*(None,) * (rows.ndim - 2), *ALL)
        return jax.device_put(rows, NamedSharding(mesh, spec))

    return jax.tree.map(copied, parameters)


def num_groups(config: TrainConfig, shares: str) -> int:
    """Groups of words a step whose targets share rows, for a layer that shares in this way."""
    size = config.tokens_per_step
    assert size is not None
    if shares != "block":
        return 1
    if config.grouping == "pair":
        return size * (2 * config.window if config.architecture == "skip-gram" else 1)
    return size // config.block_size


def tile_size(config: TrainConfig, shares: str) -> int:
    """Consecutive words whose windows are scored at once."""
    assert config.tile_size is not None
    overlapping = config.architecture == "skip-gram" and config.predicts == "centre"
    return config.block_size if overlapping and shares == "block" else config.tile_size


def make_batch(
    tokens: Int[Array, " length"],
    documents: Int[Array, " length"],
    reach: Int[Array, " tokens"],
    config: TrainConfig,
    shares: str,
) -> Batch:
    """The pairs of one step, grouped as the configuration says."""
    assert config.predicts is not None
    if config.grouping == "pair":
        batch = pair_batch(tokens, documents, reach, config.architecture, config.predicts)
    else:
        size = tile_size(config, shares)
        batch = window_batch(tokens, documents, reach, config.architecture, size, config.predicts)
    return replace(batch, undivided=config.cbow_gradient == "undivided")


def draw_reach(
    key: Key[Array, ""], shape: tuple[int, ...], config: TrainConfig
) -> Int[Array, "..."]:
    """Every centre's window: uniform on 1 … window, or all of it."""
    if not config.dynamic_window:
        return jnp.full(shape, config.window)
    bits = jax.random.bits(key, shape)
    return 1 + (bits % jnp.uint32(config.window)).astype(jnp.int32)


def train_stretch(
    parameters: Parameters,
    layer: OutputLayer,
    tokens: Int[Array, " length"],
    documents: Int[Array, " length"],
    learning_rates: Float[Array, " steps"],
    key: Key[Array, ""],
    config: TrainConfig,
    transform: optax.GradientTransformation | None,
    axis: str | None = None,
    devices: int = 1,
    packing: bool = True,
) -> tuple[Parameters, Telemetry]:
    """Trains on one stretch of kept words, step by step. Telemetry has one entry a step.

    `axis` is the mesh axis over which dimensions are divided. As many `devices` train at the same
    time and meet the same rows, so that the curvature of them all is as many times that of one.
    """
    steps, size, window = learning_rates.shape[0], config.tokens_per_step, config.window
    damping = config.damping
    assert size is not None and damping is not None
    arithmetic = Arithmetic(config.compute_dtype, config.matmul_precision, axis)
    # All of a stretch's random numbers at once: drawing a few at a time costs more than using them.
    reach = draw_reach(jax.random.fold_in(key, WINDOW), (steps, size), config)
    groups = num_groups(config, layer.shares)
    here = slice(window, window + steps * size)
    kept = jnp.where(documents[here] != NO_DOCUMENT, tokens[here], -1).reshape(steps, size)
    shared = layer.shared_rows(jax.random.fold_in(key, NOISE), (steps, groups), kept)

    def step(
        state: tuple[Parameters, Slots], number: Int[Array, ""]
    ) -> tuple[tuple[Parameters, Slots], Telemetry]:
        words = jax.lax.dynamic_slice(tokens, (number * size,), (size + 2 * window,))
        places = jax.lax.dynamic_slice(documents, (number * size,), (size + 2 * window,))
        inside = places[window : window + size] != NO_DOCUMENT
        batch = make_batch(words, places, jnp.where(inside, reach[number], 0), config, layer.shares)
        parameters, slots = state
        parameters, telemetry, slots = update(
            *(parameters, layer, batch, shared[number], learning_rates[number]),
            *(Damping(damping * devices, config.pair_cap), transform, arithmetic, packing, slots),
        )
        return (parameters, slots), telemetry

    start = parameters, Slots.of(parameters)
    (parameters, _), telemetry = jax.lax.scan(step, start, jnp.arange(steps))
    return parameters, telemetry


@partial(
    jax.jit,
    static_argnames=("config", "transform", "mesh", "replicas"),
    donate_argnames="parameters",
)
def train_segment(
    parameters: Parameters,
    layer: OutputLayer,
    tokens: Int[Array, "*replicas devices length"],
    documents: Int[Array, "*replicas devices length"],
    learning_rates: Float[Array, "*replicas steps"],
    key: Key[Array, "*replicas"],
    config: TrainConfig,
    transform: optax.GradientTransformation | None,
    mesh: Mesh,
    replicas: bool = False,
) -> tuple[Parameters, Telemetry]:
    """Every device trains its matrices `[devices, v, d]` on its stretch of the text.

    Returns them and telemetry `[devices, steps]`. With `replicas`, of several runs at once, stacked
    in front of every array.
    """
    axis = "model" if mesh.shape["model"] > 1 else None

    def on_device(parameters: Parameters, layer: OutputLayer, *stretch: Any) -> Any:
        tokens, documents, learning_rates, key = stretch
        key = jax.random.fold_in(key, jax.lax.axis_index("data"))
        parameters = jax.tree.map(lambda leaf: leaf[0], parameters)
        after = train_stretch(
            *(parameters, layer, tokens[0], documents[0], learning_rates, key),
            *(config, transform, axis, mesh.shape["data"], not replicas),
        )
        return jax.tree.map(lambda leaf: leaf[None], after)

    split: Any = P("data")
    program = jax.shard_map(
        on_device,
        mesh=mesh,
        in_specs=(EACH, P(), split, split, P(), P()),
        out_specs=(EACH, split),
        check_vma=False,
    )
    program = jax.vmap(program) if replicas else program
    result: tuple[Parameters, Telemetry] = program(
        parameters, layer, tokens, documents, learning_rates, key
    )
    return result


@partial(
    jax.jit,
    static_argnames=("mesh", "replicas"),
    donate_argnames=("parameters", "before"),
)
def exchange(
    parameters: Parameters,
    before: Parameters,
    first: Int[Array, ""],
    mesh: Mesh,
    replicas: bool = False,
) -> tuple[Parameters, Parameters]:
    """Adds the sum of all devices' changes since `before`, to its rows, which begin at `first`.

    The sum, not the mean: n devices make n times the steps of one, and the mean would undo them.
    Returns the matrices, and the rows as all devices agree on them now.
    """
    others = float(mesh.shape["data"] - 1)

    def on_device(parameters: Parameters, before: Parameters, first: Array) -> Any:
        def together(old: Array, leaf: Array) -> Array:
            new = jax.lax.dynamic_slice(leaf, (0, first, 0), (1, *old.shape))[0]
            return jax.lax.psum(new, "data") - others * old

        def put(leaf: Array, rows: Array) -> Array:
            return jax.lax.dynamic_update_slice(leaf, rows[None], (0, first, 0))

        now = jax.tree.map(together, before, parameters)
        return jax.tree.map(put, parameters, now), now

    program = jax.shard_map(
        on_device, mesh=mesh, in_specs=(EACH, ALL, P()), out_specs=(EACH, ALL), check_vma=False
    )
    program = jax.vmap(program, (0, 0, None)) if replicas else program
    result: tuple[Parameters, Parameters] = program(parameters, before, first)
    return result
