"""The training program: a segment of the stream on every device.

One jitted, donated program for one device or many. The mesh has two axes: over `data` every device
trains its own copy of the matrices on its own part of the text; over `model` devices share a copy,
each with some of its dimensions.
"""

import math
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P
from jaxtyping import Array, Float, Int, Key

from w2vjax.config.schema import TrainConfig
from w2vjax.config.settings import Settings
from w2vjax.engine.damping import Damping, RowProgress, UpdateState
from w2vjax.engine.stream import NO_DOCUMENT
from w2vjax.engine.update import Parameters, State, Telemetry, update
from w2vjax.engine.windows import Batch, pair_batch, window_batch
from w2vjax.errors import InputError, in_range
from w2vjax.losses.arithmetic import Arithmetic
from w2vjax.losses.layer import OutputLayer

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


STATE = State(EACH, P("data"))  # type: ignore[arg-type]
"""and what training carries"""
LANES = 8
"""rows are filled up with zeros, which stay zero, to a multiple of these: with 300 numbers a row,
products and copies took a CPU a twentieth longer than with 304"""


def place(parameters: Parameters, mesh: Mesh) -> State:
    """The same matrices on every device, `[devices, v, d]`, and nothing decayed yet."""
    devices = mesh.shape["data"]
    multiple = math.lcm(LANES, mesh.shape["model"])

    def everywhere(leaf: Array) -> Array:
        leaf = jnp.pad(leaf, ((0, 0), (0, -leaf.shape[1] % multiple)))
        copies = jnp.broadcast_to(leaf[None], (devices, *leaf.shape))
        return jax.device_put(copies, NamedSharding(mesh, EACH))

    matrices = jax.tree.map(everywhere, parameters)
    none = [jnp.zeros((devices, len(leaf))) for leaf in (parameters.input, parameters.output)]
    return State(matrices, RowProgress(*jax.device_put(none, NamedSharding(mesh, P("data")))))


def num_groups(config: Settings, candidate_scope: str) -> int:
    """Groups of words a step whose targets share rows, for a layer that shares in this way."""
    size = config.tokens_per_step
    if candidate_scope != "block":
        return 1
    if config.grouping == "pair":
        return size * (2 * config.window if config.architecture == "skip-gram" else 1)
    return size // config.block_size


def tile_size(config: Settings, candidate_scope: str) -> int:
    """Consecutive words whose windows are scored at once."""
    overlapping = config.architecture == "skip-gram" and config.predicts == "centre"
    return config.block_size if overlapping and candidate_scope == "block" else config.tile_size


def make_batch(
    tokens: Int[Array, " length"],
    documents: Int[Array, " length"],
    reach: Int[Array, " tokens"],
    config: Settings,
    candidate_scope: str,
) -> Batch:
    """The pairs of one step, grouped as the configuration says."""
    if config.grouping == "pair":
        batch = pair_batch(tokens, documents, reach, config.architecture, config.predicts)
    else:
        size = tile_size(config, candidate_scope)
        batch = window_batch(tokens, documents, reach, config.architecture, size, config.predicts)
    return replace(batch, sum_gradient=config.cbow_gradient == "sum")


def draw_reach(key: Key[Array, ""], shape: tuple[int, ...], config: Settings) -> Int[Array, "..."]:
    """Every centre's window: uniform on 1 … window, or all of it."""
    if not config.dynamic_window:
        return jnp.full(shape, config.window)
    bits = jax.random.bits(key, shape)
    return 1 + (bits % jnp.uint32(config.window)).astype(jnp.int32)


def train_stretch(
    state: State,
    layer: OutputLayer,
    tokens: Int[Array, " length"],
    documents: Int[Array, " length"],
    learning_rates: Float[Array, " steps"],
    key: Key[Array, ""],
    config: Settings,
    transform: optax.GradientTransformation | None,
    axis: str | None = None,
    packing: bool = True,
) -> tuple[State, Telemetry]:
    """Trains on one stretch of kept words, step by step. Telemetry has one entry a step.

    `axis` is the mesh axis over which dimensions are divided.
    """
    steps, size, window = learning_rates.shape[0], config.tokens_per_step, config.window
    damping = config.damping
    arithmetic = Arithmetic(config.compute_dtype, config.matmul_precision, axis)
    # All of a stretch's random numbers at once: drawing a few at a time costs more than using them.
    reach = draw_reach(jax.random.fold_in(key, WINDOW), (steps, size), config)
    groups = num_groups(config, layer.candidate_scope)
    here = slice(window, window + steps * size)
    kept = jnp.where(documents[here] != NO_DOCUMENT, tokens[here], -1).reshape(steps, size)
    shared = layer.shared_rows(jax.random.fold_in(key, NOISE), (steps, groups), kept)

    def step(
        carry: tuple[Parameters, UpdateState], number: Int[Array, ""]
    ) -> tuple[tuple[Parameters, UpdateState], Telemetry]:
        words = jax.lax.dynamic_slice(tokens, (number * size,), (size + 2 * window,))
        places = jax.lax.dynamic_slice(documents, (number * size,), (size + 2 * window,))
        inside = places[window : window + size] != NO_DOCUMENT
        batch = make_batch(
            words, places, jnp.where(inside, reach[number], 0), config, layer.candidate_scope
        )
        parameters, telemetry, handed_on = update(
            *(carry[0], layer, batch, shared[number], learning_rates[number]),
            *(Damping(damping, config.pair_cap), transform, arithmetic, packing, carry[1]),
        )
        return (parameters, handed_on), telemetry

    sizes = len(state.parameters.input), len(state.parameters.output)
    start = state.parameters, UpdateState.of(*sizes, state.decay)
    (parameters, carry), telemetry = jax.lax.scan(step, start, jnp.arange(steps))
    return State(parameters, carry.decay), telemetry


@partial(
    jax.jit,
    static_argnames=("config", "transform", "mesh", "replicas"),
    donate_argnames="state",
)
def train_segment(
    state: State,
    layer: OutputLayer,
    tokens: Int[Array, "*replicas devices length"],
    documents: Int[Array, "*replicas devices length"],
    learning_rates: Float[Array, "*replicas steps"],
    key: Key[Array, "*replicas"],
    config: Settings,
    transform: optax.GradientTransformation | None,
    mesh: Mesh,
    replicas: bool = False,
) -> tuple[State, Telemetry]:
    """Every device trains its matrices `[devices, v, d]` on its stretch of the text.

    Returns them and telemetry `[devices, steps]`. With `replicas`, of several runs at once, stacked
    in front of every array.
    """
    axis = "model" if mesh.shape["model"] > 1 else None

    def on_device(state: State, layer: OutputLayer, *stretch: Any) -> Any:
        tokens, documents, learning_rates, key = stretch
        key = jax.random.fold_in(key, jax.lax.axis_index("data"))
        state = jax.tree.map(lambda leaf: leaf[0], state)
        after = train_stretch(
            *(state, layer, tokens[0], documents[0], learning_rates, key),
            *(config, transform, axis, not replicas),
        )
        return jax.tree.map(lambda leaf: leaf[None], after)

    split: Any = P("data")
    program = jax.shard_map(
        on_device,
        mesh=mesh,
        in_specs=(STATE, P(), split, split, P(), P()),
        out_specs=(STATE, split),
        check_vma=False,
    )
    program = jax.vmap(program) if replicas else program
    result: tuple[State, Telemetry] = program(state, layer, tokens, documents, learning_rates, key)
    return result
