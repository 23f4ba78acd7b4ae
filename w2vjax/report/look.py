"""How figures look: sizes, colours, markers, dashes.

Widths are a column's (3.25 in) or a page's (6.75 in). Colours are safe for colour-blind readers and
never alone: markers or dashes tell the same. Text has a contrast of 4.5 to its background or more.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
import seaborn as sns

from w2vjax.report.cells import NO_SAMPLER

COLUMN, PAGE = 3.25, 6.75
GREY = "0.45"
STYLE: dict[str, Any] = {
    "font.size": 7.5,
    "axes.labelsize": 7.5,
    "axes.titlesize": 7.5,
    "figure.titlesize": 7.5,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 2.4,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.formatter.useoffset": False,
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


def colors(names: Iterable[Any]) -> dict[Any, Any]:
    """A colour a name, in the order of the categories if there are any."""
    names = unique(names)
    palette = "colorblind" if len(names) <= 10 else "viridis"
    return dict(zip(names, sns.color_palette(palette, len(names)), strict=True))


def layer_colors(layers: pd.Series) -> dict[Any, Any]:
    """The colours of the layers: the same in every figure of a report, whatever it shows."""
    palette = colors(layers.cat.categories)
    return {name: palette[name] for name in unique(layers)}


def markers(names: Iterable[Any]) -> dict[Any, Any]:
    """A marker a name."""
    return {name: MARKERS[i % len(MARKERS)] for i, name in enumerate(unique(names))}


def looks(
    names: Iterable[Any], palette: Mapping[Any, Any] | None = None, marked: bool = True
) -> dict[str, Look]:
    """Colour, dashes and marker of each line, told apart by any of them; grey for no sampler."""
    names = [str(name) for name in unique(names)]
    drawn = [name for name in names if name != NO_SAMPLER]
    palette = {NO_SAMPLER: GREY} | dict(palette or colors(drawn))
    places = {name: place for place, name in enumerate(drawn)} | {NO_SAMPLER: 0}
    return {
        name: {
            "color": palette[name],
            "linestyle": DASHES[places[name] % len(DASHES)],
            **({"marker": MARKERS[i % len(MARKERS)], "markersize": 3.5} if marked else {}),
        }
        for i, name in enumerate(names)
    }


def unique(names: Iterable[Any]) -> list[Any]:
    """In the order of the categories if there are any, else of appearance."""
    if isinstance(names, pd.Series) and isinstance(names.dtype, pd.CategoricalDtype):
        return list(names.cat.remove_unused_categories().cat.categories)
    return list(dict.fromkeys(names))


def shown(name: Any) -> str:
    """A cell or sampler as figures show it: `unigram^0.75` with the power as an exponent."""
    name = str(name)
    if name.startswith(NO_SAMPLER):
        name = "no sampler" + name.removeprefix(NO_SAMPLER)
    return re.sub(r"\^(-?[\d.]*\d|a\b)", r"$^{\1}$", name)
