"""Figures are read: colours have contrast, letters are drawn, and sizes are those of the venue."""

import warnings

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from test_plots import assert_readable
from tueplots import bundles

from w2vjax.errors import InputError
from w2vjax.report import letters
from w2vjax.report.bands import loss_curves
from w2vjax.report.cells import with_cells
from w2vjax.report.chart import Axis, Panel, chart
from w2vjax.report.chart_lists import DARK, LEAST_LUMINANCE, LIGHT, luminance
from w2vjax.report.letters import shown
from w2vjax.report.look import FILLS, GREY, PALE, PALETTE, colors, looks, styled, width
from w2vjax.report.venues import VENUES, venue

PAPER, TEXT, MARKS = "white", 4.5, 3.0


def contrast(one, other):
    """The ratio of two colours (WCAG 2)."""
    low, high = sorted(luminance(to_rgb(color)) for color in (one, other))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("names", [len(PALETTE), 24])
def test_marks_have_a_contrast_of_3_and_text_of_4_and_a_half(names):
    for color in (*colors(range(names)).values(), PALE):
        assert contrast(color, PAPER) >= MARKS, color
    assert contrast(GREY, PAPER) >= TEXT


def test_text_on_every_colour_of_a_heat_map_has_a_contrast_of_4_and_a_half():
    for color in matplotlib.colormaps["cividis"](np.linspace(0, 1, 256))[:, :3]:
        text = DARK if luminance(color) > LEAST_LUMINANCE else LIGHT
        assert contrast(text, color) >= TEXT


def test_lines_and_points_are_told_apart_without_colour():
    found = looks(map(str, range(20)))
    assert len({(str(look["linestyle"]), look["marker"]) for look in found.values()}) == 20
    assert len({str(fill) for fill in FILLS}) == len(FILLS) >= 10


@pytest.mark.parametrize("name", VENUES)
def test_figures_have_the_widths_and_letters_of_the_venue(name):
    column, page = {
        "acl": (3.03, 6.30),
        "ieee": (3.5, 7.16),
        "icml": [bundles.icml2024(column=part)["figure.figsize"][0] for part in ("half", "full")],
        "aistats": (3.25, 6.75),
    }.get(name, (None, None))
    page = page or {"neurips": bundles.neurips2024, "iclr": bundles.iclr2024}.get(
        name, bundles.tmlr2023
    )()["figure.figsize"][0]  # fmt: skip
    with styled(venue(name)):
        assert width("page") == page and (column or 0.6 * page) == pytest.approx(width("column"))
        sizes = [matplotlib.rcParams[field] for field in ("font.size", "xtick.labelsize")]
        assert 6 <= sizes[1] <= sizes[0] <= 9
        assert matplotlib.rcParams["font.family"] != ["DejaVu Sans"]  # Times, or what is like it
    assert matplotlib.rcParams["font.size"] == 10


def test_another_venue_is_refused_with_the_nearest():
    with pytest.raises(InputError, match="unknown venue 'nips': did you mean neurips"):
        venue("nips")


def curves(layers):
    rows = [
        {"run": f"{layer}{x}", "seed": 0, "label": layer, "metric": "loss/total", "x": x}
        | {"value": 5 - x}
        for layer in layers
        for x in (1, 2)
    ]
    return with_cells(pd.DataFrame(rows))


def test_long_titles_have_room_at_a_narrow_venue():
    layers = [f"softmax along a tree of words ({kind})" for kind in ("Huffman", "even", "own")]
    with styled(venue("neurips")):
        drawing = loss_curves(curves(layers))
        FigureCanvasAgg(drawing.figure).draw()
        assert_readable(drawing.figure, widths={width("page")})


AWKWARD = [
    "50 % of $5$",
    "_first_",
    "a_b",
    r"back\slash",
    "#1 & {2}",
    "café ≤ 3 → 4",
    "ضوضاء",
    "$^_$",
]


@pytest.mark.parametrize("name", AWKWARD)
def test_any_name_is_drawn_as_it_is_written(name):
    with styled(), warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = Figure()
        text = figure.text(0, 0, shown(name))
        parsed, is_formula = text._preprocess_math(text.get_text())
        assert not is_formula and parsed.strip() == name
        FigureCanvasAgg(figure).draw()


def test_a_power_is_an_exponent_where_formulas_have_the_letters():
    with styled():
        assert shown("unigram^0.75, $x") == r"unigram$^{0.75}$, \$x"
        assert shown("ضوضاء^0.75") == "ضوضاء^0.75"


def test_letters_that_no_font_has_are_shown_by_their_codes(monkeypatch):
    monkeypatch.setattr(letters, "OTHER_LETTERS", ())
    with styled(), pytest.warns(UserWarning, match="no font here has the letters '日'"):
        assert shown("日a") == "U+65E5 a"


def test_letters_of_another_font_bring_it_in(monkeypatch):
    monkeypatch.setattr(letters, "OTHER_LETTERS", ("DejaVu Sans",))
    with styled(venue("icml")):
        first = list(matplotlib.rcParams["font.family"])
        assert shown("ضوضاء") == "ضوضاء"
        assert matplotlib.rcParams["font.family"] == [*first, "DejaVu Sans"]


def test_a_curve_of_one_point_is_seen():
    data = pd.DataFrame({"line": ["a", "b", "b"], "x": [1.0, 1.0, 2.0], "y": [3.0, 1.0, np.nan]})
    for bands in (False, True):
        panel = Panel(data, Axis("x", "x"), Axis("y", "y"), bands=bands)
        with styled():
            figure = chart([panel], "line", looks(["a", "b"], marked=False))
        lines = [line for line in figure.axes[0].lines if len(line.get_xdata())]
        assert [line.get_marker() for line in lines] == ["o", "o"]
