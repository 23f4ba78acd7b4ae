"""Bytes of a text as a stream of blocks: cut at white space, valid UTF-8, one after another."""

import codecs
import re
from collections.abc import Iterable, Iterator
from typing import IO, Literal

from w2vjax.errors import InputError
from w2vjax.text.notes import Notes

BLOCK = 1 << 18
"""bytes read at a time"""
LONGEST_WORD = 1 << 24
"""bytes without white space after which a file is not taken for text"""

Errors = Literal["strict", "replace"]

_SPACES = re.compile("[\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
_REPLACED = "\ufffd"


def text(
    name: str, stream: IO[bytes], encoding: str, errors: Errors, notes: Notes
) -> Iterator[bytes]:
    """The stream's text as blocks of UTF-8 that tear no word; `name` is for messages.

    Without byte-order mark; white space outside ASCII is spaces. Raises `InputError` for bytes that
    are not of the encoding (with their place in UTF-8), unless `errors` is `replace`.
    """
    blocks = _blocks(stream)
    if encoding != "utf-8":
        blocks = _recoded(name, blocks, encoding, errors)
    return _valid(name, _pieces(name, blocks), errors, notes)


def joined(texts: Iterable[Iterable[bytes]]) -> Iterator[bytes]:
    """Texts one after another, newlines between: the end of a text ends a document."""
    for number, blocks in enumerate(texts):
        if number:
            yield b"\n"
        yield from blocks


def lines_of(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Whole lines, without their newlines."""
    rest: list[bytes] = []
    for block in blocks:
        first, *others = block.split(b"\n")
        rest.append(first)
        if others:
            yield b"".join(rest)
            *whole, last = others
            yield from whole
            rest = [last]
    yield b"".join(rest)


def gathered(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Small blocks joined to about `BLOCK` bytes."""
    some, size = [], 0
    for block in blocks:
        some.append(block)
        size += len(block)
        if size >= BLOCK // 2:
            yield b"".join(some)
            some, size = [], 0
    yield b"".join(some)


def _blocks(stream: IO[bytes]) -> Iterator[bytes]:
    while block := stream.read(BLOCK):
        yield block


def _recoded(name: str, blocks: Iterable[bytes], encoding: str, errors: Errors) -> Iterator[bytes]:
    """Another encoding's bytes as UTF-8."""
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    try:
        for block in blocks:
            yield decoder.decode(block).encode()
        yield decoder.decode(b"", final=True).encode()
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name} looks like {encoding.upper()} and is not ({error.reason}): save it as UTF-8"
        ) from None


def _pieces(name: str, blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The blocks cut at white space, so that no word (and no character) is torn."""
    rest: list[bytes] = []
    for block in blocks:
        cut = 1 + max(block.rfind(space) for space in (b" ", b"\n", b"\t", b"\r"))
        if cut:
            yield b"".join([*rest, block[:cut]])
            rest = [block[cut:]] if block[cut:] else []
        else:
            rest.append(block)
            if sum(map(len, rest)) > LONGEST_WORD:
                raise InputError(f"{name} has {LONGEST_WORD:,} bytes without a space: not text")
    if rest:
        yield b"".join(rest)


def _valid(name: str, blocks: Iterable[bytes], errors: Errors, notes: Notes) -> Iterator[bytes]:
    """Valid UTF-8 without byte-order mark, white space outside ASCII replaced by spaces."""
    offset = 0
    for block in blocks:
        size = len(block)
        if offset == 0:
            block = block.removeprefix(codecs.BOM_UTF8)
        if not block.isascii():
            try:
                decoded = block.decode()
            except UnicodeDecodeError as error:
                if errors == "strict":
                    byte = offset + size - len(block) + error.start
                    raise InputError(
                        f"{name} is not UTF-8 at byte offset {byte:,}: convert it (iconv -f ITS-"
                        "ENCODING -t UTF-8), or read it with `--errors replace` (errors=replace), "
                        "which puts � there"
                    ) from None
                decoded = block.decode(errors="replace")
                replaced = decoded.count(_REPLACED) - block.count(_REPLACED.encode())
                notes.add(name, "places that are not UTF-8 are read as �", replaced)
            block = _SPACES.sub(" ", decoded).encode()
        offset += size
        yield block
