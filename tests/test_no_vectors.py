"""A file that holds no vectors is named for what it is, with what to do; nothing is unpickled."""

import io
import pickle
import sqlite3
import tarfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from vector_files import CONTAINERS, npz, rows, text, zipped

from w2vjax.errors import InputError
from w2vjax.vectors.embeddings import Embeddings


class Trap:
    """Pickled, a command that unpickling runs."""

    def __reduce__(self):
        return (Path.touch, (Path("sprung"),))


def saved(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def tarred() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        member = tarfile.TarInfo("vectors.txt")
        member.size = 6
        archive.addfile(member, io.BytesIO(b"a 1 2\n"))
    return file.getvalue()


def database() -> bytes:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("create table magnitude (key text)")
        return connection.serialize()


PROSE = b"It was a bright cold day in April, and the clocks\nwere striking as they always do.\n" * 9
NAMED = {
    "nothing": (b"", "is empty: download it again"),
    "empty lines": (b"\n\n \n", "is empty"),
    "a model of fastText": (b"\xba\x16\x4f\x2f\x0c\0\0\0" + bytes(99), "fastText: give the .vec"),
    **{
        f"pickle, protocol {protocol}": (
            pickle.dumps({"a": [1, 2], "trap": Trap()}, protocol),
            "pickle.*gensim.*save_word2vec_format",
        )
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
    "pickled list": (pickle.dumps([Trap()], 0), "pickle"),
    "pickled array": (pickle.dumps(np.eye(2), 2), "pickle"),
    "old PyTorch": (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "PyTorch"),
    "PyTorch": (zipped(b"\x80\x02.", "archive/data.pkl", "archive/data/0"), "PyTorch"),
    "page": (b"<!DOCTYPE html>\n<html><head>", "HTML.*download it again"),
    "page after lines": (b"\n\n <HTML lang='en'><p>Not Found 404", "HTML"),
    "feed": (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code>", "XML"),
    "git-lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "lfs pull"),
    "git-annex": (b"/annex/objects/SHA256E-s3--0.bin\n", "git-annex"),
    "several in a zip": (zipped(b"a 1 2\n", "50.txt", "100.txt"), r"zip archive of 50.txt, 100"),
    "empty zip": (zipped(b"")[-22:].replace(b"\1\0\1\0", bytes(4)), "zip archive"),
    "cut zip": (zipped(PROSE)[:-30], "zip archive that cannot be read"),
    "damaged zip": (
        zipped(text(rows())).replace(b"vectors.txt", b"vectors.tyt", 1),
        "cannot be read",
    ),
    "zip with another check sum": (
        zipped(text(rows())).replace(zlib.crc32(text(rows())).to_bytes(4, "little"), bytes(4)),
        "cannot be read",
    ),
    "tar": (tarred(), "tar archive: unpack"),
    "npy": (saved(np.eye(3)), "NumPy's npy: a matrix without words"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(40), "HDF5"),
    "Parquet": (b"PAR1\x15\x04" + bytes(40), "Parquet"),
    "Arrow": (b"ARROW1\0\0" + bytes(40), "Arrow"),
    "SQLite": (database(), "SQLite.*Magnitude"),
    "GGUF": (b"GGUF\x03\0\0\0" + bytes(40), "not vectors of words"),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(40), "packed archive: unpack"),
    "PDF": (b"%PDF-1.5\n%\xe2\xe3", "document"),
    "prose": (PROSE, "text, not vectors: it starts with 'It was a bright cold"),
    "chapters": (b"Chapter 1\nIt was a bright day\n", "text, not vectors"),
    "words": (b"cat\ndog\nmouse\n", "text, not vectors"),
    "JSON": (b'{"message": "Not Found"}\n', "JSON"),
    "JSON lines": (b'{"word": "a", "vector": [1, 2]}\n' * 3, "JSON"),
    "CSV": (b"the,0.1,0.2\nof,0.3,0.4\n", "commas or semicolons between numbers"),
    "UTF-16 without mark": ("the 0.1 0.2\n".encode("utf-16-le") * 90, "UTF-16"),
    "random": (np.random.default_rng(0).bytes(5_000), "binary, of no kind"),
    "header alone": (b"10 4\n", "no rows of a word and its numbers"),
    "header and prose": (b"10 4\n" + PROSE, "no rows of a word and its numbers"),
    "binary too short for a row": (b"1 900\na " + bytes(8), "cut short"),
    "numbers alone": (b"0.1\t0.2\n0.3\t0.4\n", "numbers alone, without words: put the words"),
}


@pytest.mark.parametrize("suffix", [".bin", ".txt", ".npz", ""])
@pytest.mark.parametrize("kind", NAMED)
def test_what_it_is_is_said(kind, suffix, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    content, message = NAMED[kind]
    path = tmp_path / f"v{suffix}"
    path.write_bytes(content)
    for errors in ("skip", "strict"):
        with pytest.raises(InputError, match=message) as caught:
            Embeddings.load(path, errors=errors)
        assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    assert not Path("sprung").exists()


@pytest.mark.parametrize("container", [name for name in CONTAINERS if name != "nothing"])
@pytest.mark.parametrize(
    "kind", ["a model of fastText", "page", "tar", "prose", "pickle, protocol 4"]
)
def test_what_is_packed_is_named_too(kind, container, tmp_path) -> None:
    content, message = NAMED[kind]
    (tmp_path / "v").write_bytes(CONTAINERS[container](content))
    with pytest.raises(InputError, match=message):
        Embeddings.load(tmp_path / "v")


def test_words_that_look_like_signatures_are_words(tmp_path) -> None:
    for word in ("PAR1", "GGUF", "BZh9", "Rar!", "PK", "%PDF", "<html>", "{", "[", "version", "c"):
        (tmp_path / "v").write_bytes(f"{word} 0.1 0.2\nof 0.3 0.4\n".encode())
        assert Embeddings.load(tmp_path / "v").words == (word, "of")


def _npz(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


LETTERS = np.frombuffer(b"a\nb", np.uint8)
BAD_NPZ = {
    "cut": (npz(rows())[:-30], "cannot be read"),
    "broken": (npz(rows()).replace(b"vectors.npy", b"vectorz.npy", 1), "not a sound npz"),
    "without vectors": (_npz(words=LETTERS), "lacks vectors"),
    "without words": (_npz(vectors=np.ones((2, 2))), "lacks words"),
    "numbers": (_npz(words=np.eye(1), vectors=np.ones((1, 2))), "must be strings, or UTF-8"),
    "other names": (_npz(arr_0=np.ones((2, 2))), "lacks vectors, words: it holds arr_0"),
    "Latin 1": (
        _npz(words=np.frombuffer(b"\xe9\nb", np.uint8), vectors=np.ones((2, 2))),
        "not UTF-8",
    ),
    "rows": (_npz(words=LETTERS, vectors=np.ones((3, 2))), "one row for each of the 2"),
    "rank": (_npz(words=LETTERS, vectors=np.ones(2)), "one row for each of the 2"),
    "outputs": (
        _npz(words=LETTERS, vectors=np.ones((2, 2)), outputs=np.ones((1, 2))),
        "outputs have shape",
    ),
    "letters": (_npz(words=LETTERS, vectors=np.array([["x"], ["y"]])), "no numbers"),
    "objects": (
        _npz(words=LETTERS, vectors=np.array([Trap(), {}], dtype=object)),
        "not a sound npz",
    ),
}


@pytest.mark.parametrize("kind", BAD_NPZ)
def test_an_npz_that_is_not_ours_is_told(kind, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    content, message = BAD_NPZ[kind]
    (tmp_path / "v.npz").write_bytes(content)
    with pytest.raises(InputError, match=message):
        Embeddings.load(tmp_path / "v.npz")
    assert not Path("sprung").exists()


def test_a_place_that_cannot_be_read_is_told(tmp_path) -> None:
    with pytest.raises(InputError, match="No such file"):
        Embeddings.load(tmp_path / "none")
    with pytest.raises(InputError, match="directory"):
        Embeddings.load(tmp_path)
    (tmp_path / "v.safetensors").write_bytes((90).to_bytes(8, "little") + b"{" + bytes(99))
    with pytest.raises(InputError, match="not a sound safetensors"):
        Embeddings.load(tmp_path / "v.safetensors")
