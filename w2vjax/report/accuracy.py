"""Accuracy in figures: against speed, by section of the questions, of layers with samplers."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from w2vjax.report.cells import NO_SAMPLER
from w2vjax.report.chart import Drawing, Panel, PanelGrid, chart
from w2vjax.report.chart_lists import heat_map
from w2vjax.report.look import GREY, PAGE, Look, layer_colors, markers, shown
from w2vjax.report.runs import ACCURACY, SPEED, Spread, runs, summary
from w2vjax.report.stats import pareto_front

FRONT: Look = {"color": "0.7", "linewidth": 0.8}


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
    edge: Look = {
        "linestyle": "none",
        "markeredgecolor": "white",
        "markeredgewidth": 0.4,
        "zorder": 2,
    }
    looks = {
        cell: {"color": palette[layer], "marker": shapes[variant], **edge}
        for layer, variant, cell in data[["layer", "variant", "cell"]].itertuples(index=False)
    }
    near = data[data[SPEED] > data[SPEED].max() / 2]
    zoomed = len(near) >= 4 and data[SPEED].min() < near[SPEED].min() / 2
    gap = "\n" if zoomed else " "
    x = spread.axis(SPEED, f"training speed{gap}(million words/s)", log=True, plain=True, least=1.5)
    y = spread.axis(ACCURACY, "analogy accuracy (%)", least=4)
    titled = {"all": data, "within a factor of 2": near} if zoomed else {"": data}
    panels = [
        Panel(rows, x, y, title, over=partial(_front, data=rows)) for title, rows in titled.items()
    ]
    entries = _legend_entries(palette, shapes, spread.name)
    height = max(2.4, 0.2 + 0.155 * len(entries))
    layout = PanelGrid(width=PAGE, base=0, height=height, legend=entries)
    caption = (
        "Analogy accuracy against training speed in raw words of the text a second, compiling "
        "apart; a point a cell, its colour the output layer, its marker the sampler. Up and to the "
        "right is better: no cell beats one on the Pareto front in both. Speeds are comparable "
        f"within one machine only. {spread.told()}"
    )
    return Drawing(chart(panels, "cell", looks, layout), data, caption)


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
    figure = heat_map(grid, grid.map("{:.0f}".format), 0.17, absent="0.85")
    figure.axes[0].set_title("accuracy (%)")
    data = grid.rename_axis("cell").reset_index()
    caption = (
        "Accuracy (%) in every section of the analogy questions, mean over seeds; grey: not "
        "measured. The first sections are about facts, those that begin with gram about grammar. A "
        "section counts only the questions whose words are all known; the table has the coverage."
    )
    data = data.melt("cell", var_name="section", value_name="accuracy_percent")
    return Drawing(figure, data, caption)


def layers_by_samplers(frame: pd.DataFrame) -> Drawing | None:
    """Heat map: mean analogy accuracy ± half of its interval, a row a layer, a column a sampler."""
    data = summary(runs(frame), ["layer", "sampler", "variant", "cell"], [ACCURACY])
    sampled = data[data["sampler"].astype(str) != NO_SAMPLER]
    if sampled["layer"].nunique() < 2 or sampled["sampler"].nunique() < 2:
        return None
    spread = Spread.of(data)
    texts = data[ACCURACY].map("{:.1f}".format)
    if spread.name:
        low, high = spread.axis(ACCURACY, "").ends(data)
        texts += pd.Series((high - low) / 2).map("\n±{:.1f}".format)
    grid = data.pivot(index="layer", columns="variant", values=ACCURACY)
    texts = data.assign(text=texts).pivot(index="layer", columns="variant", values="text")
    figure = heat_map(grid, texts, 0.36, "analogy accuracy (%)")
    _missing(figure.axes[0], grid, set(frame["cell"].cat.categories))
    half = f" ±: half of the {spread.name}." if spread.name else " One seed."
    caption = (
        "Mean analogy accuracy (%) of every output layer with every sampler of noise; white: not "
        "in the experiment, or no such thing; missing: planned, but no run has finished." + half
    )
    return Drawing(figure, data, caption)


def _missing(axes: Axes, grid: pd.DataFrame, planned: set[str]) -> None:
    for row, layer in enumerate(grid.index):
        for column, variant in enumerate(grid):
            if pd.isna(grid.iloc[row, column]) and f"{layer}, {variant}" in planned:
                axes.text(column + 0.5, row + 0.5, "missing", ha="center", va="center", size=6.5)


def _front(axes: Axes, data: pd.DataFrame) -> None:
    """Steps along the best accuracy at each speed, from edge to edge."""
    front = data[data["pareto"]].sort_values(SPEED)
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    speed = np.array([left, *front[SPEED], front[SPEED].iloc[-1]])
    accuracy = [front[ACCURACY].iloc[0], *front[ACCURACY], bottom]
    axes.step(speed, accuracy, where="pre", zorder=1, **FRONT)
    axes.set(xlim=(left, right), ylim=(bottom, top))


def _legend_entries(palette: dict[Any, Any], shapes: dict[Any, Any], bars: str) -> list[Line2D]:
    grey: Look = {"color": GREY, "linestyle": ""}
    entries = [Line2D([], [], color=color, lw=4, label=name) for name, color in palette.items()]
    entries += [
        Line2D([], [], marker=marker, label=shown(name), **grey) for name, marker in shapes.items()
    ]
    if bars:
        entries.append(Line2D([], [], marker="|", markersize=8, label=bars, **grey))
    return [*entries, Line2D([], [], label="Pareto front", **FRONT)]
