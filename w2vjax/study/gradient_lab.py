"""The gradient laboratory: sampled losses beside the exact one, at several states of training."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from w2vjax.config.identity import digest
from w2vjax.config.layers import LAYERS, layer_class, sampled_layers
from w2vjax.config.schema import (
    CorpusConfig,
    OutputConfig,
    RunConfig,
    SamplerConfig,
    TrainConfig,
    flatten,
)
from w2vjax.engine import devices
from w2vjax.engine.train import train
from w2vjax.errors import InputError, in_range, unknown
from w2vjax.files import make_folder
from w2vjax.losses.layers import build
from w2vjax.losses.partition import log_partition
from w2vjax.progress import say, track
from w2vjax.records import file as records
from w2vjax.records.file import Row
from w2vjax.records.metrics import FINISHED
from w2vjax.records.provenance import provenance
from w2vjax.report import build as report
from w2vjax.samplers import SAMPLERS
from w2vjax.study import loop
from w2vjax.study.gradients import (
    TENTHS,
    EmbeddedPairs,
    Estimate,
    estimates,
    exact_gradient,
    moments,
    normalised,
)
from w2vjax.study.unseen import unseen_pairs
from w2vjax.text.encoding import EncodedCorpus, encode

EXPERIMENT = "gradients"


@dataclass(frozen=True)
class State:
    """How embeddings come about."""

    layer: str
    """the output layer that trains them"""
    share: float
    """of the epochs; the learning rate falls to its floor in each state"""
    normalised: bool = False
    """whether scores are made log-probabilities afterwards"""


CLASSES = {layer: layer_class(layer) for layer in LAYERS}
EXACT = next(name for name, layer in CLASSES.items() if layer.candidate_scope == "matrix")
NEARLY = next(name for name, layer in CLASSES.items() if layer.probabilities == "normalised")
STATES = {
    "start": State(EXACT, 0.05),
    "half-way": State(EXACT, 0.5),
    "end": State(EXACT, 1.0),
    "end, normalised": State(EXACT, 1.0, normalised=True),
    f"end, by {CLASSES[NEARLY].title}": State(NEARLY, 5.0),
}
"""At which embeddings gradients are compared. word2vec's own start, outputs zero, is degenerate:
every word is as likely as any other, whatever the hidden vector, so that uniform noise is perfect.
`start` is therefore a twentieth of the training. The states by the full softmax belong to no
sampler. Their scores are log-probabilities up to any log Z, and NCE's theory supposes log Z = 0: so
are they `normalised`; and what NCE itself has trained is nearly so."""


LOSSES = {layer: OutputConfig(layer) for layer in sampled_layers()} | {
    f"{layer}, hits kept": OutputConfig(layer, collision="keep")
    for layer in sampled_layers()
    if CLASSES[layer].probabilities == "softmax"
}
"""What is compared. Sampled softmax leaves noise out that hits the target, as it is trained by
default, or keeps it, as theory does."""


@dataclass(frozen=True)
class LabConfig:
    """How carefully gradients are measured, and at which embeddings."""

    dim: int = 64
    """dimensions of the vectors"""
    epochs: float = 2.0
    """passes of the full softmax over the text; NCE, which is much cheaper, makes five times as
    many"""
    num_pairs: int = 512
    """pairs whose mean loss is differentiated"""
    pairs_per_group: int = 32
    """pairs that share noise"""
    num_draws: int = 8
    """draws of the noise of all groups, in each of the batches"""
    batches: int = 8
    """independent batches of draws; standard errors are told from their differences"""
    seed: int = 0
    """start of every random stream"""

    def __post_init__(self) -> None:
        in_range("dim", self.dim, 1, 65_536)
        in_range("epochs", self.epochs, 1e-6, 1e6)
        in_range("num_pairs", self.num_pairs, 1)
        in_range("pairs_per_group", self.pairs_per_group, 1, self.num_pairs)
        in_range("num_draws", self.num_draws, 1)
        in_range("batches", self.batches, 3, 1_000)
        in_range("seed", self.seed, 0, 2**32 - 1)
        if self.num_pairs % self.pairs_per_group:
            raise InputError(
                f"pairs_per_group is {self.pairs_per_group}: it must divide the "
                f"{self.num_pairs} pairs"
            )


@dataclass(frozen=True)
class Cell:
    """One sampled loss at one state of the embeddings."""

    corpus: CorpusConfig
    lab: LabConfig
    state: str
    loss: str
    output: OutputConfig

    @property
    def run_id(self) -> str:
        return digest(self)

    def training(self) -> RunConfig:
        """How the embeddings are trained: on one device, to be the same on every machine."""
        lab, state = self.lab, STATES[self.state]
        epochs = lab.epochs * state.share
        settings = TrainConfig(dim=lab.dim, epochs=epochs, devices=1, seed=lab.seed)
        return RunConfig(self.corpus, OutputConfig(state.layer), settings)


def cells(
    corpus: CorpusConfig,
    lab: LabConfig,
    states: Sequence[str],
    losses: Sequence[str],
    samplers: Sequence[SamplerConfig],
    counts: Sequence[int],
) -> list[Cell]:
    """One a state, loss, sampler and number of noise words a pair. Raises `InputError`."""
    if corpus.held_out_every is None:
        raise InputError("held_out_every is None: the pairs are those of documents held out")
    for kind, names, known in (("state", states, STATES), ("sampled loss", losses, LOSSES)):
        for name in names:
            if name not in known:
                raise unknown(kind, name, known)
    # By one mechanism, for one program to serve all; alias is within 1e-6 of any other.
    drawn = dict.fromkeys(replace(sampler, mechanism="alias") for sampler in samplers)
    made = [
        Cell(corpus, lab, state, loss, replace(LOSSES[loss], sampler=sampler, num_noise=count))
        for state in states
        for loss in losses
        for sampler in drawn
        for count in counts
    ]
    if not made:
        raise InputError("there is nothing to measure: name a state, loss, sampler and count each")
    return made


LAWS = tuple(dict.fromkeys(replace(sampler, mechanism="auto") for sampler in SAMPLERS.values()))
"""the distributions of every sampler there is"""


def run(made: Sequence[Cell], folder: Path, show: bool = True) -> None:
    """Measures what is not finished in the folder, records each cell as it ends, and reports.

    The same call goes on after an interruption; a state is trained again if cells of it are left.
    Raises `InputError`, before anything is trained, for what cannot be.
    """
    make_folder(folder)
    done = records.finished(folder)
    left = [cell for cell in made if cell.run_id not in done]
    if show:
        say(f"{EXPERIMENT}: {len(made)} cells, {len(left)} of them to do")
    if left:
        corpus = encode(left[0].corpus, progress=show)
        for output in dict.fromkeys(cell.output for cell in left):
            build(output, output.num_noise, corpus.vocabulary.counts)
        laboratory = _Laboratory(corpus, show)
        with track(EXPERIMENT, len(left), "cells", show) as advance:
            loop.run(made, laboratory.measured, folder, lambda _: advance(1, 1))
    report.build(folder)


def embedded(cell: Cell, corpus: EncodedCorpus, show: bool = True) -> EmbeddedPairs:
    """Pairs of unseen text at the embeddings of a cell's state. Raises `InputError` if too few."""
    lab, config = cell.lab, cell.training()
    chosen = unseen_pairs(corpus, config, lab.num_pairs)
    if len(chosen.targets) < lab.num_pairs:
        raise InputError(
            f"the documents held out of {corpus.name} have {len(chosen.targets)} pairs and not "
            f"{lab.num_pairs}: lower num_pairs or held_out_every, or read more of the text"
        )
    trained = train(corpus, config, show=show)
    hidden, output = (np.asarray(leaf) for leaf in jax.tree.leaves(trained.parameters))
    hidden = hidden[chosen.inputs[:, 0]]
    if trained.biases is not None:  # one more dimension, 1 in every hidden vector
        hidden = np.concatenate([hidden, np.ones((len(hidden), 1), np.float32)], axis=1)
        output = np.concatenate([output, trained.biases[:, None]], axis=1)
    # Neighbours in the text share a group else, and frequent targets with them.
    order = np.random.default_rng(lab.seed).permutation(lab.num_pairs)
    pairs = EmbeddedPairs(
        jnp.asarray(hidden[order]),
        jnp.asarray(chosen.targets[order]),
        jnp.asarray(output),
    )
    return normalised(pairs) if STATES[cell.state].normalised else pairs


