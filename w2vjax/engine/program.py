"""The training program: a segment of the stream on every device.

One jitted, donated program for one device or many. The mesh has two axes: over `data` every device
trains its own copy of the matrices on its own part of the text; over `model` devices share a copy,
each with some of its dimensions.
"""

from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh
from jax.sharding import PartitionSpec as P
from jaxtyping import Array, Float, Int, Key

from w2vjax.config.schema import TrainConfig
from w2vjax.config.settings import Settings
from w2vjax.engine.damping import Damping, UpdateState
from w2vjax.engine.placement import STATE
from w2vjax.engine.row_optimizer import RowOptimizer
from w2vjax.engine.stream import NO_DOCUMENT
from w2vjax.engine.telemetry import Telemetry
from w2vjax.engine.update import Parameters, TrainState, update
from w2vjax.engine.windows import Batch, pair_batch, window_batch
from w2vjax.losses.arithmetic import Arithmetic
from w2vjax.losses.layer import OutputLayer

WINDOW, NOISE = 3, 4
"""purposes of the random streams, so that one never disturbs another"""


def num_groups(settings: Settings, candidate_scope: str) -> int:
    """Groups of words a step whose targets share rows, for a layer that shares in this way."""
    size = settings.tokens_per_step
    if candidate_scope != "block":
        return 1
    if settings.grouping == "pair":
        return size * (2 * settings.window if settings.architecture == "skip-gram" else 1)
    return size // settings.block_size


def tile_size(settings: Settings, candidate_scope: str) -> int:
    """Consecutive words whose windows are scored at once."""
    overlapping = settings.architecture == "skip-gram" and settings.predicts == "centre"
    return settings.block_size if overlapping and candidate_scope == "block" else settings.tile_size


def packs(
    layer: OutputLayer,
    settings: Settings,
    optimizer: RowOptimizer | None,
    replicas: bool,
) -> bool:
    """Whether a step takes target rows without their padding (`packed`): the same step, sooner.

    Layers whose targets have few or many rows say so themselves (`packs_rows`). They are padded
    all the same where step sizes depend on the logits, all of which must be known before any row
    changes; where an optimizer is to see all gradients of the step at once; where a block has one
    target, and nothing to put beside it; and in replicas, of which each would wait for the longest.
    """
    one_target = (
        settings.grouping == "pair"
        or settings.architecture == "cbow"
        or (settings.predicts == "centre" and tile_size(settings, layer.candidate_scope) == 1)
    )
    by_logits = damping_of(settings).by_logits
    return layer.packs_rows and not (by_logits or optimizer or one_target or replicas)


def damping_of(settings: Settings) -> Damping:
    """What the settings ask for."""
    return Damping(settings.damping, settings.pair_cap)


def make_batch(
    tokens: Int[Array, " length"],
    documents: Int[Array, " length"],
    radius: Int[Array, " tokens"],
    settings: Settings,
    candidate_scope: str,
) -> Batch:
    """The pairs of one step, grouped as the settings say."""
    architecture, predicts = settings.architecture, settings.predicts
    if settings.grouping == "pair":
        batch = pair_batch(tokens, documents, radius, architecture, predicts)
    else:
        size = tile_size(settings, candidate_scope)
        batch = window_batch(tokens, documents, radius, architecture, size, predicts)
    return replace(batch, sum_gradient=settings.cbow_gradient == "sum")


def draw_radius(
    key: Key[Array, ""], shape: tuple[int, ...], settings: TrainConfig
) -> Int[Array, "..."]:
    """Half of every centre's window: uniform on 1 … window, or all of it."""
    if not settings.dynamic_window:
        return jnp.full(shape, settings.window)
    bits = jax.random.bits(key, shape)
    return 1 + (bits % jnp.uint32(settings.window)).astype(jnp.int32)


def moving_columns(width: int, dim: int, axis: str | None) -> Float[Array, " width"]:
    """`Step.moving` of rows of `dim` numbers and a bias: this device's columns, of this width."""
    first = 0 if axis is None else width * jax.lax.axis_index(axis)
    return (first + jnp.arange(width) != dim).astype(jnp.float32)


