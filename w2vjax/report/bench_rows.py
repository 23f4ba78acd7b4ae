"""What the reports of benchmarks share: one session's records, medians and spreads."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from w2vjax.records.metrics import SUBJECT
from w2vjax.report.chart import Axis, Drawing
from w2vjax.report.chart_lists import listed
from w2vjax.report.look import colors
from w2vjax.report.tables import UNDEFINED, Row


class Quantiles(NamedTuple):
    """A median, and the bounds of what it varies between."""

    median: float
    low: float
    high: float
    num: int


def quartiles(values: Iterable[float]) -> Quantiles:
    """The median between the quartiles: of many measurements, some of them disturbed."""
    return _spread(values, (25, 75))


def extremes(values: Iterable[float]) -> Quantiles:
    """The median between the least and the largest: of few runs."""
    return _spread(values, (0, 100))


def _spread(values: Iterable[float], bounds: tuple[int, int]) -> Quantiles:
    kept = np.array([value for value in values if not np.isnan(value)], float)
    if not len(kept):
        return Quantiles(np.nan, np.nan, np.nan, 0)
    low, median, high = np.percentile(kept, [bounds[0], 50, bounds[1]])
    return Quantiles(float(median), float(low), float(high), len(kept))


def last_session(frame: pd.DataFrame) -> pd.DataFrame:
    """Only what the last call of the benchmark measured."""
    return frame[frame["session"] == frame["session"].iloc[-1]].reset_index(drop=True)


def subjects(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The programs, each as the row that describes it, in the order of measuring."""
    return frame[frame["metric"] == SUBJECT].to_dict("records")


def of(frame: pd.DataFrame, run: Any, metric: str) -> pd.DataFrame:
    """One program's measurements of a metric, by repeat."""
    rows = frame[(frame["run"] == run) & (frame["metric"] == metric)]
    return rows.set_index("x").sort_index()


def shown(spread: Quantiles, digits: int, scale: float = 1.0) -> str:
    """`1.23 (1.20 to 1.31)`, or a dash."""
    if not spread.num:
        return UNDEFINED
    median, low, high = (f"{scale * value:,.{digits}f}" for value in spread[:3])
    return f"{median} ({low} to {high})" if spread.num > 1 else median


def bounds(name: str, spread: Quantiles) -> dict[str, float]:
    """A spread as columns: NAME, NAME.low, NAME.high."""
    return {name: spread.median, f"{name}.low": spread.low, f"{name}.high": spread.high}


def spreads(name: str, digits: int, scale: float = 1.0) -> Callable[[Row], str]:
    """The column of a spread that `bounds` made fields of."""

    def show(row: Row) -> str:
        num = 0 if np.isnan(row[name]) else int(row["num"])
        spread = Quantiles(row[name], row[f"{name}.low"], row[f"{name}.high"], num)
        return shown(spread, digits, scale)

    return show


def spread_axis(name: str, label: str, scale: float = 1.0, **more: Any) -> Axis:
    """An axis of a spread's columns."""
    return Axis(name, label, scale, low=f"{name}.low", high=f"{name}.high", **more)


def speed_bars(data: pd.DataFrame, name: str, scale: float, label: str) -> Drawing | None:
    """A bar a row, in order from the top, with its spread: columns `cell` and those of `name`."""
    if data.empty:
        return None
    palette = colors(data["cell"].astype(str))
    looks = [{"color": palette[str(cell)]} for cell in data["cell"]]
    axes = listed(data, spread_axis(name, label, scale), looks, "column", bars=True)
    return Drawing.on(axes, data[["cell", name, f"{name}.low", f"{name}.high"]])


def machine_of(frame: pd.DataFrame) -> str:
    """Where it was measured, for captions."""
    rows = subjects(frame)
    first = rows[0]
    where = f"{first['processor']}, {first['cores']:.0f} cores, jax {first['versions.jax']}"
    devices = [row["num_devices"] for row in rows if not pd.isna(row.get("num_devices"))]
    if not devices:
        return where
    return f"{devices[0]:.0f} {first['platform']} device(s) ({first['device']}), {where}"
