"""Small problems for the engine: a vocabulary of twenty words, every layer, a short text."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache, partial
from itertools import cycle
from typing import Any, get_args, get_type_hints

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from references import Setting, Step
from scipy.optimize import brentq

from w2vjax.config.layers import LAYERS as OUTPUTS
from w2vjax.config.layers import sampled_layers
from w2vjax.config.schema import OutputConfig, SamplerConfig
from w2vjax.engine.damping import Damping, UpdateState
from w2vjax.engine.telemetry import Telemetry
from w2vjax.engine.update import Parameters, update
from w2vjax.engine.windows import Batch, window_batch
from w2vjax.errors import InputError
from w2vjax.losses.layer import OutputLayer
from w2vjax.losses.layers import build
from w2vjax.samplers import SAMPLERS, probabilities

V, D = 20, 4
BLOCK_SIZE = 8
COUNTS = np.maximum(1, 500 // np.arange(1, V + 1) ** 1.2).astype(np.int64)
NUM_NOISE, DRAWS = 3, 6
"""k, and the K words that a block shares"""
TABLE_SIZE = 5_000
POLICIES = get_args(get_type_hints(OutputConfig)["collision"])
ARCHITECTURES = (("skip-gram", "neighbours"), ("skip-gram", "centre"), ("cbow", "neighbours"))
"""and which way skip-gram predicts"""
TREES_SHARE = (0, 4, 1_000)
"""nodes of a tree that all targets share: none, some, all"""


def config_of(layer: str, **changes: Any) -> OutputConfig:
    usual = {"num_noise": NUM_NOISE, "sampler": SamplerConfig(table_size=TABLE_SIZE)}
    return OutputConfig(layer, **(usual | changes))


def _policies(layer: str) -> Iterator[OutputConfig]:
    for policy in POLICIES:
        config = config_of(layer, collision=policy)
        try:
            build(config, DRAWS, COUNTS)
        except InputError:
            continue
        yield config


def _named(configs: Iterator[OutputConfig]) -> list[Any]:
    def name(config: OutputConfig) -> str:
        if config.layer in sampled_layers():
            return f"{config.label} / {config.collision}"
        return f"{config.layer} / {config.shared_nodes}"

    return [pytest.param(config, id=name(config)) for config in dict.fromkeys(configs)]


def _layers() -> Iterator[OutputConfig]:
    for layer in OUTPUTS:
        if layer in sampled_layers():
            yield from _policies(layer)
            yield config_of(layer, sampler=SamplerConfig(unique=True))
        elif build(config_of(layer), DRAWS, COUNTS).candidate_scope != "matrix":
            yield from (config_of(layer, shared_nodes=share) for share in TREES_SHARE)
        else:
            yield config_of(layer)


def _samplers() -> Iterator[OutputConfig]:
    for layer, sampler in zip(cycle(sampled_layers()), SAMPLERS.values(), strict=False):
        yield config_of(layer, sampler=replace(sampler, table_size=TABLE_SIZE))


LAYERS = _named(_layers())
"""every output layer under every policy, with the usual noise, and with noise all different"""
IN_ARCHITECTURES = [
    pytest.param(case.values[0], *way, id=f"{case.id} / {' '.join(way)}")
    for number, way in enumerate(ARCHITECTURES)
    for place, case in enumerate(LAYERS)
    if place % len(ARCHITECTURES) == number or case.values[0] == config_of(case.values[0].layer)
]
"""every layer in every architecture, every policy in one of them"""
IN_TURN = [
    pytest.param(case.values[0], *ARCHITECTURES[place % len(ARCHITECTURES)], id=case.id)
    for place, case in enumerate(LAYERS)
]
"""every policy of every layer in one architecture, which take turns"""
EVERY = _named(iter([*_layers(), *_samplers()]))
"""and every sampler in one of the sampled ones"""


def sampler_law(layer: OutputLayer, num_words: int = V) -> np.ndarray:
    sampler = getattr(layer, "sampler", None)
    return np.zeros(num_words) if sampler is None else probabilities(sampler, num_words)


def noise_shares(layer: OutputLayer, num_words: int = V) -> np.ndarray:
    """Of every word in the noise of a block, expected: the law, or less where none comes twice."""
    law = sampler_law(layer, num_words)
    if getattr(layer, "tries", None) is None:
        return law

    def missing(tries: float) -> float:
        return DRAWS - np.sum(1 - (1 - law) ** tries)

    return (1 - (1 - law) ** brentq(missing, DRAWS, 1e6, xtol=1e-9)) / DRAWS


def setting_of(config: OutputConfig, layer: OutputLayer) -> Setting:
    """What the reference formulas need; `auto` is what each layer does by itself."""
    usual = {"nce": "keep", "negative-sampling": "expect"}.get(config.layer, "mask")
    collision = usual if config.collision == "auto" else config.collision
    return Setting(COUNTS, noise_shares(layer), config.num_noise, collision)


def parameters(num_rows: int, seed: int = 0, num_words: int = V, dim: int = D) -> Parameters:
    """Matrices as they are in the midst of training, not at its start."""
    generator = np.random.default_rng(seed)
    sizes = (num_words, dim), (num_rows, dim)
    return Parameters(*(jnp.asarray(generator.normal(size=size), jnp.float32) for size in sizes))


def one_pair(inputs: jax.Array, targets: jax.Array) -> Batch:
    """One block for every input and target: the textbook's example."""
    return Batch(inputs, None, targets, jnp.ones((*targets.shape, 1, 1)))