def train_shard(
    state: TrainState,
    layer: OutputLayer,
    tokens: Int[Array, " length"],
    documents: Int[Array, " length"],
    learning_rates: Float[Array, " steps"],
    key: Key[Array, ""],
    settings: Settings,
    optimizer: RowOptimizer | None = None,
    axis: str | None = None,
    packed: bool = False,
    biased: bool = False,
) -> tuple[TrainState, Telemetry]:
    """Trains on one device's part of a segment, step by step. Telemetry has one entry a step.

    `axis` is the mesh axis over which dimensions are divided; `biased` if there are biases.
    """
    num_steps, size, window = learning_rates.shape[0], settings.tokens_per_step, settings.window
    arithmetic = Arithmetic(settings.compute_dtype, settings.matmul_precision, axis)
    # All random numbers at once: drawing a few at a time costs more than using them.
    radius = draw_radius(jax.random.fold_in(key, WINDOW), (num_steps, size), settings)
    groups = num_groups(settings, layer.candidate_scope)
    here = slice(window, window + num_steps * size)
    kept = jnp.where(documents[here] != NO_DOCUMENT, tokens[here], -1).reshape(num_steps, size)
    shared = layer.shared_rows(jax.random.fold_in(key, NOISE), (num_steps, groups), kept)
    width = state.parameters.input.shape[1]
    moving = moving_columns(width, settings.dim, axis) if biased else None

    def step(
        carry: tuple[Parameters, UpdateState], number: Int[Array, ""]
    ) -> tuple[tuple[Parameters, UpdateState], Telemetry]:
        words = jax.lax.dynamic_slice(tokens, (number * size,), (size + 2 * window,))
        places = jax.lax.dynamic_slice(documents, (number * size,), (size + 2 * window,))
        inside = places[window : window + size] != NO_DOCUMENT
        batch = make_batch(
            tokens=words,
            documents=places,
            radius=jnp.where(inside, radius[number], 0),
            settings=settings,
            candidate_scope=layer.candidate_scope,
        )
        parameters, telemetry, after = update(
            parameters=carry[0],
            layer=layer,
            batch=batch,
            shared=shared[number],
            learning_rate=learning_rates[number],
            damping=damping_of(settings),
            optimizer=optimizer,
            arithmetic=arithmetic,
            packed=packed,
            state=carry[1],
            moving=moving,
        )
        return (parameters, after), telemetry

    sizes = len(state.parameters.input), len(state.parameters.output)
    start = state.parameters, UpdateState.of(*sizes, state.progress, state.optimizer)
    (parameters, after), telemetry = jax.lax.scan(step, start, jnp.arange(num_steps))
    return TrainState(parameters, after.progress, after.optimizer), telemetry


@partial(
    jax.jit,
    static_argnames=("settings", "optimizer", "mesh", "replicas", "biased"),
    donate_argnames="state",
)
def train_segment(
    state: TrainState,
    layer: OutputLayer,
    tokens: Int[Array, "*replicas devices length"],
    documents: Int[Array, "*replicas devices length"],
    learning_rates: Float[Array, "*replicas steps"],
    key: Key[Array, "*replicas"],
    settings: Settings,
    optimizer: RowOptimizer | None,
    mesh: Mesh,
    replicas: bool = False,
    biased: bool = False,
) -> tuple[TrainState, Telemetry]:
    """Every device trains its matrices `[devices, v, d]` on its part of the segment.

    Returns them and telemetry `[devices, steps]`, the whole of it on every device. With `replicas`,
    of several runs at once, stacked in front of every array; `biased` if output rows have biases.
    """
    axis = "model" if mesh.shape["model"] > 1 else None
    packed = packs(layer, settings, optimizer, replicas)

    def on_device(
        state: TrainState,
        layer: OutputLayer,
        tokens: Array,
        documents: Array,
        learning_rates: Array,
        key: Array,
    ) -> Any:
        key = jax.random.fold_in(key, jax.lax.axis_index("data"))
        state = jax.tree.map(lambda leaf: leaf[0], state)
        state, telemetry = train_shard(
            state=state,
            layer=layer,
            tokens=tokens[0],
            documents=documents[0],
            learning_rates=learning_rates,
            key=key,
            settings=settings,
            optimizer=optimizer,
            axis=axis,
            packed=packed,
            biased=biased,
        )
        # Gathered, not summed: what is read of it is the same to the last bit.
        of_all = jax.tree.map(lambda leaf: jax.lax.all_gather(leaf, "data"), telemetry)
        return jax.tree.map(lambda leaf: leaf[None], state), of_all

    split: Any = P("data")
    program = jax.shard_map(
        on_device,
        mesh=mesh,
        in_specs=(STATE, P(), split, split, P(), P()),
        out_specs=(STATE, P()),
        check_vma=False,
    )
    program = jax.vmap(program) if replicas else program
    after: tuple[TrainState, Telemetry]
    after = program(state, layer, tokens, documents, learning_rates, key)
    return after
