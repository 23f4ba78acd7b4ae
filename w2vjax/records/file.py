"""Measurements on disk: one flat JSON object a line, never changed.

A line has `protocol` (version of the schema), `metric` and `value` (a number or null), the `run` it
came from, and what belongs to it alone; curves and distributions add `x`. What describes a run
stands once: its configuration (`config.…`, `label`, `seed`, `experiment`) in the row that plans it,
where, when and with what it was made in the row that ends it. `rows` puts them together again.

Lines are appended to `records.jsonl`, or stand in the files of the folder `records`, one a run, as
grids write them. `records.jsonl` may be compressed by `xz` once nothing is added any more
(`records.jsonl.xz`).
"""

import fcntl
import lzma
import os
import warnings
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from w2vjax import files
from w2vjax.errors import InputError
from w2vjax.records.lines import PROTOCOL, parsed, written
from w2vjax.records.lines import Row as Row
from w2vjax.records.metrics import CLAIMED, DESCRIBING, FINISHED, PLANNED, STOPPED, TRUNCATED
from w2vjax.records.parts import parts

FIRST_PROTOCOL = 1
"""in which every row repeated its run's configuration; it is still read"""
FILE_NAME = "records.jsonl"
COMPRESSED = ".xz"
OF_A_ROW = ("protocol", "run", "metric", "value", "x", "message")
"""fields that never describe a run"""
SETTING = ("experiment", "label", "seed")
"""fields that always do, beside `config.…`"""
OF_ATTEMPTS = (CLAIMED, STOPPED)
"""rows that say who is at a run: no measurements"""


class Records:
    """Appends measurements to a file; several processes may append to the same one, with locks.

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
        data = written(rows)
        if not data:
            return
        self.check_open()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        except OSError as error:
            raise self._failed(error) from error
        try:
            with suppress(OSError):  # a file system without locks
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
        if not _holds(path):
            return
        with files.opened(path) as file:
            first = parsed(file.readline())
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
        if parsed(text[text.rfind(b"\n") + 1 :]) is not None:
            return b"\n"
        message = "the last line was cut short by a stopped process; it is kept and marked"
        warnings.warn(f"{self.path}: {message}", stacklevel=5)
        return b"\n" + written([{"metric": TRUNCATED, "value": None}])

    def _failed(self, error: OSError) -> InputError:
        return files.failure(self.path, error, "free the disk or choose another")


def rows(path: Path | str) -> list[Row]:
    """All measurements of a records file or of a folder's, each with what describes its run.

    Plans come first. A measurement made twice (same run, metric and `x`: a run killed and started
    again) counts once, as last made. A line cut short by a killed process is left out with a
    warning.

    Raises `InputError` if there is no such file or nothing in it, for any other line that is not a
    record (with its number), for a compressed file that is damaged, and for rows of different
    protocol versions.
    """
    found = _merged(Path(path))
    if not found:
        told = _file(Path(path))
        raise InputError(f"{told} holds no records: run an experiment into this folder first")
    filled = _filled(found)
    last = {(row.get("run"), row["metric"], row.get("x")): at for at, row in enumerate(filled)}
    return [filled[at] for at in sorted(last.values())]


def finished(path: Path | str) -> set[str]:
    """Ids of the runs that reached their end; empty if there is no records file yet."""
    if is_empty(path):
        return set()
    return {row["run"] for row in rows(path) if row["metric"] == FINISHED}


def is_empty(path: Path | str) -> bool:
    """Whether there is no records file yet, or nothing in it."""
    plain, *others = [_file(Path(path)), *sources(path)]
    return not (_holds(plain) or any(_part(part) for part in others if part != plain))


def sources(path: Path | str) -> list[Path]:
    """The files that records are read from: a file itself, or those of a folder that are there."""
    path = Path(path)
    file = _file(path)
    return [file] if file == path else [*([file] if file.exists() else []), *parts(path)]


def _holds(path: Path) -> bool:
    """Whether there is anything in a file."""
    return path.exists() and bool(path.stat().st_size)


def _merged(path: Path) -> list[Row]:
    """The rows of all files, as they stand there."""
    plain = _file(path)
    found: list[Row] = []
    protocols: dict[str, str] = {}
    for source in sources(path) or [plain]:
        whole = source != plain
        numbered = _part(source) if whole else _rows(source, _bytes(source).split(b"\n"))
        for number, row in numbered.items():
            protocols.setdefault(str(row["protocol"]), f"line {number} of {source.name}")
        found += [row for row in numbered.values() if row["metric"] not in OF_ATTEMPTS]
    _one_protocol(path, protocols)
    return sorted(found, key=lambda row: row["metric"] != PLANNED)


def _part(path: Path) -> dict[int, Row]:
    """The measurements of a file that appeared whole, by line number; of an attempt none yet."""
    data = _bytes(path)
    lines = data.split(b"\n") if data.endswith(b"\n") else []  # else it is just being claimed
    numbered = _rows(path, lines).items()
    return {number: row for number, row in numbered if row["metric"] not in OF_ATTEMPTS}


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


def _rows(path: Path, lines: list[bytes]) -> dict[int, dict[str, Any]]:
    """The records by line number (from 1)."""
    rows: dict[int, dict[str, Any]] = {}
    bad = 0  # number of the line before, if it is not a record
    for number, line in enumerate(lines, start=1):
        row = parsed(line) if line.strip() else None
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


def _one_protocol(path: Path, first: Mapping[str, str]) -> None:
    if len(first) > 1:
        found = ", ".join(f"{name} from {place}" for name, place in first.items())
        raise InputError(
            f"{path} mixes protocol versions ({found}): they cannot be averaged; "
            "keep each in a folder of its own"
        )
