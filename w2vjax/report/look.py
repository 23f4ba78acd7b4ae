"""How figures look: sizes, colours, markers, dashes.

Widths are a column's or a page's, of the venue that is drawn for. Colours are told apart by
colour-blind readers and never alone: markers, their filling or dashes tell the same. Text has a
contrast of 4.5 to its background or more, and what is drawn of 3.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal

import matplotlib
import matplotlib.style
import pandas as pd
import seaborn as sns

from w2vjax.report.cells import NO_SAMPLER
from w2vjax.report.letters import family
from w2vjax.report.venues import TIMES, USUAL, Venue

COLUMN, PAGE = USUAL.column, USUAL.page
GREY, PALE = "0.45", "0.55"
"""of text and marks; of marks behind others"""
PALETTE = (
    *("#0173B2", "#D55E00", "#029E73", "#590E00", "#A100F2"),
    *("#2A007F", "#B0578D", "#7F562C", "#F230F2", "#1A1A1A"),
)
MANY = 2
"""for more names than that: the first of so many times the colours, for the rest is too light"""
SMALL = "small"
"""size of letters within a chart"""
LABELS = ("axes.labelsize", "axes.titlesize", "figure.titlesize")
TICKS = ("xtick.labelsize", "ytick.labelsize", "legend.fontsize")
STYLE: dict[str, Any] = {
    **dict.fromkeys(("font.size", *LABELS), USUAL.size),
    **dict.fromkeys(TICKS, USUAL.small),
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
FILLS: tuple[dict[str, Any], ...] = (
    {"fillstyle": "full"},
    *({"fillstyle": kind, "markerfacecoloralt": "white"} for kind in ("left", "bottom")),
    {"markerfacecolor": "white"},
    *({"fillstyle": kind, "markerfacecoloralt": "white"} for kind in ("right", "top")),
    *({"fillstyle": kind, "markerfacecoloralt": "black"} for kind in ("left", "bottom")),
    {"markerfacecolor": "black"},
    *({"fillstyle": kind, "markerfacecoloralt": "black"} for kind in ("right", "top")),
)
"""of markers; they tell apart what has one shape"""
DASHES = ("-", "--", ":", "-.", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)), (0, (8, 2, 2, 2)))
Look = dict[str, Any]
"""how matplotlib draws a line"""
Span = Literal["column", "page"]
_VENUE: ContextVar[Venue] = ContextVar("venue", default=USUAL)


@contextmanager
def styled(venue: Venue | None = None) -> Iterator[None]:
    """Figures that are made and saved within have this project's style and the venue's sizes.

    Without a venue, those of the one in force.
    """
    venue = venue or _VENUE.get()
    sizes = dict.fromkeys(("font.size", *LABELS), venue.size) | dict.fromkeys(TICKS, venue.small)
    letters = {"font.family": [family(TIMES if venue.serif else ())]}
    formulas = {"mathtext.fontset": "stix"} if venue.serif else {}
    token = _VENUE.set(venue)
    try:
        with matplotlib.style.context(["default", STYLE | sizes | letters | formulas]):
            yield
    finally:
        _VENUE.reset(token)


def width(span: Span) -> float:
    """Of a figure, in inches."""
    venue = _VENUE.get()
    return venue.column if span == "column" else venue.page


def scale() -> float:
    """How much larger letters are than usual: heights, which are given for usual ones, grow."""
    return _VENUE.get().size / USUAL.size


def colors(names: Iterable[Any]) -> dict[Any, Any]:
    """A colour a name, in the order of the categories if there are any."""
    names = unique(names)
    if len(names) <= len(PALETTE):
        return dict(zip(names, PALETTE, strict=False))
    return dict(zip(names, sns.color_palette("viridis", MANY * len(names)), strict=False))


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
