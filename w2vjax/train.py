"""Training: one jitted, donated program a segment of the stream, on one device or many."""

import time
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Float, Int, Key

from w2vjax.blocks import Block, pair_blocks, window_blocks
from w2vjax.config import RunConfig, TrainConfig
from w2vjax.errors import InputError, in_range
from w2vjax.history import History, Point
from w2vjax.model import Parameters, Telemetry, initial, update
from w2vjax.outputs import OutputLayer, build
from w2vjax.progress import track
from w2vjax.stream import NO_DOCUMENT, Layout, Plan, segments
from w2vjax.text.encoding import EncodedCorpus
from w2vjax.vectors.embeddings import Embeddings

INIT, WINDOW, NOISE = 2, 3, 4
"""purposes of the random streams, so that one never disturbs another"""


@dataclass(frozen=True)
class Trained:
    """What a run leaves."""

    embeddings: Embeddings
    parameters: Parameters
    curve: tuple[Point, ...]
    words: int
    """raw words read, all epochs"""
    kept_words: int
    pairs: int
    seconds: float
    """training by the wall clock, without compiling and without reading the text"""
    compile_seconds: float


MOST_DEVICES = 2
"""devices used unless more are asked for: the sum of many devices' changes can overshoot"""


def mesh_of(config: TrainConfig) -> Mesh:
    """The devices to train on, as a mesh with one axis `data`."""
    available = jax.devices()
    number = config.devices or min(len(available), MOST_DEVICES)
    in_range("devices", number, 1, len(available))
    return jax.make_mesh((number,), ("data",), (AxisType.Auto,), devices=available[:number])


def make_blocks(
    tokens: Int[Array, " length"],
    documents: Int[Array, " length"],
    reach: Int[Array, " tokens"],
    config: TrainConfig,
) -> Block:
    """The blocks of one step, grouped as the configuration says."""
    assert config.block_size is not None and config.predicts is not None
    if config.grouping == "pair":
        return pair_blocks(tokens, documents, reach, config.architecture, config.predicts)
    return window_blocks(
        tokens, documents, reach, config.architecture, config.block_size, config.predicts
    )


def num_blocks(config: TrainConfig) -> int:
    """Blocks a step."""
    assert config.tokens_per_step is not None and config.block_size is not None
    if config.grouping == "block":
        return config.tokens_per_step // config.block_size
    each = 2 * config.window if config.architecture == "skip-gram" else 1
    return config.tokens_per_step * each


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
    transform: optax.GradientTransformation,
) -> tuple[Parameters, Telemetry]:
    """Trains on one stretch of kept words, step by step. Telemetry has one entry a step."""
    steps, size, window = learning_rates.shape[0], config.tokens_per_step, config.window
    row_cap = config.row_cap
    assert size is not None and row_cap is not None
    # All of a stretch's random numbers at once: drawing a few at a time costs more than using them.
    reach = draw_reach(jax.random.fold_in(key, WINDOW), (steps, size), config)
    noise = layer.draw(jax.random.fold_in(key, NOISE), (steps, num_blocks(config)))

    def step(state: Parameters, number: Int[Array, ""]) -> tuple[Parameters, Telemetry]:
        words = jax.lax.dynamic_slice(tokens, (number * size,), (size + 2 * window,))
        places = jax.lax.dynamic_slice(documents, (number * size,), (size + 2 * window,))
        inside = places[window : window + size] != NO_DOCUMENT
        block = make_blocks(words, places, jnp.where(inside, reach[number], 0), config)
        rate = learning_rates[number]
        return update(
            state, layer, block, noise[number], rate, row_cap, transform, config.input_cap
        )

    return jax.lax.scan(step, parameters, jnp.arange(steps))


@partial(jax.jit, static_argnames=("config", "transform", "mesh"), donate_argnames="parameters")
def train_segment(
    parameters: Parameters,
    layer: OutputLayer,
    tokens: Int[Array, "devices length"],
    documents: Int[Array, "devices length"],
    learning_rates: Float[Array, " steps"],
    key: Key[Array, ""],
    config: TrainConfig,
    transform: optax.GradientTransformation,
    mesh: Mesh,
) -> tuple[Parameters, Telemetry, Array]:
    """Every device trains on its stretch; then the sum of their changes is added everywhere.

    The sum, not the mean: n devices make n times the steps of one, and the mean would undo them.
    Returns the parameters, telemetry `[devices, steps]`, and whether all parameters are finite.
    """

    if mesh.size == 1:
        end, telemetry = train_stretch(
            parameters, layer, tokens[0], documents[0], learning_rates, key, config, transform
        )
        return end, jax.tree.map(lambda leaf: leaf[None], telemetry), all_finite(end)

    def on_device(start: Parameters, layer: OutputLayer, *stretch: Any) -> Any:
        tokens, documents, learning_rates, key = stretch
        key = jax.random.fold_in(key, jax.lax.axis_index("data"))
        varying = jax.tree.map(lambda leaf: jax.lax.pcast(leaf, "data", to="varying"), start)
        end, telemetry = train_stretch(
            varying, layer, tokens[0], documents[0], learning_rates, key, config, transform
        )
        others = float(mesh.size - 1)
        merged = jax.tree.map(lambda old, new: jax.lax.psum(new, "data") - others * old, start, end)
        return merged, jax.tree.map(lambda leaf: leaf[None], telemetry)

    everywhere, split = PartitionSpec(), PartitionSpec("data")
    end, telemetry = jax.shard_map(
        on_device,
        mesh=mesh,
        in_specs=(everywhere, everywhere, split, split, everywhere, everywhere),
        out_specs=(everywhere, split),
    )(parameters, layer, tokens, documents, learning_rates, key)
    return end, telemetry, all_finite(end)


