"""Drawings to files for a paper: PDF, PNG, and the CSV of what is drawn.

The same drawing gives the same bytes.
"""

import ctypes
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import NamedTuple

import matplotlib
from matplotlib.figure import Figure
from matplotlib.text import Text

from w2vjax.machine import cores
from w2vjax.progress import track
from w2vjax.report.chart import Drawing
from w2vjax.report.look import styled

TOLD = {"png": "Description", "pdf": "Subject"}
"""the file's kind, and the field of its metadata that holds the caption"""
UNTOLD = {"png": "Software", "pdf": "CreationDate"}
"""what must be left out of it to be the same each time"""
DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG; see prctl(2)"""
Draw = Callable[[], Drawing | None]


class Picture(NamedTuple):
    """A figure as its files, by kind, and its caption."""

    files: dict[str, bytes]
    caption: str


def drawn(drawings: Mapping[str, Draw]) -> dict[str, Picture]:
    """The figures that have something to show, each as PDF, PNG and CSV.

    On every core, where this process can be copied: on Linux, before JAX is loaded.
    """
    made: dict[str, Picture] = {}
    with (
        styled(),
        _pictures(drawings) as pictures,
        track("figures", len(drawings), "figures") as advance,
    ):
        for name, picture in zip(drawings, pictures, strict=True):
            if picture is not None:
                made[name] = picture
            advance(1, 1)
    return made


@contextmanager
def _pictures(drawings: Mapping[str, Draw]) -> Iterator[Iterable[Picture | None]]:
    workers = min(cores(), len(drawings))
    alone = "jax" in sys.modules or threading.active_count() > 1 or sys.platform != "linux"
    if alone or workers < 2:
        yield map(_picture, drawings.values())
        return
    inherited = list(drawings.values()), os.getpid()
    with ProcessPoolExecutor(workers, get_context("fork"), _inherit, inherited) as pool:
        yield pool.map(_inherited_picture, range(len(drawings)))


_inherited: list[Draw] = []
"""of a copied process: what it draws, which does not travel"""


def _inherit(drawings: list[Draw], parent: int) -> None:
    """What a copy begins with. It ends with its parent, even if that is killed."""
    _inherited[:] = drawings
    ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _inherited_picture(place: int) -> Picture | None:
    return _picture(_inherited[place])


def _picture(draw: Draw) -> Picture | None:
    drawing = draw()
    return drawing and Picture(_files(drawing), drawing.caption)


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
    for text in figure.findobj(Text):
        if hasattr(text, "set_fontfeatures"):  # matplotlib 3.11
            text.set_fontfeatures(("-liga",))  # a ligature would be a font of its own in the PDF
    stream = io.BytesIO()
    told = {TOLD[kind]: caption} if caption else {}
    figure.savefig(stream, format=kind, metadata=told | {UNTOLD[kind]: None})
    with matplotlib.rc_context({"figure.constrained_layout.use": False}):
        figure.set_layout_engine()  # a third of the time to lay it out again
    return stream.getvalue()
