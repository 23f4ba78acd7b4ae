"""Runs ready to start: one, or several side by side in one program."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import zip_longest
from typing import Any, cast

import jax
import jax.export
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh
from jaxtyping import Array, Int

from w2vjax.config.optimizers import SGD, named_optimizer
from w2vjax.config.schema import RunConfig
from w2vjax.config.settings import Settings, num_draws
from w2vjax.engine import collective, compatibility, placement, program
from w2vjax.engine.kept_words import Cuts, Plan
from w2vjax.engine.large_pages import in_large_pages
from w2vjax.engine.row_optimizer import RowOptimizer
from w2vjax.engine.start import begin, known_rows
from w2vjax.engine.stream import NO_DOCUMENT, Layout, Position, Segment, Stream
from w2vjax.engine.transformations import transformation_of
from w2vjax.engine.update import TrainState
from w2vjax.errors import InputError
from w2vjax.losses.biases import starting_biases
from w2vjax.losses.layer import Kept, OutputLayer
from w2vjax.losses.layers import build
from w2vjax.samplers import Learning
from w2vjax.text.encoding import EncodedCorpus
from w2vjax.vectors.embeddings import Embeddings

INIT = 2
"""purpose of a random stream, apart from those of `program`"""


@dataclass(frozen=True)
class Run:
    """A run ready to start; or several, the replicas, stacked in front of every array."""

    configs: tuple[RunConfig, ...]
    corpus: EncodedCorpus
    optimizer: RowOptimizer | None
    mesh: Mesh
    layout: Layout
    streams: tuple[Stream, ...]
    layer: OutputLayer
    state: TrainState
    keys: Array
    biased: bool
    """whether output rows have biases"""

    @classmethod
    def of(
        cls,
        corpus: EncodedCorpus,
        configs: Sequence[RunConfig],
        optimizer: optax.GradientTransformation | None = None,
        cuts: Sequence[Cuts] | None = None,
        start: Embeddings | None = None,
    ) -> "Run":
        """Everything checked and placed on the devices; without `cuts` the text is read for them.

        Words that `start` has start from its vectors.

        Raises `InputError`.
        """
        configs = tuple(_resolved(config, optimizer) for config in configs)
        compatibility.alike(configs)
        settings = Settings.of(configs[0])
        mesh = placement.mesh_of(settings)
        plans = tuple(Plan(corpus, c.train, c.corpus.held_out_every) for c in configs)
        layout = Layout.of(settings, mesh.shape["data"], plans[0].kept_words())
        layers = [_layer(config, corpus) for config in configs]
        compatibility.check(settings, layers[0])
        if len({jax.tree.structure(layer) for layer in layers}) > 1:
            raise InputError(
                "the replicas' samplers are of different kinds: give them one mechanism"
            )
        starts, keys = [], []
        # Replicas start from the same biases: what these depend on changes the program.
        biases = starting_biases(configs[0].output, _kept(configs[0], corpus))
        biased, words = biases is not None, len(corpus.vocabulary)
        by_rows = _row_optimizer(settings, optimizer, num_rows=words, biased=biased)
        for config, layer in zip(configs, layers, strict=True):
            key = jax.random.key(config.train.seed)
            first = jax.random.fold_in(key, INIT)
            num_rows = layer.num_rows(words)
            known = start and known_rows(corpus.vocabulary.words, start, num_rows, settings.dim)
            made = partial(begin, num_words=words, num_rows=num_rows, dim=settings.dim)
            given = {"key": first, "biases": biases, "known": known}
            starts.append(placement.place(made, given, mesh, by_rows))
            keys.append(key)
        state = _stacked(starts)
        in_large_pages(state)
        return cls(
            configs=configs,
            corpus=corpus,
            optimizer=by_rows,
            mesh=mesh,
            layout=layout,
            streams=tuple(
                Stream.of(plan, layout, cut, placement.read_here(mesh))
                for plan, cut in zip_longest(plans, cuts or ())
            ),
            layer=placement.everywhere(_stacked(layers), mesh),
            state=state,
            keys=_stacked(keys),
            biased=biased,
        )

    def segments(
        self, starts: Sequence[Position | None] | None = None
    ) -> Iterator[tuple[list[Segment], Segment]]:
        """The replicas' segments, and the same stacked: from a position each on, or all.

        A replica that is done, whose position is None, has empty ones.
        """
        nothing = Segment.empty(self.layout)
        if starts is None:
            starts = [stream.begin() for stream in self.streams]
        streams = [
            iter(()) if start is None else stream.segments(start)
            for stream, start in zip(self.streams, starts, strict=True)
        ]
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
        progress = segment.progress.reshape(len(self.configs), -1)
        rates = np.stack(
            [
                Settings.of(config).learning_rate
                * np.maximum(config.train.learning_rate_floor, left)
                for config, left in zip(self.configs, 1 - progress, strict=True)
            ]
        ).astype(np.float32)
        fold = (
            jax.random.fold_in if self.keys.ndim == 0 else jax.vmap(jax.random.fold_in, (0, None))
        )
        return (
            placement.dealt(segment.tokens, self.mesh),
            placement.dealt(segment.documents, self.mesh),
            rates.reshape(segment.progress.shape),
            fold(self.keys, number),
        )

    def after(self, layer: OutputLayer, parts: Sequence[Segment]) -> OutputLayer:
        """The layer once its sampler has seen the replicas' segments, the words of all devices."""
        sampler = getattr(layer, "sampler", None)
        if not isinstance(sampler, Learning):
            return layer
        samplers = []
        for number, part in enumerate(parts):
            own = jax.tree.map(lambda leaf, n=number: leaf[n], sampler) if self.several else sampler
            samplers.append(own.learn(self._seen(part)))
        learned = placement.everywhere(_stacked(samplers), self.mesh)
        after: OutputLayer = replace(cast(Any, layer), sampler=learned)
        return after

    def _seen(self, segment: Segment) -> Int[np.ndarray, " v"]:
        """How often the segment has every word, each place of the stream once."""
        parts = placement.counted(self.mesh)
        here = slice(self.layout.window, self.layout.window + self.layout.shard)
        words = segment.tokens[parts, here][segment.documents[parts, here] != NO_DOCUMENT]
        seen = np.bincount(words, minlength=len(self.corpus.vocabulary))
        return collective.summed(seen)

    def lower(self, arguments: tuple) -> jax.stages.Lowered:
        """The program for these arguments, not yet compiled."""
        lower = program.train_segment.lower
        return lower(self.state, self.layer, *arguments, **self._static)

    def export(self, arguments: tuple, platforms: Sequence[str]) -> jax.export.Exported:
        """The same program for other platforms, "cuda" say, without their devices."""
        segment = jax.jit(partial(program.train_segment, **self._static))
        export = jax.export.export(segment, platforms=platforms)
        return export(self.state, self.layer, *arguments)

    @property
    def _static(self) -> dict[str, Any]:
        return {
            "settings": program_of(self.settings),
            "optimizer": self.optimizer,
            "mesh": self.mesh,
            "replicas": self.several,
            "biased": self.biased,
        }

    @property
    def settings(self) -> Settings:
        """Of the first replica: what the program goes by is the same for all."""
        return Settings.of(self.configs[0])

    @property
    def several(self) -> bool:
        """Whether there are replicas."""
        return len(self.configs) > 1


