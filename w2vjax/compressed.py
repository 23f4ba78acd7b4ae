"""Compressed streams: known by their first bytes when read, written as their suffix asks."""

import bz2
import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from w2vjax.errors import InputError

if sys.version_info >= (3, 14):
    from compression import zstd as zstd
else:
    from backports import zstd as zstd

BUFFER = 1 << 18
"""bytes that `buffered` reads ahead, and can be looked at before they are read"""
DEEPEST = 4
"""times that a stream may be compressed: some archives hold themselves"""
DAMAGE = (EOFError, OSError, zlib.error, lzma.LZMAError, zstd.ZstdError)
"""what a broken stream raises as it is read"""

Opener = Callable[[IO[bytes]], Any]
_gzip: Opener = gzip.open
_bzip2: Opener = bz2.open
_lzma: Opener = lzma.open
_zstandard: Opener = zstd.open
OPENERS = {
    b"\x1f\x8b\x08": _gzip,
    b"BZh": _bzip2,
    b"\xfd7zXZ\0": _lzma,
    b"]\0\0": _lzma,
    b"\x28\xb5\x2f\xfd": _zstandard,
} | {bytes([byte]) + b"\x2a\x4d\x18": _zstandard for byte in range(0x50, 0x60)}
"""by the bytes a stream starts with: gzip, bzip2, xz, its forerunner lzma, Zstandard"""
SUFFIXES = (".gz", ".bz2", ".xz", ".zst")
"""of the files that `written` compresses"""
_BZIP2_BLOCKS = (b"1AY&SY", b"\x17rE8P\x90")


def decompressed(stream: io.BufferedReader, name: str) -> io.BufferedReader:
    """What is in a stream of gzip, bzip2, xz or Zstandard, at its start now; else the stream.

    A stream that is compressed twice is taken out of both. Memory does not grow with its length.
    Reading raises `InputError`, with the `name`, for data that are damaged or cut short; so does
    this for what is compressed more than `DEEPEST` times. The first bytes are looked at by `peek`:
    pipes, which give fewer than are asked for, go through `buffered` first.
    """
    for _ in range(DEEPEST):
        opener = _opener(stream.peek(16)[:16])
        if opener is None:
            return stream
        # by pieces: what came before damage is not lost with it
        inner = opener(stream)
        stream = io.BufferedReader(_Told(inner.read1, name), BUFFER)
    if _opener(stream.peek(16)[:16]) is None:
        return stream
    raise InputError(f"{name} is compressed more than {DEEPEST} times over: unpack it first")


def buffered(
    stream: IO[bytes], name: str, damage: tuple[type[Exception], ...] = ()
) -> io.BufferedReader:
    """The stream, of which `BUFFER` bytes can be looked at; its damage is told with its name.

    `damage` are exceptions besides `DAMAGE` that it may raise where it is damaged.
    """
    return io.BufferedReader(_Told(stream.read, name, DAMAGE + damage), BUFFER)


def damaged(name: str, error: BaseException) -> InputError:
    """What to raise for a stream that cannot be read to its end."""
    return InputError(f"{name} is damaged or cut short ({error}): get it again")


@contextmanager
def written(file: IO[bytes], path: Path) -> Iterator[Any]:
    """A stream whose data go into the file as the suffix of `path` asks; by any other, as they are.

    Equal data make equal files.
    """
    suffix = path.suffix.lower()
    if suffix == ".gz":
        with gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
            yield packed
    elif suffix in SUFFIXES:
        module: Any = {".bz2": bz2, ".xz": lzma, ".zst": zstd}[suffix]
        with module.open(file, "wb") as stream:
            yield stream
    else:
        yield file


class _Told(io.RawIOBase):
    """A stream that raises `InputError` where it is damaged."""

    def __init__(
        self,
        read: Callable[[int], bytes],
        name: str,
        damage: tuple[type[Exception], ...] = DAMAGE,
    ) -> None:
        self._read, self._name, self._damage = read, name, damage

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._read(len(buffer))
        except self._damage as error:
            raise damaged(self._name, error) from None
        buffer[: len(data)] = data
        return len(data)


def _opener(head: bytes) -> Opener | None:
    if head.startswith(b"BZh") and not head[4:].startswith(_BZIP2_BLOCKS):
        return None  # a word of some text
    return next((opener for start, opener in OPENERS.items() if head.startswith(start)), None)
