"""Progress of anything that takes longer than two seconds, on standard error."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

DELAY = 2.0
"""seconds of silence before progress is shown"""


@contextmanager
def track(
    label: str, total: float | None, unit: str, scale: float = 1, show: bool = True
) -> Iterator[Callable[..., None]]:
    """A progress line with rate and time left; silent unless standard error is a terminal.

    Yields `advance(done, amount=None)`: `done` of `total` moves the bar, `amount` (default: `done`)
    is what the rate counts, shown divided by `scale` and named `unit` (`1e6, "M words"`).
    """
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    start = time.monotonic()
    amounts = 0.0
    shown = False
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as bar:
        if not show or not console.is_terminal:
            bar.disable = True
        task = bar.add_task(label, total=total, rate="", visible=False)

        def advance(done: float, amount: float | None = None) -> None:
            nonlocal amounts, shown
            amounts += done if amount is None else amount
            seconds = time.monotonic() - start
            shown = shown or seconds > DELAY
            rate = f"{amounts / scale / max(seconds, 1e-9):.2f} {unit}/s"
            bar.update(task, advance=done, rate=rate, visible=shown, refresh=shown)

        yield advance
        seconds = time.monotonic() - start
        if shown and not bar.disable:
            console.print(f"{label}: {amounts / scale:.2f} {unit} in {seconds:.1f} s")
