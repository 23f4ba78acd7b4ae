"""What people are told on standard error: lines, and progress beyond two seconds."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

DELAY = 2.0
"""seconds of silence before progress is shown"""
PAUSE = 0.1
"""seconds between two drawings"""


def say(line: str, prefix: str = "") -> None:
    """A line for people, who may wait for it, on standard error; lost if that is full or closed."""
    if sys.stderr is not None:  # print would take standard output instead
        with suppress(OSError):
            print(f"{prefix}{line}", file=sys.stderr, flush=True)


def duration(seconds: float) -> str:
    """For people: `45 s`, `12 min`, `2.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"


@contextmanager
def track(
    label: str, total: float | None, unit: str, show: bool = True
) -> Iterator[Callable[[float, float], None]]:
    """A progress line with rate and time left; silent unless standard error is a terminal.

    Yields `advance(done, amount)`: `done` of `total` moves the bar, `amount` is what the rate
    counts, in `unit`s.
    """
    # Only bars need it: the command line starts without.
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    start = time.monotonic()
    amounts, drawn = 0.0, start
    with Progress(
        *columns,
        console=console,
        transient=True,
        auto_refresh=False,
        disable=not (show and console.is_terminal),
    ) as bar:
        task = bar.add_task(label, total=total, rate="", visible=False)

        def advance(done: float, amount: float) -> None:
            nonlocal amounts, drawn
            amounts += amount
            bar.advance(task, done)
            now = time.monotonic()
            if now - start > DELAY and now - drawn > PAUSE:
                drawn = now
                rate = f"{amounts / (now - start):.2f} {unit}/s"
                bar.update(task, rate=rate, visible=True, refresh=True)

        yield advance
        seconds = time.monotonic() - start
        if drawn > start and not bar.disable:
            console.print(f"{label}: {amounts:.2f} {unit} in {seconds:.1f} s")
