"""Runs and what sums them up; lines of sweeps; differences to a reference."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats
from studies import STUDIES
from synthetic import CELLS, experiment

from w2vjax.records.file import Records
from w2vjax.report.cells import complete, load, with_cells
from w2vjax.report.differences import over_seeds as contrasts
from w2vjax.report.runs import ACCURACY, SECONDS, SIMILARITY, SPEED, Spread, runs, summary
from w2vjax.report.sweeps import _series as series


@pytest.fixture
def recorded(tmp_path):
    def make(rows):
        Records(tmp_path).append(rows)
        return complete(with_cells(load(tmp_path)))

    return make


def small(label, seed, rows, **fields):
    base = {"run": f"{label}{seed}{fields}", "seed": seed, "label": label} | fields
    return [base | row for row in (*rows, {"metric": "run/finished", "value": None})]


def scored(label, values):
    return [
        row
        for seed, value in enumerate(values)
        for row in small(label, seed, [{"metric": "analogy/total", "value": value}])
    ]


def test_a_run_is_a_row_in_units_for_people(recorded):
    rows = [
        {"metric": "analogy/total", "value": 0.4, "seconds": 20.0},
        {"metric": "analogy/band", "value": 0.9, "x": 1000},
        {"metric": "speed/words", "value": 2e6},
        {"metric": "similarity/EN-WS-353-ALL", "value": 0.6},
        {"metric": "similarity/EN-SIMLEX-999", "value": 0.3},
        {"metric": "similarity/EN-MEN", "value": 0.9},
        {"metric": "similarity/band", "value": 0.1, "x": 1000},
    ]
    (run,) = runs(recorded(small("nce / uniform", 3, rows))).to_dict("records")
    assert (run["cell"], run["seed"]) == ("NCE, uniform", 3)
    assert run[ACCURACY] == pytest.approx(40) and run[SPEED] == pytest.approx(2)
    assert run[SIMILARITY] == pytest.approx(45)  # of the two main sets
    assert run[SECONDS] == 20


def test_runs_from_before_a_setting_are_no_cell_of_their_own(recorded):
    """They had what it is by default; another value is another cell."""
    cells = {}
    for seed, fields in enumerate(({}, {"phrases": 0}, {"phrases": 2})):
        config = {f"config.corpus.{name}": value for name, value in fields.items()}
        rows = [{"metric": "analogy/total", "value": 0.4}]
        config |= {"config.corpus.source": "almanac"}
        cells[seed] = small("nce / uniform", seed, rows, **config)
    frame = runs(recorded([row for rows in cells.values() for row in rows]))
    named = dict(zip(frame["seed"], frame["cell"].astype(str), strict=True))
    assert named[0] == named[1] == "NCE, uniform, phrases=0"
    assert named[2] == "NCE, uniform, phrases=2"


def test_a_run_that_misses_a_set_has_no_mean_over_sets(recorded):
    sets = [{"metric": f"similarity/{name}", "value": 0.5} for name in ("a", "b")]
    frame = recorded([*small("nce / x", 0, sets), *small("nce / x", 1, sets[:1])])
    assert runs(frame)[SIMILARITY].to_list() == [50, pytest.approx(np.nan, nan_ok=True)]


def test_a_summary_is_mean_interval_range_and_number():
    data = pd.DataFrame({"cell": ["b", "a", "a", "c"], "score": [1.0, 2.0, 4.0, np.nan]})
    data["cell"] = pd.Categorical(data["cell"], categories=["b", "a", "c"])
    b, a = summary(data, ["cell"], ["score"]).to_dict("records")
    assert (b["cell"], b["score"], b["seeds"]) == ("b", 1, 1)
    half = 12.706 * np.sqrt(2) / np.sqrt(2)  # Student's t, one degree of freedom
    assert (a["cell"], a["score"], a["seeds"]) == ("a", 3, 2)
    assert (a["score_min"], a["score_max"]) == (2, 4)
    assert (a["score_low"], a["score_high"]) == pytest.approx((3 - half, 3 + half), rel=1e-4)


@pytest.mark.parametrize(
    ("seeds", "bounds", "name"),
    [
        ([5, 5], ("low", "high"), "95 % interval, 5 seeds"),
        ([3, 5], ("low", "high"), "95 % interval, 3 to 5 seeds"),
        ([2, 5], ("min", "max"), "range of 2 to 5 seeds"),
        ([1, 1], ("min", "max"), ""),
    ],
)
def test_few_seeds_have_a_range_and_no_interval(seeds, bounds, name):
    spread = Spread.of(pd.DataFrame({"seeds": seeds}))
    assert (spread.low, spread.high) == bounds and spread.name == name
    data = pd.DataFrame({"m": [5.0], "m_low": [2.0], "m_high": [9.0], "m_min": 4.0, "m_max": 6.0})
    arms = {"low": [[3], [4]], "min": [[1], [1]]}[bounds[0]]
    found = spread.axis("m", "").arms(data)
    assert found is None if not name else found.tolist() == arms


def test_settings_at_one_place_of_a_sweep_make_lines_and_those_along_it_do_not():
    data = pd.DataFrame(
        {
            "config.k": [1, 2, 1, 2],
            "config.rate": [0.1, 0.2, 0.1, 0.2],  # goes with k
            "config.train.grouping": ["block", "block", "pair", "pair"],
            "config.train.seed": [0, 1, 2, 3],
        }
    )
    names = pd.Series("NEG", data.index)
    told = ["NEG, grouping=block"] * 2 + ["NEG, grouping=pair"] * 2
    assert series(data, names, "config.k").to_list() == told
    assert set(series(data.drop(columns="config.train.grouping"), names, "config.k")) == {"NEG"}


def test_differences_are_paired_over_seeds_and_corrected(recorded):
    reference = np.array([0.40, 0.42, 0.41, 0.43])
    shifts = {"nce / uniform": [-0.10, -0.11, -0.09, -0.10], "full-softmax": [0.01, -0.01, 0.02, 0]}
    rows = scored("negative-sampling / unigram^0.75", reference)
    for label, shift in shifts.items():
        rows += scored(label, reference + shift)
    rows += scored("nce / log-uniform", [0.4, 0.5])  # too few to compare
    made = contrasts(recorded(rows))
    columns = ["cell", "against", "difference", "low", "high", "p", "seeds", "p_holm"]
    assert list(made) == columns and set(made["seeds"]) == {4}
    assert list(made["cell"]) == ["NCE, uniform", "full softmax"]
    assert set(made["against"]) == {"NEG, unigram^0.75"}
    for (_, row), shift in zip(made.iterrows(), shifts.values(), strict=True):
        test = scipy_stats.ttest_1samp(shift, 0)
        interval = test.confidence_interval()
        assert row["difference"] == pytest.approx(np.mean(shift))
        assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))
        assert row["p"] == pytest.approx(test.pvalue)
    assert made["p_holm"].to_list() == pytest.approx([2 * made["p"][0], made["p"][1]])


def test_without_the_papers_choice_the_best_cell_is_the_reference(recorded):
    rows = scored("nce / uniform", [0.1, 0.2, 0.3]) + scored("full-softmax", [0.2, 0.3, 0.5])
    assert contrasts(recorded(rows))["against"].to_list() == ["full softmax"]


def test_one_cell_has_nothing_to_differ_from(recorded):
    assert contrasts(recorded(experiment(CELLS[4:5], 3))).empty


def test_cells_of_a_swept_setting_have_whole_numbers_in_their_names(recorded):
    cells = recorded(STUDIES["clock"](1))["cell"].cat.categories
    assert "NEG, unigram^0.75, epochs=4" in cells and "full softmax, epochs=0.5" in cells
