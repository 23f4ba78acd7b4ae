"""The output layers of word2vec, each as one question: which rows are pulled, which are pushed?

A target has candidate rows of its own, and shares others with all targets of its block. A hidden
vector that predicts it pulls some of them nearer and pushes others away; a shift corrects scores
for the sampler. With one hidden vector and one target this is the textbook loss of one example.

| layer                | own rows: pull / push  | shared rows: pull / push | shift   | loss        |
|----------------------|------------------------|--------------------------|---------|-------------|
| full softmax         | the target: 1 / 0      | the vocabulary: log_z   | 0       | categorical |
| hierarchical softmax | lower path: turns      | top of the tree: turns   | 0       | logistic    |
| negative sampling    | the target: 1 / 0      | noise: 0 / k/K           | 0       | logistic    |
| NCE                  | the target: 1 / 0      | noise: 0 / k/K           | log(kq) | logistic    |
| sampled softmax      | the target: 1 / 0      | noise: log_z            | log(Kq) | categorical |
"""

from collections.abc import Callable
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Float, Int, Int8, Key

from w2vjax.config.schema import OutputConfig
from w2vjax.errors import InputError, unknown
from w2vjax.losses.elementwise import EXACT, Sigmoid
from w2vjax.losses.layer import CandidateScope, Kind, Labels, OutputLayer
from w2vjax.losses.trees import TREES, Tree
from w2vjax.samplers import Sampler, noise
from w2vjax.samplers import build as build_sampler


class _Words:
    """Layers with one row a word, which is its target's own."""

    ragged: ClassVar[bool] = False
    sigmoid = EXACT

    def num_rows(self, num_words: int) -> int:
        return num_words

    def target_rows(self, targets: Int[Array, " m"]) -> Int[Array, "m l"]:
        return targets[:, None]


class _Exact:
    """Layers without a sampler."""

    def shift(self, rows: Int[Array, "*n"]) -> Float[Array, "*n"]:
        return jnp.zeros(rows.shape)


LEAST = -40.0
"""log-probability of words that the sampler never draws: beyond doubt, and yet finite"""


def _log_expected(sampler: Sampler, draws: int, rows: Int[Array, "*n"]) -> Float[Array, "*n"]:
    """log(draws · q) of every row."""
    return np.log(draws) + jnp.maximum(sampler.log_prob(rows), LEAST)


def _hits(targets: Int[Array, " t"], noise: Int[Array, " k"]) -> Float[Array, "k t"]:
    """1 where a noise word is a target."""
    return (noise[:, None] == targets[None, :]).astype(jnp.float32)


@struct.dataclass
class NegativeSampling(_Words):
    """log σ(v_t·h - c_t) + Σ_k E_q log σ(c_j - v_j·h): targets told from noise.

    Plain, c = 0: negative sampling, Mikolov et al. 2013b, eq. 4. The noise q is part of the
    objective: its optimum is v_t·h = log P(t|h)/q(t) - log k (Levy & Goldberg 2014, eq. 11).
    Corrected, c = log(k q): NCE, whose optimum is v_t·h = log P(t|h) for every q (Gutmann &
    Hyvärinen 2012, eq. 8; Mnih & Teh 2012, eq. 8, with the normaliser fixed at one).

    Every pair has `num_noise` noise words, so each of the K that a block shares counts k/K. A noise
    word that hits a pair's target is kept; left out for that pair (mask); left out in expectation
    (expect: k·q(target) is taken off the target's own push, which has the mask's mean, no variance
    and no cost); or left out with the rest weighted by 1/(1 - q(target)), as if drawn until it is
    another (redraw).
    """

    sampler: Sampler
    num_noise: int = struct.field(pytree_node=False)
    draws: int = struct.field(pytree_node=False)
    collision: str = struct.field(pytree_node=False)
    corrected: bool = struct.field(pytree_node=False)
    sigmoid: Sigmoid = struct.field(pytree_node=False, default=EXACT)
    loss: ClassVar[Kind] = "logistic"
    candidate_scope: ClassVar[CandidateScope] = "block"

    def shared_rows(
        self,
        key: Key[Array, ""],
        shape: tuple[int, ...],
        words: Int[Array, "*steps n"] | None = None,
    ) -> Int[Array, "*shape k"]:
        return noise(self.sampler, key, (*shape, self.draws), words)

    def shift(self, rows: Int[Array, "*n"]) -> Float[Array, "*n"]:
        if not self.corrected:
            return jnp.zeros(rows.shape)
        return _log_expected(self.sampler, self.num_noise, rows)

    def labels(self, targets: Int[Array, " t"], shared: Int[Array, " k"]) -> Labels:
        once, share = jnp.ones((targets.shape[0], 1)), self.num_noise / shared.shape[0]
        if self.collision == "keep":
            return Labels(once, 0.0 * once, 0.0, share)
        chance = jnp.exp(self.sampler.log_prob(targets))
        if self.collision == "expect":
            return Labels(once, -self.num_noise * chance[:, None], 0.0, share)
        others = share * (1.0 - _hits(targets, shared))
        if self.collision == "redraw":
            others = others / (1.0 - chance)[None, :]
        return Labels(once, 0.0 * once, 0.0, others)