class _Laboratory:
    """Measures cells; what belongs to a state is made once, for its cells come together."""

    def __init__(self, corpus: EncodedCorpus, show: bool) -> None:
        self._corpus, self._show = corpus, show
        self._state = ""

    def measured(self, cell: Cell) -> list[Row]:
        """The rows of a cell."""
        if cell.state != self._state:
            self._enter(cell)
        begin = time.perf_counter()
        found = _estimates(cell, self._pairs, self._corpus, self._exact)
        return rows_of(cell, found, self._facts | {"seconds": time.perf_counter() - begin})

    def _enter(self, cell: Cell) -> None:
        begin = time.monotonic()
        self._pairs = embedded(cell, self._corpus, self._show)
        self._exact = exact_gradient(self._pairs)
        self._facts = provenance() | _facts(self._pairs, self._exact, self._corpus)
        self._state = cell.state
        if self._show:
            say(f"{cell.state}: embeddings after {time.monotonic() - begin:.0f} s")


def _estimates(
    cell: Cell, pairs: EmbeddedPairs, corpus: EncodedCorpus, exact: Float[Array, "v d"]
) -> dict[str, Estimate]:
    lab = cell.lab
    layer = build(cell.output, cell.output.num_noise, corpus.vocabulary.counts)
    groups = lab.num_pairs // lab.pairs_per_group
    key = jax.random.key(lab.seed)
    return estimates(moments(pairs, layer, key, lab.num_draws, lab.batches, groups, exact))


