"""One stream as text: recognised, decoded, and taken out of tables and articles."""

import csv
import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

from w2vjax.text import documents, recognised, tables, wiki
from w2vjax.text.notes import Notes
from w2vjax.text.streams import Errors, text

_LIKE_A_TABLE = 10
"""lines with as many fields each by which a text looks like a table"""


@dataclass(frozen=True)
class Reading:
    """How texts are read, and what there is to say of them."""

    errors: Errors = "strict"
    column: str | None = None
    """of tables, the one with the text; None: the only one there is, or "text" """
    notes: Notes = field(default_factory=Notes)


def text_of(name: str, stream: io.BufferedReader, how: Reading) -> Iterator[bytes]:
    """One stream's text, one document a line: UTF-8 in blocks cut at white space.

    What it is, its content says: plain text (UTF-8, UTF-16, UTF-32), WikiExtractor's articles, JSON
    lines, Parquet; a table with a delimiter by its name, or where a column is asked for. Raises
    `InputError` for what is no text, with its kind, and for a text that cannot be read; `name` is
    for messages.
    """
    head = stream.peek()
    if head.startswith(tables.PARQUET):
        rows = tables.parquet_texts(name, stream, how.column, how.notes)
        return documents.lines(rows, name, how.errors == "replace", how.notes)
    recognised.refuse(head, name)
    encoding = recognised.encoding_of(head)
    blocks = text(name, stream, encoding, how.errors, how.notes)
    first = next(blocks, b"")
    blocks = itertools.chain([first], blocks)
    if first.lstrip().startswith(wiki.START):
        return wiki.articles(blocks)
    if kind := tables.kind_of(name, first, how.column):
        rows = tables.texts(kind, name, first, blocks, how.column, how.notes)
        return documents.lines(rows, name, how.errors == "replace", how.notes)
    if (fields := _fields(first)) > 1:
        what = f"looks like a table of {fields} columns and is read whole (--column reads one)"
        how.notes.add(name, what)
    return blocks


def _fields(first: bytes) -> int:
    """How many fields each of the first lines has, if they have as many; else 1."""
    lines = first[: 1 << 16].decode(errors="replace").split("\n")[:-1]
    lines = [line for line in lines if line.strip() and not line.startswith("#")]
    lines = lines[: 2 * _LIKE_A_TABLE]
    if len(lines) < _LIKE_A_TABLE:
        return 1
    for delimiter in ("\t", ","):
        try:
            counts = {len(row) for row in csv.reader(lines, delimiter=delimiter)}
        except csv.Error:
            continue
        if len(counts) == 1 and counts != {1}:
            return counts.pop()
    return 1
