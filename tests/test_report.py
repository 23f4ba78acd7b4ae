"""Tables: what they say is what was recorded, and what was not is said to be missing."""

import csv
import io
import os
import subprocess
import sys

import pandas as pd
import pytest
from synthetic import CELLS, experiment

from w2vjax.errors import InputError
from w2vjax.records.file import Records
from w2vjax.report.build import build
from w2vjax.report.cells import load, with_cells
from w2vjax.report.comparison import table
from w2vjax.report.tables import Table

NEG = "negative-sampling / unigram^0.75"


def measured(label, metric, values, **fields):
    """A finished run a value, the value's place being its seed."""
    for seed, value in enumerate(values):
        run = {"run": f"{label}{seed}{fields}", "seed": seed, "label": label} | fields
        yield run | {"metric": metric, "value": value}
        yield run | {"metric": "run/finished", "value": None}


@pytest.fixture
def made(tmp_path):
    def make(*groups):
        Records(tmp_path).append(row for group in groups for row in group)
        return table(load(tmp_path))

    return make


def test_a_number_by_hand(made):
    text = made(
        measured(NEG, "analogy/total", [0.40, 0.41, 0.42], seconds=28.04),
        measured(NEG, "speed/words", [2.0e6, 2.05e6, 2.1e6]),
    ).text
    # Student's t for two degrees of freedom is 4.303: 4.303 * 1 / sqrt(3)
    assert text.iloc[0].to_dict() == {
        "layer": "NEG",
        "sampler": "unigram^0.75",
        "analogies (%)": "41.0 ± 2.5",
        "million words/s": "2.05",
        "training (s)": "28.0",
        "seeds": "3",
    }


@pytest.mark.parametrize("seeds, told", [(1, "Means of 1 seed:"), (2, "Means of 2 seeds:")])
def test_one_or_two_seeds_have_no_interval(made, seeds, told):
    result = made(measured(NEG, "analogy/total", [0.38, 0.42][-seeds:]))
    assert result.text["analogies (%)"][0] == ("42.0" if seeds == 1 else "40.0")
    assert f"{told} too few for intervals." in result.caption and "±" not in result.caption


def test_a_cell_of_too_few_seeds_has_none_beside_others(made):
    more = measured("nce / uniform", "analogy/total", [0.3, 0.3, 0.3])
    result = made(measured(NEG, "analogy/total", [0.38, 0.42]), more)
    assert set(result.text["analogies (%)"]) == {"40.0", "30.0 ± 0.0"}
    assert "over seeds; a mean of fewer than 3 has none." in result.caption


def test_the_time_of_a_run_is_the_one_at_its_end(made):
    curve = measured(NEG, "loss/total", [2.0], seconds=10.0, x=1)
    end = measured(NEG, "analogy/total", [0.4], seconds=30.0)
    rows = [row | {"run": "one"} for row in (*end, *curve)]
    assert made(rows).text["training (s)"][0] == "30.0"


def test_a_cell_without_a_measurement_shows_as_missing(made):
    rows = [
        *measured(NEG, "analogy/total", [0.4]),
        *measured("nce / uniform", "run/planned", [None]),
        *measured("full-softmax", "analogy/total", [None]),
    ]
    text = made(rows).text.set_index("layer")["analogies (%)"]
    assert text.to_dict() == {"full softmax": "\N{EN DASH}", "NEG": "40.0", "NCE": "missing"}


def test_an_unfinished_run_is_named_and_not_averaged(made):
    lost = {"run": "x", "seed": 7, "label": NEG, "metric": "analogy/total", "value": 0.9}
    result = made(measured(NEG, "analogy/total", [0.4, 0.4]), [lost])
    assert result.text["analogies (%)"][0] == "40.0"
    assert "not counted: NEG, unigram^0.75 (seed 7)" in result.caption


def test_bold_is_not_worse_than_the_best(made):
    result = made(
        measured(NEG, "analogy/total", [0.40, 0.41, 0.42, 0.43]),
        measured("nce / uniform", "analogy/total", [0.401, 0.409, 0.421, 0.428]),
        measured("full-softmax", "analogy/total", [0.30, 0.311, 0.32, 0.33]),
    )
    bold = dict(zip(result.text["layer"], result.bold["analogies (%)"], strict=True))
    assert bold == {"full softmax": False, "NEG": True, "NCE": True}
    assert "not significantly worse" in result.caption and "too few" not in result.caption
    assert "**41.5 ± 2.1**" in result.markdown()
    assert r"\textbf{41.5 $\pm$ 2.1}" in result.latex("table")