NO_CHANGE = None
UNDAMPED = Damping(0.0)


@partial(jax.jit, static_argnames=("damping", "optimizer"))
def updated(
    parameters: Parameters,
    layer: OutputLayer,
    batch: Batch,
    shared: jax.Array,
    learning_rate: jax.Array,
    damping: Damping,
    optimizer: Any = NO_CHANGE,
    state: UpdateState | None = None,
    moving: jax.Array | None = None,
) -> tuple[Parameters, Telemetry, UpdateState]:
    """One update, with rows packed as in training where the layer packs them."""
    plain = optimizer is None and not damping.by_logits
    packed = layer.packs_rows and plain and batch.block_targets > 1
    return update(
        parameters=parameters,
        layer=layer,
        batch=batch,
        shared=shared,
        learning_rate=learning_rate,
        damping=damping,
        optimizer=optimizer,
        packed=packed,
        state=state,
        moving=moving,
    )


def gradients(parameters: Parameters, layer: OutputLayer, batch: Batch, shared: jax.Array) -> Step:
    """Loss of the first block and gradient of all, from one undamped update at learning rate 1."""
    rate = jnp.float32(1.0)
    new, telemetry, _ = updated(parameters, layer, batch, shared, rate, UNDAMPED, NO_CHANGE)
    change = jax.tree.map(lambda old, new: old - new, parameters, new)
    return Step(telemetry.loss[None], change.input, change.output)


step = jax.jit(gradients)


@jax.jit
def each_step(parameters: Parameters, layer: OutputLayer, batch: Batch, shared: jax.Array) -> Step:
    """The same for every block of a batch of lone pairs, with a leading axis."""

    def alone(batch: Batch, shared: jax.Array) -> Step:
        return gradients(
            parameters, layer, jax.tree.map(lambda leaf: leaf[None], batch), shared[None]
        )

    return jax.vmap(alone)(batch, shared)


def shared_of(layer: OutputLayer, batch: Batch, seed: int = 3, groups: int = 0) -> jax.Array:
    """Shared rows for every block, or for as many groups of blocks."""
    number = batch.reads[0] if layer.candidate_scope == "block" else 1
    return layer.shared_rows(jax.random.key(seed), (groups or number,))


@cache
def text(num_words: int = 24, window: int = 3) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Words, documents and radius of a short text: two documents, padding at both ends and within.

    Words come again and again, so that rows are hit many times.
    """
    generator = np.random.default_rng(7)
    around = num_words + 2 * window
    tokens = generator.integers(0, V // 2, around).astype(np.int32)
    documents = np.where(np.arange(around) < around // 2, 4, 6).astype(np.int32)
    documents[: window + 1] = documents[-window:] = -1
    radius = generator.integers(1, window + 1, num_words).astype(np.int32)
    radius[documents[window:-window] < 0] = 0
    return jnp.asarray(tokens), jnp.asarray(documents), jnp.asarray(radius)


def window(architecture: str, predicts: str, size: int = BLOCK_SIZE) -> Batch:
    return window_batch(*text(), architecture, size, predicts)


def problem(
    config: OutputConfig, architecture: str = "skip-gram", predicts: str = "neighbours"
) -> tuple[Parameters, OutputLayer, Batch, jax.Array]:
    layer = build(config, DRAWS, COUNTS)
    block = window(architecture, predicts)
    noise = shared_of(layer, block)
    return parameters(layer.num_rows(V)), layer, block, noise


def moved(before: Parameters, after: Parameters) -> tuple[np.ndarray, np.ndarray]:
    pairs = ((after.input, before.input), (after.output, before.output))
    return tuple(np.asarray(new) - np.asarray(old) for new, old in pairs)
