"""A report of what is chosen: cells, columns, figures, a cell to compare with, several folders."""

import pytest
from synthetic import CELLS, experiment

from w2vjax.errors import InputError
from w2vjax.records.file import Records
from w2vjax.records.metrics import FINISHED
from w2vjax.report import picture
from w2vjax.report.build import build
from w2vjax.report.cells import load, with_cells
from w2vjax.report.choice import Choice, narrowed, of_cells
from w2vjax.report.comparison import contents, table
from w2vjax.report.differences import differences_to_reference

NEG = "NEG, unigram^0.75"


@pytest.fixture(scope="module")
def frame(tmp_path_factory):
    folder = tmp_path_factory.mktemp("records")
    Records(folder).append(experiment(CELLS[:5], 3))
    return with_cells(load(folder))


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch):
    monkeypatch.setattr(picture, "render", lambda *_: bytes(24))


def test_cells_are_chosen_ordered_and_renamed(frame):
    cells = list(frame["cell"].cat.categories)
    chosen = of_cells(frame, [f"{cells[3]}=ours", cells[0]])
    assert list(chosen["cell"].cat.categories) == ["ours", cells[0]]
    shown = table(chosen)
    assert shown.text["layer"].to_list() == ["ours", cells[0]]
    assert shown.text["sampler"].to_list() == ["\N{EN DASH}"] * 2
    whole = table(frame).text
    assert shown.text["analogies (%)"].to_list() == [whole["analogies (%)"][i] for i in (3, 0)]
    kept = {name for name in chosen["metric"] if name.startswith("distribution/")}
    assert kept == {
        "distribution/corpus",
        f"distribution/{frame['sampler'][frame['cell'] == cells[3]].iloc[0]}",
    }


def test_columns_are_chosen_by_header_with_or_without_unit(frame):
    chosen = narrowed(table(frame), ["training", "analogies (%)", "training (s)"])
    assert list(chosen.text) == ["layer", "sampler", "training (s)", "analogies (%)"]
    assert list(chosen.bold) == list(chosen.text) and chosen.csv() == table(frame).csv()


def test_the_others_are_compared_with_the_chosen_cell(frame):
    cells = list(frame["cell"].cat.categories)
    drawing = differences_to_reference(frame, against=cells[0])
    assert set(drawing.data["against"]) == {cells[0]} and set(drawing.data["cell"]) == set(
        cells[1:]
    )


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        (Choice(cells=("NEG, unigram^0.5",)), f"cell 'NEG, unigram^0.5': did you mean {NEG}"),
        (Choice(cells=("neg=ours",)), "unknown cell 'neg'"),
        (Choice(cells=(NEG, f"{NEG}=ours")), "'ours' is there twice"),
        (Choice(cells=(f"{NEG}=full softmax", "full softmax")), "'full softmax' is there twice"),
        (Choice(columns=("anologies",)), r"column 'anologies': did you mean analogies \(%\)"),
        (Choice(against="NEG"), "unknown cell 'NEG': did you mean"),
        (Choice(figures=("loss_curve",)), "unknown figure 'loss_curve': did you mean loss_curves"),
        (Choice(figures=("table_size",)), "--figures table_size: the records have no data"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_refused_with_the_nearest(frame, choice, told, monkeypatch):
    if choice.figures != ("table_size",):  # nothing is drawn before
        monkeypatch.setattr("w2vjax.report.comparison.drawn", None)
    with pytest.raises(InputError, match=told.replace("^", r"\^")):
        contents(frame, choice)


def test_only_chosen_figures_are_drawn_and_the_page_tells_how(frame):
    choice = Choice(cells=(NEG, "full softmax=exact"), figures=("loss_curves",), venue="acl")
    files = contents(frame, choice)
    assert {name for name in files if name.endswith(".png")} == {"loss_curves.png"}
    command = "w2vjax report results/compare --cells &#39;NEG, unigram"
    page = files["report.html"].decode()
    assert command in page and "--figures loss_curves --venue acl</pre>" in page


def test_several_folders_make_one_report(tmp_path):
    rows = experiment(CELLS[4:5], 2)
    other = [
        row | {"run": f"{row.get('run')}b", "config.train.dim": 7} for row in rows if row.get("run")
    ]
    Records(tmp_path / "a").append(rows)
    Records(tmp_path / "b").append([*rows, *other])
    written = build(
        tmp_path / "a", tmp_path / "b", out=tmp_path / "c", choice=Choice(figures=("loss_curves",))
    )
    assert all(path.parent == tmp_path / "c" for path in written)
    assert {path.name for path in (tmp_path / "a").iterdir()} == {"records.jsonl"}
    merged = table(load(tmp_path / "a", tmp_path / "b")).text
    assert [name.partition(", ")[2] for name in merged["sampler"]] == ["dim=7", "dim=100"]
    assert merged["seeds"].to_list() == ["2", "2"]


def test_a_run_of_two_folders_counts_where_it_ended(tmp_path):
    run = {"run": "r", "seed": 0, "label": "nce / uniform"}
    for name, value, end in (
        ("a", 0.1, []),
        ("b", 0.2, [run | {"metric": FINISHED, "value": None}]),
        ("c", 0.3, [run | {"metric": FINISHED, "value": None}]),
    ):
        Records(tmp_path / name).append([run | {"metric": "analogy/total", "value": value}, *end])
    frame = load(*(tmp_path / name for name in "abc"))
    assert frame.loc[frame["metric"] == "analogy/total", "value"].to_list() == [0.2]


def test_reports_that_are_no_comparison_are_whole(tmp_path):
    Records(tmp_path).append([{"experiment": "theory", "metric": "theory/x", "value": 1.0}])
    with pytest.raises(InputError, match="the report on theory is of one folder, and whole"):
        build(tmp_path, choice=Choice(columns=("slope",)))
