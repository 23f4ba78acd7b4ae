"""Vectors on disk: what is written is read back exactly, gensim agrees, damage is named."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from w2vjax.errors import InputError
from w2vjax.vectors.embeddings import Embeddings

SUFFIXES = (".bin", ".txt", ".vec", ".npz")
WORDS = ("the", "köln", "東京", "C++", "100")


def vectors(num_words: int = len(WORDS), dim: int = 3) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((num_words, dim)).astype(np.float32)


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(max_examples=30, deadline=None)
@given(
    rows=hnp.arrays(
        np.float32,
        st.tuples(st.integers(1, 5), st.integers(1, 4)),
        elements=st.floats(width=32, allow_nan=False, allow_infinity=False),
    ),
    letters=st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=8),
)
def test_round_trip_is_exact(tmp_path_factory, suffix, rows, letters) -> None:
    path = tmp_path_factory.mktemp("vectors") / f"v{suffix}"
    words = tuple(f"{letters}{row}" for row in range(len(rows)))
    Embeddings(words, rows).save(path)
    loaded = Embeddings.load(path)
    assert loaded.words == words
    np.testing.assert_array_equal(loaded.vectors.view(np.uint32), rows.view(np.uint32))


def test_npz_keeps_outputs_and_counts(tmp_path: Path) -> None:
    written = Embeddings(WORDS, vectors(), vectors() * 2, np.arange(5, 0, -1))
    written.save(tmp_path / "v.npz")
    read = Embeddings.load(tmp_path / "v.npz")
    np.testing.assert_array_equal(read.outputs, written.outputs)
    np.testing.assert_array_equal(read.counts, written.counts)
    assert read.counts.dtype == np.int64 and read.outputs.dtype == np.float32


@pytest.mark.parametrize("suffix", (".bin", ".txt"))
def test_gensim_reads_ours_and_we_read_gensims(tmp_path: Path, suffix: str) -> None:
    gensim = pytest.importorskip("gensim")
    kind, binary = gensim.models.KeyedVectors, suffix == ".bin"
    Embeddings(WORDS, vectors()).save(tmp_path / f"ours{suffix}")
    theirs = kind.load_word2vec_format(tmp_path / f"ours{suffix}", binary=binary)
    assert tuple(theirs.index_to_key) == WORDS
    np.testing.assert_array_equal(theirs.vectors, vectors())
    theirs.save_word2vec_format(tmp_path / f"theirs{suffix}", binary=binary)
    ours = Embeddings.load(tmp_path / f"theirs{suffix}")
    assert ours.words == WORDS
    np.testing.assert_array_equal(ours.vectors, vectors())


def test_reads_word2vec_c(tmp_path: Path) -> None:
    rows = np.array([[1.5, -2], [0.25, 3]], "<f4")
    (tmp_path / "c.bin").write_bytes(
        b"2 2\n</s> " + rows[0].tobytes() + b"\nof " + rows[1].tobytes() + b"\n"
    )
    (tmp_path / "c.txt").write_bytes(b"2 2\n</s> 1.500000 -2.000000 \nof 0.250000 3.000000 \n")
    for name in ("c.bin", "c.txt"):
        read = Embeddings.load(tmp_path / name)
        assert read.words == ("</s>", "of")
        np.testing.assert_array_equal(read.vectors, rows)


def binary(header: str, *rows: tuple[str, list[float]], end: bytes = b"") -> bytes:
    body = b"".join(f"{w} ".encode() + np.array(v, "<f4").tobytes() + b"\n" for w, v in rows)
    return header.encode() + b"\n" + body + end


def archive(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


LETTERS = np.frombuffer(b"a\nb", np.uint8)
BAD = {
    "empty.txt": (b"", "is empty"),
    "empty.bin": (b"", "is empty"),
    "header.txt": (b"a 1.0 2.0\n", "must start with"),
    "three.txt": (b"2 2 2\na 1 2\nb 1 2\n", "must start with"),
    "negative.bin": (b"-1 2\n", "must start with"),
    "huge.txt": (b"999999999999 300\na 1 2\n", "cannot hold"),
    "huge.bin": (b"999999999999 300\na 1 2\n", "cannot hold"),
    "few.txt": (b"3 2\nalpha 1.0 2.0\nb 1 2\n", "2 rows of the 3"),
    "many.txt": (b"1 2\na 1 2\nb 1 2\n", "line 3: more rows"),
    "width.txt": (b"2 2\na 1 2\nb 1 2 3\n", "line 3: 3 numbers"),
    "short.txt": (b"2 2\na 1 2\nb 1\n", "line 3: 1 numbers"),
    "bare.txt": (b"2 2\na 1 2\nb       \n", "line 3: "),
    "letters.txt": (b"2 2\na 1 2\nb 1 x\n", "line 3: the word must be"),
    "nan.txt": (b"2 2\na 1 2\nb 1 nan\n", "'b' is not finite"),
    "inf.txt": (b"2 2\na 1 2\nb 1 1e99\n", "'b' is not finite"),
    "twice.txt": (b"2 2\na 1 2\na 3 4\n", "'a' is empty or comes twice"),
    "bytes.txt": (b"2 2\na 1 2\n\xff 3 4\n", "line 3 is not UTF-8"),
    "few.bin": (binary("2 1", ("longer", [1])), "1 rows of the 2"),
    "cut.bin": (binary("2 2", ("longer", [1, 2]), ("b", [3, 4]))[:-5], "1 rows of the 2"),
    "many.bin": (binary("1 2", ("a", [1, 2]), ("b", [3, 4])), "more bytes"),
    "nan.bin": (binary("2 1", ("a", [1]), ("b", [np.nan])), "'b' is not finite"),
    "inf.bin": (binary("2 1", ("a", [1]), ("b", [np.inf])), "'b' is not finite"),
    "twice.bin": (binary("2 1", ("a", [1]), ("a", [2])), "comes twice"),
    "text.bin": (b"2 2\na 1 2\nb 3 4\n", "cut short|cannot hold"),
    "text.npz": (b"2 2\na 1 2\nb 3 4\n", "not a sound npz"),
    "empty.npz": (b"", "not a sound npz"),
    "cut.npz": (archive(words=LETTERS, vectors=np.ones((2, 2)))[:-30], "not a sound npz"),
    "lacks.npz": (archive(words=LETTERS), "lacks vectors"),
    "unnamed.npz": (archive(vectors=np.ones((2, 2))), "lacks words"),
    "strings.npz": (archive(words=np.array(["a"]), vectors=np.ones((1, 2))), "must be UTF-8"),
    "rows.npz": (archive(words=LETTERS, vectors=np.ones((3, 2))), "one row for each of the 2"),
    "rank.npz": (archive(words=LETTERS, vectors=np.ones(2)), "one row for each of the 2"),
    "nan.npz": (archive(words=LETTERS, vectors=np.full((2, 2), np.nan)), "not finite"),
    "kind.npz": (archive(words=LETTERS, vectors=np.array([["x"], ["y"]])), "kind.npz"),
    "pickle.npz": (
        archive(words=LETTERS, vectors=np.array([{}, {}], dtype=object)),
        "not a sound npz",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_named(tmp_path: Path, name: str) -> None:
    content, message = BAD[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        Embeddings.load(tmp_path / name)
    assert name in str(caught.value)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_missing_file(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(InputError, match="No such file"):
        Embeddings.load(tmp_path / f"none{suffix}")


@pytest.mark.parametrize(
    ("suffix", "word"),
    [(suffix, word) for suffix in SUFFIXES for word in ("", "new\nline")]
    + [(suffix, word) for suffix in (".bin", ".txt") for word in ("new york", "tab\tbed")],
)
def test_a_word_the_format_cannot_hold_leaves_the_old_file(tmp_path, suffix, word) -> None:
    path = tmp_path / f"v{suffix}"
    Embeddings(("old",), vectors(1)).save(path)
    with pytest.raises(InputError, match="cannot write"):
        Embeddings(("a", word), vectors(2)).save(path)
    assert Embeddings.load(path).words == ("old",)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_failed_write_leaves_nothing(tmp_path, suffix, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("w2vjax.files.Path.replace", full)
    with pytest.raises(InputError, match="No space left"):
        Embeddings(WORDS, vectors()).save(tmp_path / f"v{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_npz_holds_spaces(tmp_path: Path) -> None:
    Embeddings(("new york", "b"), vectors(2)).save(tmp_path / "v.npz")
    assert Embeddings.load(tmp_path / "v.npz").words == ("new york", "b")
