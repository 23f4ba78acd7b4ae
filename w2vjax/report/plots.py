"""Records to figures for a paper: PDF, PNG, and the CSV of what is drawn.

The same records give the same bytes. A new figure is a function from records to a `Drawing`, and a
line in `FIGURES`.
"""

import io
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import matplotlib
import matplotlib.style
import pandas as pd
from matplotlib.figure import Figure

from w2vjax.progress import track
from w2vjax.report.cells import complete, with_cells
from w2vjax.report.figures_accuracy import accuracy_against_speed, accuracy_by_section
from w2vjax.report.figures_bands import accuracy_by_band, similarity_by_band
from w2vjax.report.figures_curves import loss_curves, sampler_distributions
from w2vjax.report.figures_grid import differences_to_reference, layers_by_samplers
from w2vjax.report.figures_style import STYLE, Drawing
from w2vjax.report.figures_sweeps import (
    accuracy_against_seconds,
    learning_rate,
    noise_count,
    power_sweep,
    table_size,
)

FIGURES: dict[str, Callable[[pd.DataFrame], Drawing | None]] = {
    "accuracy_against_speed": accuracy_against_speed,
    "accuracy_against_seconds": accuracy_against_seconds,
    "layers_by_samplers": layers_by_samplers,
    "differences_to_reference": differences_to_reference,
    "power_sweep": power_sweep,
    "noise_count": noise_count,
    "table_size": table_size,
    "learning_rate": learning_rate,
    "accuracy_by_band": accuracy_by_band,
    "similarity_by_band": similarity_by_band,
    "accuracy_by_section": accuracy_by_section,
    "loss_curves": loss_curves,
    "sampler_distributions": sampler_distributions,
}
"""by the name of their files, in the order of a report"""
OF_FEW_CELLS = {
    *("accuracy_against_speed", "layers_by_samplers", "differences_to_reference"),
    *("accuracy_by_band", "similarity_by_band", "accuracy_by_section", "loss_curves"),
    *("power_sweep", "noise_count", "table_size"),
}
MOST_CELLS = 40
"""with more of them nobody can read a figure that shows each; the tables hold all"""
METADATA = {"png": {"Software": None}, "pdf": {"CreationDate": None}}
"""the file's kind, and what must be left out of it to be the same each time"""
FILE_NAMES = frozenset(f"{name}.{kind}" for name in FIGURES for kind in (*METADATA, "csv"))
"""every file there may be"""


class Picture(NamedTuple):
    """A figure as its files, by kind, and its caption."""

    files: dict[str, bytes]
    caption: str


def pictures(frame: pd.DataFrame) -> dict[str, Picture]:
    """Every figure the records have data for, by name; those of `OF_FEW_CELLS` only for few."""
    frame = with_cells(frame)
    many = frame["cell"].nunique() > MOST_CELLS
    frame = complete(frame)
    left = {name: draw for name, draw in FIGURES.items() if not (many and name in OF_FEW_CELLS)}
    return drawn({name: partial(draw, frame) for name, draw in left.items()})


def drawn(drawings: Mapping[str, Callable[[], Drawing | None]]) -> dict[str, Picture]:
    """The figures that have something to show, each as PDF, PNG and CSV."""
    made: dict[str, Picture] = {}
    with (
        matplotlib.style.context(["default", STYLE]),
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


def rendered(drawings: Mapping[str, Callable[[], Drawing | None]]) -> dict[str, bytes]:
    """The files of the figures that have something to show."""
    return named_files(drawn(drawings))


def _files(drawing: Drawing) -> dict[str, bytes]:
    text = drawing.data.to_csv(index=False, lineterminator="\n", float_format="%.10g")
    files = {kind: _render(drawing.figure, kind, left_out) for kind, left_out in METADATA.items()}
    return files | {"csv": text.encode()}


def _render(figure: Figure, kind: str, metadata: Mapping[str, None]) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format=kind, metadata=dict(metadata))
    with matplotlib.rc_context({"figure.constrained_layout.use": False}):
        figure.set_layout_engine()  # laid out by now: a third of the time to do so again
    return stream.getvalue()
