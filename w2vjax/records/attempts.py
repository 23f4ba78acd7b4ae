"""Attempts at runs, a file each: who is at work, and in the end all that came of it.

`records/RUN.000.jsonl` is made by whoever begins a run, which only one process can; it says who
that is. Then it is touched every `BEAT` seconds, and in the end replaced by the rows of the run. So
a finished run can never be begun again, however late its end is seen. The last attempt counts: the
run is taken while it goes on, and free for the next one, `RUN.001.jsonl`, once it has failed, was
stopped, or is dead. It is dead if its process is gone from this machine, if its job has been
started again, or if an `Onlooker` has seen nobody touch it for `SILENCE` seconds.
"""

import os
import socket
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import quote

from w2vjax import unfinished
from w2vjax.records import parts
from w2vjax.records.lines import Row, parsed
from w2vjax.records.metrics import CLAIMED, FAILED, FINISHED, STOPPED

BEAT = 15.0
SILENCE = 180.0
"""longer than file systems hide what others write: NFS up to a minute"""


@dataclass(frozen=True)
class State:
    """What has become of a run, by its last attempt."""

    attempts: int = 0
    """so far"""
    row: Row = field(default_factory=dict)
    """the last one of the last attempt; empty: it is being written"""
    touched: int = 0
    """when that was, in nanoseconds of the file system's clock"""

    @property
    def finished(self) -> bool:
        """Whether it reached its end."""
        return self.row.get("metric") == FINISHED

    @property
    def failed(self) -> bool:
        """Whether the last attempt failed."""
        return self.row.get("metric") == FAILED

    @property
    def taken(self) -> bool:
        """Whether a process is at it, as far as can be told at one look."""
        ended = self.row.get("metric") in (FINISHED, FAILED, STOPPED)
        return bool(self.attempts) and not ended and not _dead(self.row)

    @property
    def who(self) -> str:
        """For people: where it is being done."""
        row = self.row
        job = f", job {row['job']}" if row.get("job") else ""
        return f"{row.get('host', 'unknown')}, process {row.get('process', 'unknown')}{job}"


@dataclass
class Attempt:
    """One that this process has begun."""

    path: Path
    ended: bool = False

    def end(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Records what came of it. Raises `InputError` if that cannot be written."""
        parts.replace(self.path, rows)
        self.ended = True


def look(folder: Path, run: str) -> State:
    """What has become of a run so far, by the files of its attempts."""
    state = State()
    while not state.finished and (found := parts.read(_path(folder, run, state.attempts))):
        data, touched = found
        last = data.rpartition(b"\n")[0].rpartition(b"\n")[2] if data.endswith(b"\n") else b""
        state = State(state.attempts + 1, parsed(last) or {}, touched)
    return state


def rows(folder: Path, run: str) -> list[Row]:
    """All of a run's last attempt."""
    found = parts.read(_path(folder, run, max(0, look(folder, run).attempts - 1)))
    return [row for line in found[0].splitlines() if (row := parsed(line))] if found else []


@contextmanager
def begun(folder: Path, runs: Iterable[str]) -> Iterator[dict[str, Attempt]]:
    """Attempts at those of the runs that are free, this process's alone, until the end.

    Those that have not ended by then are recorded as stopped, and their runs are free again.
    """
    attempts: dict[str, Attempt] = {}
    over = Event()
    try:
        for run in runs:
            state = look(folder, run)
            path = _path(folder, run, state.attempts)
            free = not (state.finished or state.taken)
            if free and parts.create(path, [_row(run, CLAIMED)]):
                attempts[run] = Attempt(path)
        Thread(target=_beat, args=([*attempts.values()], over), daemon=True).start()
        yield attempts
    finally:
        over.set()
        for run, attempt in attempts.items():
            if not attempt.ended:
                with suppress(OSError, ValueError):  # a full disk: it is dead with this process
                    attempt.end([_row(run, STOPPED)])


def close(folder: Path, run: str, attempts: int, row: Row | None = None) -> bool:
    """Ends a run's dead attempt, by one more that ends with a row; None: that it was stopped.

    `attempts` is how many there were. Whether this process was the first to do so.
    """
    return parts.create(_path(folder, run, attempts), [row or _row(run, STOPPED)])


class Onlooker:
    """Watches others' attempts: which of them shows no sign of life.

    By this process's own clock, for those of machines differ, and jump.
    """

    def __init__(self) -> None:
        self._seen: dict[str, tuple[State, float]] = {}

    def silent(self, run: str, state: State) -> bool:
        """Whether it has been as it is now for `SILENCE` seconds of looking at it."""
        before, since = self._seen.get(run, (None, 0.0))
        if before != state:
            self._seen[run] = state, time.monotonic()
            return False
        return time.monotonic() - since > SILENCE


def _path(folder: Path, run: str, number: int) -> Path:
    return folder / parts.FOLDER / f"{quote(run, safe=' ,')}.{number:03d}.jsonl"


def _row(run: str, metric: str) -> Row:
    """Who does this: where, as what process and job, and when."""
    environ = os.environ
    job = environ.get("SLURM_JOB_ID")
    if "SLURM_ARRAY_JOB_ID" in environ:
        job = f"{environ['SLURM_ARRAY_JOB_ID']}_{environ.get('SLURM_ARRAY_TASK_ID')}"
    return {
        "run": run,
        "metric": metric,
        "value": None,
        "host": socket.gethostname(),
        "machine": unfinished.this_machine(),
        "process": os.getpid(),
        "job": job,
        "restarts": int(environ.get("SLURM_RESTART_COUNT") or 0),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _dead(row: Row) -> bool:
    """Whether whoever wrote the row is gone for certain; if it cannot be read, nobody knows."""
    if not row:
        return False
    here = _row("", CLAIMED)
    if row.get("job") and row["job"] == here["job"] and row.get("restarts", 0) < here["restarts"]:
        return True
    if row.get("machine") != here["machine"] or not isinstance(row.get("process"), int):
        return False
    return not unfinished.lives(row["process"])


def _beat(attempts: Sequence[Attempt], over: Event) -> None:
    while not over.wait(BEAT):
        for attempt in attempts:
            with suppress(OSError):
                os.utime(attempt.path)
