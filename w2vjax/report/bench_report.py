"""Benchmarks' records to tables and figures; no JAX."""

from collections.abc import Callable, Mapping
from functools import partial

import pandas as pd

from w2vjax.errors import InputError
from w2vjax.report import bench_layers, bench_peers, bench_scaling
from w2vjax.report.bench_rows import last_session
from w2vjax.report.figures_bench import growth, roofline, speed_and_accuracy, speed_bars
from w2vjax.report.figures_style import Drawing
from w2vjax.report.plots import METADATA, rendered
from w2vjax.report.tables import Table

Drawings = dict[str, Callable[[], Drawing | None]]


def _of_layers(frame: pd.DataFrame) -> Drawings:
    rows = bench_layers.measured(frame)
    matmul, copy = (
        bench_layers.rate(frame, name).median for name in (bench_layers.MATMUL, bench_layers.COPY)
    )
    return {
        "speed": partial(speed_bars, rows, "words", 1e-6, "million words/s"),
        "roofline": partial(roofline, rows, matmul, copy),
    }


def _of_scaling(frame: pd.DataFrame) -> Drawings:
    return {"growth": partial(growth, bench_scaling.measured(frame), bench_scaling.VARIABLES)}


def _of_peers(frame: pd.DataFrame) -> Drawings:
    rows = bench_peers.measured(frame)
    asked = rows[rows["epochs"] == rows["epochs"].iloc[0]] if len(rows) else rows
    bars = asked.rename(columns={"program": "cell"})
    return {
        "speed": partial(speed_bars, bars, "speed", 1e-6, "million words/s"),
        "accuracy_against_time": partial(speed_and_accuracy, rows, bench_peers.OURS),
    }


Tables = Callable[[pd.DataFrame], Mapping[str, Table]]
BENCHES: dict[str, tuple[Tables, Callable[[pd.DataFrame], Drawings]]] = {
    "bench layers": (bench_layers.tables, _of_layers),
    "bench scaling": (bench_scaling.tables, _of_scaling),
    "bench peers": (bench_peers.tables, _of_peers),
}
"""by the experiment that records name: its tables, the first named `table`, and its figures"""
TABLES = ("table", "ceilings", "full_softmax", "time_to_accuracy")
FIGURES = ("speed", "roofline", "growth", "accuracy_against_time")


FILE_NAMES = {f"{name}.csv" for name in TABLES} | {
    f"{name}.{kind}" for name in FIGURES for kind in (*METADATA, "csv")
}


def contents(frame: pd.DataFrame) -> dict[str, bytes]:
    """The last session's tables (`table.md`, `table.tex`, a CSV each) and figures, by name.

    Raises `InputError` if nothing was measured.
    """
    last = last_session(frame)
    if not last["metric"].isin(["seconds"]).any():
        raise InputError("the records hold no measurement yet: run the benchmark again")
    tables, drawings = BENCHES[last["experiment"].iloc[-1]]
    made = tables(last)
    return {
        "table.md": "\n".join(table.markdown() for table in made.values()).encode(),
        "table.tex": "\n".join(table.latex() for table in made.values()).encode(),
        **{f"{name}.csv": table.csv().encode() for name, table in made.items()},
        **rendered(drawings(last)),
    }