def all_finite(parameters: Parameters) -> Array:
    """Whether no entry is NaN or infinite: their sum tells."""
    return jnp.isfinite(jnp.sum(parameters.input) + jnp.sum(parameters.output))


def _check(config: TrainConfig, transform: optax.GradientTransformation) -> None:
    """Settings that contradict each other, before anything starts."""
    assert config.tokens_per_step is not None and config.block_size is not None
    if config.grouping == "block" and config.tokens_per_step % config.block_size:
        raise InputError(
            f"tokens_per_step is {config.tokens_per_step}: it must be a multiple of block_size, "
            f"which is {config.block_size}"
        )
    assert config.learning_rate is not None
    if jax.tree.leaves(transform.init(jnp.zeros((1, 1)))):
        raise InputError(
            "the optax transformation keeps a state: rows are updated a few at a time, which would "
            "mix up the states of different words. Use a stateless one (clip, scale, …)"
        )


def train(
    corpus: EncodedCorpus,
    config: RunConfig,
    transform: optax.GradientTransformation | None = None,
    show: bool = True,
) -> Trained:
    """Trains word vectors on an encoded corpus.

    `transform` is a stateless optax transformation of the row updates (already scaled by the
    learning rate), `optax.clip(0.1)` say. Raises `InputError` for impossible settings,
    `FloatingPointError` when the parameters cease to be finite.
    """
    config = config.resolved()
    settings, transform = config.train, transform or optax.identity()
    _check(settings, transform)
    mesh = mesh_of(settings)
    plan = Plan(corpus, settings, config.corpus.held_out_every)
    layout = Layout.of(settings, mesh.size, plan.kept_words())
    vocabulary = corpus.vocabulary
    draws = settings.noise_per_block
    if settings.grouping == "pair" and config.output.layer != "sampled-softmax":
        draws = config.output.num_noise
    layer = build(config.output, draws, vocabulary.counts)
    key = jax.random.key(settings.seed)
    num_rows = layer.num_rows(len(vocabulary))
    parameters = initial(jax.random.fold_in(key, INIT), len(vocabulary), num_rows, settings.dim)
    everywhere = NamedSharding(mesh, PartitionSpec())
    parameters, layer = jax.device_put((parameters, layer), everywhere)

    read = vocabulary.num_words * plan.words() / len(corpus.ids)
    history = History(round(settings.epochs * read), plan.kept_words())
    split = NamedSharding(mesh, PartitionSpec("data"))
    program, pending = None, None
    begin = compiled = time.perf_counter()
    with track("training", history.words, "M words", show) as advance:

        def report(words: float) -> None:
            advance(words, words / 1e6)

        for number, segment in enumerate(segments(plan, layout)):
            tokens, documents = jax.device_put((segment.tokens, segment.documents), split)
            rates = np.maximum(settings.learning_rate_floor, 1 - segment.progress)
            arguments = (
                *(parameters, layer, tokens, documents),
                *(
                    (settings.learning_rate * rates).astype(np.float32),
                    jax.random.fold_in(key, number),
                ),
            )
            if program is None:
                begin = time.perf_counter()
                static = {"config": program_of(settings), "transform": transform, "mesh": mesh}
                program = train_segment.lower(*arguments, **static).compile()
                compiled = time.perf_counter()
            parameters, telemetry, finite = program(*arguments)
            # Only now wait for the segment before: the host prepares one while the device trains.
            if pending is not None:
                report(history.add(*pending))
            pending = (segment.kept_words, telemetry, finite)
        if pending is not None:
            report(history.add(*pending))
    seconds = time.perf_counter() - compiled
    return Trained(
        embeddings=Embeddings(
            words=vocabulary.words,
            vectors=np.asarray(parameters.input),
            outputs=np.asarray(parameters.output) if num_rows == len(vocabulary) else None,
            counts=vocabulary.counts,
        ),
        parameters=parameters,
        curve=tuple(history.curve),
        words=history.words,
        kept_words=history.kept_words,
        pairs=history.pairs,
        seconds=seconds,
        compile_seconds=compiled - begin,
    )


def program_of(settings: TrainConfig) -> TrainConfig:
    """The settings without those that do not change the program: runs that share it are equal."""
    return replace(settings, seed=0, epochs=1, learning_rate=None, subsample=0.0)
