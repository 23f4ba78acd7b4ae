"""How figures look: sizes, colours, markers, dashes, legends.

Widths are a column's (3.25 in) or a page's (6.75 in). Colours are safe for colour-blind readers and
never alone: markers or dashes tell the same.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from w2vjax.report.cells import LAYERS, NO_SAMPLER, sampler_order

COLUMN, PAGE = 3.25, 6.75
GREY = "0.45"
STYLE: dict[str, Any] = {
    "font.size": 7.5,
    "axes.labelsize": 7.5,
    "axes.titlesize": 7.5,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 2.4,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "0.9",
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.2,
    "lines.markersize": 5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "figure.dpi": 200,
    "savefig.dpi": 200,
    "figure.constrained_layout.use": True,
    "text.hinting": "none",  # letters as wide in PNG as in PDF: one layout fits both
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "svg.hashsalt": "w2vjax",
}
MARKERS = (*"os^DvPX<>p*hdH8", (4, 1), (6, 1), (8, 1))
DASHES = ("-", "--", ":", "-.", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)), (0, (8, 2, 2, 2)))


Look = dict[str, Any]
"""how matplotlib draws a line"""


class Drawing(NamedTuple):
    """A figure, the data it shows, and what a reader must know to understand it alone."""

    figure: Figure
    data: pd.DataFrame
    caption: str = ""


def plain_log_ticks(axes: Axes) -> None:
    """A few ticks as plain numbers, as many as the range calls for."""
    low, high = axes.get_xlim()
    if high / low < 4:
        ticks = list(MaxNLocator(4).tick_values(low, high))
    else:
        decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
        steps = (1, 2, 5) if high / low < 1000 else (1,)
        ticks = [step * 10.0**decade for decade in decades for step in steps]
    ticks = [tick for tick in ticks if low <= tick <= high]
    if ticks:
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.set_xticks([], minor=True)


def room(axes: Axes, least: float = 4.0) -> None:
    """Spreads a vertical axis to at least `least` units, so that noise looks like noise."""
    bottom, top = axes.get_ylim()
    more = max(0.0, (least - (top - bottom)) / 2)
    axes.set_ylim(max(0.0, bottom - more) if bottom >= 0 else bottom - more, top + more)


def layer_colors(layers: pd.Series) -> dict[str, Any]:
    """A layer's colour, the same in every figure whatever other layers it shows."""
    known = list(dict.fromkeys([*LAYERS.values(), *_unique(layers)]))
    palette = colors(known)
    return {name: palette[name] for name in _unique(layers)}


def looks(names: Iterable[str], palette: Mapping[str, Any] | None = None) -> dict[str, Look]:
    """Colour, dashes and marker of each line, told apart by any of them."""
    names = list(dict.fromkeys(names))
    palette = palette or colors(names)
    return {
        name: {
            "color": palette[name],
            "linestyle": DASHES[i % len(DASHES)],
            "marker": MARKERS[i % len(MARKERS)],
            "markersize": 3.5,
        }
        for i, name in enumerate(names)
    }


def colors(names: Iterable[Any]) -> dict[Any, Any]:
    names = _unique(names)
    palette = "colorblind" if len(names) <= 10 else "viridis"
    return dict(zip(names, sns.color_palette(palette, len(names)), strict=True))


def markers(names: Iterable[Any]) -> dict[Any, str]:
    return {name: MARKERS[i % len(MARKERS)] for i, name in enumerate(_unique(names))}


def lines(samplers: Iterable[str]) -> dict[str, Look]:
    """Colour and dashes of each sampler or variant; grey where there is none."""
    names = _unique(samplers)
    if not _ordered(samplers):
        names = sorted(names, key=sampler_order)
    palette = colors(name for name in names if name != NO_SAMPLER)
    made: dict[str, Look] = {name: {"color": GREY, "linestyle": "-"} for name in names}
    for i, (name, color) in enumerate(palette.items()):
        made[name] = {"color": color, "linestyle": DASHES[i % len(DASHES)]}
    return made


def marked(styles: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The same with a marker each."""
    looks = zip(styles.items(), MARKERS, strict=False)
    return {name: {**style, "marker": mark, "markersize": 3.5} for (name, style), mark in looks}


def _unique(names: Iterable[Any]) -> list[Any]:
    """In the order of the categories if there are any, else of appearance."""
    if isinstance(names, pd.Series) and _ordered(names):
        return list(names.cat.remove_unused_categories().cat.categories)
    return list(dict.fromkeys(names))


def _ordered(names: Iterable[Any]) -> bool:
    return isinstance(names, pd.Series) and isinstance(names.dtype, pd.CategoricalDtype)


def handles(lines: Mapping[str, Mapping[str, Any]]) -> list[Line2D]:
    return [Line2D([], [], **{**style, "label": shown(name)}) for name, style in lines.items()]


def columns(names: Iterable[str], width: float) -> int:
    """How many columns of a legend fit the width, at about 0.055 in a letter."""
    longest = max(map(len, names))
    return max(1, int(width / (0.5 + 0.055 * longest)))


def legend(figure: Figure, handles: list[Line2D], columns: int) -> None:
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, columnspacing=1.5)


def shown(name: str) -> str:
    """A cell or sampler as figures show it: `unigram^0.75` with the power as an exponent."""
    name = str(name)
    if name.startswith(NO_SAMPLER):
        name = "no sampler" + name.removeprefix(NO_SAMPLER)
    return re.sub(r"\^(-?[\d.]*\d|a\b)", r"$^{\1}$", name)
