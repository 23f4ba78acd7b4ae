"""A grid's folder, followed: a table that is drawn again as the grid goes on."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from w2vjax.progress import duration
from w2vjax.records.attempts import State
from w2vjax.records.file import sources
from w2vjax.study.standing import Place, Standing

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

PAUSE = 1.0
"""seconds between two looks at the folder"""


def follow(folder: Path, console: "Console | None" = None, pause: float = PAUSE) -> int:
    """Draws the folder until all of it is done; returns the exit code, 1 if a run failed.

    It waits for records that are not there yet. Where the output is no terminal, only the last
    table is printed. Raises `InputError` as `Standing.of` does.
    """
    # Only this view needs it: the command line starts without.
    from rich.live import Live

    standing, size = Standing.of(folder), _size(folder)
    with Live(table(folder, standing), console=console, auto_refresh=False) as live:
        while not standing.over:
            time.sleep(pause)
            now = _size(folder)
            standing = standing.looked_at(folder) if now == size else Standing.of(folder)
            size = now
            live.update(table(folder, standing), refresh=True)
    if not live.console.is_terminal:
        live.console.print()  # there the last table ends without a line break
    return 1 if standing.failed else 0


def status(folder: Path) -> int:
    """Prints how far the folder is, a line a run that goes on or has failed; as `follow` returns.

    Raises `InputError` as `Standing.of` does.
    """
    standing = Standing.of(folder)
    print(f"{folder}: {summary(standing)}")
    for place in standing.places:
        if told := _told(place, standing):
            print(f"{place.cell}, {told}")
    return 1 if standing.failed else 0


def table(folder: Path, standing: Standing) -> "Table":
    """A row a cell: how many of its runs are done, their means so far, and what of it goes on."""
    from rich.markup import escape
    from rich.table import Table

    drawn = Table(title=escape(f"{folder}: {summary(standing)}"), title_justify="left")
    drawn.add_column("cell")
    for name in ("done", "analogies (%)", "million words/s"):
        drawn.add_column(name, justify="right")
    drawn.add_column("now")
    cells: dict[str, list[Place]] = {}
    for place in standing.places:
        cells.setdefault(place.cell, []).append(place)
    for name, places in cells.items():
        done = f"{sum(place.done for place in places)} of {len(places)}"
        accuracy, speed = _mean([p.accuracy for p in places]), _mean([p.speed for p in places])
        now = [told for place in places if (told := _told(place, standing))]
        drawn.add_row(
            escape(name),
            done,
            "" if accuracy is None else f"{accuracy:.1f}",
            "" if speed is None else f"{speed:.2f}",
            escape("; ".join(now)),
        )
    return drawn


def summary(standing: Standing) -> str:
    """The whole grid on one line."""
    places = standing.places
    if not places:
        return "no records yet"
    done, failed = sum(place.done for place in places), len(standing.failed)
    running = len(standing.claimed)
    parts = [f"{done} of {len(places)} runs done", f"{running} running"]
    if failed:
        parts.append(f"{failed} failed")
    if left := len(places) - done - running - failed:
        parts.append(f"{left} left")
    if not standing.over:
        seconds = standing.seconds_left()
        parts.append("time left not known yet" if seconds is None else f"{duration(seconds)} left")
        if not running:
            parts.append("nobody is at it")
    return ", ".join(parts)


def _told(place: Place, standing: Standing) -> str:
    if place.run in standing.claimed:
        state = standing.claimed[place.run]
        return f"seed {place.seed}: {state.who}, since {_since(state)}"
    return "" if place.failure is None else f"seed {place.seed} failed: {place.failure}"


def _since(state: State) -> str:
    """When it was begun, by this machine's time of day, and how long ago that is."""
    try:
        begun = datetime.fromisoformat(str(state.row.get("time"))).astimezone()
    except ValueError:
        return "a moment ago"
    seconds = max(0.0, (datetime.now(UTC) - begun).total_seconds())
    return f"{begun:%H:%M} ({duration(seconds)})"


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None and value == value]
    return sum(known) / len(known) if known else None


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in sources(folder))
