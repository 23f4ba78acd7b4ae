"""Texts at hand: files, folders and streams, as sources of UTF-8 blocks, one document a line."""

import glob
import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from w2vjax.compressed import buffered
from w2vjax.config.schema import CorpusConfig
from w2vjax.errors import InputError
from w2vjax.files import opened
from w2vjax.text import cleaning as text8
from w2vjax.text.containers import members
from w2vjax.text.notes import Notes
from w2vjax.text.reading import Reading, text_of
from w2vjax.text.streams import joined

STANDARD_INPUT = "-"
Advance = Callable[[int], None]
"""is told how many more bytes of the source on disk have been read"""
Blocks = Callable[[Advance, Notes], Iterator[bytes]]


@dataclass(frozen=True)
class Source:
    """A text that can be read from its start, any number of times unless it has no identity."""

    name: str
    identity: str | None
    """changes whenever the text does; None: of a stream, which can be read once"""
    blocks: Blocks
    """clean text: blocks cut at white space (bytes up to 32), documents ended by newlines"""
    size: int | None = None
    """bytes on disk, if known: the total that `Advance` counts to"""
    sha256: str | None = None
    """of the clean text, if known beforehand; `blocks` then verifies it"""
    in_thread: bool = True
    """whether it may be read in another thread than the caller's"""


def local(path: Path, config: CorpusConfig) -> Source:
    """The text under a path: a file or stream, or all files of a folder.

    What a file holds, its content says: see `containers.members` and `reading.text_of`. A folder is
    read recursively in the order of its sorted paths, hidden files left out. Raises `InputError` if
    there is no such file.
    """
    try:
        if _is_stream(path):
            return stream(str(path), lambda: opened(path), config)
        paths = files(path)
        states = [(str(file.resolve()), file.stat()) for file in paths]
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None

    def blocks(advance: Advance, notes: Notes) -> Iterator[bytes]:
        how = Reading(config.errors, config.column, notes)
        texts = joined(read(file, how, advance) for file in paths)
        return cleaned(texts, config, str(path), notes)

    return Source(
        name=str(path),
        identity=repr([(name, state.st_size, state.st_mtime_ns) for name, state in states]),
        blocks=blocks,
        size=sum(state.st_size for _, state in states),
    )


def standard_input(config: CorpusConfig) -> Source:
    """What is piped into the program. Raises `InputError` where nothing is."""
    if sys.stdin is None or sys.stdin.buffer.isatty():
        raise InputError("standard input is a terminal: pipe a text in, w2vjax … < text.txt say")
    return stream("standard input", lambda: nullcontext(sys.stdin.buffer), config)


def stream(
    name: str, opening: Callable[[], AbstractContextManager], config: CorpusConfig
) -> Source:
    """A text that comes as it comes: a pipe."""

    def blocks(advance: Advance, notes: Notes) -> Iterator[bytes]:
        how = Reading(config.errors, config.column, notes)
        with opening() as raw:
            texts = joined(text_of(*member, how) for member in members(buffered(raw, name), name))
            yield from cleaned(texts, config, name, notes)

    return Source(name=name, identity=None, blocks=blocks)


def together(sources: Sequence[Source], name: str) -> Source:
    """Texts one after another."""
    sizes = [source.size for source in sources]
    identities = [source.identity for source in sources]

    def blocks(advance: Advance, notes: Notes) -> Iterator[bytes]:
        return joined(source.blocks(advance, notes) for source in sources)

    return Source(
        name=name,
        identity=None if None in identities else repr(identities),
        blocks=blocks,
        size=None if None in sizes else sum(size for size in sizes if size),
    )


def matching(pattern: str) -> list[Path]:
    """The files and folders of a pattern such as `texts/*.gz`, sorted; `**` is any folder."""
    found = sorted(Path(path) for path in glob.glob(pattern, recursive=True))
    if not found:
        raise InputError(f"no file matches {pattern}")
    return found


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


def read(path: Path, how: Reading, advance: Advance) -> Iterator[bytes]:
    """One file's text, not cleaned: valid UTF-8 in blocks cut at white space.

    Raises `InputError` for a file that cannot be read, is damaged or cut short, is no text, or is
    not UTF-8 (unless `how.errors` is `replace`).
    """
    with opened(path) as raw:
        position = 0
        for block in joined(text_of(*member, how) for member in members(raw, str(path))):
            yield block
            advance(max(0, raw.tell() - position))
            position = max(position, raw.tell())


def cleaned(
    blocks: Iterator[bytes], config: CorpusConfig, name: str, notes: Notes
) -> Iterator[bytes]:
    """The text after the configuration's cleaning."""
    return text8.clean(blocks, name, notes) if config.cleaning == "text8" else blocks


def _is_stream(path: Path) -> bool:
    """Pipes, also those of a shell's `<(…)`, and devices such as /dev/null."""
    if not os.path.exists(path):
        return False
    mode = path.stat().st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)
