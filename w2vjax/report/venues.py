"""What a venue asks of figures: the widths of its columns and page, the sizes and kind of letters.

Numbers are tueplots' where it has the venue; of ACL and IEEE those of their style files.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from tueplots import bundles

from w2vjax.errors import unknown

NARROW = 0.6
"""of the page: a figure of one panel where the text has one column"""
TIMES = ("Times New Roman", "Times", "TeX Gyre Termes", "Nimbus Roman", "STIXGeneral")
"""the first that is installed; the last comes with matplotlib"""


@dataclass(frozen=True)
class Venue:
    """Widths in inches, sizes of letters in points."""

    column: float
    """width of a figure of one panel"""
    page: float
    """width of the others: all columns"""
    size: float
    """of labels and titles"""
    small: float
    """of ticks and legends"""
    serif: bool = False
    """Times, or what is nearest to it, and not matplotlib's own letters"""


USUAL = Venue(3.25, 6.75, 7.5, 7)
"""what is drawn for no venue in particular"""
ACL = Venue(3.03, 6.30, 9, 7, serif=True)
IEEE = Venue(3.5, 7.16, 8, 8, serif=True)


def venue(name: str | None) -> Venue:
    """The venue of a name among `VENUES`; `USUAL` for none. Raises `InputError` for others."""
    if name is None:
        return USUAL
    if name not in VENUES:
        raise unknown("venue", name, VENUES)
    return VENUES[name]()


def _two_columns(bundle: Callable[..., dict[str, Any]]) -> Venue:
    return _sized(bundle(column="half"), bundle(column="full")["figure.figsize"][0])


def _one_column(bundle: Callable[..., dict[str, Any]]) -> Venue:
    return _sized(bundle(rel_width=NARROW), bundle()["figure.figsize"][0])


def _sized(style: dict[str, Any], page: float) -> Venue:
    column, size, small = style["figure.figsize"][0], style["font.size"], style["xtick.labelsize"]
    return Venue(column, page, size, small, serif=True)


VENUES: dict[str, Callable[[], Venue]] = {
    "neurips": partial(_one_column, bundles.neurips2024),
    "icml": partial(_two_columns, bundles.icml2024),
    "iclr": partial(_one_column, bundles.iclr2024),
    "aistats": partial(_two_columns, bundles.aistats2025),
    "acl": lambda: ACL,
    "tmlr": partial(_one_column, bundles.tmlr2023),
    "ieee": lambda: IEEE,
}
