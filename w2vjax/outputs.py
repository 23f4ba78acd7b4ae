"""The output layers of word2vec, each as one question: which rows are pulled, which are pushed?

A block is `S` hidden vectors and `T` targets; `weight[t, s]` says how many times hidden vector `s`
has target `t`. A layer turns it into a `Group`: candidate rows of the output matrix, how often each
hidden vector pulls and pushes each, and a shift that corrects scores for the sampler. With
`S = T = 1` it is the textbook loss of one example.

| layer                | rows            | pull / push             | shift    | loss        |
|----------------------|-----------------|-------------------------|----------|-------------|
| full softmax         | the vocabulary  | targets / all           | 0        | categorical |
| hierarchical softmax | nodes on paths  | left turns / right turns| 0        | logistic    |
| negative sampling    | targets + noise | targets / noise         | 0        | logistic    |
| NCE                  | targets + noise | targets / noise         | log(k q) | logistic    |
| sampled softmax      | targets + noise | targets / all noise     | log(K q) | categorical |
"""

from collections.abc import Callable
from typing import ClassVar, Protocol, runtime_checkable

import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Float, Int, Int8, Key

from w2vjax.config import OutputConfig
from w2vjax.errors import InputError, unknown
from w2vjax.losses import Loss, categorical, logistic
from w2vjax.samplers import Sampler
from w2vjax.samplers import build as build_sampler
from w2vjax.trees import TREES, Tree


@struct.dataclass
class Group:
    """Candidate rows of a block, and how its hidden vectors relate to them.

    With a leading axis, of many blocks.
    """

    rows: Int[Array, "*b m"]
    """ids of rows of the output matrix"""
    pull: Float[Array, "*b m s"]
    """how many times the hidden vector has the row as a true target"""
    push: Float[Array, "*b m s"]
    """how many times it has the row as noise, a wrong turn, or a rival"""
    shift: Float[Array, "*b m"]
    """log of the row's expected noise count, subtracted from its scores"""
    own: Float[Array, "*b m"]
    """weight of the row's own term in its partition function (categorical loss only)"""


@runtime_checkable
class OutputLayer(Protocol):
    """How targets become candidates. A frozen pytree: tables are arrays, choices are static."""

    whole: ClassVar[bool]
    """whether every row of the output matrix is a candidate of every block"""

    @property
    def loss(self) -> Loss:
        """One of the two in `losses`."""
        ...

    def num_rows(self, num_words: int) -> int:
        """Rows of the output matrix for a vocabulary of `num_words`."""
        ...

    def draw(self, key: Key[Array, ""], shape: tuple[int, ...]) -> Int[Array, "*shape k"]:
        """Noise words for `shape` blocks; the last axis is empty where the layer needs none."""
        ...

    def group(
        self,
        targets: Int[Array, " t"],
        weight: Float[Array, "t s"],
        noise: Int[Array, " k"],
    ) -> Group:
        """The candidates of one block."""
        ...


LEAST = -40.0
"""log-probability of words that the sampler never draws: beyond doubt, and yet finite"""


def _log_expected(sampler: Sampler, draws: int, rows: Int[Array, " m"]) -> Float[Array, " m"]:
    """log(draws · q) of every row."""
    return np.log(draws) + jnp.maximum(sampler.log_prob(rows), LEAST)


def _hits(targets: Int[Array, " t"], noise: Int[Array, " k"]) -> Float[Array, "k t"]:
    """1 where a noise word is a target."""
    return (noise[:, None] == targets[None, :]).astype(jnp.float32)


