"""Training: the stream's segments through the program, for one run or several at once."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import zip_longest
from math import ceil
from typing import Any, TypeVar

import jax
import jax.export
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array

from w2vjax import program
from w2vjax.config import RunConfig, TrainConfig, flatten
from w2vjax.errors import InputError
from w2vjax.history import History, Point
from w2vjax.model import Parameters, Telemetry, initial
from w2vjax.outputs import OutputLayer, build
from w2vjax.progress import track
from w2vjax.stream import NO_DOCUMENT, Layout, Plan, Segment, segments
from w2vjax.text.encoding import EncodedCorpus
from w2vjax.vectors.embeddings import Embeddings

T = TypeVar("T")
INIT = 2
"""purpose of a random stream, apart from those of `program`"""
REPLICAS_DIFFER_IN = (
    "train.seed",
    "train.learning_rate",
    "train.learning_rate_floor",
    "output.sampler.distribution",
    "output.sampler.power",
    "output.sampler.uniform_share",
)
"""settings that do not change the program"""


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
    steps: int
    """of each device"""
    seconds: float
    """training by the wall clock, without compiling and without reading the text"""
    compile_seconds: float


@dataclass(frozen=True)
class Run:
    """A run ready to start; or several, the replicas, stacked in front of every array."""

    configs: tuple[RunConfig, ...]
    corpus: EncodedCorpus
    transform: optax.GradientTransformation
    mesh: Mesh
    layout: Layout
    plans: tuple[Plan, ...]
    layer: OutputLayer
    parameters: Parameters
    agreed: tuple[Parameters, ...]
    """what all devices start from: the frequent rows, and the others"""
    keys: Array

    @classmethod
    def of(
        cls,
        corpus: EncodedCorpus,
        configs: Sequence[RunConfig],
        transform: optax.GradientTransformation | None = None,
    ) -> "Run":
        """Everything checked and placed on the devices. Raises `InputError`."""
        configs, transform = tuple(config.resolved() for config in configs), transform or KEEP
        _alike(configs)
        settings = configs[0].train
        mesh = program.mesh_of(settings)
        plans = tuple(Plan(corpus, c.train, c.corpus.held_out_every) for c in configs)
        layout = Layout.of(settings, mesh.shape["data"], plans[0].kept_words())
        layers = [_layer(config, corpus) for config in configs]
        _check(settings, transform, layers[0])
        if len({jax.tree.structure(layer) for layer in layers}) > 1:
            raise InputError(
                "the replicas' samplers are of different kinds: give them one mechanism"
            )
        starts, keys = [], []
        for config, layer in zip(configs, layers, strict=True):
            key = jax.random.key(config.train.seed)
            words = len(corpus.vocabulary)
            first = jax.random.fold_in(key, INIT)
            parameters = initial(first, words, layer.num_rows(words), settings.dim)
            starts.append(parameters)
            keys.append(key)
        everywhere = NamedSharding(mesh, PartitionSpec())
        return cls(
            *(configs, corpus, transform, mesh, layout, plans),
            jax.device_put(_stacked(layers), everywhere),
            _stacked([program.place(start, mesh) for start in starts]),
            _stacked([program.agreed(start, settings, mesh) for start in starts]),
            _stacked(keys),
        )

    def segments(self) -> Iterator[tuple[list[Segment], Segment]]:
        """The replicas' segments, and the same stacked. A replica that is done has empty ones."""
        length = self.layout.stretch + 2 * self.layout.window
        nothing = Segment(
            np.zeros((self.layout.devices, length), np.int32),
            np.full((self.layout.devices, length), NO_DOCUMENT, np.int32),
            np.ones(self.layout.steps, np.float32),
            0,
        )
        streams = [segments(plan, self.layout) for plan in self.plans]
        for parts in zip_longest(*streams, fillvalue=nothing):
            if len(parts) == 1:
                yield [*parts], parts[0]
                continue
            yield (
                [*parts],
                Segment(
                    np.stack([part.tokens for part in parts]),
                    np.stack([part.documents for part in parts]),
                    np.stack([part.progress for part in parts]),
                    sum(part.kept_words for part in parts),
                ),
            )

    def arguments(self, number: int, segment: Segment) -> tuple:
        """What the program takes besides state and layer: texts, learning rates, keys."""
        split = PartitionSpec(*(None,) * (segment.tokens.ndim - 2), "data")
        there = NamedSharding(self.mesh, split)
        tokens, documents = jax.device_put((segment.tokens, segment.documents), there)
        progress = segment.progress.reshape(len(self.configs), -1)
        rates = np.stack(
            [
                config.train.learning_rate * np.maximum(config.train.learning_rate_floor, left)
                for config, left in zip(self.configs, 1 - progress, strict=True)
            ]
        ).astype(np.float32)
        fold = (
            jax.random.fold_in if self.keys.ndim == 0 else jax.vmap(jax.random.fold_in, (0, None))
        )
        return tokens, documents, rates.reshape(segment.progress.shape), fold(self.keys, number)

    def lower(self, arguments: tuple) -> jax.stages.Lowered:
        """The program for these arguments, not yet compiled."""
        static = {
            "config": program_of(self.configs[0].train),
            "transform": self.transform,
            "mesh": self.mesh,
        }
        return self._segment.lower(self.parameters, self.layer, *arguments, **static)

    def export(self, arguments: tuple, platforms: Sequence[str]) -> jax.export.Exported:
        """The same program for other platforms, "cuda" say, without their devices."""
        static: dict[str, Any] = {"config": program_of(self.configs[0].train)}
        static |= {"transform": self.transform, "mesh": self.mesh}
        export = jax.export.export(jax.jit(partial(self._segment, **static)), platforms=platforms)
        return export(self.parameters, self.layer, *arguments)

    @property
    def _segment(self) -> Any:
        return program.train_segment if len(self.configs) == 1 else program.train_segments

    @property
    def rest_every(self) -> int:
        """Segments between two exchanges of the rare rows: each time as costly as the frequent."""
        rows = max(leaf.shape[-2] for leaf in jax.tree.leaves(self.parameters))
        return ceil(rows / self.configs[0].train.frequent_rows)


