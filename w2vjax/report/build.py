"""Records to a report: tables (Markdown, LaTeX with booktabs, CSV), figures and a page; no JAX."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from w2vjax.errors import InputError
from w2vjax.files import write
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
from w2vjax.report.picture import file_names, rendered
from w2vjax.report.tables import table_files

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


def build(folder: Path | str) -> list[Path]:
    """Writes every table (`.md`, `.tex`, `.csv`), figure and page of the report on the records.

    A file that the records no longer have data for is removed. The same records give the same
    bytes. Raises `InputError` as `records.read` does, and if the folder cannot be written.
    """
    folder = Path(folder)
    frame = load(folder)
    kinds = frame["experiment"].dropna().unique() if "experiment" in frame else []
    report = next((REPORTS[kind] for kind in kinds if kind in REPORTS), comparison.contents)
    contents = report(frame)
    for name, data in contents.items():
        write(folder / name, data)
    for name in FILES - contents.keys():
        (folder / name).unlink(missing_ok=True)
    return [folder / name for name in contents]
