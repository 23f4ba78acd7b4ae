"""The chart: curves or points in panels, of a data frame and what its columns stand for.

Every figure of lines is a list of `Panel`s with one `PanelGrid`. This is the one place that makes
figures, draws error bars and bands, sets axes up, places labels, and writes the legend.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Literal, NamedTuple, cast

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis as Ruler
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from w2vjax.report.letters import shown
from w2vjax.report.look import Look, Span, scale, width

LETTER = 0.055
"""width of a letter of usual size, in inches"""


class Drawing(NamedTuple):
    """A figure, the data it shows, and what a reader must know to understand it alone."""

    figure: Figure
    data: pd.DataFrame
    caption: str = ""

    @classmethod
    def on(cls, axes: Axes, data: pd.DataFrame, caption: str = "") -> "Drawing":
        """The drawing whose figure these axes are in."""
        return cls(cast(Figure, axes.figure), data, caption)


@dataclass(frozen=True)
class Axis:
    """What an axis shows: a column, and the columns between which its error bars reach."""

    column: str
    label: str
    scale: float = 1.0
    """drawn = data · scale"""
    log: bool = False
    low: str = ""
    high: str = ""
    """columns, both or none"""
    least: float = 0.0
    """least range, a ratio where the axis is logarithmic, so that noise looks like noise"""
    ticks: Mapping[float, str] | None = None
    plain: bool = False
    """a logarithmic axis with a few ticks as plain numbers"""

    def of(self, rows: pd.DataFrame) -> np.ndarray:
        """Places of the points."""
        return self.scale * rows[self.column].to_numpy(float)

    def ends(self, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends of the error bars; the places themselves where there are none."""
        low, high = (
            self.scale * rows[name or self.column].to_numpy(float) for name in (self.low, self.high)
        )
        # Zero has no place on a logarithmic axis.
        return (np.maximum(low, 0.1 * self.of(rows)) if self.log else low), high

    def arms(self, rows: pd.DataFrame) -> np.ndarray | None:
        """Lengths `[2, rows]` of error bars below and above the places."""
        low, high = self.ends(rows)
        return np.stack([self.of(rows) - low, high - self.of(rows)]) if self.low else None


@dataclass(frozen=True)
class Panel:
    """One pair of axes. A line without places on x is a level, drawn across."""

    data: pd.DataFrame
    x: Axis
    y: Axis
    title: str = ""
    bands: bool = False
    """the spread of y as a band, and not as bars"""
    over: Callable[[Axes], None] | None = None
    """draws what is not in the data, once the limits are known"""


@dataclass(frozen=True)
class PanelGrid:
    """How panels share a figure."""

    across: int = 3
    """panels in a row, at most"""
    span: Span | None = None
    """width of the figure; None: a column for one panel, a page for several"""
    height: float = 1.9
    """of a row of panels, in inches, where letters have the usual size"""
    base: float = 0.5
    """of what is around them"""
    share_x: bool = False
    share_y: bool | Literal["col"] = False
    """of all panels, or of those in a column"""
    legend: Sequence[Line2D] | None = None
    """instead of one line each, and on the right"""
    title: str = ""


