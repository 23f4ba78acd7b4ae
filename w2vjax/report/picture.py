"""Drawings to files for a paper: PDF, PNG, and the CSV of what is drawn.

The same drawing gives the same bytes.
"""

import io
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import matplotlib
from matplotlib.figure import Figure

from w2vjax.progress import track
from w2vjax.report.chart import Drawing
from w2vjax.report.look import styled

TOLD = {"png": "Description", "pdf": "Subject"}
"""the file's kind, and the field of its metadata that holds the caption"""
UNTOLD = {"png": "Software", "pdf": "CreationDate"}
"""what must be left out of it to be the same each time"""
Draw = Callable[[], Drawing | None]


class Picture(NamedTuple):
    """A figure as its files, by kind, and its caption."""

    files: dict[str, bytes]
    caption: str


def drawn(drawings: Mapping[str, Draw]) -> dict[str, Picture]:
    """The figures that have something to show, each as PDF, PNG and CSV."""
    made: dict[str, Picture] = {}
    with (
        styled(),
        track("figures", len(drawings), "figures") as advance,
    ):
        for name, draw in drawings.items():
            drawing = draw()
            if drawing is not None:
                made[name] = Picture(_files(drawing), drawing.caption)
            advance(1, 1)
    return made


def named_files(figures: Mapping[str, Picture]) -> dict[str, bytes]:
    """The files of all figures: `{"accuracy_by_section.pdf": …, ".png", ".csv"}`."""
    return {
        f"{name}.{kind}": data
        for name, figure in figures.items()
        for kind, data in figure.files.items()
    }


def rendered(drawings: Mapping[str, Draw]) -> dict[str, bytes]:
    """The files of the figures that have something to show."""
    return named_files(drawn(drawings))


def file_names(figures: Iterable[str]) -> set[str]:
    """Every file that figures of these names may have."""
    return {f"{name}.{kind}" for name in figures for kind in (*TOLD, "csv")}


def _files(drawing: Drawing) -> dict[str, bytes]:
    text = drawing.data.to_csv(index=False, lineterminator="\n", float_format="%.10g")
    files = {kind: render(drawing.figure, kind, drawing.caption) for kind in TOLD}
    return files | {"csv": text.encode()}


def render(figure: Figure, kind: str, caption: str) -> bytes:
    """The figure as a file, laid out at the first call."""
    stream = io.BytesIO()
    told = {TOLD[kind]: caption} if caption else {}
    figure.savefig(stream, format=kind, metadata=told | {UNTOLD[kind]: None})
    with matplotlib.rc_context({"figure.constrained_layout.use": False}):
        figure.set_layout_engine()  # a third of the time to lay it out again
    return stream.getvalue()
