"""Laws of the trees over the vocabulary, for every tree in the registry."""

import heapq
import time
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2vjax.errors import InputError
from w2vjax.losses.trees import TREES, Tree, balanced, huffman

ZIPF = np.maximum(5, 1_000_000 // np.arange(1, 3001))
CASES = {
    "two": np.array([3, 9]),
    "three": np.array([1, 1, 1]),
    "zeros": np.array([5, 0, 0, 2, 0]),
    "equal": np.full(37, 4),
    "unsorted": np.random.default_rng(0).permutation(ZIPF),
    "zipf": ZIPF,
    "floats": np.random.default_rng(1).random(500),
}


def arrays(tree: Tree) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.asarray(tree.nodes), np.asarray(tree.turns), np.asarray(tree.lengths)


def codes(tree: Tree) -> list[tuple[int, ...]]:
    _, turns, lengths = arrays(tree)
    return [tuple(row[:length].tolist()) for row, length in zip(turns, lengths, strict=True)]


@pytest.fixture(params=TREES)
def make(request: pytest.FixtureRequest) -> Callable[..., Tree]:
    return TREES[request.param]


@pytest.mark.parametrize("case", CASES)
def test_shapes_and_padding(make: Callable[..., Tree], case: str) -> None:
    tree = make(CASES[case])
    nodes, turns, lengths = arrays(tree)
    num_words = len(CASES[case])
    assert nodes.dtype == np.int32 and turns.dtype == np.int8 and lengths.dtype == np.int32
    assert nodes.shape == turns.shape == (num_words, lengths.max())
    assert tree.num_nodes == num_words - 1
    on_path = np.arange(nodes.shape[1]) < lengths[:, None]
    assert (np.abs(turns) == on_path).all()
    assert (nodes[~on_path] == 0).all()
    assert set(nodes[on_path].tolist()) == set(range(num_words - 1))
    assert (nodes[:, 0] == 0).all()


@pytest.mark.parametrize("case", CASES)
def test_paths_are_those_of_one_tree(make: Callable[..., Tree], case: str) -> None:
    """A node is reached in one way only, and every node has both of its children."""
    tree = make(CASES[case])
    nodes, turns, lengths = arrays(tree)
    child: dict[tuple[int, int], tuple[str, int]] = {}
    for word, length in enumerate(lengths):
        steps = [("node", n) for n in nodes[word, 1:length].tolist()] + [("word", word)]
        for node, turn, step in zip(nodes[word], turns[word], steps, strict=False):
            assert child.setdefault((int(node), int(turn)), step) == step
    assert len(child) == len(set(child.values())) == 2 * tree.num_nodes
    for node, pair in enumerate(np.asarray(tree.children).tolist()):
        named = [("word", c) if c < len(nodes) else ("node", c - len(nodes)) for c in pair]
        assert named == [child[node, 1], child[node, -1]]


@pytest.mark.parametrize("case", CASES)
def test_busiest_nodes_come_first(make: Callable[..., Tree], case: str) -> None:
    counts = CASES[case]
    tree = make(counts)
    nodes, turns, _ = arrays(tree)
    below = np.bincount(
        nodes[turns != 0], np.broadcast_to(counts[:, None], nodes.shape)[turns != 0]
    )
    assert (np.diff(below) <= 1e-9 * below[0]).all()


@pytest.mark.parametrize("case", CASES)
def test_probabilities_sum_to_one(make: Callable[..., Tree], case: str) -> None:
    tree = make(CASES[case])
    nodes, turns, _ = arrays(tree)
    scores = np.random.default_rng(2).normal(scale=3, size=tree.num_nodes)
    log_sigmoid = -np.logaddexp(0, -turns.astype(np.float64) * scores[nodes])
    log_prob = np.where(turns == 0, 0, log_sigmoid).sum(axis=1)
    assert np.exp(log_prob).sum() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_codes_are_prefix_free(make: Callable[..., Tree], case: str) -> None:
    words = codes(make(CASES[case]))
    whole = set(words)
    assert len(whole) == len(words)
    assert not any(code[:length] in whole for code in words for length in range(len(code)))


def heap_cost(counts: list) -> float:
    """Σ counts·length of an optimal code: every merge costs its sum."""
    heap, cost = list(counts), 0
    heapq.heapify(heap)
    while len(heap) > 1:
        merged = heapq.heappop(heap) + heapq.heappop(heap)
        cost += merged
        heapq.heappush(heap, merged)
    return cost


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 10**12), min_size=2, max_size=60))
def test_huffman_is_optimal(counts: list[int]) -> None:
    lengths = np.asarray(huffman(np.array(counts)).lengths)
    assert sum(c * int(n) for c, n in zip(counts, lengths, strict=True)) == heap_cost(counts)