def test_lower_is_better_for_a_loss(made):
    result = made(
        measured("full-softmax", "likelihood/held-out", [6.0, 6.1]),
        measured("hierarchical-softmax", "likelihood/held-out", [7.0, 7.1]),
        measured(NEG, "analogy/total", [0.4, 0.4]),
    )
    assert list(result.bold["held-out loss (nats)"]) == [True, False, False]
    assert result.text["held-out loss (nats)"][2] == "\N{EN DASH}"
    assert "too few seeds" in result.caption


def test_the_caption_states_protocol_and_coverage(made):
    protocol = {"evaluation": "3CosAdd, top 30", "covered": 18_430, "total": 19_544}
    caption = made(measured(NEG, "analogy/total", [0.4], **protocol)).caption
    assert "3CosAdd, top 30; 18,430 of 19,544 questions covered" in caption
    other = protocol | {"covered": 9_000}
    caption = made(measured("nce / uniform", "analogy/total", [0.4], **other)).caption
    assert "9,000 to 18,430 of 19,544" in caption


def test_cells_of_one_label_are_told_apart_by_what_differs(made):
    groups = [
        measured(
            NEG,
            "analogy/total",
            [0.4, 0.5],
            **{"config.output.num_noise": num, "config.train.dim": 100},
        )
        for num in (10, 2)
    ]
    seeded = [row | {"config.train.seed": row["seed"]} for group in groups for row in group]
    samplers = list(made(seeded).text["sampler"])
    assert samplers == ["unigram^0.75, num_noise=2", "unigram^0.75, num_noise=10"]


def test_layers_come_as_the_records_name_them_and_samplers_by_name_and_power():
    labels = ["nce / zipf^1", "nce / log-uniform", "new / mine", "nce / unigram^1", NEG]
    labels += ["nce / unigram^0.75", "nce / uniform", "hierarchical-softmax", "full-softmax"]
    cells = with_cells(pd.DataFrame({"label": [*labels, None]}))["cell"]
    assert list(cells.cat.categories) == [
        "NCE, log-uniform",
        "NCE, uniform",
        "NCE, unigram^0.75",
        "NCE, unigram^1",
        "NCE, zipf^1",
        "new, mine",
        "NEG, unigram^0.75",
        "hierarchical softmax (Huffman)",
        "full softmax",
    ]
    assert cells.isna().sum() == 1


def test_csv_keeps_every_digit(made):
    result = made(measured(NEG, "analogy/total", [0.123456789, 0.2], covered=5, total=9))
    row = next(csv.DictReader(io.StringIO(result.csv())))
    assert float(row["analogy/total.mean"]) == pytest.approx((0.123456789 + 0.2) / 2, rel=1e-9)
    assert (row["analogy/total.covered"], row["analogy/total.total"]) == ("5", "9")


def test_text_is_escaped_in_markdown():
    frame = pd.DataFrame({"a": ["x|y"], "b_c": ["_"]})
    made = Table("50 %", frame, frame.astype(bool) & False, frame)
    assert r"x\|y" in made.markdown()


def test_records_without_a_label_make_no_table(made):
    with pytest.raises(InputError, match="no labelled runs"):
        made([{"metric": "distribution/corpus", "value": 0.1, "x": 1}])


def test_a_figure_without_data_any_more_is_removed(tmp_path):
    rows = experiment(CELLS[4:6], 1)
    Records(tmp_path).append(rows)
    before = {path.name for path in build(tmp_path)}
    (tmp_path / "records.jsonl").unlink()
    (tmp_path / "notes.png").touch()
    (tmp_path / "sampler_distributions.svg").touch()
    Records(tmp_path).append(row for row in rows if not row["metric"].startswith("distribution/"))
    after = {path.name for path in build(tmp_path)}
    gone = {f"sampler_distributions.{kind}" for kind in ("pdf", "png", "csv")}
    assert before - after == gone
    theirs = {"records.jsonl", "notes.png", "sampler_distributions.svg"}
    assert {path.name for path in tmp_path.iterdir()} == after | theirs


BUILD = """
import sys
from w2vjax.report.build import build
build(sys.argv[1])
assert "jax" not in sys.modules
"""


def test_the_same_records_give_the_same_bytes_without_jax(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        Records(folder).append(experiment(CELLS[4:6], 2))
    written = build(first)
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", BUILD, str(second)], check=True, env=environment)
    names = {path.name for path in written}
    assert {"table.md", "table.tex", "table.csv", "report.html"} <= names
    assert len(names) == 4 + 6 * 3
    assert {path.name for path in second.iterdir()} == names | {"records.jsonl"}
    for path in written:
        assert path.read_bytes() == (second / path.name).read_bytes(), path.name
