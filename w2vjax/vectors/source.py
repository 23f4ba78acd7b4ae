"""What stands in a file of vectors, whatever is around it: compression, UTF-16, old line ends."""

import codecs
import io
from collections.abc import Iterator
from itertools import chain

from w2vjax.errors import InputError
from w2vjax.vectors.left_out import LeftOut

BLOCK = 1 << 20
"""bytes read at once; the first of them tell what the file is"""

_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def blocks(stream: io.BufferedReader, left_out: LeftOut) -> Iterator[bytes]:
    """The bytes of a stream, `BLOCK` at once; of text, UTF-8 without mark, its lines ended by LF.

    A compressed stream that is damaged or cut short ends there, and `left_out` is told. Raises
    `InputError` if nothing comes before.
    """
    found = _read(stream, left_out)
    first = next(found, b"")
    mark = next((mark for mark in _MARKS if first.startswith(mark)), None)
    if mark:
        decoder = codecs.getincrementaldecoder(_MARKS[mark])("replace")
        yield decoder.decode(first).encode()
        for block in found:
            yield decoder.decode(block).encode()
        return
    old = b"\r" in first and b"\n" not in first and b"\0" not in first
    for block in chain([first.removeprefix(codecs.BOM_UTF8)], found):
        yield block.replace(b"\r", b"\n") if old else block


def _read(stream: io.BufferedReader, left_out: LeftOut) -> Iterator[bytes]:
    parts: list[bytes] = []
    some = False
    try:
        while part := stream.read1(BLOCK):
            parts.append(part)
            some = True
            if sum(map(len, parts)) >= BLOCK:
                yield b"".join(parts)
                parts = []
    except InputError:
        if not some:
            raise
        left_out.note("the compressed data are damaged or cut short: get it again")
    if parts:
        yield b"".join(parts)
