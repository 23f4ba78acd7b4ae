"""Figures: readable whatever the size of the experiment, and true to the records."""

import io
import subprocess
import sys
from functools import partial

import matplotlib
import matplotlib.pyplot as plt
import matplotlib.style
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from studies import STUDIES
from synthetic import CELLS, MORE_CELLS, SECTIONS, experiment

from w2vjax.machine import cores
from w2vjax.records.file import Records
from w2vjax.report import comparison, picture
from w2vjax.report.cells import complete, load, with_cells
from w2vjax.report.chart import Axis, Panel, PanelGrid, chart
from w2vjax.report.comparison import FIGURES, pictures
from w2vjax.report.look import COLUMN, PAGE, STYLE, looks
from w2vjax.report.picture import named_files

EXPERIMENTS = {
    "usual": lambda: experiment(CELLS, 3),
    "two seeds": lambda: experiment(CELLS[:5], 2),
    "one run": lambda: experiment(CELLS[4:5], 1),
    "no sampler": lambda: experiment(CELLS[:2], 3),
    "many": lambda: experiment(MORE_CELLS, 1),
} | {name: partial(study, 3) for name, study in STUDIES.items()}
KINDS = ("pdf", "png", "csv")
ALWAYS = {"accuracy_against_speed", "accuracy_by_band", "similarity_by_band"}
ALWAYS |= {"accuracy_by_section", "loss_curves"}
DRAWS, GRID, TESTS = "sampler_distributions", "layers_by_samplers", "differences_to_reference"
EXPECTED = {
    "usual": {DRAWS, GRID, TESTS},
    "two seeds": {DRAWS},
    "one run": {DRAWS},
    "no sampler": {DRAWS, TESTS},
    "many": {DRAWS, GRID, "power_sweep"},
    "power": {DRAWS, TESTS, "power_sweep"},
    "noise": {TESTS, "noise_count"},
    "sharing": {TESTS, "shared_noise"},
    "table": {TESTS, "table_size"},
    "clock": {TESTS, "accuracy_against_seconds"},
    "tuning": {TESTS, "learning_rate"},
}
"""beside those that are always drawn: none without the data it needs"""


@pytest.fixture(scope="module")
def frames(tmp_path_factory):
    made = {}

    def of(name):
        if name not in made:
            folder = tmp_path_factory.mktemp("records")
            Records(folder).append(EXPERIMENTS[name]())
            made[name] = with_cells(load(folder))
        return made[name]

    return of


def draw(name, frame):
    with matplotlib.style.context(["default", STYLE]):
        drawing = FIGURES[name](complete(frame))
        if drawing is not None:
            FigureCanvasAgg(drawing.figure)
            drawing.figure.draw_without_rendering()
    return drawing


def texts(figure):
    """Boxes of all upright text that is shown."""
    renderer = figure.canvas.get_renderer()
    for text in figure.findobj(matplotlib.text.Text):
        if text.get_visible() and text.get_text().strip():
            yield text, text.get_window_extent(renderer)


@pytest.mark.parametrize("size", EXPERIMENTS)
def test_figures_are_drawn_where_there_is_something_to_show(frames, size):
    """Of the experiments that vary a setting, those that other experiments do not have."""
    names = set(FIGURES) - (ALWAYS | {TESTS} if size in STUDIES else set())
    drawings = {name: draw(name, frames(size)) for name in names}
    drawn = {name: drawing for name, drawing in drawings.items() if drawing is not None}
    assert set(drawn) == names & (ALWAYS | EXPECTED[size])
    for name, drawing in drawn.items():
        assert len(drawing.data) and len(drawing.caption) > 100, name
        assert_readable(drawing.figure)


def assert_readable(figure, widths=(COLUMN, PAGE)):
    """No text is cut off or lies on another."""
    assert figure.get_figwidth() in widths
    # Ticks beyond the limits of the axes are not drawn, but still there.
    ticks = {
        label
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for tick in axis.get_major_ticks() + axis.get_minor_ticks()
        if not min(axis.get_view_interval()) <= tick.get_loc() <= max(axis.get_view_interval())
        for label in (tick.label1, tick.label2)
    }
    boxes = [(text, box) for text, box in texts(figure) if text not in ticks]
    assert len(boxes) >= 5
    page = figure.bbox
    for text, box in boxes:
        inside = box.x0 >= -1 and box.y0 >= -1 and box.x1 <= page.x1 + 1 and box.y1 <= page.y1 + 1
        assert inside, f"{text.get_text()} is cut off"
    upright = [(text, box) for text, box in boxes if text.get_rotation() in (0, 90)]
    for i, (text, box) in enumerate(upright):
        for other, other_box in upright[i + 1 :]:
            overlap = box.padded(-1).overlaps(other_box.padded(-1))
            assert not overlap, f"{text.get_text()!r} on {other.get_text()!r}"


def test_cells_are_told_by_shape_and_filling_as_well_as_by_colour(frames):
    drawing = draw("accuracy_against_speed", frames("usual"))
    points = [
        line for line in drawing.figure.axes[0].lines if line.get_marker() not in ("", "None")
    ]
    told = {(p.get_marker(), p.get_fillstyle(), str(p.get_markerfacecolor())) for p in points}
    assert len(told) == len(drawing.data) > len({p.get_marker() for p in points}) > 2


