"""Cells in turn, by one process or several: each is done once, and recorded as it ends."""

import contextlib
import fcntl
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Protocol, TypeVar, runtime_checkable

from w2vjax import files
from w2vjax.errors import InputError
from w2vjax.progress import say
from w2vjax.records.file import Finished, Records, Row
from w2vjax.records.metrics import FAILED
from w2vjax.records.provenance import provenance


@runtime_checkable
class Identified(Protocol):
    """What can be run, once."""

    @property
    def run_id(self) -> str:
        """The name that records give it."""


Cell = TypeVar("Cell", bound=Identified)


@dataclass
class Outcome:
    """What has become of the cells."""

    finished: int = 0
    """here and before"""
    failed: list[str] = field(default_factory=list)
    """names of those that failed this time"""
    elsewhere: int = 0
    """those that another process is at"""


@dataclass(frozen=True)
class Ended(Generic[Cell]):
    """What there is to tell when a cell has had its turn."""

    cell: Cell
    number: int
    """of the turn, from 1"""
    left: Sequence[Cell]
    """whose turn is still to come"""
    rows: Sequence[Row] = ()
    """what was recorded of it"""
    reason: str = ""
    """why nothing was, if so"""


def run(
    cells: Sequence[Cell],
    execute: Callable[[Cell], Sequence[Row]],
    file: Records,
    tell: Callable[[Ended[Cell]], None],
    failures: tuple[type[Exception], ...] = (),
    noun: str = "cells",
    name: Callable[[Cell], str] = lambda cell: cell.run_id,
) -> Outcome:
    """Executes what is not finished in the records; appends the rows of each, the last ends it.

    Processes that share the folder share the work. An exception of `failures` is recorded, and the
    next call tries that cell again; any other one, or an interruption, ends the loop, and the same
    call goes on from there. Raises `InputError`, before anything is executed, if nothing may be
    appended to the records.
    """
    folder = file.path.parent
    files.make_folder(folder)
    done = Finished(file.path)
    todo = [cell for cell in cells if cell.run_id not in done]
    outcome = Outcome(len(cells) - len(todo))
    if todo:
        file.check_open()
    try:
        for number, cell in enumerate(todo, start=1):
            rows: Sequence[Row] = ()
            reason = ""
            with claim(folder, cell.run_id) as claimed:
                if not claimed:
                    outcome.elsewhere += 1
                    reason = "another process is at it"
                elif cell.run_id in done:
                    outcome.finished += 1
                    reason = "another process has done it"
                else:
                    rows, reason = _executed(cell, execute, failures)
                    file.append(rows or [_failure(cell, reason)])
                    if rows:
                        outcome.finished += 1
                    else:
                        outcome.failed.append(name(cell))
                        reason = f"failed: {reason}"
            tell(Ended(cell, number, todo[number:], rows, reason))
    except (KeyboardInterrupt, InputError) as error:  # a full disk, say
        kept = f"{outcome.finished} of {len(cells)} {noun} are finished and kept in {folder}"
        how = "stopped" if isinstance(error, InputError) else "interrupted"
        say(f"{how}: {kept}; the same command goes on from there")
        raise
    return outcome


@contextlib.contextmanager
def claim(folder: Path, run_id: str) -> Iterator[bool]:
    """Whether the cell is this process's alone: one locked byte of `.lock`, free when it ends."""
    place = int.from_bytes(hashlib.sha256(run_id.encode()).digest()[:7])  # offsets are signed
    lock = folder / ".lock"
    try:
        file = lock.open("ab")
    except OSError as error:
        raise files.failure(lock, error) from None
    with file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except (BlockingIOError, PermissionError):
            yield False
            return
        yield True


def _executed(
    cell: Cell, execute: Callable[[Cell], Sequence[Row]], failures: tuple[type[Exception], ...]
) -> tuple[Sequence[Row], str]:
    """The rows of a cell; none, and a message of one line, if it failed."""
    try:
        return execute(cell), ""
    except failures as error:
        return (), (str(error).strip() or repr(error)).splitlines()[0]


def _failure(cell: Identified, message: str) -> Row:
    row: Row = {"run": cell.run_id, "metric": FAILED, "value": None, "message": message}
    return provenance() | row
