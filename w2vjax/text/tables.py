"""Tables whose rows have a text among other things: JSON lines, CSV, TSV, Parquet."""

import csv
import importlib
import io
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Any, Literal

from w2vjax.compressed import damaged
from w2vjax.errors import InputError, unknown
from w2vjax.text.json_rows import is_tokens, values
from w2vjax.text.notes import Notes
from w2vjax.text.streams import LONGEST_WORD, lines_of

USUAL = "text"
"""the column that is read where several hold text"""
SAMPLE = 100
"""rows that the column is chosen by"""
PARQUET = b"PAR1"
_JSON = re.compile(rb'\s*\[?\s*\{\s*"(?:[^"\\]|\\.)*"\s*:')
_JSON_NAMES = (".json", ".jsonl", ".ndjson")
_DELIMITERS = {".tsv": "\t", ".tab": "\t", ".csv": ",;\t|"}
_PACKED = (".gz", ".bz2", ".xz", ".lzma", ".zst", ".zip")

Kind = Literal["json", "csv"]
Row = Mapping[str, Any]


def kind_of(name: str, first: bytes, column: str | None) -> Kind | None:
    """What table a text is, by its first block, its name and whether a column is asked for."""
    if _JSON.match(first) or _suffix(name) in _JSON_NAMES or _is_list(first):
        return "json"
    if _suffix(name) in _DELIMITERS or column is not None:
        return "csv"
    return None


def texts(
    kind: Kind,
    name: str,
    first: bytes,
    blocks: Iterator[bytes],
    column: str | None,
    notes: Notes,
) -> Iterator[str | None]:
    """The text of every row of JSON, or of a table with a delimiter; None: it has none.

    JSON, a value a line or a list of them, has objects, whose fields are the columns (`a.b`: field
    b in field a), or strings, or lists of tokens. The first line of a CSV has the names of its
    columns; where it has none, `column` is a number, from 1. Without a column it is the only one
    that holds text, or the one called "text", which is said. Raises `InputError` for another column
    and for damaged rows.
    """
    if kind == "json":
        return _chosen(name, values(name, blocks, first), column, notes)
    return _csv_texts(name, lines_of(blocks), column, notes)


def parquet_texts(
    name: str, stream: io.BufferedReader, column: str | None, notes: Notes
) -> Iterator[str | None]:
    """The same of the rows of a Parquet file, which must be one by itself."""
    if not stream.seekable():
        raise InputError(f"{name} is Parquet in a stream or an archive: save it as a file")
    try:
        parquet = importlib.import_module("pyarrow.parquet")
        failure: Any = importlib.import_module("pyarrow").ArrowException
    except ImportError:
        raise InputError(f"{name} is Parquet: to read it, pip install 'w2vjax[parquet]'") from None
    try:
        file = parquet.ParquetFile(stream)
        batches = file.iter_batches(batch_size=SAMPLE)
        some = next(batches).to_pylist() if file.metadata.num_rows else []
        columns = file.schema_arrow.names
        found = column_of(name, some, column, notes, columns)
        top = found if found in columns else found.partition(".")[0]
        for batch in file.iter_batches(batch_size=10 * SAMPLE, columns=[top]):
            for value in batch.column(0).to_pylist():
                yield text_in({top: value}, found)
    except (failure, OSError) as error:
        raise damaged(f"{name}, which is Parquet,", error) from None


def _is_list(first: bytes) -> bool:
    """Whether the first line is a list of tokens."""
    line = first.lstrip().partition(b"\n")[0]
    try:
        return line.startswith(b"[") and is_tokens(json.loads(line))
    except ValueError:
        return False


def _chosen(
    name: str, rows: Iterator[Any], column: str | None, notes: Notes
) -> Iterator[str | None]:
    some = list(itertools.islice(rows, SAMPLE))
    if column is None and not any(isinstance(row, dict) for row in some):
        for row in itertools.chain(some, rows):
            yield _joined(row)
        return
    found = column_of(name, [row for row in some if isinstance(row, dict)], column, notes)
    for row in itertools.chain(some, rows):
        yield text_in(row, found)


