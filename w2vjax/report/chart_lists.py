"""Charts whose vertical axis is a list of names: values with their spread, and heat maps."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from w2vjax.report.chart import Axis
from w2vjax.report.letters import shown
from w2vjax.report.look import SMALL, Look, Span, scale, width

LIGHT, DARK = "white", "black"
LEAST_LUMINANCE = 0.179
"""relative luminance above which dark text has the higher contrast, 4.5 or more on either side"""


def listed(
    data: pd.DataFrame,
    axis: Axis,
    looks: Sequence[Look],
    span: Span,
    bars: bool = False,
    axes: Axes | None = None,
) -> Axes:
    """A row a name (column `cell`), from the top: a marker or a bar, with its spread.

    In `axes`, or in a figure of its own.
    """
    axes = axes or _axes(width(span), 0.7 + 0.18 * len(data))
    middle, arms = axis.of(data), axis.arms(data)
    for place, look in enumerate(looks):
        arm = None if arms is None else arms[:, [place]]
        if bars:
            axes.barh(place, middle[place], color=look["color"], height=0.7)
            look = {"ecolor": "0.15", "fmt": "none", "capsize": 2}
        axes.errorbar(middle[place], place, xerr=arm, elinewidth=0.9, **look)
    axes.set_yticks(range(len(data)), [shown(name) for name in data["cell"]])
    axes.set_ylim(len(data) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(axis.label)
    if bars:
        axes.set_xlim(left=0)
    return axes


def listed_beside(
    panels: Sequence[tuple[pd.DataFrame, Axis]], looks: Sequence[Look], across: int = 2
) -> Figure:
    """Lists of the same names beside each other, `across` a row at most: a page wide."""
    down, across = -(-len(panels) // across), min(across, len(panels))
    height = down * (0.7 + 0.18 * len(looks))
    figure = Figure(figsize=(width("page"), scale() * height))
    grid = figure.subplots(down, across, squeeze=False)
    for place, axes in enumerate(grid.flat):
        if place >= len(panels):
            axes.set_axis_off()
            continue
        data, axis = panels[place]
        listed(data, axis, looks, "page", axes=axes)
        axes.tick_params(labelleft=place % across == 0)
    return figure


def _axes(wide: float, height: float) -> Axes:
    return Figure(figsize=(wide, scale() * height)).subplots()


def heat_map(
    grid: pd.DataFrame,
    texts: pd.DataFrame,
    height: float,
    label: str = "",
    absent: Any = "white",
    axes: Axes | None = None,
) -> Axes:
    """A row an index, a column a column, each with its text; `label`: of the bar of colours.

    In `axes`, or in a figure of its own.
    """
    axes = axes or _axes(width("page"), 1.2 + height * len(grid))
    sns.heatmap(
        grid,
        ax=axes,
        annot=texts,
        fmt="",
        annot_kws={"size": SMALL},
        cmap="cividis",
        cbar=bool(label),
        cbar_kws={"label": label, "pad": 0.02},
        linewidths=0.5,
    )
    _contrast(axes)
    axes.set_facecolor(absent)
    axes.set_yticklabels([shown(name) for name in grid.index], rotation=0)
    names = [shown(name) for name in grid]
    axes.set_xticklabels(names, rotation=35, ha="right", rotation_mode="anchor")
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.set(xlabel="", ylabel="")
    return axes


def _contrast(axes: Axes) -> None:
    """Light text on dark, dark text on light: whichever has the higher contrast."""
    mesh = axes.collections[0]
    held = ~np.ma.getmaskarray(np.ma.asarray(mesh.get_array())).ravel()
    faces = np.asarray(mesh.get_facecolor())[held]
    for text, face in zip(axes.texts, faces, strict=True):
        text.set_color(DARK if luminance(face[:3]) > LEAST_LUMINANCE else LIGHT)


def luminance(color: Sequence[float]) -> float:
    """Relative luminance of a colour in sRGB (WCAG 2)."""
    rgb = np.asarray(color, dtype=float)
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))