def test_huffman_is_within_one_bit_of_the_entropy() -> None:
    share = ZIPF / ZIPF.sum()
    entropy = -(share * np.log2(share)).sum()
    assert entropy <= (share * np.asarray(huffman(ZIPF).lengths)).sum() < entropy + 1


def test_huffman_by_hand() -> None:
    """Counts 5 3 2 1: 2+1, then 3+3, where the leaf is not strictly rarer, then 5+6."""
    tree = huffman([5, 3, 2, 1])
    assert codes(tree) == [(1,), (-1, -1), (-1, 1, -1), (-1, 1, 1)]
    assert np.asarray(tree.nodes).tolist() == [[0, 0, 0], [0, 1, 0], [0, 1, 2], [0, 1, 2]]


def test_deep_paths_are_not_cut() -> None:
    fibonacci = [1, 1]
    while len(fibonacci) < 80:
        fibonacci.append(fibonacci[-1] + fibonacci[-2])
    lengths = np.asarray(huffman(np.array(fibonacci[::-1])).lengths)
    assert lengths.tolist() == [*range(1, 80), 79]


@pytest.mark.parametrize("num_words", [2, 3, 5, 8, 9, 1000, 1024, 1025])
def test_balanced_depth(num_words: int) -> None:
    lengths = np.asarray(balanced(np.ones(num_words)).lengths)
    assert lengths.max() == (num_words - 1).bit_length()
    assert lengths.min() >= lengths.max() - 1


def test_balanced_by_hand() -> None:
    """Five words: 0 1 2 | 3 4, then 0 1 | 2 and 3 | 4, then 0 | 1; the counts number the nodes."""
    tree = balanced([9, 8, 7, 6, 5])
    assert codes(tree) == [(1, 1, 1), (1, 1, -1), (1, -1), (-1, 1), (-1, -1)]
    assert np.asarray(tree.nodes).tolist() == [
        [0, 1, 2],
        [0, 1, 2],
        [0, 1, 0],
        [0, 3, 0],
        [0, 3, 0],
    ]


def test_balanced_goes_by_frequency() -> None:
    """The same words in another order have the same codes."""
    counts = np.arange(20, 0, -1)
    order = np.random.default_rng(0).permutation(20)
    shuffled = codes(balanced(counts[order]))
    assert [shuffled[i] for i in np.argsort(order)] == codes(balanced(counts))


def test_large_vocabulary_takes_seconds(make: Callable[..., Tree]) -> None:
    """A path by path construction would take minutes; generous, so that no machine is too slow."""
    start = time.perf_counter()
    make(np.maximum(5, 10**7 // np.arange(1, 100_001)))
    assert time.perf_counter() - start < 10


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([], "two or more words"),
        ([4], "two or more words"),
        ([[1, 2]], "shape"),
        ([1, -2], r"counts\[1\] is -2"),
        ([1.0, np.nan], r"counts\[1\] is nan"),
        ([np.inf, 1.0], r"counts\[0\] is inf"),
    ],
)
def test_bad_counts(make: Callable[..., Tree], counts: list, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make(np.array(counts))