def _stacked(trees: list) -> Any:
    return trees[0] if len(trees) == 1 else jax.tree.map(lambda *each: jnp.stack(each), *trees)


def _layer(config: RunConfig, corpus: EncodedCorpus) -> OutputLayer:
    counts = corpus.vocabulary.counts
    return build(config.output, num_draws(config), counts, _kept(config, corpus))


def _kept(config: RunConfig, corpus: EncodedCorpus) -> Kept:
    """Every word's count after subsampling, in expectation."""
    return corpus.vocabulary.counts * Plan(corpus, config.train).keep()


def _resolved(config: RunConfig, optimizer: optax.GradientTransformation | None) -> RunConfig:
    """Without None. A transformation of the user's has the rate 1, for it has its own."""
    train = config.train
    if optimizer is not None:
        if train.optimizer != SGD:
            raise InputError(
                f"an optimizer is given, and train.optimizer is {train.optimizer}: give one of them"
            )
        if train.learning_rate is None:
            config = replace(config, train=replace(train, learning_rate=1.0))
    return config.resolved()


def _row_optimizer(
    settings: Settings,
    given: optax.GradientTransformation | None,
    num_rows: int,
    biased: bool,
) -> RowOptimizer | None:
    """The user's transformation, or the one of the optimizer's name; None for damped steps."""
    transformation = transformation_of(settings.optimizer) if given is None else given
    if transformation is None:
        return None
    by_element = given is None and named_optimizer(settings.optimizer).elementwise
    if settings.model_devices > 1 and not by_element:
        name = settings.optimizer if given is None else "the given one"
        raise InputError(
            f"model_devices is {settings.model_devices} and the optimizer {name}: it may look at "
            "whole rows, which are divided among devices. Take adagrad or adam, or model_devices 1"
        )
    # What goes by element leaves zeros as they are, and to cut rows off takes a copy.
    widths = (None, None) if by_element else (settings.dim, settings.dim + biased)
    return RowOptimizer.of(transformation, num_rows, settings.dim, widths)


def program_of(settings: Settings) -> Settings:
    """The settings without those that do not change the program: runs that share it are equal."""
    return replace(settings, seed=0, epochs=1, learning_rate=1.0, subsample=0.0)
