"""A file of vectors, whatever it is called: what it is is told by what stands in it."""

import io
import zipfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from w2vjax import files
from w2vjax.compressed import buffered, decompressed
from w2vjax.errors import InputError, in_range
from w2vjax.vectors import archives, binary_rows, projector, text_rows
from w2vjax.vectors.kinds import SAVE_TEXT, recognised
from w2vjax.vectors.left_out import LeftOut
from w2vjax.vectors.shape import Shape, header_of
from w2vjax.vectors.source import blocks
from w2vjax.vectors.table import Rows, Table, sound


def read(path: Path, left_out: LeftOut, limit: int | None = None) -> Table:
    """The words and vectors of a file: word2vec's text or binary, GloVe's or fastText's text, npz,
    safetensors, or the Embedding Projector's pair; any of them compressed, or alone in a zip.

    `limit`: only so many rows, from the start. Rows that are not sound, with no word in UTF-8 that
    did not come before or without D finite numbers, are told to `left_out`.

    Raises `InputError` for a file that cannot be read, or holds no vectors: the message names what
    it is and what to do. Nothing is ever unpickled.
    """
    if limit is not None:
        in_range("limit", limit, 1)
    with files.opened(path) as raw:
        stream = decompressed(raw, str(path))
        size = path.stat().st_size if stream is raw and path.is_file() else None  # not a pipe's
        return _table(File(path, size, limit, left_out), stream)


class File(NamedTuple):
    """What is read, and how much of it is wanted."""

    path: Path
    size: int | None
    """bytes of its content, if known"""
    limit: int | None
    left_out: LeftOut

    def rows(self, dim: int, promised: int | None, bytes_a_row: int) -> Rows:
        """The place for its rows: for as many as are promised and can be."""
        if self.size is None or promised is None:
            return Rows(dim, self.left_out, self.limit)
        expected = min(promised, self.size // bytes_a_row)
        return Rows(dim, self.left_out, self.limit, expected)


def _table(file: File, stream: io.BufferedReader) -> Table:
    if stream.peek(2)[:2] == b"PK" and not stream.seekable():
        stream = io.BufferedReader(io.BytesIO(stream.read()))
    found = blocks(stream, file.left_out)
    head = next(found, b"")
    kind = recognised(file.path, head)
    found = chain([head], found)
    if isinstance(kind, Shape):
        return _text(file, found, kind)
    if kind == "binary":
        num_words, dim = header_of(head.split(b"\n")[0]) or (0, 0)
        rows = file.rows(dim, num_words, 4 * dim + 2)
        if file.size is not None and 4 * dim > file.size:
            raise InputError(f"{file.path} is cut short: it cannot hold one row of {dim:,} numbers")
        binary_rows.read_rows(found, num_words, rows)
        return rows.table()
    if kind == "safetensors":
        return _wanted(file, archives.from_safetensors(file.path, b"".join(found)))
    stream.seek(0)
    return _zip(file, stream)


def _text(file: File, found: Iterator[bytes], shape: Shape) -> Table:
    rows = file.rows(shape.dim, shape.promised, 2 * shape.dim + 1)
    words = projector.words_beside(file.path) if shape.bare else None
    text_rows.read_rows(found, shape, rows, iter(words) if words else None)
    promised = len(words) if words else shape.promised
    told = "words beside it promise" if words else "first line promises"
    if shape.odd:
        file.left_out.note(shape.odd)
    elif file.limit is None and promised is not None and promised != rows.seen:
        cut = ": is it cut short?" if rows.seen < promised else ""
        file.left_out.note(f"the {told} {promised:,} rows, {rows.seen:,} are there{cut}")
    return rows.table()


def _zip(file: File, stream: io.BufferedReader) -> Table:
    """npz; or the one file that is in an archive."""
    try:
        return _archived(file, stream, zipfile.ZipFile(stream))
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:  # encrypted, say
        raise InputError(f"{file.path} is a zip archive that cannot be read: {error}") from None


def _archived(file: File, stream: io.BufferedReader, archive: zipfile.ZipFile) -> Table:
    names = [
        name
        for name in archive.namelist()
        if not name.endswith("/") and not name.startswith("__MACOSX/")
    ]
    if any(name.endswith(".npy") for name in names):
        stream.seek(0)
        return _wanted(file, archives.from_npz(file.path, stream))
    if any(name.endswith("data.pkl") for name in names):
        raise InputError(
            f"{file.path} is a model of PyTorch, with a Python pickle, which may run any program "
            f"and is not opened: {SAVE_TEXT}"
        )
    if len(names) != 1:
        held = ", ".join(names[:5]) or "nothing"
        raise InputError(f"{file.path} is a zip archive of {held}: unzip it, and give one of these")
    name = f"{file.path}:{names[0]}"
    with archive.open(names[0]) as member:
        inner = decompressed(buffered(member, name), name)
        return _table(file._replace(path=Path(name), size=None), inner)


def _wanted(file: File, table: Table) -> Table:
    parts = (None if part is None else part[: file.limit] for part in table)
    return sound(Table(*parts), file.left_out)  # type: ignore[arg-type]  # the first two are there
