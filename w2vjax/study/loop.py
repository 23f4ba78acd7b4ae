"""Cells in turn, by one process or several: each is done once, and recorded as it ends.

What becomes of a cell is told by the records alone. So whoever executes it may be this process or
another, on any machine, and may die: `run_groups` hands cells out, and looks what has come of them.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeAlias, TypeVar, runtime_checkable

from w2vjax import files
from w2vjax.progress import say
from w2vjax.records import attempts
from w2vjax.records.attempts import Onlooker, State
from w2vjax.records.file import Records, Row, finished
from w2vjax.records.metrics import FAILED
from w2vjax.records.provenance import provenance
from w2vjax.study.executors import Executor, Future, Here, trouble

PAUSE = 0.5
"""seconds between two looks at what is done elsewhere"""
MOST_TRIES = 3
"""how often a cell is handed out that is lost without a trace"""


@runtime_checkable
class Identified(Protocol):
    """What can be run, once."""

    @property
    def run_id(self) -> str:
        """The name that records give it."""


Cell = TypeVar("Cell", bound=Identified)
Execute = Callable[[Sequence[Cell]], Sequence[Sequence[Row]]]
"""gives the rows of each cell; the last of them ends it"""
DONE = "another process has done it"
"""why there is nothing to tell of a cell that is finished"""


@dataclass
class Outcome:
    """What has become of the cells."""

    finished: int = 0
    """here, elsewhere and before"""
    failed: list[str] = field(default_factory=list)
    """names of those that failed this time"""


@dataclass(frozen=True)
class Ended(Generic[Cell]):
    """What there is to tell when a cell has ended."""

    cell: Cell
    number: int
    """how many have, with this one"""
    left: Sequence[Cell]
    """those that have not yet"""
    rows: Sequence[Row] = ()
    """what was recorded of it"""
    reason: str = ""
    """why nothing was, if so"""


def run(
    cells: Sequence[Cell],
    execute: Callable[[Cell], Sequence[Row]],
    folder: Path,
    tell: Callable[[Ended[Cell]], None],
    failures: tuple[type[Exception], ...] = (),
    noun: str = "cells",
) -> Outcome:
    """`run_groups` of one cell each, in this process, by `turn`."""

    def work(group: Sequence[Cell]) -> None:
        turn(group, lambda cells: [execute(cells[0])], folder, failures)

    return run_groups([[cell] for cell in cells], work, folder, tell, noun)


def turn(
    cells: Sequence[Cell],
    execute: Execute[Cell],
    folder: Path,
    failures: tuple[type[Exception], ...] = (),
) -> list[Cell]:
    """Executes cells together, but for those that others are at or have done, and records each.

    Gives those that are finished by it. An exception of `failures` is recorded; where it ends
    several cells, they are executed one by one. Any other one, or an interruption, is raised.
    """
    with attempts.begun(folder, [cell.run_id for cell in cells]) as begun:
        mine = [cell for cell in cells if cell.run_id in begun]
        done = []
        for cell, rows, reason in _executed(mine, execute, failures) if mine else ():
            begun[cell.run_id].end(rows or [_failure(cell, reason)])
            done += [cell] if rows else []
    return done


def run_groups(
    groups: Sequence[Sequence[Cell]],
    work: Callable[[Sequence[Cell]], Any],
    folder: Path,
    tell: Callable[[Ended[Cell]], None],
    noun: str = "cells",
    name: Callable[[Cell], str] = lambda cell: cell.run_id,
    executor: Executor | None = None,
) -> Outcome:
    """Has `work`, which is `turn` or calls it, done with what is not finished in the records.

    `executor` calls it (None: this process), with the cells of a group. Processes that share the
    folder share the work: what others are at is waited for, and done here if they die or stop. What
    has failed is tried by the next call again. Any exception in this process, or an interruption,
    ends the loop, and the same call goes on from there. Raises `InputError`, before anything is
    executed, if nothing may be added to the records.
    """
    files.make_folder(folder)
    done = finished(folder)
    todo = [[cell for cell in group if cell.run_id not in done] for group in groups]
    cells = [cell for group in todo for cell in group]
    num_cells = sum(map(len, groups))
    outcome = Outcome(num_cells - len(cells))
    if cells:
        Records(folder).check_open()
    try:
        for ended in _Turns(todo, work, folder, executor or Here()).ended():
            if ended.rows or ended.reason == DONE:
                outcome.finished += 1
            else:
                outcome.failed.append(name(ended.cell))
            tell(ended)
    except BaseException as error:  # a full disk, say
        how = "interrupted" if isinstance(error, KeyboardInterrupt) else "stopped"
        kept = f"{outcome.finished} of {num_cells} {noun} are finished and kept in {folder}"
        say(f"{how}: {kept}; the same command goes on from there")
        raise
    return outcome


News: TypeAlias = tuple[Cell, Sequence[Row], str]
"""a cell that has ended, with its rows, or else why there are none"""


class _Turns(Generic[Cell]):
    """Groups that are handed to an executor, and what comes of their cells."""

    def __init__(
        self,
        groups: Iterable[Sequence[Cell]],
        work: Callable[[Sequence[Cell]], Any],
        folder: Path,
        executor: Executor,
    ) -> None:
        self._waiting = deque(group for group in groups if group)
        self._work, self._folder, self._executor = work, folder, executor
        self._running: list[tuple[Future, Sequence[Cell]]] = []
        self._elsewhere: list[Cell] = []
        self._tries: Counter[str] = Counter()
        self._onlooker = Onlooker()
        self._left = [cell for group in self._waiting for cell in group]
        self._before = {cell.run_id: self._look(cell).attempts for cell in self._left}

    def ended(self) -> Iterator[Ended[Cell]]:
        """Each cell, as it ends."""
        number, told = 0, False
        while self._left:
            news = [*self._hand_out(), *self._collect(), *self._revisit()]
            for cell, rows, reason in news:
                self._left.remove(cell)
                number += 1
                yield Ended(cell, number, [*self._left], rows, reason)
            if not (news or self._waiting or self._running or told):
                others = "; ".join(sorted({self._look(cell).who for cell in self._elsewhere}))
                say(f"waiting for {len(self._elsewhere)} that others are at ({others})")
                told = True
            if not news and self._left:
                time.sleep(PAUSE)

    def _hand_out(self) -> Iterator[News[Cell]]:
        """Submits as many groups as may run at a time, without the cells that have ended."""
        most = getattr(self._executor, "at_once", None) or len(self._left)
        groups: list[Sequence[Cell]] = []
        while self._waiting and len(self._running) + len(groups) < most:
            free = []
            for cell in self._waiting.popleft():
                state = self._look(cell)
                if news := self._settled(cell, state):
                    yield news
                elif state.taken:
                    self._elsewhere.append(cell)
                else:
                    free.append(cell)
            groups += [free] if free else []
        if groups:
            self._tries.update(cell.run_id for group in groups for cell in group)
            with getattr(self._executor, "batch", nullcontext)():
                futures = [self._executor.submit(self._work, group) for group in groups]
            self._running += zip(futures, groups, strict=True)

    def _collect(self) -> Iterator[News[Cell]]:
        """What has come of the cells of calls that are over."""
        over = [pair for pair in self._running if pair[0].done()]
        self._running = [pair for pair in self._running if pair not in over]
        for future, cells in over:
            job = getattr(future, "job_id", None)
            for cell in cells:
                state = self._look(cell)
                ours = not state.taken or state.row.get("job") == job is not None
                if news := self._settled(cell, state):
                    yield news
                elif ours and (why := trouble(future)):
                    yield from self._lost(cell, state, why)
                else:
                    self._elsewhere.append(cell)

    def _revisit(self) -> Iterator[News[Cell]]:
        """What has come of the cells that other processes were at."""
        cells, self._elsewhere = self._elsewhere, []
        for cell in cells:
            state = self._look(cell)
            silent = state.taken and self._onlooker.silent(cell.run_id, state)
            if news := self._settled(cell, state):
                yield news
            elif state.taken and not silent:
                self._elsewhere.append(cell)
            elif self._tries[cell.run_id] >= MOST_TRIES:
                yield from self._lost(cell, state, f"lost {MOST_TRIES} times")
            else:
                if silent:
                    attempts.close(self._folder, cell.run_id, state.attempts)
                self._waiting.append([cell])

    def _look(self, cell: Cell) -> State:
        return attempts.look(self._folder, cell.run_id)

    def _settled(self, cell: Cell, state: State) -> News[Cell] | None:
        """What there is to tell of a cell that has finished, or failed since the beginning."""
        run = cell.run_id
        if state.finished:
            return (
                (cell, attempts.rows(self._folder, run), "")
                if self._tries[run]
                else (cell, (), DONE)
            )
        if state.failed and state.attempts > self._before[run]:
            return cell, (), f"failed: {state.row.get('message')}"
        return None

    def _lost(self, cell: Cell, state: State, why: str) -> Iterator[News[Cell]]:
        """Records the failure of a cell that ended without a record, unless one is seen late."""
        row = _failure(cell, why)
        if attempts.close(self._folder, cell.run_id, state.attempts, row):
            yield cell, (), f"failed: {why}"
        else:
            self._elsewhere.append(cell)


def _executed(
    cells: Sequence[Cell], execute: Execute[Cell], failures: tuple[type[Exception], ...]
) -> Iterator[News[Cell]]:
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
