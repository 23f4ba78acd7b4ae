"""Trained vectors: lengths, neighbours, refusals."""

import numpy as np
import pytest

from w2vjax.errors import InputError
from w2vjax.vectors.embeddings import Embeddings


def planted() -> Embeddings:
    vectors = np.array([[2, 0], [3, 0.3], [0, 5], [-1, 0], [0, 0], [1, 1]], np.float32)
    return Embeddings(("east", "eastish", "north", "west", "never", "northeast"), vectors)


def test_normalised_has_length_one_or_zero() -> None:
    vectors = np.random.default_rng(0).standard_normal((50, 7)).astype(np.float32)
    vectors[3] = 0
    vectors[4] *= np.float32(1e-30)  # their squares underflow
    vectors[5] *= np.float32(1e30)  # their squares overflow
    lengths = np.linalg.norm(
        Embeddings(tuple(map(str, range(50))), vectors).normalised.astype(np.float64), axis=1
    )
    assert lengths[3] == 0
    np.testing.assert_allclose(np.delete(lengths, 3), 1, atol=1e-6)


def test_neighbours_are_the_nearest_and_never_the_word() -> None:
    near = planted().neighbours("east", 3)
    assert [word for word, _ in near] == ["eastish", "northeast", "north"]
    assert near[1][1] == pytest.approx(2**-0.5)
    assert [word for word, _ in planted().neighbours("east", 99)][-1] == "west"
    assert len(planted().neighbours("never", 99)) == 5


def test_neighbours_equal_gensims() -> None:
    gensim = pytest.importorskip("gensim")
    vectors = np.random.default_rng(1).standard_normal((200, 10)).astype(np.float32)
    words = [f"w{i}" for i in range(200)]
    peer = gensim.models.KeyedVectors(10)
    peer.add_vectors(words, vectors)
    for word in ("w0", "w7", "w199"):
        ours = Embeddings(tuple(words), vectors).neighbours(word, 10)
        theirs = peer.most_similar(word, topn=10)
        assert [name for name, _ in ours] == [name for name, _ in theirs]
        np.testing.assert_allclose([x for _, x in ours], [x for _, x in theirs], atol=1e-6)


def test_unknown_word_names_near_ones() -> None:
    with pytest.raises(InputError, match="'nort': did you mean north"):
        planted().neighbours("nort")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"vectors": np.ones((3, 2))}, "one row for each of the 2"),
        ({"vectors": np.ones(2)}, "one row for each"),
        ({"vectors": np.array([[1, np.nan], [0, 0]])}, "vectors are not finite"),
        ({"outputs": np.array([[1, np.inf], [0, 0]])}, "outputs are not finite"),
        ({"outputs": np.ones((1, 2))}, "outputs have shape"),
        ({"counts": np.ones(3)}, "counts have shape"),
        ({"vectors": np.ones((2, 0))}, "empty"),
        ({"words": ("a", "a")}, "not distinct"),
    ],
)
def test_refuses_what_does_not_fit(fields: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Embeddings(**({"words": ("a", "b"), "vectors": np.ones((2, 2))} | fields))
