"""Figures of sampled gradients: a row a state, a panel a loss, a line a sampler.

Vertical axes are shared down a column: losses are not on one scale, the states of one loss are.
"""

from collections.abc import Callable
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from w2vjax.report.figures_style import (
    GREY,
    PAGE,
    Drawing,
    columns,
    handles,
    legend,
    lines,
    marked,
)

NEAR = 64
"""noise words a pair at which tenths of the vocabulary are compared, or the nearest there are"""


class Shown(NamedTuple):
    """What stands on the vertical axis: a column of the data, its error bars apart."""

    column: str
    label: str
    log: bool


BIAS = Shown("relative_bias", "relative bias", True)
VARIANCE = Shown("variance", "relative variance", True)
OF_MEAN = Shown("cosine_of_mean", "cosine of the mean", False)
OF_DRAW = Shown("cosine_of_draw", "cosine of a draw", False)


def relative_bias(data: pd.DataFrame) -> Drawing | None:
    """‖E g - g*‖ / ‖g*‖ against noise words; where two standard errors hide it, nothing."""
    return _by_noise(data, BIAS)


def relative_variance(data: pd.DataFrame) -> Drawing | None:
    """E‖g - E g‖² / ‖g*‖² against noise words."""
    return _by_noise(data, VARIANCE)


def cosine_of_mean(data: pd.DataFrame) -> Drawing | None:
    """cos(E g, g*) against noise words."""
    return _by_noise(data, OF_MEAN)


def cosine_of_draw(data: pd.DataFrame) -> Drawing | None:
    """E cos(g, g*) against noise words."""
    return _by_noise(data, OF_DRAW)


def bias_by_tenth(data: pd.DataFrame) -> Drawing | None:
    """The relative bias in the rows of each tenth of the vocabulary, the most frequent first."""
    return _by_tenth(data, BIAS)


def cosine_by_tenth(data: pd.DataFrame) -> Drawing | None:
    """The cosine of a draw in the rows of each tenth of the vocabulary."""
    return _by_tenth(data, OF_DRAW)


FIGURES: dict[str, Callable[[pd.DataFrame], Drawing | None]] = {
    "relative_bias": relative_bias,
    "relative_variance": relative_variance,
    "cosine_of_mean": cosine_of_mean,
    "cosine_of_draw": cosine_of_draw,
    "bias_by_tenth": bias_by_tenth,
    "cosine_by_tenth": cosine_by_tenth,
}
"""by the name of their files; data as `gradient_report.measurements` gives it"""


def nearest(data: pd.DataFrame, count: int = NEAR) -> int:
    """The number of noise words in the data nearest to `count`, by ratio."""
    return min(
        map(int, data["noise"].unique()), key=lambda noise: max(noise / count, count / noise)
    )


def _by_noise(data: pd.DataFrame, shown: Shown) -> Drawing | None:
    rows = data[data["tenth"] == 0]
    if rows["noise"].nunique() < 2:
        return None
    drawing = _panels(rows, "noise", shown, "noise words a pair")
    counts = sorted(rows["noise"].unique())
    for axes in drawing.figure.axes:
        axes.set_xscale("log")
        axes.set_xticks(counts[::2], [f"{count:,}" for count in counts[::2]])
        axes.set_xticks(counts[1::2], [], minor=True)
    return drawing


def _by_tenth(data: pd.DataFrame, shown: Shown) -> Drawing | None:
    rows = data[data["tenth"] > 0]
    if rows.empty:
        return None
    count = nearest(rows)
    drawing = _panels(
        rows[rows["noise"] == count], "tenth", shown, "tenth of the words, by frequency"
    )
    for axes in drawing.figure.axes:
        axes.set_xticks([1, 4, 7, 10])
    drawing.figure.suptitle(f"{count} noise words a pair", fontsize=7.5)
    return drawing


def _panels(rows: pd.DataFrame, x: str, shown: Shown, label: str) -> Drawing:
    states, losses = list(dict.fromkeys(rows["state"])), list(dict.fromkeys(rows["loss"]))
    styles = marked(lines(rows["sampler"]))
    num_columns = columns(styles, PAGE)
    height = 0.5 + 1.35 * len(states) + 0.14 * -(-len(styles) // num_columns)
    figure = Figure(figsize=(PAGE, height))
    grid = figure.subplots(len(states), len(losses), squeeze=False, sharex=True, sharey="col")
    for across, state in zip(grid, states, strict=True):
        for axes, loss in zip(across, losses, strict=True):
            panel = rows[(rows["state"] == state) & (rows["loss"] == loss)]
            for name, style in styles.items():
                _curve(axes, panel[panel["sampler"] == name].sort_values(x), x, shown, style)
            axes.set_yscale("log" if shown.log else "linear")
            axes.yaxis.set_minor_formatter(NullFormatter())
        across[0].set_ylabel(f"{state}\n{shown.label}")
    for axes, loss in zip(grid[0], losses, strict=True):
        axes.set_title(loss)
    for axes in grid[-1]:
        axes.set_xlabel(label)
    legend(figure, handles(styles), columns=num_columns)
    wanted = ["state", "loss", "sampler", "noise", "tenth", shown.column, f"{shown.column}_error"]
    return Drawing(figure, rows[wanted].reset_index(drop=True))


def _curve(axes: Axes, curve: pd.DataFrame, x: str, shown: Shown, style: dict) -> None:
    value, error = curve[shown.column], 2 * curve[f"{shown.column}_error"]
    axes.plot(curve[x], value, **style)
    axes.vlines(
        curve[x], (value - error).clip(lower=value / 100 if shown.log else None), value + error,
        color=GREY, linewidth=0.6, zorder=1,
    )  # fmt: skip
