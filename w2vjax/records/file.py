"""Measurements on disk: one flat JSON object a line, appended, never changed.

A line has `protocol` (version of the schema), `metric` and `value` (a number or null), the `run`
and `seed` it came from, the configuration as `config.…`, and where and with what it was measured.
Curves and distributions add `x`. The last row of a complete run has the metric `run/finished`.
"""

import fcntl
import json
import math
import os
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from w2vjax import files
from w2vjax.errors import InputError

PROTOCOL = 1
FILE_NAME = "records.jsonl"
FINISHED = "run/finished"
TRUNCATED = "records/truncated"
"""metric of the row that marks the line before it as cut short by a killed process"""


class Records:
    """Appends measurements to a file; several processes may append to the same one.

    A killed process loses at most the line in progress: each `append` is one write of whole lines,
    then a flush to the disk. If the file ends in a line cut short, the text is kept, reported, and
    followed by a row that marks it, so that `read` can tell it from damage.
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


def read(path: Path | str) -> pd.DataFrame:
    """All measurements in a records file, or in a folder's `records.jsonl`, one a row.

    A measurement made twice (same run, metric and `x`: a run killed and started again) counts once,
    as last made. What describes a run (`experiment`, `label`, `seed`, `config.…`) may stand in any
    one of its rows: curve points need not repeat it. A line cut short by a killed process is
    left out with a warning.

    Raises `InputError` if there is no such file or nothing in it, for any other line that is not a
    record (with its number), and for rows of different protocol versions.
    """
    path = _file(Path(path))
    with files.opened(path) as file:
        lines = file.read().split(b"\n")
    rows = _rows(path, lines)
    if not rows:
        raise InputError(f"{path} holds no records: run an experiment into this folder first")
    _one_protocol(path, rows)
    frame = pd.DataFrame.from_records(_filled(list(rows.values())))
    for name in ("run", "label", "seed", "x"):
        if name not in frame:
            frame[name] = None
    for name in ("value", "x", "seed"):
        frame[name] = pd.to_numeric(frame[name])
    return frame.drop_duplicates(["run", "metric", "x"], keep="last", ignore_index=True)


def finished(path: Path | str) -> set[str]:
    """Ids of the runs that reached their end; empty if there is no records file yet."""
    if not _file(Path(path)).exists() or _file(Path(path)).stat().st_size == 0:
        return set()
    frame = read(path)
    return set(frame.loc[frame["metric"] == FINISHED, "run"])


def _file(path: Path) -> Path:
    return path if path.suffix == ".jsonl" else path / FILE_NAME


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
    except ValueError:
        return None
    return row if isinstance(row, dict) and {"protocol", "metric", "value"} <= row.keys() else None


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


def _filled(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, each with all that its run's rows say of the run."""
    runs: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row.get("run") is not None:
            described = {name: row[name] for name in row if _describes_run(name)}
            runs.setdefault(row["run"], {}).update(described)
    return [runs.get(row.get("run", ""), {}) | row for row in rows]


def _describes_run(name: str) -> bool:
    return name in ("experiment", "label", "seed") or name.startswith("config.")


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
