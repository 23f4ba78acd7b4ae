"""Laws of blocks: every pair of the text stands in them once, however they are cut."""

import math
from collections import Counter
from typing import Any, get_args, get_type_hints

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import ARCHITECTURES

from w2vjax.config.schema import TrainConfig
from w2vjax.engine.windows import Batch, frame, overlap_add, pair_batch, window_batch

SIZES = (1, 4, 6, 8)
CENTRES, WINDOW = 16, 3
AROUND = CENTRES + 2 * WINDOW
window_batch = jax.jit(window_batch, static_argnums=(3, 4, 5))
pair_batch = jax.jit(pair_batch, static_argnums=(3, 4))

lengths = st.lists(st.integers(1, 9), min_size=1, max_size=AROUND)
radii = st.lists(st.integers(1, WINDOW), min_size=CENTRES, max_size=CENTRES)
edges = st.tuples(st.integers(0, WINDOW + 5), st.integers(0, WINDOW + 5))


def some_text(lengths: list[int], radii: list[int], edges: tuple[int, int]) -> tuple[Any, ...]:
    """Documents of the given lengths again and again, with padding at both ends.

    Every word is its own place, so that pairs of words are pairs of places.
    """
    documents = np.resize(np.repeat(np.arange(len(lengths)), lengths), AROUND)
    documents[: edges[0]] = -1
    documents[AROUND - edges[1] :] = -1
    radius = np.where(documents[WINDOW:-WINDOW] == -1, 0, radii)
    return np.arange(AROUND), documents, radius


def neighbours(documents: np.ndarray, radius: np.ndarray) -> list[tuple[int, int]]:
    """(centre, neighbour) pairs, counted one by one."""
    found = []
    for centre in range(WINDOW, WINDOW + CENTRES):
        for other in range(AROUND):
            near = 0 < abs(centre - other) <= radius[centre - WINDOW]
            if near and documents[centre] == documents[other]:
                found.append((centre, other))
    return found


def pairs_of(block: Batch) -> Counter:
    """(hidden, target) of every pair; a hidden vector is a word, or the words of a mean."""
    assert block.weight.min() >= 0
    found: Counter = Counter()
    number, width, size = block.weight.shape
    inputs = np.asarray(frame(jnp.asarray(block.inputs), *block.reads))
    targets = np.asarray(frame(jnp.asarray(block.targets), number, width))
    for b, t, s in zip(*np.nonzero(np.asarray(block.weight)), strict=True):
        if block.averaging is None:
            hidden = int(inputs[b, s])
        else:
            made, place = divmod(b * size + s, block.averaging.shape[1])
            share = np.asarray(block.averaging[made, place])
            hidden = tuple(inputs[made][share > 0].tolist())
            np.testing.assert_allclose(share[share > 0], 1 / len(hidden), rtol=1e-6)
        found[hidden, int(targets[b, t])] += float(block.weight[b, t, s])
    return found


def expected_pairs(
    architecture: str, predicts: str, documents: np.ndarray, radius: np.ndarray
) -> Counter:
    pairs = neighbours(documents, radius)
    if architecture == "cbow":
        around: dict[int, tuple[int, ...]] = {}
        for centre, other in pairs:
            around[centre] = (*around.get(centre, ()), other)
        return Counter((others, centre) for centre, others in around.items())
    return Counter(pairs if predicts == "neighbours" else [pair[::-1] for pair in pairs])


def test_every_architecture_is_tested():
    known = get_args(get_type_hints(TrainConfig)["architecture"])
    assert {architecture for architecture, _ in ARCHITECTURES} == set(known)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("architecture, predicts", ARCHITECTURES)
@settings(max_examples=15, deadline=None, derandomize=True)
@given(lengths=lengths, radii=radii, edges=edges)
def test_every_pair_stands_exactly_once(architecture, predicts, size, lengths, radii, edges):
    tokens, documents, radius = some_text(lengths, radii, edges)
    arguments = (jnp.asarray(part, jnp.int32) for part in (tokens, documents, radius))
    block = window_batch(*arguments, architecture, size, predicts)
    block = jax.tree.map(np.asarray, block)
    assert block.reads[0] == math.ceil(CENTRES / size)
    assert pairs_of(block) == expected_pairs(architecture, predicts, documents, radius)


@pytest.mark.parametrize("architecture, predicts", ARCHITECTURES)
@settings(max_examples=15, deadline=None, derandomize=True)
@given(lengths=lengths, radii=radii, edges=edges)
def test_one_by_one_they_are_the_same_pairs(architecture, predicts, lengths, radii, edges):
    tokens, documents, radius = some_text(lengths, radii, edges)
    arguments = (jnp.asarray(part, jnp.int32) for part in (tokens, documents, radius))
    block = jax.tree.map(np.asarray, pair_batch(*arguments, architecture, predicts))
    assert len(block.targets) == len(block.weight) and block.weight.shape[1:] == (1, 1)
    assert (block.weight.sum(axis=(1, 2)) <= 1).all(), "one pair a block"
    assert pairs_of(block) == expected_pairs(architecture, predicts, documents, radius)


@pytest.mark.parametrize("size", SIZES)
def test_means_are_means_or_nothing(size):
    tokens, documents, radius = some_text([1, 4, 1, 2], [3] * CENTRES, (4, 5))
    arguments = (jnp.asarray(part, jnp.int32) for part in (tokens, documents, radius))
    block = window_batch(*arguments, "cbow", size, "neighbours")
    sums = np.asarray(block.averaging).sum(axis=-1)
    alone = np.asarray(block.weight).reshape(sums.shape) == 0
    np.testing.assert_allclose(sums[alone], 0)
    np.testing.assert_allclose(sums[~alone], 1, rtol=1e-6)
    assert 0 < alone.sum() < alone.size


@pytest.mark.parametrize(
    "number, width, spacing", [(4, 3, 3), (4, 5, 3), (5, 9, 2), (3, 11, 1), (1, 6, 6), (2, 6, 4)]
)
def test_frames_are_even_and_overlap_add_is_their_transpose(number, width, spacing):
    length = (number - 1) * spacing + width
    rows = jnp.arange(length * 2, dtype=jnp.float32).reshape(length, 2)
    parts = np.asarray(frame(rows, number, width))
    for part in range(number):
        np.testing.assert_array_equal(parts[part], rows[part * spacing : part * spacing + width])
    generator = np.random.default_rng(0)
    other = jnp.asarray(generator.integers(0, 9, (number, width, 2)), jnp.float32)
    folded = overlap_add(other, length)
    assert folded.shape == rows.shape
    assert float((folded * rows).sum()) == float((other * parts).sum())
