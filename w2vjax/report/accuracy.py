"""Accuracy in figures: against speed, by section of the questions, of layers with samplers."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from w2vjax.report.cells import NO_SAMPLER
from w2vjax.report.chart import Drawing, Panel, PanelGrid, chart, on_axes
from w2vjax.report.chart_lists import heat_map
from w2vjax.report.letters import shown
from w2vjax.report.look import FILLS, GREY, PALE, SMALL, Look, layer_colors, markers, unique
from w2vjax.report.runs import ACCURACY, SPEED, Spread, runs, summary
from w2vjax.report.stats import pareto_front

FRONT: Look = {"color": PALE, "linewidth": 0.8}


def accuracy_against_speed(frame: pd.DataFrame, axes: Axes | None = None) -> Drawing | None:
    """A point a cell: analogy accuracy against training speed, with the Pareto front.

    Bars are 95 % intervals, or the range of the seeds where they are fewer than three. In `axes`,
    or in a figure of its own, where a second panel enlarges the fastest.
    """
    data = summary(runs(frame), ["layer", "variant", "cell"], [ACCURACY, SPEED])
    if data.empty:
        return None
    data["pareto"] = pareto_front(data[SPEED].to_numpy(), data[ACCURACY].to_numpy())
    spread = Spread.of(data)
    by_layer, by_variant = _layer_looks(data["layer"]), _fills(data["variant"])
    looks = {
        cell: by_layer[layer] | by_variant[variant]
        for layer, variant, cell in data[["layer", "variant", "cell"]].itertuples(index=False)
    }
    near = data[data[SPEED] > data[SPEED].max() / 2]
    zoomed = len(near) >= 4 and data[SPEED].min() < near[SPEED].min() / 2 and axes is None
    gap = "\n" if zoomed else " "
    x = spread.axis(SPEED, f"training speed{gap}(million words/s)", log=True, plain=True, least=1.5)
    y = spread.axis(ACCURACY, "analogy accuracy (%)", least=4)
    titled = {"all": data, "within a factor of 2": near} if zoomed else {"": data}
    panels = [
        Panel(rows, x, y, title, over=partial(_front, data=rows)) for title, rows in titled.items()
    ]
    entries = _legend_entries(by_layer, by_variant, spread.name)
    caption = (
        "Analogy accuracy against training speed in raw words of the text a second, compiling "
        "apart; a point a cell, its shape and colour the output layer, its filling the sampler. Up "
        "and to the right is better: no cell beats one on the Pareto front in both. Speeds are "
        f"comparable within one machine only. {spread.told()}"
    )
    if axes is not None:
        on_axes(axes, panels[0], "cell", looks, entries)
        return Drawing.on(axes, data, caption)
    height = max(2.4, 0.2 + 0.155 * len(entries))
    layout = PanelGrid(span="page", base=0, height=height, legend=entries)
    return Drawing(chart(panels, "cell", looks, layout), data, caption)


def accuracy_by_section(frame: pd.DataFrame, axes: Axes | None = None) -> Drawing | None:
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
    axes = heat_map(grid, grid.map("{:.0f}".format), 0.17, absent="0.85", axes=axes)
    axes.set_title("accuracy (%)")
    data = grid.rename_axis("cell").reset_index()
    google = "The first sections are about facts, those that begin with gram about grammar. "
    caption = (
        "Accuracy (%) in every section of the analogy questions, mean over seeds; grey: not "
        f"measured. {google if any(name.startswith('gram') for name in grid) else ''}A "
        "section counts only the questions whose words are all known; the table has the coverage."
    )
    data = data.melt("cell", var_name="section", value_name="accuracy_percent")
    return Drawing.on(axes, data, caption)


def layers_by_samplers(frame: pd.DataFrame, axes: Axes | None = None) -> Drawing | None:
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
    axes = heat_map(grid, texts, 0.36, "analogy accuracy (%)", axes=axes)
    _missing(axes, grid, set(frame["cell"].cat.categories))
    half = f" ±: half of the {spread.name}." if spread.name else " One seed."
    caption = (
        "Mean analogy accuracy (%) of every output layer with every sampler of noise; white: not "
        "in the experiment, or no such thing; missing: planned, but no run has finished." + half
    )
    return Drawing.on(axes, data, caption)


def _missing(axes: Axes, grid: pd.DataFrame, planned: set[str]) -> None:
    for row, layer in enumerate(grid.index):
        for column, variant in enumerate(grid):
            if pd.isna(grid.iloc[row, column]) and f"{layer}, {variant}" in planned:
                axes.text(column + 0.5, row + 0.5, "missing", ha="center", va="center", size=SMALL)


def _front(axes: Axes, data: pd.DataFrame) -> None:
    """Steps along the best accuracy at each speed, from edge to edge."""
    front = data[data["pareto"]].sort_values(SPEED)
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    speed = np.array([left, *front[SPEED], front[SPEED].iloc[-1]])
    accuracy = [front[ACCURACY].iloc[0], *front[ACCURACY], bottom]
    axes.step(speed, accuracy, where="pre", zorder=1, **FRONT)
    axes.set(xlim=(left, right), ylim=(bottom, top))


def _layer_looks(layers: pd.Series) -> dict[Any, Look]:
    """A shape and a colour each."""
    palette, shapes = layer_colors(layers), markers(layers)
    edge: Look = {"linestyle": "none", "markersize": 6, "markeredgewidth": 0.8, "zorder": 2}
    return {
        layer: {"color": color, "marker": shapes[layer], **edge} for layer, color in palette.items()
    }


def _fills(variants: pd.Series) -> dict[Any, Look]:
    """A filling each."""
    return {name: FILLS[place % len(FILLS)] for place, name in enumerate(unique(variants))}


def _legend_entries(
    by_layer: dict[Any, Look], by_variant: dict[Any, Look], bars: str
) -> list[Line2D]:
    grey: Look = {"color": GREY, "linestyle": ""}
    entries = [Line2D([], [], label=shown(name), **look) for name, look in by_layer.items()]
    circle: Look = grey | {"marker": "o", "markersize": 6, "markeredgewidth": 0.8}
    entries += [
        Line2D([], [], label=shown(name), **circle, **fill) for name, fill in by_variant.items()
    ]
    if bars:
        entries.append(Line2D([], [], marker="|", markersize=8, label=bars, **grey))
    return [*entries, Line2D([], [], label="Pareto front", **FRONT)]
