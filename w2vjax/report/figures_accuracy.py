"""Figures of accuracy: against speed, and by section of the questions."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from w2vjax.report.figures_style import (
    GREY,
    PAGE,
    Drawing,
    layer_colors,
    markers,
    plain_log_ticks,
    room,
    shown,
)
from w2vjax.report.runs import ACCURACY, SPEED, Spread, runs, summary
from w2vjax.report.stats import pareto_front


def accuracy_against_speed(frame: pd.DataFrame) -> Drawing | None:
    """A point a cell: analogy accuracy against training speed, with the Pareto front.

    Bars are 95 % intervals, or the range of the seeds where they are fewer than three.
    """
    data = summary(runs(frame), ["layer", "variant", "cell"], [ACCURACY, SPEED])
    if data.empty:
        return None
    data["pareto"] = pareto_front(data[SPEED].to_numpy(), data[ACCURACY].to_numpy())
    spread = Spread.of(data)
    palette, shapes = layer_colors(data["layer"]), markers(data["variant"])
    entries = _legend_entries(palette, shapes, spread.name)
    figure = Figure(figsize=(PAGE, max(2.4, 0.2 + 0.155 * len(entries))))
    near = data[data[SPEED] > data[SPEED].max() / 2]
    zoomed = len(near) >= 4 and data[SPEED].min() < near[SPEED].min() / 2
    panels = [data, near] if zoomed else [data]
    for axes, points in zip(
        figure.subplots(1, len(panels), squeeze=False).flat, panels, strict=True
    ):
        for place in range(len(points)):
            point = points.iloc[place : place + 1]
            layer, variant = point[["layer", "variant"]].iloc[0]
            _draw_point(axes, point, spread, palette[layer], shapes[variant])
        _frame(axes)
        _draw_front(axes, points)
        gap = "\n" if zoomed else " "
        axes.set_xlabel(f"training speed{gap}(million words/s)")
    figure.axes[0].set_ylabel("analogy accuracy (%)")
    if zoomed:
        figure.axes[0].set_title("all")
        figure.axes[1].set_title("within a factor of 2")
    figure.legend(handles=entries, loc="outside right upper")
    caption = (
        "Analogy accuracy against training speed in raw words of the text a second, compiling "
        "apart; a point a cell, its colour the output layer, its marker the sampler. Up and to the "
        "right is better: no cell beats one on the Pareto front in both. Speeds are comparable "
        f"within one machine only. {_bars_are(spread)}"
    )
    return Drawing(figure, data, caption)


def accuracy_by_section(frame: pd.DataFrame) -> Drawing | None:
    """Heat map: mean accuracy of every cell in every section of the analogy questions."""
    prefix = "analogy/section/"
    rows = frame[frame["metric"].str.startswith(prefix) & frame["cell"].notna()]
    if rows["value"].dropna().empty:
        return None
    sections = list(dict.fromkeys(rows["metric"]))
    grid = rows.pivot_table(
        index="cell", columns="metric", values="value", observed=False, dropna=False
    ).reindex(columns=sections)
    grid.columns = [name.removeprefix(prefix) for name in sections]
    grid = 100 * grid.astype(float)
    figure = Figure(figsize=(PAGE, 1.4 + 0.17 * len(grid)))
    axes = figure.subplots()
    sns.heatmap(
        grid,
        ax=axes,
        annot=True,
        fmt=".0f",
        annot_kws={"size": 6.5},
        cmap="cividis",
        vmin=0,
        vmax=float(np.nanmax(grid.to_numpy())),
        cbar=False,  # every cell says its number
        linewidths=0.4,
    )
    axes.set_facecolor("0.85")  # shows where there is no score
    axes.set_yticklabels([shown(name) for name in grid.index], rotation=0)
    axes.set_xticklabels(grid.columns, rotation=40, ha="right", rotation_mode="anchor")
    axes.tick_params(length=0)
    axes.set(xlabel="", ylabel="", title="accuracy (%)")
    cells = grid.rename_axis("cell").reset_index()
    caption = (
        "Accuracy (%) in every section of the analogy questions, mean over seeds; grey: not "
        "measured. The first sections are about facts, those that begin with gram about grammar. A "
        "section counts only the questions whose words are all known; the table has the coverage."
    )
    data = cells.melt("cell", var_name="section", value_name="accuracy_percent")
    return Drawing(figure, data, caption)


def _draw_point(axes: Axes, point: pd.DataFrame, spread: Spread, color: Any, marker: str) -> None:
    across = spread.arms(point, SPEED)
    if across is not None:  # zero has no place on a logarithmic axis
        across[0] = np.minimum(across[0], 0.9 * point[SPEED])
    axes.errorbar(
        point[SPEED],
        point[ACCURACY],
        xerr=across,
        yerr=spread.arms(point, ACCURACY),
        marker=marker,
        linestyle="none",
        color=color,
        markeredgecolor="white",
        markeredgewidth=0.4,
        elinewidth=0.8,
        zorder=2,
    )


def _frame(axes: Axes) -> None:
    """Limits with room around the points, never so close that noise looks like a difference."""
    axes.set_xscale("log")
    axes.margins(0.07)
    left, right = axes.get_xlim()
    stretch = max(1.0, (1.5 / (right / left)) ** 0.5)
    axes.set_xlim(left / stretch, right * stretch)
    axes.set_ylim(bottom=max(0, axes.get_ylim()[0]))
    room(axes)
    plain_log_ticks(axes)


def _draw_front(axes: Axes, data: pd.DataFrame) -> None:
    """Steps along the best accuracy at each speed, from edge to edge."""
    front = data[data["pareto"]].sort_values(SPEED)
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    speed = [left, *front[SPEED], front[SPEED].iloc[-1]]
    accuracy = [front[ACCURACY].iloc[0], *front[ACCURACY], bottom]
    axes.step(speed, accuracy, where="pre", color="0.7", linewidth=0.8, zorder=1)
    axes.set(xlim=(left, right), ylim=(bottom, top))


def _legend_entries(
    layer_colors: Mapping[str, Any], sampler_markers: Mapping[str, str], bars: str
) -> list[Line2D]:
    entries = [
        Line2D([], [], color=color, linewidth=4, label=name) for name, color in layer_colors.items()
    ]
    entries += [
        Line2D([], [], color=GREY, marker=marker, linestyle="", label=shown(name))
        for name, marker in sampler_markers.items()
    ]
    if bars:
        entries.append(
            Line2D([], [], color=GREY, marker="|", markersize=8, linestyle="", label=bars)
        )
    return [*entries, Line2D([], [], color="0.7", linewidth=0.8, label="Pareto front")]


def _bars_are(spread: Spread) -> str:
    return f"Bars: {spread.name}." if spread.name else "One seed: no bars."
