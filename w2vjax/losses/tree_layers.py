"""Hierarchical softmax: the turns of a binary tree from the root to the target."""

from typing import ClassVar, Self

import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Float, Int, Int8, Key

from w2vjax.config.defaults import TREE_DEFAULTS, LayerDefaults
from w2vjax.config.schema import OutputConfig
from w2vjax.losses.elementwise import LOGISTIC, Logistic
from w2vjax.losses.layer import CandidateScope, Counts, Exact, Kept, Labels, Probabilities
from w2vjax.losses.textbook import hierarchical_softmax
from w2vjax.losses.trees import TREES, Tree
from w2vjax.pytrees import pytree

LONGEST_PATH = 32
"""nodes on a tree's path, for an estimate of memory"""


@pytree
class HierarchicalSoftmax(Exact):
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
    loss: Logistic = struct.field(pytree_node=False, default=LOGISTIC)
    candidate_scope: ClassVar[CandidateScope] = "step"
    packs_rows: ClassVar[bool] = True
    is_tree: ClassVar[bool] = True
    usual_biases: ClassVar[str | None] = None
    probabilities: ClassVar[Probabilities] = "paths"
    defaults: ClassVar[LayerDefaults] = TREE_DEFAULTS
    tree: ClassVar[str]
    """one of `TREES`"""

    @classmethod
    def build(
        cls, config: OutputConfig, draws: int, counts: Counts, kept: Kept | None = None
    ) -> Self:
        """The layer for words with these counts."""
        loss = Logistic(config.sigmoid_limit, config.sigmoid_beyond)
        return cls.of(TREES[cls.tree](counts), config.shared_nodes, loss)

    @classmethod
    def of(cls, tree: Tree, shared: int, loss: Logistic = LOGISTIC) -> Self:
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
        return cls(
            nodes=jnp.asarray(np.where(inside, np.take_along_axis(nodes, below, axis=1), 0)),
            turns=jnp.asarray(np.where(inside, np.take_along_axis(turns, below, axis=1), 0)),
            top=jnp.asarray(top),
            loss=loss,
        )

    @classmethod
    def table_bytes(cls, config: OutputConfig, num_words: int) -> float:
        """Of the paths: a number and a turn for every node."""
        return 2 * 4 * LONGEST_PATH * num_words

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

    def example(
        self,
        target_logits: Float[Array, " l"],
        shared_logits: Float[Array, " k"],
        target: Int[Array, ""],
        shared: Int[Array, " k"],
    ) -> Float[Array, ""]:
        del shared
        logits = jnp.concatenate([shared_logits, target_logits])
        turns = jnp.concatenate([self.top[target], self.turns[target]])
        return hierarchical_softmax(logits, turns)

    def labels(self, targets: Int[Array, " t"], shared: Int[Array, " k"]) -> Labels:
        del shared
        turns, top = self.turns[targets], self.top[targets].T

        def on(turns: Int8[Array, "..."], turn: int) -> Float[Array, "..."]:
            return (turns == turn).astype(jnp.float32)

        return Labels(on(turns, 1), on(turns, -1), on(top, 1), on(top, -1))


@pytree
class HuffmanSoftmax(HierarchicalSoftmax):
    """Over Huffman's tree: the shortest paths in expectation."""

    title: ClassVar[str] = "hierarchical softmax (Huffman)"
    help: ClassVar[str] = "the turns of a Huffman tree from the root to the target"
    tree: ClassVar[str] = "huffman"


@pytree
class BalancedSoftmax(HierarchicalSoftmax):
    """Over the vocabulary halved again and again: the same length for every path."""

    title: ClassVar[str] = "hierarchical softmax (balanced)"
    help: ClassVar[str] = "the turns of a balanced tree from the root to the target"
    tree: ClassVar[str] = "balanced"