@struct.dataclass
class SampledSoftmax(_Words):
    """The softmax over the target and the noise, scores less log of their expected counts K q.

    Bengio & Senécal 2008; Jean et al. 2015, section 3.2. Every pair of a block uses all its K noise
    words. `mask` counts a target that is also noise once in its partition (TensorFlow's
    `remove_accidental_hits`), `keep` counts every occurrence.
    """

    sampler: Sampler
    draws: int = struct.field(pytree_node=False)
    collision: str = struct.field(pytree_node=False, default="mask")
    loss: ClassVar[Kind] = "categorical"
    candidate_scope: ClassVar[CandidateScope] = "block"

    def shared_rows(
        self,
        key: Key[Array, ""],
        shape: tuple[int, ...],
        words: Int[Array, "*steps n"] | None = None,
    ) -> Int[Array, "*shape k"]:
        return noise(self.sampler, key, (*shape, self.draws), words)

    def shift(self, rows: Int[Array, "*n"]) -> Float[Array, "*n"]:
        return _log_expected(self.sampler, self.draws, rows)

    def labels(self, targets: Int[Array, " t"], shared: Int[Array, " k"]) -> Labels:
        once = jnp.ones((targets.shape[0], 1))
        in_partition: Array | float = 1.0
        if self.collision != "keep":
            in_partition = 1.0 - jnp.sum(_hits(targets, shared), axis=0)
        return Labels(once, 0.0 * once, 0.0, 1.0, in_partition)


@struct.dataclass
class HierarchicalSoftmax(_Exact):
    """P(t|h) = Π over the path's nodes of σ(±v_node·h). Morin & Bengio 2005; Mikolov 2013b, eq. 3.

    Nodes are numbered from the busiest, so that the first `shared` ones, the top of the tree, are
    candidates of every target of a step at once; the rest of its path is a target's own.
    """

    nodes: Int[Array, "v l"]
    """the path's nodes below the top, padded with 0"""
    turns: Int8[Array, "v l"]
    """1 for left, -1 for right, 0 for padding"""
    top: Int8[Array, "v n"]
    """the turn at every node of the top, 0 where it is not on the word's path"""
    sigmoid: Sigmoid = struct.field(pytree_node=False, default=EXACT)
    loss: ClassVar[Kind] = "logistic"
    candidate_scope: ClassVar[CandidateScope] = "step"
    ragged: ClassVar[bool] = True

    def num_rows(self, num_words: int) -> int:
        return num_words - 1

    def shared_rows(
        self,
        key: Key[Array, ""],
        shape: tuple[int, ...],
        words: Int[Array, "*steps n"] | None = None,
    ) -> Int[Array, "*shape k"]:
        del key, words
        return jnp.broadcast_to(jnp.arange(self.top.shape[1]), (*shape, self.top.shape[1]))

    def target_rows(self, targets: Int[Array, " m"]) -> Int[Array, "m l"]:
        return self.nodes[targets]

    def labels(self, targets: Int[Array, " t"], shared: Int[Array, " k"]) -> Labels:
        del shared
        turns, top = self.turns[targets], self.top[targets].T

        def on(turns: Int8[Array, "..."], turn: int) -> Float[Array, "..."]:
            return (turns == turn).astype(jnp.float32)

        return Labels(on(turns, 1), on(turns, -1), on(top, 1), on(top, -1))


