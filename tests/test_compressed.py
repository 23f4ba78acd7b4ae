"""Compressed streams: whatever packs them, whatever they are called, however often."""

import bz2
import gzip
import io
import lzma
import os
import subprocess
from pathlib import Path

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


def packed(path: Path) -> bytes:
    file = io.BytesIO()
    with compressed.written(file, path) as stream:
        stream.write(TEXT)
    return file.getvalue()


@pytest.mark.parametrize("suffix", ["", *compressed.SUFFIXES, ".GZ"])
def test_what_is_written_by_its_suffix_is_read_by_its_content(suffix):
    assert read(packed(Path(f"v{suffix}"))) == TEXT
    assert (packed(Path(f"v{suffix}")) == TEXT) == (suffix == "")
    assert packed(Path(f"v{suffix}")) == packed(Path(f"other{suffix}"))


@pytest.mark.parametrize(("suffix", "program"), [(".gz", "gzip"), (".bz2", "bzip2"), (".xz", "xz")])
def test_other_programs_read_what_is_written(suffix, program, tmp_path):
    path = tmp_path / f"text{suffix}"
    path.write_bytes(packed(path))
    done = subprocess.run([program, "-dc", path], capture_output=True, check=True)
    assert done.stdout == TEXT


@pytest.mark.parametrize("kind", PACK)
def test_what_came_before_the_damage_is_read(kind):
    data = PACK[kind](long := TEXT * 20)[:-3]
    stream = decompressed(buffered(io.BytesIO(data), "f"), "f")
    got = b""
    with pytest.raises(InputError):
        while True:
            got += stream.read1(1 << 16)
    assert len(got) > len(long) / 2
