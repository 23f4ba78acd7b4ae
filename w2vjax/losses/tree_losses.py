"""Hierarchical softmax of a batch, for any model: loss, probabilities, predictions.

    log P(w|h) = Σ_n log σ(turn_n · s_n),   s_n = v_n · h + b_n

over the inner nodes of the word's path (`textbook.hierarchical_softmax`). Weights have a row for
every inner node of the tree (`w2vjax.losses.trees`), V - 1 of them. Float32 whatever the types.
"""

from functools import partial
from typing import NamedTuple, Self

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Float32, Int, Int32, Integer

from w2vjax.errors import InputError, whole
from w2vjax.losses.arguments import (
    check_no_nan,
    checked_biases,
    checked_inputs,
    checked_labels,
    checked_matrix,
)
from w2vjax.losses.arithmetic import AMBIENT, dot
from w2vjax.losses.elementwise import logistic_noise, logistic_target
from w2vjax.losses.textbook import hierarchical_softmax
from w2vjax.losses.trees import Tree

NODES_AT_A_TIME = 16
"""of every row, that a search looks into"""


def hierarchical_softmax_loss(
    weights: Float[Array, "n d"],
    inputs: Float[Array, "b d"],
    labels: Integer[Array, "..."],
    tree: Tree,
    *,
    biases: Float[Array, " n"] | None = None,
    label_mask: Bool[Array, "..."] | None = None,
) -> Float32[Array, " b"]:
    """The turns from the root of a binary tree to the label.

        -Σ_t log P(t|h) / T   over the T labels of a row

    Morin & Bengio 2005; Mikolov et al. 2013b, eq. 3. Nats, not reduced. It costs the products of a
    path, log2(V) where the tree is balanced, and less in expectation where it is Huffman's.

    Args:
        weights: a row for every inner node, V - 1
        inputs: hidden vectors
        labels: words, `[B]`, or `[B, T]` where a row has several, which then count 1/T each. One
            out of range that is traced makes its row's loss NaN; gradients stay finite
        tree: `trees.huffman(counts)` or `trees.balanced(counts)`
        biases: of the inner nodes; None: 0
        label_mask: of the labels' shape; False: padding, which counts nothing

    Raises `InputError` for shapes or types that do not fit, a tree of another number of words, and
    for known values that are wrong: NaN, labels out of range.
    """
    nodes = _Nodes.of(weights, inputs, biases, tree)
    given = checked_labels(labels, len(nodes.inputs), tree.num_words, label_mask)
    logits = jax.vmap(nodes.logits)(nodes.inputs, tree.nodes[given.ids])
    losses = jax.vmap(jax.vmap(hierarchical_softmax))(logits, tree.turns[given.ids])
    return given.or_nan(jnp.sum(losses * given.shares(), axis=1))


def tree_log_probs(
    weights: Float[Array, "n d"],
    inputs: Float[Array, "b d"],
    tree: Tree,
    *,
    biases: Float[Array, " n"] | None = None,
) -> Float32[Array, "b v"]:
    """log P(w|h) of all words. Raises `InputError` as `hierarchical_softmax_loss` does."""
    nodes = _Nodes.of(weights, inputs, biases, tree)
    logits = dot("nd,bd->nb", nodes.weights, nodes.inputs, AMBIENT)
    if nodes.biases is not None:
        logits += nodes.biases[:, None]
    # A row for the left turn at every node, one for the right, and zeros for no turn.
    none = jnp.zeros((1, logits.shape[1]))
    of_turns = -jnp.concatenate([logistic_target(logits), logistic_noise(logits), none])
    right = jnp.where(tree.turns < 0, tree.num_nodes, 0)
    rows = jnp.where(tree.turns == 0, 2 * tree.num_nodes, tree.nodes + right)

    def deeper(total: Array, rows: Array) -> tuple[Array, None]:
        return total + of_turns[rows], None

    start = jnp.zeros((tree.num_words, logits.shape[1]))
    return jax.lax.scan(deeper, start, rows.T)[0].T


def tree_predict(
    weights: Float[Array, "n d"],
    inputs: Float[Array, "b d"],
    tree: Tree,
    k: int,
    *,
    biases: Float[Array, " n"] | None = None,
) -> tuple[Int32[Array, "b k"], Float32[Array, "b k"]]:
    """The k most probable words, the best first, and their log P(w|h). Of equals the lower id.

    Exact, by search from the root: a subtree is looked into unless its root is less probable than
    k words that were found. The surer the tree, the fewer nodes it takes; where all words are as
    probable it takes them all. Raises `InputError` as `hierarchical_softmax_loss` does, and for a
    `k` below 1 or above V.
    """
    nodes = _Nodes.of(weights, inputs, biases, tree)
    whole("k", k, 1, tree.num_words)
    return jax.vmap(partial(_search, nodes, tree, k))(nodes.inputs)