@struct.dataclass
class NegativeSampling:
    """log σ(v_t·h - c_t) + Σ_k E_q log σ(c_j - v_j·h): targets told from noise.

    Plain, c = 0: negative sampling, Mikolov et al. 2013b, eq. 4. The noise q is part of the
    objective: its optimum is v_t·h = log P(t|h)/q(t) - log k (Levy & Goldberg 2014, eq. 11).
    Corrected, c = log(k q): NCE, whose optimum is v_t·h = log P(t|h) for every q (Gutmann &
    Hyvärinen 2012, eq. 8; Mnih & Teh 2012, eq. 8, with the normaliser fixed at one).

    Every pair has `num_noise` noise words, so each of the K that a block shares counts k/K. A noise
    word that hits a pair's target is kept, left out for that pair (mask), or left out with the rest
    weighted by 1/(1 - q(target)): the expectation of drawing until it is another (redraw).
    """

    sampler: Sampler
    num_noise: int = struct.field(pytree_node=False)
    draws: int = struct.field(pytree_node=False)
    collision: str = struct.field(pytree_node=False)
    corrected: bool = struct.field(pytree_node=False)
    whole: ClassVar[bool] = False

    @property
    def loss(self) -> Loss:
        return logistic

    def num_rows(self, num_words: int) -> int:
        return num_words

    def draw(self, key: Key[Array, ""], shape: tuple[int, ...]) -> Int[Array, "*shape k"]:
        return self.sampler.sample(key, (*shape, self.draws))

    def group(
        self, targets: Int[Array, " t"], weight: Float[Array, "t s"], noise: Int[Array, " k"]
    ) -> Group:
        each = weight
        if self.collision == "redraw":
            each = weight / (1.0 - jnp.exp(self.sampler.log_prob(targets)))[:, None]
        push = jnp.broadcast_to(jnp.sum(each, axis=0)[None, :], (noise.shape[0], weight.shape[1]))
        if self.collision != "keep":
            push = push - _hits(targets, noise) @ each
        rows, share = jnp.concatenate([targets, noise]), self.num_noise / noise.shape[0]
        expected = _log_expected(self.sampler, self.num_noise, rows)
        return Group(
            rows=rows,
            pull=jnp.concatenate([weight, jnp.zeros_like(push)]),
            push=jnp.concatenate([jnp.zeros_like(weight), share * push]),
            shift=expected if self.corrected else jnp.zeros(rows.shape),
            own=jnp.ones(rows.shape),
        )


@struct.dataclass
class SampledSoftmax:
    """The softmax over the target and the noise, scores less log of their expected counts K q.

    Bengio & Senécal 2008; Jean et al. 2015, section 3.2. Every pair of a block uses all its K noise
    words. `mask` counts a target that is also noise once in its partition (TensorFlow's
    `remove_accidental_hits`), `keep` counts every occurrence.
    """

    sampler: Sampler
    draws: int = struct.field(pytree_node=False)
    collision: str = struct.field(pytree_node=False, default="mask")
    whole: ClassVar[bool] = False

    @property
    def loss(self) -> Loss:
        return categorical

    def num_rows(self, num_words: int) -> int:
        return num_words

    def draw(self, key: Key[Array, ""], shape: tuple[int, ...]) -> Int[Array, "*shape k"]:
        return self.sampler.sample(key, (*shape, self.draws))

    def group(
        self, targets: Int[Array, " t"], weight: Float[Array, "t s"], noise: Int[Array, " k"]
    ) -> Group:
        rows = jnp.concatenate([targets, noise])
        none = jnp.zeros((noise.shape[0], weight.shape[1]))
        own = jnp.ones(rows.shape)
        if self.collision != "keep":
            own = own.at[: targets.shape[0]].add(-jnp.sum(_hits(targets, noise), axis=0))
        return Group(
            rows=rows,
            pull=jnp.concatenate([weight, none]),
            push=jnp.concatenate([jnp.zeros_like(weight), jnp.ones_like(none)]),
            shift=_log_expected(self.sampler, self.draws, rows),
            own=own,
        )


