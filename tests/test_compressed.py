"""Compressed streams: whatever packs them, whatever they are called, however often."""

import bz2
import gzip
import io
import lzma
import os

import pytest

from w2vjax import compressed, files
from w2vjax.compressed import buffered, decompressed, zstd
from w2vjax.errors import InputError

PACK = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "zstd": zstd.compress,
}
TEXT = os.urandom(30_000).hex().encode()


def read(data, name="file"):
    return decompressed(buffered(io.BytesIO(data), name), name).read()


@pytest.mark.parametrize("outer", PACK)
@pytest.mark.parametrize("inner", PACK)
def test_what_is_packed_comes_out_whatever_packed_it(inner, outer):
    once = PACK[inner](TEXT)
    assert read(once) == read(PACK[outer](once)) == TEXT
    assert read(PACK[inner](b"")) == b""


@pytest.mark.parametrize("kind", PACK)
def test_parts_one_after_another_are_one_stream(kind):
    if kind == "lzma":
        pytest.skip("that format cannot")
    assert read(PACK[kind](TEXT) + PACK[kind](TEXT)) == TEXT * 2


@pytest.mark.parametrize("text", [b"", b"words", b"BZh9 is a word", b"(a", TEXT])
def test_other_streams_stay_as_they_are(tmp_path, text):
    path = tmp_path / "a.gz"
    path.write_bytes(text)
    with files.opened(path) as file:
        assert decompressed(file, "a") is file
        assert file.read() == text


@pytest.mark.parametrize("kind", PACK)
@pytest.mark.parametrize("keep", [0.5, 0.99])
def test_damage_is_told_with_the_name(kind, keep):
    packed = PACK[kind](TEXT)
    with pytest.raises(InputError, match="the file is damaged or cut short"):
        read(packed[: int(len(packed) * keep)], "the file")


def test_a_stream_within_itself_has_an_end():
    data = TEXT
    for _ in range(compressed.DEEPEST):
        data = gzip.compress(data)
    assert read(data) == TEXT
    with pytest.raises(InputError, match="more than 4 times"):
        read(gzip.compress(data))


class Pipe(io.RawIOBase):
    """Gives one byte at a time."""

    def __init__(self, data):
        self.data = io.BytesIO(data)

    def readable(self):
        return True

    def readinto(self, buffer):
        return self.data.readinto(memoryview(buffer)[:1])


@pytest.mark.parametrize("kind", PACK)
def test_a_pipe_that_gives_little_is_recognised(kind):
    pipe = buffered(io.BufferedReader(Pipe(PACK[kind](b"some words"))), "pipe")
    assert decompressed(pipe, "pipe").read() == b"some words"
