"""Records to a report: tables (Markdown, LaTeX with booktabs, CSV), figures and a page; no JAX."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd

from w2vjax.errors import InputError
from w2vjax.files import make_folder, write
from w2vjax.report import (
    bench_layers,
    bench_peers,
    bench_scaling,
    comparison,
    gradients,
    theory,
)
from w2vjax.report.bench_rows import last_session
from w2vjax.report.cells import load
from w2vjax.report.choice import ALL, Choice
from w2vjax.report.look import styled
from w2vjax.report.picture import file_names, rendered
from w2vjax.report.tables import table_files
from w2vjax.report.venues import venue

BENCHES = {
    "bench layers": bench_layers,
    "bench scaling": bench_scaling,
    "bench peers": bench_peers,
}
"""by the experiment that records name"""


def bench(frame: pd.DataFrame) -> dict[str, bytes]:
    """The last session's tables (`table.md`, `table.tex`, a CSV each) and figures, by name.

    Raises `InputError` if nothing was measured.
    """
    last = last_session(frame)
    if not last["metric"].isin(["seconds"]).any():
        raise InputError("the records hold no measurement yet: run the benchmark again")
    report = BENCHES[last["experiment"].iloc[-1]]
    return table_files(report.tables(last), "table") | rendered(report.drawings(last))


REPORTS: dict[str, Callable[[pd.DataFrame], dict[str, bytes]]] = {
    "gradients": gradients.contents,
    "theory": theory.contents,
    **dict.fromkeys(BENCHES, bench),
}
"""Experiments with a report of their own, by name; all others are compared as training runs."""
TABLES = (*comparison.TABLES, "ceilings", "full_softmax", "time_to_accuracy")
FIGURES = (*comparison.FIGURES, "speed", "roofline", "growth", "accuracy_against_time")
FILES = file_names(FIGURES) | {f"{name}.{kind}" for name in TABLES for kind in ("md", "tex", "csv")}
"""what reports may leave in a folder, and remove from it where the records have no data for it"""


def build(*folders: Path | str, choice: Choice = ALL, out: Path | str | None = None) -> list[Path]:
    """Writes every table (`.md`, `.tex`, `.csv`), figure and page of the report on the records.

    Into `out`, or the first folder. A file that the records no longer have data for is removed. The
    same records give the same bytes. Raises `InputError` as `cells.load` does, for a choice that
    the records do not have, and if the folder cannot be written.
    """
    sizes = venue(choice.venue)
    folder = Path(folders[0] if out is None else out)
    frame = load(*folders)
    make_folder(folder)
    with styled(sizes):
        contents = _contents(frame, choice, len(folders))
    for name, data in contents.items():
        write(folder / name, data)
    for name in FILES - contents.keys():
        (folder / name).unlink(missing_ok=True)
    return [folder / name for name in contents]


def _contents(frame: pd.DataFrame, choice: Choice, num_folders: int) -> dict[str, bytes]:
    kinds = frame["experiment"].dropna().unique() if "experiment" in frame else []
    own = [kind for kind in kinds if kind in REPORTS]
    if not own:
        return comparison.contents(frame, choice)
    if num_folders > 1 or replace(choice, venue=None) != ALL:
        raise InputError(
            f"the report on {own[0]} is of one folder, and whole: several folders, columns, cells, "
            "a cell to compare with, figures and siunitx are chosen where training runs are "
            "compared; leave them out"
        )
    return REPORTS[own[0]](frame)