@struct.dataclass
class HierarchicalSoftmax:
    """P(t|h) = Π over the path's nodes of σ(±v_node·h). Morin & Bengio 2005; Mikolov 2013b, eq. 3.

    Nodes are numbered from the busiest, so that the first `shared` ones, the top of the tree, are
    candidates of every block at once; the rest of each target's path follows, target by target.
    """

    nodes: Int[Array, "v l"]
    """the path's nodes below the top, padded with 0"""
    turns: Int8[Array, "v l"]
    """1 for left, -1 for right, 0 for padding"""
    top: Int8[Array, "v n"]
    """the turn at every node of the top, 0 where it is not on the word's path"""
    whole: ClassVar[bool] = False

    @property
    def loss(self) -> Loss:
        return logistic

    def num_rows(self, num_words: int) -> int:
        return num_words - 1

    def draw(self, key: Key[Array, ""], shape: tuple[int, ...]) -> Int[Array, "*shape k"]:
        del key
        return jnp.zeros((*shape, 0), jnp.int32)

    def group(
        self, targets: Int[Array, " t"], weight: Float[Array, "t s"], noise: Int[Array, " k"]
    ) -> Group:
        del noise
        top, turns = self.top[targets], self.turns[targets]
        rows = jnp.concatenate([jnp.arange(top.shape[1]), self.nodes[targets].reshape(-1)])

        def on(turn: int) -> Float[Array, "m s"]:
            shared = (top == turn).astype(jnp.float32).T @ weight
            tails = (turns == turn).astype(jnp.float32)[:, :, None] * weight[:, None, :]
            return jnp.concatenate([shared, tails.reshape(-1, weight.shape[1])])

        zero = jnp.zeros(rows.shape)
        return Group(rows=rows, pull=on(1), push=on(-1), shift=zero, own=zero)


@struct.dataclass
class FullSoftmax:
    """-log exp(v_t·h) / Σ_v exp(v_v·h), exactly. Mikolov et al. 2013b, eq. 2.

    The targets are pulled; that every row is pushed says `whole`, and `losses.log_partition` does.
    """

    whole: ClassVar[bool] = True

    @property
    def loss(self) -> Loss:
        return categorical

    def num_rows(self, num_words: int) -> int:
        return num_words

    def draw(self, key: Key[Array, ""], shape: tuple[int, ...]) -> Int[Array, "*shape k"]:
        del key
        return jnp.zeros((*shape, 0), jnp.int32)

    def group(
        self, targets: Int[Array, " t"], weight: Float[Array, "t s"], noise: Int[Array, " k"]
    ) -> Group:
        del noise
        zero = jnp.zeros(targets.shape)
        push = jnp.zeros_like(weight)
        return Group(rows=targets, pull=weight, push=push, shift=zero, own=zero)


def split(tree: Tree, shared: int) -> HierarchicalSoftmax:
    """The layer of a tree, with its `shared` busiest nodes as candidates of every block."""
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
    )


Counts = Int[np.ndarray, " v"]
Builder = Callable[[OutputConfig, int, Counts], OutputLayer]


def _tree(name: str) -> Builder:
    return lambda config, draws, counts: split(TREES[name](counts), config.shared_nodes)


def _against_noise(corrected: bool) -> Builder:
    def built(config: OutputConfig, draws: int, counts: Counts) -> OutputLayer:
        # NCE's classifier sees noise as it is drawn; word2vec.c skips noise that hits the target.
        usual = "keep" if corrected else "mask"
        collision = usual if config.collision == "auto" else config.collision
        sampler = build_sampler(config.sampler, counts)
        return NegativeSampling(sampler, config.num_noise, draws, collision, corrected)

    return built


def _sampled_softmax(config: OutputConfig, draws: int, counts: Counts) -> OutputLayer:
    if config.collision == "redraw":
        raise InputError("collision is redraw: sampled-softmax knows mask and keep only")
    collision = "mask" if config.collision == "auto" else config.collision
    return SampledSoftmax(build_sampler(config.sampler, counts), draws, collision)


OUTPUTS: dict[str, Builder] = {
    "full-softmax": lambda config, draws, counts: FullSoftmax(),
    "hierarchical-softmax": _tree("huffman"),
    "balanced-softmax": _tree("balanced"),
    "negative-sampling": _against_noise(corrected=False),
    "nce": _against_noise(corrected=True),
    "sampled-softmax": _sampled_softmax,
}
"""Every output layer by name: `(config, noise words a block, counts [V]) -> layer`."""


def build(config: OutputConfig, draws: int, counts: Counts) -> OutputLayer:
    """The layer that `config` describes. `InputError` for unknown names and impossible settings."""
    if config.layer not in OUTPUTS:
        raise unknown("output layer", config.layer, OUTPUTS)
    return OUTPUTS[config.layer](config, draws, counts)
