"""Figures of benchmarks: speeds with their spread, the roofline, growth, speed and accuracy."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator

from w2vjax.report.figures_style import (
    COLUMN,
    GREY,
    MARKERS,
    PAGE,
    Drawing,
    colors,
    columns,
    handles,
    legend,
    lines,
    plain_log_ticks,
    shown,
)


def speed_bars(data: pd.DataFrame, name: str, scale: float, label: str) -> Drawing | None:
    """A bar a row, in order from the top, with its spread.

    Columns: cell, and `name` with .low and .high.
    """
    if data.empty:
        return None
    figure = Figure(figsize=(COLUMN, 0.6 + 0.2 * len(data)))
    axes = figure.subplots()
    places, middle = np.arange(len(data)), scale * data[name].to_numpy(float)
    spread = scale * np.abs(data[[f"{name}.low", f"{name}.high"]].to_numpy(float).T) - middle
    palette = colors(data["cell"].astype(str))
    axes.barh(places, middle, color=[palette[str(cell)] for cell in data["cell"]], height=0.7)
    axes.errorbar(middle, places, xerr=np.abs(spread), fmt="none", ecolor="0.15", capsize=2, lw=0.8)
    axes.set_yticks(places, [shown(str(cell)) for cell in data["cell"]])
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.set(xlabel=label, xlim=(0, None))
    return Drawing(figure, data[["cell", name, f"{name}.low", f"{name}.high"]])


def roofline(data: pd.DataFrame, matmul: float, copy: float) -> Drawing | None:
    """FLOP/s against FLOP/byte (Williams et al. 2009), under the two ceilings measured.

    Columns: cell, flops, bytes, flops_rate. `matmul`: FLOP/s; `copy`: bytes/s.
    """
    if data.empty or not (matmul > 0 and copy > 0):
        return None
    shown_data = pd.DataFrame(
        {
            "cell": data["cell"].astype(str),
            "intensity": data["flops"] / data["bytes"],
            "flops_rate": data["flops_rate"],
        }
    )
    styles = {
        cell: {"color": color, "marker": mark, "linestyle": "none", "markersize": 5}
        for (cell, color), mark in zip(
            colors(shown_data["cell"]).items(), MARKERS * 3, strict=False
        )
    }
    figure = Figure(figsize=(COLUMN, 2.3 + 0.13 * len(styles)))
    axes = figure.subplots()
    ridge = matmul / copy
    low = min(ridge, shown_data["intensity"].min()) / 3
    high = max(ridge, shown_data["intensity"].max()) * 4
    place = np.array([low, ridge, high])
    axes.plot(place, np.minimum(place * copy, matmul) / 1e9, color=GREY, linewidth=1.5)
    for row in shown_data.to_dict("records"):
        axes.plot(row["intensity"], row["flops_rate"] / 1e9, **styles[row["cell"]])
    bottom = min(low * copy, shown_data["flops_rate"].min()) / 1e9 / 2
    axes.set(xscale="log", yscale="log", xlabel="FLOP/byte, by hand", ylabel="GFLOP/s")
    axes.set(xlim=(low, high), ylim=(bottom, 3 * matmul / 1e9))
    axes.text(high, matmul / 1e9 * 1.1, f"product {matmul / 1e9:.0f} GFLOP/s ", ha="right",
              va="bottom", color=GREY)  # fmt: skip
    axes.text(0.03, 0.97, f"copy {copy / 1e9:.1f} GB/s", transform=axes.transAxes, va="top",
              color=GREY)  # fmt: skip
    legend(figure, handles(styles), columns=columns(styles, COLUMN))
    ceiling = pd.DataFrame(
        {"cell": ["ceilings"], "intensity": [ridge], "flops_rate": [matmul]},
    )
    return Drawing(figure, pd.concat([shown_data, ceiling], ignore_index=True))


def growth(data: pd.DataFrame, titles: Mapping[str, str]) -> Drawing | None:
    """A panel a variable: milliseconds a step against it, a line a layer, with the quartiles.

    Columns: variable, value, name, seconds (and .low, .high). `titles`: the variables in order.
    """
    held = [name for name in titles if name in set(data.get("variable", ()))]
    if not held:
        return None
    styles = {
        name: {**style, "marker": mark, "markersize": 3.5}
        for (name, style), mark in zip(lines(data["name"]).items(), MARKERS, strict=False)
    }
    across = min(3, len(held))
    down = -(-len(held) // across)
    figure = Figure(figsize=(PAGE if across > 1 else COLUMN, 0.5 + 1.9 * down))
    panels = list(figure.subplots(down, across, squeeze=False, sharey=True).flat)
    for axes, variable in zip(panels, held, strict=False):
        _panel(axes, data[data["variable"] == variable], styles)
        axes.set_xlabel(titles[variable])
    _a_decade(panels[0])
    for axes in panels[len(held) :]:
        axes.set_axis_off()
    figure.supylabel("ms a step", fontsize=7.5)
    legend(figure, handles(styles), columns=columns(styles, PAGE if across > 1 else COLUMN))
    return Drawing(figure, data)


def _panel(axes: Axes, data: pd.DataFrame, styles: Mapping[str, Mapping]) -> None:
    for name, style in styles.items():
        curve = data[data["name"] == name].sort_values("value")
        if curve.empty:
            continue
        middle = 1e3 * curve["seconds"].to_numpy(float)
        spread = np.abs(1e3 * curve[["seconds.low", "seconds.high"]].to_numpy(float).T - middle)
        axes.errorbar(curve["value"], middle, yerr=spread, capsize=1.5, **style)
    axes.set(xscale="log", yscale="log")
    values = sorted(set(data["value"]))
    axes.set_xticks(values, [_short(value) for value in values])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())


def _a_decade(axes: Axes) -> None:
    """Of the vertical axis at least, so that noise looks like noise; plain numbers on it."""
    low, high = axes.get_ylim()
    middle = np.sqrt(low * high)
    low, high = min(low, middle / 10**0.5), max(high, middle * 10**0.5)
    axes.set_ylim(low, high)
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 100 else (1,)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())


def _short(value: float) -> str:
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def speed_and_accuracy(data: pd.DataFrame, ours: str) -> Drawing | None:
    """Analogy accuracy against seconds of training, least to largest; our epochs joined by a line.

    Columns: program, epochs; seconds and accuracy (and .low, .high).
    """
    data = data.dropna(subset=["seconds", "accuracy"])
    if data.empty:
        return None
    figure = Figure(figsize=(COLUMN, 2.6))
    axes = figure.subplots()
    styles: dict[str, dict[str, Any]] = {
        name: {"color": color, "marker": mark}
        for (name, color), mark in zip(
            colors(data["program"].astype(str)).items(), MARKERS, strict=False
        )
    }
    for name, style in styles.items():
        runs = data[data["program"] == name].sort_values("epochs")
        axes.errorbar(
            runs["seconds"],
            100 * runs["accuracy"],
            xerr=_around(runs, "seconds", 1.0),
            yerr=_around(runs, "accuracy", 100.0),
            capsize=1.5,
            elinewidth=0.7,
            linestyle="-" if name == ours else "none",
            linewidth=0.8,
            **style,
        )
        for row in runs.to_dict("records") if name == ours else ():
            axes.annotate(
                f"{row['epochs']:g}", (row["seconds"], 100 * row["accuracy"]), (-5, 1),
                textcoords="offset points", ha="right", fontsize=6, color=GREY,
            )  # fmt: skip
    axes.set(xscale="log", xlabel="training (s); numbers: our epochs", ylabel="analogies (%)")
    axes.margins(x=0.12)  # the numbers stand to the left
    plain_log_ticks(axes)
    marked = {name: {**style, "linestyle": "none"} for name, style in styles.items()}
    legend(figure, handles(marked), columns=columns(marked, COLUMN))
    return Drawing(figure, data[_columns("program", "epochs", "seconds", "accuracy")])


def _around(data: pd.DataFrame, name: str, scale: float) -> np.ndarray:
    bounds = data[[f"{name}.low", f"{name}.high"]].to_numpy(float).T
    return scale * np.abs(bounds - data[name].to_numpy(float))


def _columns(*names: str) -> list[str]:
    spread = [f"{name}.{bound}" for name in names[2:] for bound in ("low", "high")]
    return [*names, *spread]