def test_points_are_means_in_the_units_of_the_axes(frames):
    data = draw("accuracy_against_speed", frames("usual")).data.set_index("cell")
    frame = frames("usual")
    for metric, column, scale in (
        ("analogy/total", "accuracy_percent", 100),
        ("speed/words", "million_words_per_second", 1e-6),
    ):
        rows = frame[frame["metric"] == metric]
        for cell, group in rows.groupby("cell", observed=True):
            assert data[column][cell] == pytest.approx(group["value"].mean() * scale)
            assert data[f"{column}_low"][cell] < data[column][cell] < data[f"{column}_high"][cell]
    assert data["pareto"]["NEG, unigram^0.75"] and not data["pareto"]["full softmax"]
    assert len(data) == len(CELLS)


def test_a_missing_cell_keeps_its_row(frames):
    frame = frames("usual")
    gone = frame["metric"].str.startswith("analogy/section") & (frame["label"] == "full-softmax")
    data = draw("accuracy_by_section", frame[~gone]).data
    assert len(data) == len(CELLS) * len(SECTIONS)
    assert data.loc[data["cell"] == "full softmax", "accuracy_percent"].isna().all()


def test_losses_of_different_layers_share_no_axes(frames):
    figure = draw("loss_curves", frames("usual")).figure
    panels = [axes for axes in figure.axes if axes.get_title()]
    assert len(panels) == 6
    assert not any(panels[0].get_shared_y_axes().joined(panels[0], axes) for axes in panels[1:])
    neg = next(axes for axes in panels if axes.get_title() == "NEG")
    looks = [(line.get_color(), line.get_linestyle()) for line in neg.lines]
    assert len({color for color, _ in looks}) == len({dash for _, dash in looks}) == 3


def test_every_distribution_is_drawn_beside_the_corpus(frames):
    drawing = draw("sampler_distributions", frames("many"))
    names = {name for name in drawing.data["distribution"]}
    assert "corpus" in names and len(names) == 7 == len(drawing.figure.axes[0].lines)


def test_files_are_of_their_kind_and_leave_no_trace(frames):
    before, default = dict(matplotlib.rcParams), plt.get_fignums()
    files = named_files(pictures(frames("one run")))
    assert set(files) == {
        f"{name}.{kind}" for name in ALWAYS | EXPECTED["one run"] for kind in KINDS
    }
    for name, data in files.items():
        if name.endswith(".csv"):
            assert len(pd.read_csv(io.BytesIO(data))) >= 1
        else:
            assert data.startswith(b"%PDF" if name.endswith(".pdf") else b"\x89PNG")
            assert b"CreationDate" not in data
        if name.endswith(".pdf"):
            assert b"/Type3" not in data and b"/FontFile2" in data  # TrueType fonts, not Type 3
    assert dict(matplotlib.rcParams) == before and plt.get_fignums() == default


def test_figures_without_data_are_left_out(frames):
    frame = frames("one run")
    only = frame[frame["metric"].str.startswith(("distribution/", "run/"))]
    assert {name.partition(".")[0] for name in named_files(pictures(only))} == {
        "sampler_distributions"
    }


def test_figures_of_each_cell_are_left_out_where_there_are_many(frames, monkeypatch):
    monkeypatch.setattr(picture, "render", lambda *_: b"")  # a picture takes a second
    shown = pictures(frames("usual")).keys()
    monkeypatch.setattr(comparison, "MOST_CELLS", 3)
    assert shown - pictures(frames("usual")).keys() == shown & (
        FIGURES.keys() - comparison.OF_MANY_CELLS
    )


def test_limits_that_panels_share_hold_the_points_of_all():
    data = pd.DataFrame({"line": "a", "x": [1.0, 2.0], "low": [1.0, 2.0], "high": [50.0, 90.0]})
    panels = [Panel(data, Axis("x", "x"), Axis(name, "y")) for name in ("low", "high")]
    figure = chart(panels, "line", looks(["a"]), PanelGrid(share_y=True))
    assert figure.axes[0].get_ylim()[0] < 1 and figure.axes[0].get_ylim()[1] > 90


ALONE = """
import sys
from w2vjax.report.look import styled
from w2vjax.report.chart import Drawing
from w2vjax.report.picture import drawn
import os, pandas as pd
from matplotlib.figure import Figure
draw = lambda: Drawing(Figure(), pd.DataFrame({"process": [os.getpid()]}), "")
if sys.argv[1:]:
    import jax
with styled():
    made = drawn({"a": draw, "b": lambda: None, "c": draw})
told = {picture.files["csv"] for picture in made.values()}
assert list(made) == ["a", "c"]
print(any(str(os.getpid()).encode() in text for text in told))
"""


@pytest.mark.skipif(sys.platform != "linux" or cores() < 2, reason="needs Linux, and cores")
def test_figures_are_drawn_in_processes_of_their_own_until_jax_is_loaded():
    for arguments in ([], ["jax"]):
        command = [sys.executable, "-c", ALONE, *arguments]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.stdout == f"{bool(arguments)}\n", done.stderr
