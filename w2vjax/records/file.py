"""Measurements on disk: one flat JSON object a line, appended, never changed.

A line has `protocol` (version of the schema), `metric` and `value` (a number or null), the `run` it
came from, and what belongs to it alone; curves and distributions add `x`. What describes a run
stands once: its configuration (`config.…`, `label`, `seed`, `experiment`) in the row that plans it,
where, when and with what it was made in the row that ends it. `rows` puts them together again.

Files are plain text, or compressed by `xz` once nothing is added any more (`records.jsonl.xz`).
"""

import fcntl
import json
import lzma
import math
import os
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from w2vjax import files
from w2vjax.errors import InputError
from w2vjax.records.metrics import DESCRIBING, FINISHED, TRUNCATED

PROTOCOL = 2
FIRST_PROTOCOL = 1
"""in which every row repeated its run's configuration; it is still read"""
FILE_NAME = "records.jsonl"
COMPRESSED = ".xz"
OF_A_ROW = ("protocol", "run", "metric", "value", "x", "message")
"""fields that never describe a run"""
SETTING = ("experiment", "label", "seed")
"""fields that always do, beside `config.…`"""
Row = dict[str, Any]
"""a line of the records"""


class Records:
    """Appends measurements to a file; several processes may append to the same one.

    A killed process loses at most the line in progress: each `append` is one write of whole lines,
    then a flush to the disk. If the file ends in a line cut short, the text is kept, reported, and
    followed by a row that marks it, so that `rows` can tell it from damage.
    """

    def __init__(self, path: Path | str):
        self.path = _file(Path(path))

    def append(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Writes each row as a line; `protocol` is added where absent.

        Raises `InputError` if a row is not flat or lacks `metric` or `value`, or if the file cannot
        be written (nothing of the rows is left behind then).
        """
        data = b"".join(_line(row) for row in rows)
        if not data:
            return
        self.check_open()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        except OSError as error:
            raise self._failed(error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # released by close
            self._write(descriptor, data)
        finally:
            os.close(descriptor)

    def check_open(self) -> None:
        """Raises `InputError` if nothing may be added to the file: it is compressed, or of old."""
        path = self.path
        if path.suffix == COMPRESSED:
            raise InputError(
                f"{path} is compressed, so nothing can be added: unpack it first (unxz), or choose "
                "another folder"
            )
        if is_empty(path):
            return
        with files.opened(path) as file:
            first = _parse(file.readline())
        if first is not None and first["protocol"] != PROTOCOL:
            raise InputError(
                f"{path} is of protocol version {first['protocol']}, and this one writes "
                f"{PROTOCOL}: they cannot be mixed; choose another folder"
            )

    def _write(self, descriptor: int, data: bytes) -> None:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            data = self._after_cut(descriptor, size) + data
        try:
            if os.write(descriptor, data) != len(data):
                raise OSError("the disk is full")
            os.fsync(descriptor)
        except OSError as error:
            os.ftruncate(descriptor, size)
            raise self._failed(error) from error

    def _after_cut(self, descriptor: int, size: int) -> bytes:
        """What ends the unfinished last line: a line break, and a mark unless the line is whole."""
        text = os.pread(descriptor, size, 0)
        if _parse(text[text.rfind(b"\n") + 1 :]) is not None:
            return b"\n"
        message = "the last line was cut short by a stopped process; it is kept and marked"
        warnings.warn(f"{self.path}: {message}", stacklevel=5)
        return b"\n" + _line({"metric": TRUNCATED, "value": None})

    def _failed(self, error: OSError) -> InputError:
        return files.failure(self.path, error, "free the disk or choose another")


class Finished:
    """The runs that reached their end, while processes append to the file.

    Only what is new since the last question is read, for a loop asks it before every run.
    """

    def __init__(self, path: Path | str):
        self._path = _file(Path(path))
        self._size = 0
        self._runs: set[str] = set()

    def __contains__(self, run: str) -> bool:
        if self._path.suffix == COMPRESSED or not self._path.exists():
            return run in finished(self._path)
        with files.opened(self._path) as file:
            file.seek(self._size)
            new = file.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._size += len(whole)
        ends = (_parse(line) for line in whole.splitlines() if FINISHED.encode() in line)
        self._runs |= {row["run"] for row in ends if row and row["metric"] == FINISHED}
        return run in self._runs


def rows(path: Path | str) -> list[Row]:
    """All measurements of a records file or of a folder's, each with what describes its run.

    A measurement made twice (same run, metric and `x`: a run killed and started again) counts once,
    as last made. A line cut short by a killed process is left out with a warning.

    Raises `InputError` if there is no such file or nothing in it, for any other line that is not a
    record (with its number), for a compressed file that is damaged, and for rows of different
    protocol versions.
    """
    path = _file(Path(path))
    found = _rows(path, _bytes(path).split(b"\n"))
    if not found:
        raise InputError(f"{path} holds no records: run an experiment into this folder first")
    _one_protocol(path, found)
    filled = _filled([*found.values()])
    last = {(row.get("run"), row["metric"], row.get("x")): at for at, row in enumerate(filled)}
    return [filled[at] for at in sorted(last.values())]


def finished(path: Path | str) -> set[str]:
    """Ids of the runs that reached their end; empty if there is no records file yet."""
    if is_empty(path):
        return set()
    return {row["run"] for row in rows(path) if row["metric"] == FINISHED}


def is_empty(path: Path | str) -> bool:
    """Whether there is no records file yet, or nothing in it."""
    path = _file(Path(path))
    return not path.exists() or not path.stat().st_size


def _file(path: Path) -> Path:
    """A records file itself, or a folder's: the compressed one if there is no other."""
    if path.suffix in (".jsonl", COMPRESSED):
        return path
    plain, compressed = path / FILE_NAME, path / (FILE_NAME + COMPRESSED)
    if plain.exists() and compressed.exists():
        raise InputError(f"{path} holds {plain.name} and {compressed.name}: keep one of them")
    return compressed if compressed.exists() else plain


def _bytes(path: Path) -> bytes:
    with files.opened(path) as file:
        data = file.read()
    if path.suffix != COMPRESSED:
        return data
    try:
        return lzma.decompress(data)
    except lzma.LZMAError as error:
        raise InputError(
            f"{path} is damaged or cut short ({error}): restore it from where it came from"
        ) from None


def _line(row: Mapping[str, Any]) -> bytes:
    for name in ("metric", "value"):
        if name not in row:
            raise InputError(f"a record has no {name!r}: {dict(row)!r:.200}")
    flat = {"protocol": PROTOCOL} | {name: _plain(name, value) for name, value in row.items()}
    return json.dumps(flat, allow_nan=False).encode() + b"\n"


def _plain(name: str, value: Any) -> Any:
    """A JSON scalar: numpy's scalars become Python's, and numbers that are not finite null."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise InputError(f"record field {name!r} is {value!r:.100}: it must be a number, text or null")


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if _is_record(row) else None


def _is_record(row: Any) -> bool:
    if not isinstance(row, dict) or not {"protocol", "metric", "value"} <= row.keys():
        return False
    flat = not any(isinstance(value, dict | list) for value in row.values())
    return flat and isinstance(row["metric"], str) and isinstance(row.get("run", ""), str | None)


def _rows(path: Path, lines: list[bytes]) -> dict[int, dict[str, Any]]:
    """The records by line number (from 1)."""
    rows: dict[int, dict[str, Any]] = {}
    bad = 0  # number of the line before, if it is not a record
    for number, line in enumerate(lines, start=1):
        row = _parse(line) if line.strip() else None
        marks = row is not None and row["metric"] == TRUNCATED
        if bad and not marks:
            raise _damaged(path, bad)
        if bad:
            warnings.warn(f"{path}: line {bad} was cut short and is left out", stacklevel=3)
        bad = number if row is None and line.strip() else 0
        if row is not None and not marks:
            rows[number] = row
    if bad and bad < len(lines):  # it ends in a line break, so no process was stopped within it
        raise _damaged(path, bad)
    if bad:
        warnings.warn(f"{path}: the last line, {bad}, is cut short and left out", stacklevel=3)
    return rows


def _filled(rows: list[Row]) -> list[Row]:
    """The rows, each with all that describes its run."""
    runs: dict[str, Row] = {}
    for row in rows:
        if row.get("run") is not None:
            runs.setdefault(row["run"], {}).update(_description(row))
    return [runs.get(row.get("run", ""), {}) | row for row in rows]


def _description(row: Row) -> Row:
    """What a row says of its whole run: all that plans or ends it, of other rows the setting."""
    whole = row["protocol"] != FIRST_PROTOCOL and row["metric"] in DESCRIBING
    return {
        name: value
        for name, value in row.items()
        if (name not in OF_A_ROW if whole else name in SETTING or name.startswith("config."))
    }


def _damaged(path: Path, number: int) -> InputError:
    return InputError(
        f"{path}, line {number}: not a record (one JSON object with protocol, metric and value); "
        "restore the file or delete the line"
    )


def _one_protocol(path: Path, rows: dict[int, dict[str, Any]]) -> None:
    first: dict[Any, int] = {}
    for number, row in rows.items():
        first.setdefault(str(row["protocol"]), number)
    if len(first) > 1:
        found = ", ".join(f"{name} from line {number}" for name, number in first.items())
        raise InputError(
            f"{path} mixes protocol versions ({found}): they cannot be averaged; "
            "keep each in a folder of its own"
        )