class _Nodes(NamedTuple):
    """Checked arguments."""

    weights: Float[Array, "n d"]
    inputs: Float32[Array, "b d"]
    biases: Float32[Array, " n"] | None

    @classmethod
    def of(cls, weights: Array, inputs: Array, biases: Array | None, tree: Tree) -> Self:
        inputs = checked_inputs(inputs).astype(jnp.float32)
        weights = checked_matrix("weights", weights, width=inputs.shape[1])
        if len(weights) != tree.num_nodes:
            raise InputError(
                f"weights have shape {weights.shape}: a tree of {tree.num_words} words needs "
                f"{tree.num_nodes} rows, one for every inner node"
            )
        biases = checked_biases(biases, len(weights))
        check_no_nan(weights=weights, inputs=inputs, biases=biases)
        return cls(weights, inputs, None if biases is None else biases.astype(jnp.float32))

    def logits(self, hidden: Float32[Array, " d"], ids: Int[Array, "*n"]) -> Float32[Array, "*n"]:
        """Of these nodes, for one hidden vector."""
        logits = dot("...d,d->...", self.weights[ids], hidden, AMBIENT)
        return logits if self.biases is None else logits + self.biases[ids]


class _Found(NamedTuple):
    """State of a search: the best words so far, and subtrees on a stack that are still to be seen.

    Depth first, `NODES_AT_A_TIME` from the top. Children take the places of their parents in the
    same order, so that the subtree at place p is at least p / NODES_AT_A_TIME turns deep, and the
    stack has an end.
    """

    words: Int32[Array, " k"]
    worth: Float32[Array, " k"]
    """-log P of the words"""
    stack: Int32[Array, " size"]
    costs: Float32[Array, " size"]
    """-log P of the subtrees"""
    height: Int32[Array, ""]
    """of the stack"""


def _search(
    nodes: _Nodes, tree: Tree, k: int, hidden: Float32[Array, " d"]
) -> tuple[Int32[Array, " k"], Float32[Array, " k"]]:
    size = NODES_AT_A_TIME * (tree.nodes.shape[1] + 1)
    places = jnp.arange(NODES_AT_A_TIME, dtype=jnp.int32)

    def look(found: _Found) -> _Found:
        base = jnp.maximum(found.height - NODES_AT_A_TIME, 0)
        parents = jax.lax.dynamic_slice_in_dim(found.stack, base, NODES_AT_A_TIME)
        costs = jax.lax.dynamic_slice_in_dim(found.costs, base, NODES_AT_A_TIME)
        open_ = (base + places < found.height) & ~(costs > found.worth[-1])
        logits = nodes.logits(hidden, parents)
        turns = jnp.stack([logistic_target(logits), logistic_noise(logits)], axis=1)
        children, of_children = tree.children[parents], costs[:, None] + turns
        # The surer child on top, which is looked into first.
        swap = turns[:, :1] < turns[:, 1:]
        children, of_children = (
            jnp.where(swap, pair[:, ::-1], pair).ravel() for pair in (children, of_children)
        )
        there = jnp.repeat(open_, 2)
        is_word = there & (children < tree.num_words)
        words = jnp.where(is_word, children, tree.num_words)
        best = _best(k, found, words, jnp.where(is_word, of_children, jnp.inf))
        deeper = there & ~is_word & ~(of_children > best[1][-1])
        place = jnp.where(deeper, base + jnp.cumsum(deeper, dtype=jnp.int32) - 1, size)
        return _Found(
            *best,
            stack=found.stack.at[place].set(children - tree.num_words, mode="drop"),
            costs=found.costs.at[place].set(of_children, mode="drop"),
            height=base + jnp.sum(deeper, dtype=jnp.int32),
        )

    start = _Found(
        words=jnp.full(k, tree.num_words, jnp.int32),
        worth=jnp.full(k, jnp.inf),
        stack=jnp.zeros(size, jnp.int32),
        costs=jnp.zeros(size),
        height=jnp.int32(1),
    )
    found = jax.lax.while_loop(lambda found: found.height > 0, look, start)
    return found.words, -found.worth


def _best(k: int, found: _Found, words: Array, costs: Array) -> tuple[Array, Array]:
    """The k cheapest of those found and of others; of equals the lower ids."""
    costs, words = jax.lax.sort(
        (jnp.concatenate([found.worth, costs]), jnp.concatenate([found.words, words])), num_keys=2
    )
    return words[:k], costs[:k]
