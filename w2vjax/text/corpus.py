"""Local text: a file, an archive or a folder, as a stream of UTF-8 blocks, one document a line."""

import bz2
import codecs
import gzip
import itertools
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Literal

from w2vjax.errors import InputError
from w2vjax.files import opened
from w2vjax.text import cleaning as text8

BLOCK = 1 << 18
"""bytes read at a time"""
LONGEST_WORD = 1 << 24
"""bytes without white space after which a file is not taken for text"""

Errors = Literal["strict", "replace"]
Advance = Callable[[int], None]
"""is told how many more bytes of the source on disk have been read"""

_OPENERS: dict[str, Callable[[IO[bytes]], Any]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
}
_DAMAGE = (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError)
_SPACES = re.compile("[\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
_PLACE_HOLDER = re.compile(r"\b(?:formula|codice)_\d+")


@dataclass(frozen=True)
class Source:
    """A text that can be read from its start, any number of times."""

    name: str
    identity: str
    """changes whenever the text does"""
    blocks: Callable[[Advance], Iterator[bytes]]
    """clean text: blocks cut at white space (bytes up to 32), documents ended by newlines"""
    size: int | None = None
    """bytes on disk, if known: the total that `Advance` counts to"""
    sha256: str | None = None
    """of the clean text, if known beforehand; `blocks` then verifies it"""


def local(path: Path, cleaning: Literal["text8", "none"], errors: Errors) -> Source:
    """The text under `path`: `.txt`, `.gz`, `.bz2`, `.xz`, `.zip`, anything else as plain text.

    A folder is read recursively in the order of its sorted paths, hidden files left out. Output of
    WikiExtractor is recognised by its first line. Raises `InputError` if there is no such file.
    """
    try:
        paths = files(path)
        states = [(str(file.resolve()), file.stat()) for file in paths]
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None

    def blocks(advance: Advance) -> Iterator[bytes]:
        stream = joined(read(file, errors, advance) for file in paths)
        return text8.clean(stream) if cleaning == "text8" else stream

    return Source(
        name=str(path),
        identity=repr([(name, state.st_size, state.st_mtime_ns) for name, state in states]),
        blocks=blocks,
        size=sum(state.st_size for _, state in states),
    )


def files(path: Path) -> list[Path]:
    """The file itself, or the files in a folder, recursively, sorted, without hidden ones."""
    if path.is_file():
        return [path]
    if not path.exists():
        raise InputError(f"no such file or folder: {path}")
    if not path.is_dir():
        raise InputError(f"{path} is neither a file nor a folder")
    found = [
        file
        for file in sorted(path.rglob("*"))
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(path).parts)
    ]
    if not found:
        raise InputError(f"the folder {path} holds no files")
    return found


def read(path: Path, errors: Errors, advance: Advance) -> Iterator[bytes]:
    """One file's text, not cleaned: valid UTF-8 in blocks cut at white space.

    Raises `InputError` for a file that cannot be read, is damaged or cut short, holds a path
    outside its folder (zip), or is not UTF-8 (unless `errors` is `replace`).
    """
    with opened(path) as raw:
        position = 0
        for block in joined(text_of(*member, errors) for member in _members(path, raw)):
            yield block
            advance(max(0, raw.tell() - position))
            position = max(position, raw.tell())


def text_of(name: str, stream: IO[bytes], errors: Errors) -> Iterator[bytes]:
    """One stream's text as `read` gives it, one document a line; `name` is for messages."""
    blocks = _valid(name, _pieces(name, stream), errors)
    first = next(blocks, b"")
    blocks = itertools.chain([first], blocks)
    return extracted(blocks) if first.lstrip().startswith(b"<doc ") else blocks


def joined(texts: Iterable[Iterable[bytes]]) -> Iterator[bytes]:
    """Texts one after another, newlines between: the end of a text ends a document."""
    for number, text in enumerate(texts):
        if number:
            yield b"\n"
        yield from text


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


def _members(path: Path, raw: IO[bytes]) -> Iterator[tuple[str, IO[bytes]]]:
    """The decompressed streams of a file and their names: several for a zip, else one."""
    if path.suffix != ".zip":
        yield str(path), _OPENERS.get(path.suffix, lambda stream: stream)(raw)
        return
    try:
        archive = zipfile.ZipFile(raw)
    except zipfile.BadZipFile as error:
        raise _damaged(str(path), error) from None
    members = [member for member in archive.infolist() if not member.is_dir()]
    for member in members:
        inside = PurePosixPath(member.filename.replace("\\", "/"))
        if inside.is_absolute() or ".." in inside.parts or ":" in inside.parts[0]:
            raise InputError(
                f"{path} holds {member.filename!r}, a path outside its folder: do not trust it"
            )
    for member in members:
        name = f"{path}:{member.filename}"
        try:
            stream = archive.open(member)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            raise _damaged(name, error) from None
        yield name, stream


def _pieces(name: str, stream: IO[bytes]) -> Iterator[bytes]:
    """The stream cut at white space, so that no word (and no character) is torn."""
    rest: list[bytes] = []
    while True:
        try:
            block = stream.read(BLOCK)
        except _DAMAGE as error:
            raise _damaged(name, error) from None
        if not block:
            break
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


def _valid(name: str, blocks: Iterable[bytes], errors: Errors) -> Iterator[bytes]:
    """Valid UTF-8 without byte-order mark, white space outside ASCII replaced by spaces."""
    offset = 0
    for block in blocks:
        size = len(block)
        if offset == 0:
            block = block.removeprefix(codecs.BOM_UTF8)
        if not block.isascii():
            try:
                text = block.decode("utf-8", errors)
            except UnicodeDecodeError as error:
                byte = offset + size - len(block) + error.start
                raise InputError(
                    f"{name} is not UTF-8 at byte offset {byte:,}: convert it, or read it with "
                    "`--errors replace` (errors=replace), which puts � there"
                ) from None
            block = _SPACES.sub(" ", text).encode()
        offset += size
        yield block


def extracted(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """WikiExtractor's articles, `<doc …>` to `</doc>`, one a line, the title's line included.

    The `formula_7` and `codice_7` that the extractor puts for mathematics and code are dropped.
    """
    article: list[bytes] = []
    for line in lines_of(blocks):
        if line.startswith(b"<doc ") and line.rstrip().endswith(b">"):
            article = []
        elif line.strip() == b"</doc>":
            yield _PLACE_HOLDER.sub(" ", b" ".join(article).decode()).encode() + b"\n"
            article = []
        else:
            article.append(line)
    if b"".join(article).strip():
        yield b" ".join(article) + b"\n"


def _damaged(name: str, error: BaseException) -> InputError:
    return InputError(f"{name} is damaged or cut short ({error}): get it again")
