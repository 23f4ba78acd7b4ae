"""Cells in turn, by one process or several: each is done once, and recorded as it ends."""

import contextlib
import fcntl
import hashlib
import os
import struct
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
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
ELSEWHERE, DONE = "another process is at it", "another process has done it"
"""why nothing was executed"""


@dataclass
class Outcome:
    """What has become of the cells."""

    finished: int = 0
    """here and before"""
    failed: list[str] = field(default_factory=list)
    """names of those that failed this time"""
    elsewhere: int = 0
    """those that another process is at"""

    def count(self, name: str, ended: "Ended") -> None:
        """Takes in what has become of the cell of this name."""
        if ended.rows or ended.reason == DONE:
            self.finished += 1
        elif ended.reason == ELSEWHERE:
            self.elsewhere += 1
        else:
            self.failed.append(name)


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
) -> Outcome:
    """`run_groups` of one cell each."""
    alone = [[cell] for cell in cells]
    return run_groups(alone, lambda group: [execute(group[0])], file, tell, failures, noun)


def run_groups(
    groups: Sequence[Sequence[Cell]],
    execute: Callable[[Sequence[Cell]], Sequence[Sequence[Row]]],
    file: Records,
    tell: Callable[[Ended[Cell]], None],
    failures: tuple[type[Exception], ...] = (),
    noun: str = "cells",
    name: Callable[[Cell], str] = lambda cell: cell.run_id,
) -> Outcome:
    """Executes what is not finished in the records, the cells of a group together.

    `execute` returns the rows of each; the last of them ends the cell. Processes that share the
    folder share the work: of a group each takes what no other is at. An exception of `failures` is
    recorded, and the next call tries that cell again; where it ends a group of several, they are
    executed one by one. Any other one, or an interruption, ends the loop, and the same call goes on
    from there. Raises `InputError`, before anything is executed, if nothing may be appended to the
    records.
    """
    folder = file.path.parent
    files.make_folder(folder)
    done = Finished(file.path)
    todo = [[cell for cell in group if cell.run_id not in done] for group in groups]
    num_cells, left = sum(map(len, groups)), [cell for group in todo for cell in group]
    outcome = Outcome(num_cells - len(left))
    if left:
        file.check_open()
    number = 0
    try:
        for group in todo:
            with claims(folder, [cell.run_id for cell in group]) as claimed:
                for cell, rows, reason in _turn(group, claimed, done, execute, failures):
                    if reason not in (ELSEWHERE, DONE):
                        file.append(rows or [_failure(cell, reason)])
                        reason = reason and f"failed: {reason}"
                    number += 1
                    ended = Ended(cell, number, left[number:], rows, reason)
                    outcome.count(name(cell), ended)
                    tell(ended)
    except (KeyboardInterrupt, InputError) as error:  # a full disk, say
        kept = f"{outcome.finished} of {num_cells} {noun} are finished and kept in {folder}"
        how = "stopped" if isinstance(error, InputError) else "interrupted"
        say(f"{how}: {kept}; the same command goes on from there")
        raise
    return outcome


@contextlib.contextmanager
def claim(folder: Path, run_id: str) -> Iterator[bool]:
    """Whether the cell is this process's alone, until the end."""
    with claims(folder, [run_id]) as claimed:
        yield run_id in claimed


@contextlib.contextmanager
def claims(folder: Path, runs: Iterable[str]) -> Iterator[Set[str]]:
    """Those of the runs that are this process's alone: locked bytes of `.lock`, free at the end.

    All by one open file, for closing another would free whatever the process has locked in it.
    """
    lock = folder / ".lock"
    try:
        file = lock.open("ab")
    except OSError as error:
        raise files.failure(lock, error) from None
    with file:
        yield {run for run in runs if _locked(file.fileno(), run)}


def claimants(folder: Path, runs: Iterable[str]) -> dict[str, int]:
    """Which of the runs other processes are at, and these processes' ids; it claims nothing.

    For a process that claims nothing either: to look frees what it has claimed itself.
    """
    try:
        file = (folder / ".lock").open("rb")
    except OSError:
        return {}
    with file:
        found = {run: _holder(file.fileno(), run) for run in runs}
    return {run: holder for run, holder in found.items() if holder}


def _holder(descriptor: int, run: str) -> int:
    """The process that has the run's byte locked; 0: none has."""
    usual = sys.platform != "darwin"
    layout = "hhqqi4x" if usual else "qqihh"  # struct flock
    kind, start, process = (fcntl.F_WRLCK, os.SEEK_SET), (_place(run), 1), (0,)
    asked = (*kind, *start, *process) if usual else (*start, *process, *kind)
    answer = struct.unpack(
        layout, fcntl.fcntl(descriptor, fcntl.F_GETLK, struct.pack(layout, *asked))
    )
    held, holder = (answer[0], answer[4]) if usual else (answer[3], answer[2])
    return holder if held != fcntl.F_UNLCK else 0


def _place(run: str) -> int:
    """The run's byte."""
    return int.from_bytes(hashlib.sha256(run.encode()).digest()[:7])  # offsets are signed


def _locked(descriptor: int, run: str) -> bool:
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _place(run))
    except (BlockingIOError, PermissionError):
        return False
    return True


def _turn(
    group: Sequence[Cell],
    claimed: Set[str],
    done: Finished,
    execute: Callable[[Sequence[Cell]], Sequence[Sequence[Row]]],
    failures: tuple[type[Exception], ...],
) -> Iterator[tuple[Cell, Sequence[Row], str]]:
    """What becomes of each cell of a group: its rows, or else why there are none."""
    mine = []
    for cell in group:
        if cell.run_id not in claimed:
            yield cell, (), ELSEWHERE
        elif cell.run_id in done:
            yield cell, (), DONE
        else:
            mine.append(cell)
    if mine:
        yield from _executed(mine, execute, failures)


def _executed(
    cells: Sequence[Cell],
    execute: Callable[[Sequence[Cell]], Sequence[Sequence[Row]]],
    failures: tuple[type[Exception], ...],
) -> Iterator[tuple[Cell, Sequence[Row], str]]:
    """The rows of each cell; none, and a message of one line, where it failed by itself."""
    try:
        results = execute(cells)
    except failures as error:
        reason = (str(error).strip() or repr(error)).splitlines()[0]
    else:
        yield from ((cell, rows, "") for cell, rows in zip(cells, results, strict=True))
        return
    # Only here, where the exception is gone with the memory that it held.
    if len(cells) == 1:
        yield cells[0], (), reason
        return
    say(f"{len(cells)} together failed ({reason}): now one by one")
    for cell in cells:
        yield from _executed([cell], execute, failures)


def _failure(cell: Identified, message: str) -> Row:
    row: Row = {"run": cell.run_id, "metric": FAILED, "value": None, "message": message}
    return provenance() | row