@struct.dataclass
class FullSoftmax(_Words, _Exact):
    """-log exp(v_t·h) / Σ_v exp(v_v·h), exactly. Mikolov et al. 2013b, eq. 2.

    The target is pulled; that every row is its rival says `shares`, `partition.log_partition` does.
    """

    loss: ClassVar[Kind] = "categorical"
    candidate_scope: ClassVar[CandidateScope] = "matrix"

    def shared_rows(
        self,
        key: Key[Array, ""],
        shape: tuple[int, ...],
        words: Int[Array, "*steps n"] | None = None,
    ) -> Int[Array, "*shape k"]:
        del key, words
        return jnp.zeros((*shape, 0), jnp.int32)

    def labels(self, targets: Int[Array, " t"], shared: Int[Array, " k"]) -> Labels:
        del shared
        once = jnp.ones((targets.shape[0], 1))
        return Labels(once, 0.0 * once, 0.0, 0.0, 0.0)


def split(tree: Tree, shared: int, sigmoid: Sigmoid = EXACT) -> HierarchicalSoftmax:
    """The layer of a tree, with its `shared` busiest nodes as candidates of every target."""
    nodes, turns = np.asarray(tree.nodes), np.asarray(tree.turns)
    num_words = len(nodes)
    shared = min(shared, num_words - 1)
    on_top = (nodes < shared) & (turns != 0)
    top = np.zeros((num_words, shared), np.int8)
    words, depths = np.nonzero(on_top)
    top[words, nodes[words, depths]] = turns[words, depths]
    # Counts fall along a path, so the top of a path is its beginning and the tail is the rest.
    skipped = on_top.sum(axis=1, keepdims=True)
    below = skipped + np.arange(max(1, int((np.asarray(tree.lengths) - skipped[:, 0]).max())))
    inside = below < np.asarray(tree.lengths)[:, None]
    below = np.minimum(below, nodes.shape[1] - 1)
    return HierarchicalSoftmax(
        nodes=jnp.asarray(np.where(inside, np.take_along_axis(nodes, below, axis=1), 0)),
        turns=jnp.asarray(np.where(inside, np.take_along_axis(turns, below, axis=1), 0)),
        top=jnp.asarray(top),
        sigmoid=sigmoid,
    )


Counts = Int[np.ndarray, " v"]
Kept = Float[np.ndarray, " v"]
Builder = Callable[[OutputConfig, int, Counts, Kept | None], OutputLayer]


def _sigmoid(config: OutputConfig) -> Sigmoid:
    return Sigmoid(config.sigmoid_limit, config.sigmoid_beyond)


def _tree(name: str) -> Builder:
    return lambda config, draws, counts, kept: split(
        TREES[name](counts), config.shared_nodes, _sigmoid(config)
    )


def _against_noise(corrected: bool) -> Builder:
    def built(config: OutputConfig, draws: int, counts: Counts, kept: Kept | None) -> OutputLayer:
        # NCE's classifier sees noise as it is drawn; word2vec.c skips noise that hits the target.
        usual = "keep" if corrected else "expect"
        collision = usual if config.collision == "auto" else config.collision
        sampler = build_sampler(config.sampler, counts, kept)
        return NegativeSampling(
            sampler, config.num_noise, draws, collision, corrected, _sigmoid(config)
        )

    return built


def _sampled_softmax(
    config: OutputConfig, draws: int, counts: Counts, kept: Kept | None
) -> OutputLayer:
    if config.collision in ("redraw", "expect"):
        raise InputError(
            f"collision is {config.collision}: sampled-softmax knows mask and keep only"
        )
    collision = "mask" if config.collision == "auto" else config.collision
    return SampledSoftmax(build_sampler(config.sampler, counts, kept), draws, collision)


OUTPUTS: dict[str, Builder] = {
    "full-softmax": lambda config, draws, counts, kept: FullSoftmax(),
    "hierarchical-softmax": _tree("huffman"),
    "balanced-softmax": _tree("balanced"),
    "negative-sampling": _against_noise(corrected=False),
    "nce": _against_noise(corrected=True),
    "sampled-softmax": _sampled_softmax,
}
"""Every output layer by name: `(config, noise words a block, counts, kept [V]) -> layer`."""


def build(
    config: OutputConfig, draws: int, counts: Counts, kept: Kept | None = None
) -> OutputLayer:
    """The layer that `config` describes, for words with these counts.

    `kept` are the counts after subsampling, in expectation, for samplers that go by the stream;
    None: all words are kept. `InputError` for unknown names and impossible settings.
    """
    if config.layer not in OUTPUTS:
        raise unknown("output layer", config.layer, OUTPUTS)
    return OUTPUTS[config.layer](config, draws, counts, kept)
