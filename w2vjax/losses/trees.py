"""Binary trees over the vocabulary, for hierarchical softmax: the turns from the root to a word.

With `s(n)` the score of inner node `n`, `P(word) = Π_n σ(turn · s(n))` over its path, which sums
to one over the words of any binary tree (Morin & Bengio 2005).
"""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int8, Int32
from numpy.typing import ArrayLike, NDArray

from w2vjax.errors import InputError
from w2vjax.pytrees import pytree


@pytree
class Tree:
    """Every word's path from the root. `V - 1` inner nodes, the most visited first: 0 is the root.

    A pytree; the numbering makes the shared top of the tree a contiguous range of rows.
    """

    nodes: Int32[Array, "v depth"]
    """inner nodes on the path, from the root; 0 beyond its end"""
    turns: Int8[Array, "v depth"]
    """+1 left, -1 right; 0 beyond the end"""
    lengths: Int32[Array, " v"]
    """turns to the word: its code length in bits"""
    children: Int32[Array, "n 2"]
    """of every inner node, left and right: a word below V, V + n for inner node n"""

    @property
    def num_nodes(self) -> int:
        """V - 1 inner nodes."""
        return self.children.shape[0]

    @property
    def num_words(self) -> int:
        """V leaves."""
        return self.lengths.shape[0]


def huffman(counts: ArrayLike) -> Tree:
    """Huffman's tree (1952): the least expected code length, within one bit of the entropy.

    Two queues, ties broken as word2vec.c does: leaves from the rarest, inner nodes in order of
    creation, a leaf only where it is strictly rarer. The rarer child is on the left. Paths are
    never cut. Raises `InputError` for bad counts or fewer than two words.
    """
    values = _checked(counts)
    num_words = len(values)
    order = np.argsort(-values, kind="stable")
    children = two_queues(values[order].tolist())  # Python numbers: sums of integers stay exact
    leaf = children < num_words
    children[leaf] = order[children[leaf]]
    # sums never fall, so counting from the last node, the root, puts the busiest first
    children[~leaf] = 3 * num_words - 2 - children[~leaf]
    return _tree(children[::-1])


def two_queues(leaves: list[float]) -> NDArray[np.int64]:
    """Children `[V-1, 2]` of every inner node in order of creation, the first taken on the left.

    Takes the lesser head of two queues, twice a node: the leaves from the last to the first, and
    the sums so far; of equal heads the sum. Child `i < V` is leaf `i`, `V + n` the n-th node, and
    the last node is the root. This is Huffman's tree only where the leaves fall.
    """
    num_words = len(leaves)
    sums: list[float] = []
    next_leaf, next_sum = num_words - 1, 0
    pairs: list[int] = []
    for _ in range(num_words - 1):
        total: float = 0
        for _ in range(2):
            if next_leaf >= 0 and (next_sum == len(sums) or leaves[next_leaf] < sums[next_sum]):
                total += leaves[next_leaf]
                pairs.append(next_leaf)
                next_leaf -= 1
            else:
                total += sums[next_sum]
                pairs.append(num_words + next_sum)
                next_sum += 1
        sums.append(total)
    return np.array(pairs).reshape(-1, 2)


def balanced(counts: ArrayLike) -> Tree:
    """The vocabulary, sorted by frequency, halved again and again: depth `ceil(log2 V)`.

    The more frequent half, larger by one word where the number is odd, is on the left. Raises
    `InputError` for bad counts or fewer than two words.
    """
    values = _checked(counts)
    num_words = len(values)
    order = np.argsort(-values, kind="stable")
    low, high = np.array([0]), np.array([num_words])
    spans, children, num_made = [], [], 1
    while len(low):  # one level: the stretches of two words or more
        middle = (low + high + 1) // 2
        spans.append(np.stack([low, high], axis=1))
        low, high = (
            np.stack([low, middle], axis=1).ravel(),
            np.stack([middle, high], axis=1).ravel(),
        )
        inner = high - low > 1
        child = order[low]
        child[inner] = num_words + num_made + np.arange(inner.sum())
        children.append(child.reshape(-1, 2))
        num_made += int(inner.sum())
        low, high = low[inner], high[inner]
    start, end = np.concatenate(spans).T
    running = np.concatenate([[0.0], np.cumsum(values[order], dtype=np.float64)])
    busiest = np.argsort(running[start] - running[end], kind="stable")
    number = np.arange(2 * num_words - 1)
    number[num_words + busiest] = num_words + np.arange(num_words - 1)
    return _tree(number[np.concatenate(children)[busiest]])


TREES: dict[str, Callable[[ArrayLike], Tree]] = {"huffman": huffman, "balanced": balanced}
"""Every tree by name: `counts [V] -> Tree`."""


def _checked(counts: ArrayLike) -> NDArray[np.int64] | NDArray[np.float64]:
    values = np.asarray(counts)
    if values.ndim != 1 or len(values) < 2:
        raise InputError(
            f"counts have shape {values.shape}: a tree needs one count a word, of two or more words"
        )
    if not np.issubdtype(values.dtype, np.integer):
        values = values.astype(np.float64)
    wrong = ~np.isfinite(values) | (values < 0)
    if wrong.any():
        where = int(wrong.argmax())
        raise InputError(
            f"counts[{where}] is {values[where]}: counts are finite and not negative numbers"
        )
    return values if values.dtype == np.float64 else values.astype(np.int64)


def _tree(children: NDArray[np.int64]) -> Tree:
    """Paths from the children `[V-1, 2]` (left, right) of every inner node, the root first.

    A child below `V` is a word, `V + n` is inner node `n`. All words climb together.
    """
    num_words = len(children) + 1
    root = num_words
    parent = np.empty(2 * num_words - 1, np.int64)
    turn = np.empty(2 * num_words - 1, np.int8)
    for side, sign in ((0, 1), (1, -1)):
        parent[children[:, side]] = num_words + np.arange(num_words - 1)
        turn[children[:, side]] = sign
    lengths = np.zeros(num_words, np.int32)
    words, at = np.arange(num_words), np.arange(num_words)
    while len(words):
        lengths[words] += 1
        at = parent[at]
        words, at = words[at != root], at[at != root]
    depth = int(lengths.max())
    nodes = np.zeros((num_words, depth), np.int32)
    turns = np.zeros((num_words, depth), np.int8)
    words, at = np.arange(num_words), np.arange(num_words)
    for step in range(1, depth + 1):
        place = lengths[words] - step
        turns[words, place] = turn[at]
        at = parent[at]
        nodes[words, place] = at - num_words
        words, at = words[at != root], at[at != root]
    return Tree(
        nodes=jnp.asarray(nodes),
        turns=jnp.asarray(turns),
        lengths=jnp.asarray(lengths),
        children=jnp.asarray(children, jnp.int32),
    )
