"""Vectors in memory take what their matrix takes, and a tenth for words and reading."""

import gzip
import tracemalloc

import numpy as np
import pytest
from vector_files import binary, text

from w2vjax.vectors import source
from w2vjax.vectors.embeddings import Embeddings
from w2vjax.vectors.table import repeated

NUM_WORDS, DIM = 9_000, 300


def values() -> list[tuple[str, np.ndarray]]:
    draw = np.random.default_rng(0).standard_normal((NUM_WORDS, DIM)).round(1)
    return [(f"word{row}", numbers) for row, numbers in enumerate(draw)]


@pytest.mark.parametrize(
    ("make", "times"),
    [
        (binary, 1.1),
        (lambda rows: binary(rows, end=b""), 1.1),
        (lambda rows: gzip.compress(binary(rows), 1), 1.3),
        (lambda rows: text(rows, header=False), 1.3),
    ],
    ids=["binary", "binary as gensim", "compressed", "GloVe"],
)
def test_reading_takes_little_more_than_the_matrix(make, times, tmp_path, monkeypatch) -> None:
    """Where the number of rows is not known beforehand the matrix grows, by steps of a twentieth
    and a thousand rows: much of so small a one."""
    monkeypatch.setattr(source, "BLOCK", 1 << 15)  # as small beside it as it is in earnest
    (tmp_path / "v").write_bytes(make(values()))
    tracemalloc.start()
    try:
        found = Embeddings.load(tmp_path / "v")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.vectors.nbytes == 4 * NUM_WORDS * DIM
    assert peak < times * found.vectors.nbytes


def test_scaled_rows_are_those_of_the_whole() -> None:
    vectors = np.random.default_rng(0).standard_normal((50, 7)).astype(np.float32)
    vectors[3] = 0
    found = Embeddings(tuple(map(str, range(50))), vectors)
    some = np.array([[3, 4], [49, 0]])
    np.testing.assert_array_equal(found.unit(some), found.normalised[some])
    np.testing.assert_array_equal(found.unit(slice(2, 9)), found.normalised[2:9])


def test_repeated_words_are_found_whatever_stands_between() -> None:
    words = [str(number) for number in np.random.default_rng(0).integers(0, 500, 1000)]
    seen: set[str] = set()
    expected = [row for row, word in enumerate(words) if word in seen or seen.add(word)]
    assert repeated(words) == expected and len(expected) > 400
    assert repeated([]) == repeated(["a", "b"]) == []
