"""Vectors on disk: what is written is read back exactly, gensim agrees, suffixes are kept to."""

import gzip
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from w2vjax.errors import InputError
from w2vjax.vectors import archives, writing
from w2vjax.vectors.embeddings import Embeddings

PLAIN = (".bin", ".txt", ".vec", "", ".300d")
PACKED = tuple(f"{form}{packed}" for form in (".bin", ".txt") for packed in (".gz", ".bz2", ".xz"))
EVERYTHING = (".npz", ".safetensors")
SUFFIXES = (*PLAIN, *PACKED, ".vec.zst", ".VEC.GZ", *EVERYTHING, ".tsv")
WORDS = ("the", "köln", "東京", "C++", "100")


def vectors(num_words: int = len(WORDS), dim: int = 3) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((num_words, dim)).astype(np.float32)


@pytest.mark.parametrize("suffix", [".bin", ".txt", ".npz", ".safetensors", ".tsv"])
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
    loaded = Embeddings.load(path, errors="strict")
    assert loaded.words == words
    np.testing.assert_array_equal(loaded.vectors.view(np.uint32), rows.view(np.uint32))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_suffix_is_written_read_and_checked_before(suffix, tmp_path) -> None:
    path = tmp_path / f"v{suffix}"
    writing.check_writable(path)
    assert list(tmp_path.iterdir()) == []
    Embeddings(WORDS, vectors()).save(path)
    loaded = Embeddings.load(path, errors="strict")
    assert loaded.words == WORDS
    np.testing.assert_array_equal(loaded.vectors, vectors())
    assert len(list(tmp_path.iterdir())) == 1 + (suffix == ".tsv")


@pytest.mark.parametrize(("suffix", "program"), [(".gz", "gzip"), (".bz2", "bzip2"), (".xz", "xz")])
def test_other_programs_unpack_what_is_packed(suffix, program, tmp_path) -> None:
    packed, plain = tmp_path / f"v.vec{suffix}", tmp_path / "v.vec"
    for path in (packed, plain):
        Embeddings(WORDS, vectors()).save(path)
    done = subprocess.run([program, "-dc", packed], capture_output=True, check=True)
    assert done.stdout == plain.read_bytes() != packed.read_bytes()


@pytest.mark.parametrize("suffix", EVERYTHING)
def test_outputs_and_counts_are_kept(suffix, tmp_path) -> None:
    written = Embeddings(WORDS, vectors(), vectors() * 2, np.arange(5, 0, -1))
    written.save(tmp_path / f"v{suffix}")
    read = Embeddings.load(tmp_path / f"v{suffix}", limit=4)
    np.testing.assert_array_equal(read.outputs, written.outputs[:4])
    np.testing.assert_array_equal(read.counts, written.counts[:4])
    assert read.counts.dtype == np.int64 and read.outputs.dtype == np.float32


@pytest.mark.parametrize("suffix", [".bin", ".txt", ".bin.gz"])
def test_gensim_reads_ours_and_we_read_gensims(tmp_path: Path, suffix: str) -> None:
    gensim = pytest.importorskip("gensim")
    kind, binary = gensim.models.KeyedVectors, suffix.startswith(".bin")
    Embeddings(WORDS, vectors()).save(tmp_path / f"ours{suffix}")
    theirs = kind.load_word2vec_format(tmp_path / f"ours{suffix}", binary=binary)
    assert tuple(theirs.index_to_key) == WORDS
    np.testing.assert_array_equal(theirs.vectors, vectors())
    theirs.save_word2vec_format(tmp_path / f"theirs{suffix}", binary=binary)
    ours = Embeddings.load(tmp_path / f"theirs{suffix}")
    assert ours.words == WORDS
    np.testing.assert_array_equal(ours.vectors, vectors())


def test_the_projectors_two_files(tmp_path) -> None:
    Embeddings(WORDS, vectors()).save(tmp_path / "v.tsv")
    numbers = np.loadtxt(tmp_path / "v.tsv", dtype=np.float32, delimiter="\t")
    np.testing.assert_array_equal(numbers, vectors())
    assert (tmp_path / "v_metadata.tsv").read_text().splitlines() == list(WORDS)


@pytest.mark.parametrize(
    ("name", "beside"),
    [("v.tsv", "metadata.tsv"), ("v_tensor.tsv", "v_metadata.tsv"), ("v.tsv.gz", "v_metadata.tsv")],
)
def test_projector_files_as_others_write_them(name, beside, tmp_path) -> None:
    data = b"0.5\t1.5\n-0.5\t2.5\n"
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    (tmp_path / beside).write_text("word\tcount\nnew york\t5\nof\t4\n")
    read = Embeddings.load(tmp_path / name)
    assert read.words == ("new york", "of") and read.vectors.tolist() == [[0.5, 1.5], [-0.5, 2.5]]
    for words, told in (("of\n", "without a word"), ("a\nb\nc\n", "promise 3 rows, 2 are there")):
        (tmp_path / beside).write_text(words)
        with pytest.raises(InputError, match=told):
            Embeddings.load(tmp_path / name, errors="strict")


REFUSED = (
    *(".model", ".kv", ".pkl", ".pt", ".h5", ".npy", ".parquet", ".zip", ".tar", ".tar.gz", ".csv"),
    *(".npz.gz", ".safetensors.xz", ".tsv.gz", ".model.gz", ".tgz", ".JSON"),
)


@pytest.mark.parametrize("suffix", REFUSED)
def test_suffixes_of_other_formats_are_refused_before_the_work(suffix, tmp_path) -> None:
    for attempt in (writing.check_writable, Embeddings(WORDS, vectors()).save):
        with pytest.raises(InputError, match=r"cannot write .*\.bin.*\.safetensors"):
            attempt(tmp_path / f"v{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_the_words_beside_are_checked_too(tmp_path) -> None:
    (tmp_path / "v_metadata.tsv").mkdir()
    with pytest.raises(InputError, match=r"v_metadata\.tsv: it is not a file"):
        writing.check_writable(tmp_path / "v.tsv")


def test_safetensors_without_its_package_is_told_before_the_work(tmp_path, monkeypatch) -> None:
    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(archives.importlib, "import_module", absent)
    for attempt in (writing.check_writable, Embeddings(WORDS, vectors()).save):
        with pytest.raises(InputError, match=r"pip install 'w2vjax\[safetensors\]'"):
            attempt(tmp_path / "v.safetensors")


@pytest.mark.parametrize(
    ("suffix", "word"),
    [(suffix, word) for suffix in SUFFIXES for word in ("", "new\nline")]
    + [(suffix, word) for suffix in (*PLAIN, ".bin.gz") for word in ("new york", "tab\tbed")]
    + [(".tsv", "tab\tbed")],
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


def test_the_words_stay_those_of_the_numbers_when_writing_fails(tmp_path, monkeypatch) -> None:
    path = tmp_path / "v.tsv"
    Embeddings(("old",), vectors(1)).save(path)

    def broken(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing, "_write_rows", broken)
    with pytest.raises(InputError, match="No space left"):
        Embeddings(("new",), vectors(1)).save(path)
    assert Embeddings.load(path).words == ("old",) and len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("suffix", [*EVERYTHING, ".tsv"])
def test_some_formats_hold_blanks(tmp_path, suffix) -> None:
    Embeddings(("new york", "b"), vectors(2)).save(tmp_path / f"v{suffix}")
    assert Embeddings.load(tmp_path / f"v{suffix}").words == ("new york", "b")
