"""The benchmark of growth as a table and data: fitted exponents beside theory."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from w2vjax.report.bench_rows import (
    bounds,
    machine_of,
    of,
    quartiles,
    spread_axis,
    subjects,
)
from w2vjax.report.cells import NO_SAMPLER, layer_titles
from w2vjax.report.chart import Axis, Drawing, Panel, PanelGrid, chart
from w2vjax.report.look import looks
from w2vjax.report.picture import Draw
from w2vjax.report.stats import student
from w2vjax.report.tables import UNDEFINED, Table, number

VARIABLES = {
    "vocabulary": "vocabulary V",
    "dim": "dimensions d",
    "num_noise": "noise words a pair k",
    "noise_per_block": "noise words a block K",
    "block_size": "words a block",
}
"""what is varied, in the order of tables and figures"""
THEORY = {
    "dim": "at most 1 (linear)",
    "num_noise": "0 (k weighs the shared noise)",
    "noise_per_block": "0 to 1 (the noise's share)",
    "block_size": "-1 to 0 (the noise's rows)",
}
"""exponents of a step's cost"""
OF_THE_VOCABULARY = {"linear": "1 (linear)", "logarithmic": "0 (log V)", "flat": "0 (flat)"}
"""by the growth that a layer's records say"""


class Growth(NamedTuple):
    """A fitted slope with its interval; NaN where there are too few points."""

    slope: float
    low: float
    high: float
    r_squared: float


def power_law(x: Sequence[float], y: Sequence[float]) -> Growth:
    """b of `y = a · x^b`: least squares of log y on log x, all positive, Student's interval."""
    return _fitted(np.log(np.asarray(x, float)), np.log(np.asarray(y, float)))


def logarithmic(x: Sequence[float], y: Sequence[float]) -> Growth:
    """b of `y = a + b · log2 x`: what a doubling of x adds to y."""
    return _fitted(np.log2(np.asarray(x, float)), np.asarray(y, float))


def _fitted(x: np.ndarray, y: np.ndarray) -> Growth:
    if len(np.unique(x)) < 2:
        return Growth(np.nan, np.nan, np.nan, np.nan)
    fit = stats.linregress(x, y)
    if len(x) < 3:
        return Growth(float(fit.slope), np.nan, np.nan, np.nan)
    half = float(student(len(x) - 2) * fit.stderr)
    return Growth(float(fit.slope), fit.slope - half, fit.slope + half, float(fit.rvalue**2))


def measured(frame: pd.DataFrame) -> pd.DataFrame:
    """A row a point: variable, value, layer, name, and seconds of a step (and .low, .high)."""
    rows: list[dict[str, Any]] = []
    for subject in _titled(frame):
        times = of(frame, subject["run"], "seconds")
        if times.empty:
            continue
        spread = quartiles(times["value"] / times["steps"])
        rows.append(
            {
                "variable": subject["variable"],
                "value": int(subject["amount"]),
                "layer": subject["config.output.layer"],
                "name": subject["name"],
                "theory": theory(subject),
                **bounds("seconds", spread),
                "num": spread.num,
            }
        )
    return pd.DataFrame(rows)


def theory(subject: Mapping[str, Any]) -> str:
    """The exponent that a step's cost should have, of a program's row."""
    if subject["variable"] != "vocabulary":
        return THEORY[subject["variable"]]
    return OF_THE_VOCABULARY.get(subject.get("growth", ""), UNDEFINED)


