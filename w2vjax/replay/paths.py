"""word2vec.c's binary tree, for hierarchical softmax."""

from collections.abc import Sequence
from dataclasses import dataclass

from w2vjax.losses.trees import two_queues


@dataclass(frozen=True)
class Path:
    """A word's way from the root."""

    turns: tuple[int, ...]
    """word2vec.c's `code`: 0 to the child taken first, the left; 1 to the other"""
    nodes: tuple[int, ...]
    """word2vec.c's `point`: the inner nodes, numbered as they were created; the root is V - 2"""


def paths(counts: Sequence[int]) -> list[Path]:
    """The path of every word of a vocabulary of two words or more.

    These are `trees.huffman`'s turns wherever the counts fall, and its nodes numbered from the
    other end. But `</s>` comes first whatever its count: the two queues take it last, though it
    may be rare, so that word2vec.c's tree is then not the shortest. (word2vec.c has room for 40
    turns a word, which no text with fewer than 10^8 words exceeds.)
    """
    num_words = len(counts)
    children = two_queues(list(counts)).tolist()
    ways: dict[int, Path] = {2 * num_words - 2: Path((), ())}
    for node in reversed(range(num_words - 1)):  # parents are created after their children
        above = ways.pop(num_words + node)
        for turn, child in enumerate(children[node]):
            ways[child] = Path((*above.turns, turn), (*above.nodes, node))
    return [ways[word] for word in range(num_words)]