def _facts(pairs: EmbeddedPairs, exact: Float[Array, "v d"], corpus: EncodedCorpus) -> Row:
    log_z = np.asarray(log_partition(pairs.hidden, pairs.output), np.float64)
    return {
        **devices.described(),
        "corpus_sha256": corpus.sha256,
        "vocabulary": len(corpus.vocabulary),
        "log_partition": float(log_z.mean()),
        "log_partition_deviation": float(log_z.std()),
        "exact_norm": float(jnp.linalg.norm(exact)),
    }


def rows_of(cell: Cell, found: dict[str, Estimate], facts: Row) -> list[Row]:
    """A row a quantity over all rows of the matrix, and one for every tenth of them, `x`."""
    base = {
        "experiment": EXPERIMENT,
        "run": cell.run_id,
        "label": cell.output.label,
        "layer": CLASSES[cell.output.layer].title,
        "seed": cell.lab.seed,
        "config.state": cell.state,
        "config.loss": cell.loss,
        "config.sampler": cell.output.sampler.law_name,
        "config.num_noise": cell.output.num_noise,
        **{f"config.{name}": value for name, value in flatten(cell.lab).items()},
        **{f"config.corpus.{name}": value for name, value in flatten(cell.corpus).items()},
    }
    rows: list[Row] = []
    for name, (value, error) in found.items():
        metric = {"run": cell.run_id, "metric": f"gradient/{name}"}
        for place in [*range(TENTHS), -1]:
            at = {} if place < 0 else {"x": place + 1}
            held = {"value": _short(value[place]), "standard_error": _short(error[place])}
            rows.append(metric | at | held)
    return [*rows, base | facts | {"metric": FINISHED, "value": None}]


def _short(number: float) -> float:
    """Six digits: the records are long, and no standard error asks for more."""
    return float(f"{number:.6g}")
