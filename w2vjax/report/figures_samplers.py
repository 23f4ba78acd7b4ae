"""Figures of samplers: what a table's size distorts, and what a draw costs."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from w2vjax.report.figures_style import (
    COLUMN,
    GREY,
    PAGE,
    Drawing,
    columns,
    handles,
    legend,
    lines,
    marked,
)

REFERENCES = ("jax.random.bits", "numpy choice(p)")


def table_distortion(data: pd.DataFrame) -> Drawing | None:
    """Of word2vec.c's table, against its size: total variation, and words that are never drawn.

    Columns: distribution, size, total_variation, unreachable.
    """
    if data.empty:
        return None
    styles = marked(lines(data["distribution"]))
    figure = Figure(figsize=(PAGE, 2.4))
    left, right = figure.subplots(1, 2, sharex=True)
    _curves(left, data, "distribution", ("size", "total_variation"), styles)
    _curves(right, data, "distribution", ("size", "unreachable"), styles)
    left.set(xscale="log", yscale="log", ylabel="total variation")
    right.set_yscale("symlog", linthresh=1)
    right.set(ylabel="words never drawn", ylim=(-0.2, max(10, 3 * data["unreachable"].max())))
    for axes in (left, right):
        axes.set_xlabel("entries of the table (4 bytes each)")
    legend(figure, handles(styles), columns=columns(styles, PAGE))
    return Drawing(figure, data)


def draw_times(data: pd.DataFrame) -> Drawing | None:
    """Nanoseconds a draw against the size of the vocabulary; raw bits and numpy in grey.

    Columns: sampler, words, nanoseconds.
    """
    if data.empty:
        return None
    names = list(dict.fromkeys(data["sampler"]))
    styles = marked(lines(name for name in names if name not in REFERENCES))
    for name, dashes in zip(REFERENCES, ("--", ":"), strict=True):
        if name in names:
            styles[name] = {"color": GREY, "linestyle": dashes}
    num_columns = columns(styles, COLUMN)
    figure = Figure(figsize=(COLUMN, 2.2 + 0.14 * -(-len(styles) // num_columns)))
    axes = figure.subplots()
    _curves(axes, data, "sampler", ("words", "nanoseconds"), styles)
    axes.set(xscale="log", yscale="log", xlabel="words of the vocabulary", ylabel="ns a draw")
    legend(figure, handles(styles), columns=num_columns)
    return Drawing(figure, data)


def _curves(
    axes: Axes,
    data: pd.DataFrame,
    by: str,
    between: tuple[str, str],
    styles: Mapping[str, Mapping[str, Any]],
) -> None:
    for name, style in styles.items():
        curve = data[data[by] == name]
        axes.plot(curve[between[0]], curve[between[1]], **style)
