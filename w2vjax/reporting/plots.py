"""Records to figures for a paper: PDF, PNG, and the CSV of what is drawn.

The same records give the same bytes. A new figure is a function from records to a `Drawing`, and a
line in `FIGURES`.
"""

import io
from collections.abc import Callable, Mapping
from functools import partial

import matplotlib
import matplotlib.style
import pandas as pd
from matplotlib.figure import Figure

from w2vjax.reporting.cells import complete, with_cells
from w2vjax.reporting.figures_accuracy import accuracy_against_speed, accuracy_by_section
from w2vjax.reporting.figures_curves import loss_curves, sampler_distributions
from w2vjax.reporting.figures_style import STYLE, Drawing

FIGURES: dict[str, Callable[[pd.DataFrame], Drawing | None]] = {
    "accuracy_against_speed": accuracy_against_speed,
    "accuracy_by_section": accuracy_by_section,
    "loss_curves": loss_curves,
    "sampler_distributions": sampler_distributions,
}
"""by the name of their files"""
METADATA = {"png": {"Software": None}, "pdf": {"CreationDate": None}}
"""the file's kind, and what must be left out of it to be the same each time"""
FILE_NAMES = frozenset(f"{name}.{kind}" for name in FIGURES for kind in (*METADATA, "csv"))
"""every file there may be"""


def figures(frame: pd.DataFrame) -> dict[str, bytes]:
    """Every figure the records have data for: `{"accuracy_by_section.pdf": …, ".png", ".csv"}`."""
    frame = complete(with_cells(frame))
    return rendered({name: partial(draw, frame) for name, draw in FIGURES.items()})


def rendered(drawings: Mapping[str, Callable[[], Drawing | None]]) -> dict[str, bytes]:
    """The files of the figures that have something to show: `{NAME.pdf: …, .png, .csv}`."""
    files: dict[str, bytes] = {}
    with matplotlib.style.context(["default", STYLE]):
        for name, draw in drawings.items():
            drawing = draw()
            if drawing is None:
                continue
            for kind, metadata in METADATA.items():
                files[f"{name}.{kind}"] = _render(drawing.figure, kind, metadata)
            text = drawing.data.to_csv(index=False, lineterminator="\n", float_format="%.10g")
            files[f"{name}.csv"] = text.encode()
    return files


def _render(figure: Figure, kind: str, metadata: Mapping[str, None]) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format=kind, metadata=dict(metadata))
    with matplotlib.rc_context({"figure.constrained_layout.use": False}):
        figure.set_layout_engine()  # laid out by now: a third of the time to do so again
    return stream.getvalue()
