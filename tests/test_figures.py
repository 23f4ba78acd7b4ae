"""Tables and figures from Python: what `w2vjax report` makes, in a notebook and in axes given."""

import os
import subprocess
import sys

import matplotlib.pyplot as plt
import pytest
from matplotlib.axes import Axes
from synthetic import CELLS, experiment

from w2vjax import report
from w2vjax.errors import InputError
from w2vjax.records.file import Records
from w2vjax.report import comparison, figures
from w2vjax.report.cells import load

NAMES = (
    *("accuracy_against_speed", "accuracy_by_section", "layers_by_samplers"),
    "differences_to_reference",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("records")
    Records(made).append(experiment(CELLS[2:8], 3))
    return made


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_the_table_is_the_report_s(folder):
    styled = report.table(folder)
    table = comparison.table(load(folder))
    assert styled.data.equals(table.text) and styled.caption == table.caption
    html = styled.to_html()
    assert html.count("<tr>") == len(table.text) + 1 and "font-weight: bold" in html
    chosen = report.table(load(folder), columns=["seeds"], cells=["NEG, unigram^0.75=ours"])
    assert chosen.data.to_dict("list") == {
        "layer": ["ours"], "sampler": ["\N{EN DASH}"], "seeds": ["3"],
    }  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_is_drawn_in_axes_that_are_given(folder, name):
    figure, (left, right) = plt.subplots(1, 2)
    size = plt.rcParams["font.size"]
    assert getattr(report.figures, name)(folder, ax=right) is right
    assert right.has_data() and not left.has_data() and plt.rcParams["font.size"] == size
    assert plt.get_fignums() == [figure.number]


def test_without_axes_pyplot_shows_a_figure(folder):
    axes = figures.accuracy_against_speed(load(folder), cells=["NEG, unigram^0.75=ours"])
    assert isinstance(axes, Axes) and plt.get_fignums() == [axes.figure.number]
    assert axes.get_legend().get_texts()[0].get_text() == "ours"


def test_no_data_is_told_and_leaves_no_figure(folder):
    with pytest.raises(InputError, match="no data for this figure"):
        figures.layers_by_samplers(folder, cells=["NEG, unigram^0.75"])
    assert not plt.get_fignums()


def test_a_notebook_s_back_end_does_no_harm(folder, tmp_path):
    environment = os.environ | {"MPLBACKEND": "module://of.a.notebook"}
    command = [sys.executable, "-m", "w2vjax", "report", str(folder), "--out", str(tmp_path)]
    done = subprocess.run(
        [*command, "--figures", "loss_curves"], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "loss_curves.pdf").exists()
