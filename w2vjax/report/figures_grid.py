"""Figures of a grid as a whole: layers × samplers, and every cell against a reference."""

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from w2vjax.report.cells import NO_SAMPLER
from w2vjax.report.contrasts import contrasts
from w2vjax.report.differences import differences
from w2vjax.report.figures_style import (
    GREY,
    MARKERS,
    PAGE,
    Drawing,
    layer_colors,
    shown,
)
from w2vjax.report.runs import ACCURACY, Spread, runs, summary

LEVEL = 0.05
"""of significance, after Holm's correction"""
LONG_NAME = 40
"""letters of a cell's name that leave no room for more beside it under a figure"""


def layers_by_samplers(frame: pd.DataFrame) -> Drawing | None:
    """Heat map: mean analogy accuracy ± half of its interval, a row a layer, a column a sampler."""
    data = summary(runs(frame), ["layer", "sampler", "variant", "cell"], [ACCURACY])
    sampled = data[data["sampler"].astype(str) != NO_SAMPLER]
    if sampled["layer"].nunique() < 2 or sampled["sampler"].nunique() < 2:
        return None
    spread = Spread.of(data)
    low, high = spread.bounds(data, ACCURACY)
    texts = data[ACCURACY].map("{:.1f}".format)
    if spread.name:
        texts += pd.Series((high - low) / 2).map("\n±{:.1f}".format)
    grid = data.pivot(index="layer", columns="variant", values=ACCURACY)
    figure = Figure(figsize=(PAGE, 1.1 + 0.36 * len(grid)))
    axes = figure.subplots()
    sns.heatmap(
        grid,
        ax=axes,
        annot=data.assign(text=texts).pivot(index="layer", columns="variant", values="text"),
        fmt="",
        annot_kws={"size": 6.5},
        cmap="cividis",
        cbar_kws={"label": "analogy accuracy (%)", "pad": 0.02},
        linewidths=0.6,
    )
    _missing(axes, grid, set(frame["cell"].cat.categories))
    axes.set_yticklabels([shown(name) for name in grid.index], rotation=0)
    names = [shown(name) for name in grid.columns]
    axes.set_xticklabels(names, rotation=25, ha="right", rotation_mode="anchor")
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.set(xlabel="", ylabel="")
    half = f" ±: half of the {spread.name}." if spread.name else " One seed."
    caption = (
        "Mean analogy accuracy (%) of every output layer with every sampler of noise; white: not "
        "in the experiment, or no such thing; missing: planned, but no run has finished." + half
    )
    return Drawing(figure, data, caption)


def differences_to_reference(frame: pd.DataFrame) -> Drawing | None:
    """Forest plot: every cell's difference in accuracy to the reference, with its interval."""
    data, over = differences(frame), "seeds and sections of questions"
    if data is None:
        data, over = contrasts(frame), "seeds"
    data = data[data["low"].notna()]
    if data.empty:
        return None
    layers = frame.drop_duplicates("cell").set_index("cell")["layer"].loc[data["cell"]]
    palette = layer_colors(layers)
    shapes = dict(zip(palette, MARKERS, strict=False))
    figure = Figure(figsize=(PAGE, 0.8 + 0.17 * len(data)))
    axes = figure.subplots()
    axes.axvline(0, color=GREY, linewidth=0.8, zorder=1)
    for place, (row, layer) in enumerate(zip(data.itertuples(), layers, strict=True)):
        axes.errorbar(
            100 * row.difference,
            place,
            xerr=[[100 * (row.difference - row.low)], [100 * (row.high - row.difference)]],
            fmt=shapes[layer],
            color=palette[layer],
            markerfacecolor=palette[layer] if row.p_holm <= LEVEL else "white",
            elinewidth=0.9,
        )
    axes.set_yticks(range(len(data)), [shown(name) for name in data["cell"]])
    axes.set_ylim(len(data) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    reference = data["against"].iloc[0]
    long = len(reference) > LONG_NAME
    gap = "\n" if long else " "
    label = f"analogy accuracy minus that of{gap}{shown(reference)} (percentage points)"
    axes.set_xlabel(label, loc="right" if long else "center")
    axes.legend(handles=_meanings(), loc="upper left", bbox_to_anchor=(1.0, 1.0))
    caption = (
        f"Difference in analogy accuracy to {reference}, in percentage points, with 95 % "
        f"intervals over {over}: runs of one seed read the same words in the same order, and are "
        "compared with each other. Filled: different from the reference at 5 % after Holm's "
        "correction for all rows; open: not shown to be different."
    )
    return Drawing(figure, data, caption)


def _missing(axes: Axes, grid: pd.DataFrame, planned: set[str]) -> None:
    for row, layer in enumerate(grid.index):
        for column, variant in enumerate(grid):
            if pd.isna(grid.iloc[row, column]) and f"{layer}, {variant}" in planned:
                axes.text(column + 0.5, row + 0.5, "missing", ha="center", va="center", size=6.5)


def _meanings() -> list[Line2D]:
    looks = {"color": GREY, "marker": MARKERS[0], "linestyle": "-", "linewidth": 0.9}
    return [
        Line2D([], [], label="differs (5 %, Holm)", **looks),
        Line2D([], [], label="not shown to differ", markerfacecolor="white", **looks),
    ]