class _Exchange:
    """The devices' agreement, compiled."""

    def __init__(self, run: Run) -> None:
        self.before = list(run.agreed)
        self._every = run.rest_every
        config, mesh = program_of(run.configs[0].train), run.mesh
        meet = program.exchange if len(run.configs) == 1 else program.exchanges
        self._programs = [
            meet.lower(run.parameters, rows, frequent, config=config, mesh=mesh).compile()
            for rows, frequent in zip(self.before, (True, False), strict=True)
            if rows.input.shape[-2]  # with few words all are frequent
        ]

    def __call__(self, parameters: Parameters, number: int, last: bool) -> tuple[Parameters, Array]:
        """After segment `number`: the parameters, and whether they are finite."""
        parameters, self.before[0], finite = self._programs[0](parameters, self.before[0])
        if len(self._programs) > 1 and ((number + 1) % self._every == 0 or last):
            parameters, self.before[1], also = self._programs[1](parameters, self.before[1])
            finite = finite & also
        return parameters, finite


KEEP = optax.identity()
"""changes rows as they are"""


def _stacked(trees: list) -> Any:
    return trees[0] if len(trees) == 1 else jax.tree.map(lambda *each: jnp.stack(each), *trees)


def _layer(config: RunConfig, corpus: EncodedCorpus) -> OutputLayer:
    draws = config.train.noise_per_block
    if config.train.grouping == "pair" and config.output.layer != "sampled-softmax":
        draws = config.output.num_noise
    return build(config.output, draws, corpus.vocabulary.counts)


def _alike(configs: Sequence[RunConfig]) -> None:
    """Replicas share one program."""
    if not configs:
        raise InputError("there is no replica to train: give at least one configuration")
    first = flatten(configs[0])
    for config in configs[1:]:
        for name, value in flatten(config).items():
            if value != first[name] and name not in REPLICAS_DIFFER_IN:
                raise InputError(
                    f"replicas differ in {name} ({first[name]} and {value}): they share a program, "
                    f"and may differ in {', '.join(REPLICAS_DIFFER_IN)} only"
                )