def _csv_texts(
    name: str, lines: Iterable[bytes], column: str | None, notes: Notes
) -> Iterator[str | None]:
    csv.field_size_limit(LONGEST_WORD)
    text = (line.decode() + "\n" for line in lines)
    first = next((line for line in text if line.strip()), "")
    delimiters = _DELIMITERS.get(_suffix(name), ",;\t|")
    delimiter = max(delimiters, key=first.count)
    whole = itertools.chain([first], text)
    if delimiter == "\t":
        reader = csv.reader(whole, delimiter="\t", quoting=csv.QUOTE_NONE)
    else:
        reader = csv.reader(whole, delimiter=delimiter)
    rows = filter(None, reader)
    try:
        header = [_unquoted(field) for field in next(rows, [])]
        if not header:
            return
        some = list(itertools.islice(rows, SAMPLE))
        if _is_number(column) and not all(map(_is_number, header)):
            place, some = int(column or 0) - 1, [header, *some]
            if not 0 <= place < len(header):
                raise InputError(f"{name} has {len(header)} columns: there is no column {column}")
        else:
            named = [dict(zip(header, map(_unquoted, row), strict=False)) for row in some]
            place = header.index(column_of(name, named, column, notes, header))
        uneven = "rows have more or fewer fields than the first, and may be cut"
        for row in itertools.chain(some, rows):
            if len(row) != len(header):
                notes.add(name, uneven, 1)
            yield _unquoted(row[place]) if place < len(row) else None
    except csv.Error as error:
        raise InputError(f"{name} line {reader.line_num:,} is not CSV: {error}") from None


def column_of(
    name: str, rows: list[Any], column: str | None, notes: Notes, columns: Iterable[str] = ()
) -> str:
    """The column to read: as asked for, else by what the rows hold."""
    flat = [_flat(row) for row in rows]
    fields = dict.fromkeys(itertools.chain.from_iterable(flat))
    outer = {field.rpartition(".")[0] for field in fields}
    known = list(dict.fromkeys([*(name for name in columns if name not in outer), *fields]))
    if column is not None:
        if column not in known and not any(_field(row, column) is not None for row in rows):
            raise unknown(f"column of {name}", column, known)
        return column
    if not rows:
        return known[0]
    strings = [key for key in known if any(_joined(row.get(key)) for row in flat)]
    several = [key for key in strings if _has_text([row.get(key) for row in flat])]
    exact = [key for key in strings if key.lower() == USUAL]
    inner = [key for key in strings if key.lower().endswith(f".{USUAL}")]
    for candidates in (exact, inner, several, strings):
        if len(candidates) == 1:
            others = [key for key in known if key != candidates[0]]
            if others:
                what = (
                    f"the column {candidates[0]!r} is read, not {_few(others)} (--column names one)"
                )
                notes.add(name, what)
            return candidates[0]
    raise InputError(
        f"{name} is a table, and it is not told which column is the text: give --column "
        f"(corpus.column), one of {_few(known, 20)}"
    )


def text_in(row: Any, column: str) -> str | None:
    """The text of a row, a list of strings as one; None if it has none there."""
    return _joined(_field(row, column))


def _flat(row: Any, prefix: str = "") -> dict[str, Any]:
    """Fields of fields under dotted names."""
    found: dict[str, Any] = {}
    for key, value in row.items() if isinstance(row, dict) else ():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{key}.")
        elif key is not None:
            found[f"{prefix}{key}"] = value
    return found


def _field(row: Any, column: str) -> Any:
    if not isinstance(row, dict):
        return None
    if column in row:
        return row[column]
    parts = column.split(".")
    for cut in range(1, len(parts)):
        inner = row.get(".".join(parts[:cut]))
        if isinstance(inner, dict):
            return _field(inner, ".".join(parts[cut:]))
    return None


def _joined(value: Any) -> str | None:
    """A string, or a list of strings as one; None for all else."""
    if isinstance(value, str):
        return value
    return " ".join(value) if is_tokens(value) else None


def _has_text(values: list[Any]) -> bool:
    """At least half of the values are of several words."""
    texts = [text for value in values if (text := _joined(value))]
    return 2 * sum(len(text.split()) > 1 for text in texts) >= max(1, len(texts))


def _is_number(column: str | None) -> bool:
    return column is not None and column.isascii() and column.isdecimal()


def _few(names: list[str], most: int = 5) -> str:
    more = f", … ({len(names)})" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _unquoted(field: str) -> str:
    """Without its line end, and the quotation marks that some put around fields between tabs."""
    field = field.rstrip("\r\n")
    if len(field) > 1 and field[0] == field[-1] == '"':
        return field[1:-1].replace('""', '"')
    return field


def _suffix(name: str) -> str:
    suffixes = [suffix.lower() for suffix in PurePath(name).suffixes]
    while suffixes and suffixes[-1] in _PACKED:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""