def chart(
    panels: Sequence[Panel], line: str, looks: Mapping[str, Look], layout: PanelGrid = PanelGrid()
) -> Figure:
    """A figure of panels in rows; `line` is the column that names each row's line in `looks`."""
    across = min(layout.across, len(panels))
    down = -(-len(panels) // across)
    wide = width(layout.span or ("page" if across > 1 else "column"))
    in_legend = legend_columns(looks, wide)
    below = 0 if layout.legend is not None else 0.14 * -(-len(looks) // in_legend)
    figure = Figure(figsize=(wide, scale() * (layout.base + layout.height * down + below)))
    grid = figure.subplots(
        down, across, squeeze=False, sharex=layout.share_x, sharey=layout.share_y
    )
    for place, axes in enumerate(grid.flat):
        if place >= len(panels):
            axes.set_axis_off()
            continue
        panel = panels[place]
        _curves(axes, panel, line, looks)
        under = panels[place + across] if place + across < len(panels) else None
        beside = panels[place - 1] if place % across else None
        if under is None or under.x.label != panel.x.label:
            axes.set_xlabel(panel.x.label)
            axes.tick_params(labelbottom=True)
        if beside is None or beside.y.label != panel.y.label:
            axes.set_ylabel(panel.y.label)
    for panel, axes in zip(panels, grid.flat, strict=False):
        _frame(axes, panel)  # once all is drawn, for limits may be shared
        axes.set_title(shown(fill(panel.title, int(wide / across / scale() / LETTER))))
    figure.suptitle(layout.title) if layout.title else None
    if layout.legend is not None:
        figure.legend(handles=layout.legend, loc="outside right upper")
    else:
        legend(figure, looks, in_legend)
    return figure


def on_axes(
    axes: Axes, panel: Panel, line: str, looks: Mapping[str, Look], entries: Sequence[Line2D] = ()
) -> None:
    """One panel in axes that are there, beside it a legend of these entries, or of the lines."""
    _curves(axes, panel, line, looks)
    axes.set(xlabel=panel.x.label, ylabel=panel.y.label)
    _frame(axes, panel)
    axes.legend(handles=entries or _handles(looks), loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _handles(looks: Mapping[str, Look]) -> list[Line2D]:
    return [Line2D([], [], **{**look, "label": shown(name)}) for name, look in looks.items()]


def legend(figure: Figure, looks: Mapping[str, Look], columns: int) -> None:
    """The lines' names below the panels."""
    figure.legend(
        handles=_handles(looks), loc="outside lower center", ncols=columns, columnspacing=1.5
    )


def legend_columns(names: Iterable[str], wide: float) -> int:
    """How many columns of a legend fit the width, for letters of this size."""
    return max(1, int(wide / scale() / (0.5 + LETTER * max(map(len, names)))))


def _curves(axes: Axes, panel: Panel, line: str, looks: Mapping[str, Look]) -> None:
    x, y = panel.x, panel.y
    axes.set(xscale="log" if x.log else "linear", yscale="log" if y.log else "linear")
    for name, look in looks.items():
        rows = panel.data[panel.data[line] == name]
        if rows.empty:
            continue
        if rows[[x.column, y.column]].notna().all(axis=1).sum() == 1:
            look = {"marker": "o", "markersize": 3.5, **look}  # no line of one point is seen
        if rows[x.column].isna().all():
            _level(axes, y, rows, look)
        elif panel.bands:
            axes.plot(x.of(rows), y.of(rows), **look)
            axes.fill_between(x.of(rows), *y.ends(rows), color=look["color"], alpha=0.15, lw=0)
        else:
            arms: Look = {"xerr": x.arms(rows), "yerr": y.arms(rows), "elinewidth": 0.7}
            axes.errorbar(x.of(rows), y.of(rows), **arms, **look)


def _level(axes: Axes, y: Axis, rows: pd.DataFrame, look: Look) -> None:
    axes.axhline(y.of(rows)[0], **{**look, "marker": ""}, zorder=1)
    if y.low:
        (low,), (high,) = y.ends(rows)
        axes.axhspan(low, high, color=look["color"], alpha=0.12, linewidth=0)


def _frame(axes: Axes, panel: Panel) -> None:
    """Limits, ticks, and what is drawn over."""
    axes.set_xlim(_room(axes.get_xlim(), panel.x))
    axes.set_ylim(_room(axes.get_ylim(), panel.y))
    _ticks(axes.xaxis, panel.x, axes.get_xlim())
    _ticks(axes.yaxis, panel.y, axes.get_ylim())
    if panel.over is not None:
        panel.over(axes)


def _room(limits: tuple[float, float], axis: Axis) -> tuple[float, float]:
    """The limits, at least `axis.least` apart; not below zero if nothing is."""
    low, high = limits
    if axis.log:
        more = max(1.0, axis.least / (high / low)) ** 0.5
        return low / more, high * more
    wider = max(0.0, (axis.least - (high - low)) / 2)
    return (max(0.0, low - wider) if low >= 0 else low - wider), high + wider


def _ticks(ruler: Ruler, axis: Axis, limits: tuple[float, float]) -> None:
    if axis.ticks is not None:
        ruler.set_ticks(list(axis.ticks), list(axis.ticks.values()))
        ruler.set_ticks([], minor=True)
    elif axis.plain and axis.log:
        ticks = plain_ticks(*limits)
        ruler.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
        ruler.set_ticks([], minor=True)
    elif axis.log:
        ruler.set_minor_formatter(NullFormatter())
    elif axis.plain:
        ruler.set_major_formatter("{x:g}")


def plain_ticks(low: float, high: float) -> list[float]:
    """A few round numbers, as many as the range of a logarithmic axis calls for."""
    locator = MaxNLocator(4) if high / low < 4 else LogLocator(subs=_steps(high / low))
    return [float(tick) for tick in locator.tick_values(low, high) if low <= tick <= high]


def _steps(ratio: float) -> tuple[float, ...]:
    return (1, 2, 5) if ratio < 1000 else (1,)