def _check(
    config: TrainConfig, transform: optax.GradientTransformation, layer: OutputLayer
) -> None:
    """Settings that contradict each other, before anything starts."""
    size = config.tokens_per_step
    assert size is not None and config.learning_rate is not None
    tile = program.tile_size(config, layer.shares)
    parts = {"block_size": config.block_size} if layer.shares == "block" else {}
    if config.grouping == "block":
        for name, part in {**parts, "tile_size": tile}.items():
            if size % part:
                raise InputError(
                    f"tokens_per_step is {size}: it must be a multiple of {name}, which is {part}"
                )
        if parts and config.block_size % tile:
            raise InputError(
                f"block_size is {config.block_size}: it must be a multiple of tile_size, "
                f"which is {tile}"
            )
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
    `FloatingPointError` when training diverges.
    """
    return train_replicas(corpus, [config], transform, show)[0]


def train_replicas(
    corpus: EncodedCorpus,
    configs: Sequence[RunConfig],
    transform: optax.GradientTransformation | None = None,
    show: bool = True,
) -> list[Trained]:
    """Trains several runs as one program, compiled once: seeds, learning rates, samplers.

    Each is as it would be alone, to float tolerance; their seconds are those of all together.
    Raises `InputError` for runs that cannot share a program, and what `train` raises.
    """
    run = Run.of(corpus, configs, transform)
    settings, several = run.configs[0].train, len(configs) > 1
    share = corpus.vocabulary.num_words / len(corpus.ids)
    histories = [
        History(round(settings.epochs * share * plan.words()), plan.kept_words())
        for plan in run.plans
    ]
    parameters, exchange, compiled_segment, pending = run.parameters, None, None, None
    begin = compiled = time.perf_counter()
    with track("training", sum(h.words for h in histories), "M words", show) as advance:

        def report(parts: list[Segment], telemetry: Telemetry, finite: Array) -> None:
            done = _record(histories, parts, telemetry, finite)
            advance(done, done / 1e6)

        for (number, (parts, segment)), last in _with_last(enumerate(run.segments())):
            arguments = run.arguments(number, segment)
            if compiled_segment is None or exchange is None:
                begin = time.perf_counter()
                compiled_segment, exchange = run.lower(arguments).compile(), _Exchange(run)
                compiled = time.perf_counter()
            parameters, telemetry = compiled_segment(parameters, run.layer, *arguments)
            parameters, finite = exchange(parameters, number, last)
            # Only now wait for the segment before: the host prepares one while the device trains.
            if pending is not None:
                report(*pending)
            pending = (parts, telemetry, finite)
        if pending is not None:
            report(*pending)
    seconds = time.perf_counter() - compiled
    ends = jax.tree.map(lambda leaf: np.asarray(leaf[..., 0, :, :]), parameters)
    return [
        _trained(
            corpus,
            jax.tree.map(lambda leaf, n=n: leaf[n] if several else leaf, ends),
            history,
            seconds,
            compiled - begin,
        )
        for n, history in enumerate(histories)
    ]


def _with_last(items: Iterable[T]) -> Iterator[tuple[T, bool]]:
    """Every item, and whether it is the last."""
    iterator = iter(items)
    before = next(iterator)
    for item in iterator:
        yield before, False
        before = item
    yield before, True


def _record(
    histories: list[History], parts: list[Segment], telemetry: Telemetry, finite: Array
) -> float:
    """Hands every replica its part; returns the words done."""
    if len(histories) == 1:
        return histories[0].add(parts[0].kept_words, telemetry, finite)
    done = 0.0
    for number, (history, part) in enumerate(zip(histories, parts, strict=True)):
        own = jax.tree.map(lambda leaf, number=number: leaf[number], telemetry)
        done += history.add(part.kept_words, own, finite[number])
    return done


def _trained(
    corpus: EncodedCorpus,
    parameters: Parameters,
    history: History,
    seconds: float,
    compile_seconds: float,
) -> Trained:
    vocabulary = corpus.vocabulary
    if not all(np.isfinite(matrix).all() for matrix in jax.tree.leaves(parameters)):
        raise FloatingPointError("rare rows are no longer finite: lower learning_rate")
    vectors, outputs = np.asarray(parameters.input), np.asarray(parameters.output)
    return Trained(
        embeddings=Embeddings(
            vocabulary.words,
            vectors,
            outputs if len(outputs) == len(vocabulary) else None,
            vocabulary.counts,
        ),
        parameters=parameters,
        curve=tuple(history.curve),
        words=history.words,
        kept_words=history.kept_words,
        pairs=history.pairs,
        steps=history.steps,
        seconds=seconds,
        compile_seconds=compile_seconds,
    )


def program_of(settings: TrainConfig) -> TrainConfig:
    """The settings without those that do not change the program: runs that share it are equal."""
    return replace(settings, seed=0, epochs=1, learning_rate=None, subsample=0.0)