def _titled(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The programs, with the `name` of each one's layer."""
    rows = subjects(frame)
    names = layer_titles(pd.DataFrame(rows), [row["config.output.layer"] for row in rows])
    return [row | {"name": name} for row, name in zip(rows, names, strict=True)]


def tables(frame: pd.DataFrame) -> dict[str, Table]:
    """How a step's cost grows: a row a quantity and layer."""
    points = measured(frame)
    text, raw = [], []
    for variable, title in VARIABLES.items():
        varied = points[points["variable"] == variable]
        for layer in dict.fromkeys(varied["layer"]):
            curve = varied[varied["layer"] == layer].sort_values("value")
            power = power_law(curve["value"].tolist(), curve["seconds"].tolist())
            log = logarithmic(curve["value"].tolist(), curve["seconds"].tolist())
            text.append(_shown(title, curve, power, log))
            raw.append(
                {"variable": variable, "layer": layer, "points": len(curve)}
                | {f"power.{name}": value for name, value in power._asdict().items()}
                | {f"log.{name}": value for name, value in log._asdict().items()}
            )
    return {"table": Table.plain(_caption(frame, points), text, raw)}


def _caption(frame: pd.DataFrame, points: pd.DataFrame) -> str:
    other = [s["vocabulary"] for s in subjects(frame) if s["variable"] != "vocabulary"]
    usual = f" V = {other[0]:,.0f}," if other else ""
    return (
        f"**How a step's cost grows**, on text by Zipf's law, {machine_of(frame)}. All else stays:"
        f"{usual} d 100, k 5, 64 words a block; kept words a step and device as training has them "
        f"by default: {_usual(frame, 'tokens_per_step')}; noise words a block K: "
        f"{_usual(frame, 'noise_per_block')}. Seconds of a segment's "
        "program over its steps, without the devices' exchange, the layers of one value in turn "
        f"(A B A B); medians of {points['num'].min()} to {points['num'].max()} measurements. "
        "Exponent: b of a · x^b, least squares on logarithms, with Student's 95 % interval over "
        "the points; a doubling: b of a + b · log2 x. R²: of each."
    )


def _usual(frame: pd.DataFrame, setting: str) -> str:
    """A setting of each layer, where it is not what is varied. Trees and full softmax draw none."""
    found: dict[str, str] = {}
    for subject in _titled(frame):
        drawn = setting != "noise_per_block" or subject["label"].count(" / ") > 1
        if drawn and subject["variable"] != setting:
            found.setdefault(subject["name"], f"{subject[f'config.train.{setting}']:.0f}")
    return ", ".join(f"{layer} {value}" for layer, value in found.items()) or NO_SAMPLER


def _shown(title: str, curve: pd.DataFrame, power: Growth, log: Growth) -> dict[str, str]:
    low, high = int(curve["value"].iloc[0]), int(curve["value"].iloc[-1])
    interval = UNDEFINED if np.isnan(power.low) else f"{power.low:.2f} to {power.high:.2f}"
    return {
        "what grows": title,
        "layer": str(curve["name"].iloc[0]),
        "from": f"{low:,}",
        "to": f"{high:,}",
        "ms a step, first": number(curve["seconds"].iloc[0], 3, 1e3),
        "last": number(curve["seconds"].iloc[-1], 3, 1e3),
        "exponent": number(power.slope, 2),
        "95 %": interval,
        "theory": str(curve["theory"].iloc[0]),
        "R²": number(power.r_squared, 2),
        "ms a doubling": number(log.slope, 3, 1e3),
        "R² of the logarithm": number(log.r_squared, 2),
    }


def drawings(frame: pd.DataFrame) -> dict[str, Draw]:
    """The figure, by name."""
    return {"growth": partial(growth, measured(frame))}


def growth(data: pd.DataFrame) -> Drawing | None:
    """A panel a variable: milliseconds a step against it, a line a layer, with the quartiles."""
    panels = []
    for variable, title in VARIABLES.items():
        rows = data[data["variable"] == variable].sort_values("value") if len(data) else data
        if rows.empty:
            continue
        x = Axis(
            "value", title, log=True, ticks={at: _short(at) for at in sorted(set(rows["value"]))}
        )
        y = spread_axis("seconds", "ms a step", 1e3, log=True, plain=True, least=10)
        panels.append(Panel(rows, x, y))
    if not panels:
        return None
    return Drawing(chart(panels, "name", looks(data["name"]), PanelGrid(share_y=True)), data)


def _short(value: float) -> str:
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"
