"""Every cell against one, paired by seed and question: known answers, and what is left out."""

from itertools import chain

import numpy as np
import pytest
from synthetic import SAMPLERS

from w2vjax.config.schema import OutputConfig, RunConfig, TrainConfig, flatten
from w2vjax.errors import InputError
from w2vjax.records import file as records
from w2vjax.records import hits
from w2vjax.records.metrics import FINISHED
from w2vjax.report import build as report
from w2vjax.report import comparison
from w2vjax.report.cells import load, with_cells
from w2vjax.report.differences import TABLES, differences, tables, within_layers
from w2vjax.report.stats import paired_difference, two_level_bootstrap

FILE_NAMES = {f"{name}.{kind}" for name in TABLES for kind in ("md", "tex", "csv")}
SECTIONS = tuple(f"gram{number}" for number in range(8))
SECTION = np.repeat(np.arange(8, dtype=np.int32), 25)
UNCOVERED = 10


def run(
    layer: str,
    sampler: str,
    seed: int,
    share: float,
    digest: str = "q",
    uncovered=UNCOVERED,
    **train,
) -> list:
    """Records of a run that answers a share of the questions; of one seed all the same ones."""
    config = RunConfig(
        output=OutputConfig(layer, SAMPLERS[sampler]), train=TrainConfig(seed=seed, **train)
    )
    draw = np.random.default_rng(seed).random(len(SECTION)) * 0.8
    answers = (draw < share).astype(np.int8)
    answers[:uncovered] = -1
    base = {"run": config.run_id, "seed": seed, "label": config.output.label, "experiment": "e"}
    base |= {f"config.{name}": value for name, value in flatten(config.resolved()).items()}
    total = {"metric": "analogy/total", "value": float((answers == 1).mean())}
    return [
        base | hits.fields(answers, digest, SECTIONS, SECTION),
        base | total | {"covered": 190, "total": 200, "evaluation": "3CosAdd"},
        base | {"metric": FINISHED, "value": None},
    ]


def frame(tmp_path, rows):
    records.Records(tmp_path).append(chain.from_iterable(rows))
    return load(tmp_path)


CELLS = [
    *(("negative-sampling", "unigram^0.75", 0.4), ("negative-sampling", "uniform", 0.3)),
    *(("nce", "unigram^0.75", 0.41), ("nce", "log-uniform", 0.4)),
]


@pytest.fixture
def made(tmp_path):
    rows = [run(layer, name, s, share) for layer, name, share in CELLS for s in range(4)]
    return frame(tmp_path, rows)


def test_a_text_that_covers_no_question_has_differences_of_nothing(tmp_path):
    rows = [run("nce", name, 0, 0.4, uncovered=200) for name in ("uniform", "log-uniform")]
    for _, total, _ in rows:
        total["value"] = None
    (row,) = differences(frame(tmp_path, rows)).to_dict("records")
    assert (row["questions"], np.isnan(row["difference"])) == (0, True)


def test_differences_are_of_covered_questions_on_the_same_seeds(made):
    found = differences(made).set_index("cell")
    assert list(found.index) == ["NEG, uniform", "NCE, log-uniform", "NCE, unigram^0.75"]
    assert set(found["against"]) == {"NEG, unigram^0.75"}, "the standard one"
    uniform = found.loc["NEG, uniform"]
    draws = np.stack([np.random.default_rng(seed).random(200) * 0.8 for seed in range(4)])
    a, b = (draws[:, UNCOVERED:] < share for share in (0.3, 0.4))
    assert uniform["difference"] == pytest.approx(a.mean() - b.mean())
    expected = two_level_bootstrap(a, b, SECTION[UNCOVERED:])
    assert (uniform["low"], uniform["high"]) == pytest.approx(expected[1:3])
    p = paired_difference(a.mean(1), b.mean(1)).p
    assert uniform["p"] == pytest.approx(p) and uniform["p_holm"] == pytest.approx(3 * p)
    assert (uniform["seeds"], uniform["questions"]) == (4, 190)
    same = found.loc["NCE, log-uniform"]
    assert (same["difference"], same["low"], same["high"], same["p"]) == (0, 0, 0, 1)


def test_another_cell_can_be_what_is_compared_with(made):
    found = differences(made, "NEG, uniform").set_index("cell")
    assert "NEG, unigram^0.75" in found.index and (found["difference"] > 0).all()
    with pytest.raises(InputError, match="unknown cell 'NEG': did you mean NEG, uniform"):
        differences(made, "NEG")


def test_within_layers_each_is_compared_with_its_own(made):
    found = within_layers(made).set_index("cell")
    assert list(found["against"]) == ["NEG, unigram^0.75", "NCE, unigram^0.75"]
    assert list(found.index) == ["NEG, uniform", "NCE, log-uniform"]
    over_all = differences(made).set_index("cell")
    assert found.loc["NEG, uniform", "low"] == over_all.loc["NEG, uniform", "low"]
    nce = differences(made, "NCE, unigram^0.75").set_index("cell")
    assert found.loc["NCE, log-uniform", "p"] == nce.loc["NCE, log-uniform", "p"]
    uniform = found.loc["NEG, uniform"]
    assert uniform["p_holm"] == pytest.approx(2 * uniform["p"]), "of two rows"


def test_one_layer_needs_no_table_of_its_own(made):
    alone = made[~made["label"].str.startswith("nce")]
    assert within_layers(alone) is None and len(differences(alone)) == 1


def test_only_seeds_that_both_have_and_finished_runs(tmp_path):
    rows = [run("negative-sampling", "unigram^0.75", seed, 0.4) for seed in (0, 1, 2)]
    rows += [run("nce", "uniform", seed, 0.3) for seed in (1, 2, 3)]
    rows += [run("nce", "zipf^1", seed, 0.3) for seed in (7, 8)]
    rows += [run("sampled-softmax", "uniform", 0, 0.2)[:2]]
    found = differences(frame(tmp_path, rows)).set_index("cell")
    assert list(found.index) == ["NCE, uniform", "NCE, zipf^1"]
    assert list(found["seeds"]) == [2, 0] and np.isnan(found.loc["NCE, zipf^1", "difference"])
    table = tables(load(tmp_path))["differences"].markdown()
    assert "| missing |" in " ".join(table.split())


def test_only_questions_that_all_runs_cover(tmp_path):
    """Leaving more of them out on one side changes both."""
    rows = [run("negative-sampling", "unigram^0.75", seed, 0.4) for seed in (0, 1)]
    rows += [run("nce", "uniform", seed, 0.3, uncovered=60) for seed in (0, 1)]
    found = differences(frame(tmp_path, rows)).iloc[0]
    draws = np.stack([np.random.default_rng(seed).random(200) * 0.8 for seed in (0, 1)])[:, 60:]
    assert found["questions"] == 140
    assert found["difference"] == pytest.approx((draws < 0.3).mean() - (draws < 0.4).mean())


def test_two_seeds_are_not_tested(tmp_path):
    rows = [
        run("nce", name, seed, share)
        for name, share in (("uniform", 0.0), ("zipf^1", 0.9))
        for seed in (0, 1)
    ]
    found = differences(frame(tmp_path, rows)).iloc[0]
    assert found["difference"] == -1 and found["low"] == -1, "the same on both seeds"
    assert np.isnan(found["p"]) and "**" not in tables(load(tmp_path))["differences"].markdown()


def test_other_questions_are_missing_not_compared(tmp_path):
    rows = [run("negative-sampling", "unigram^0.75", seed, 0.4) for seed in (0, 1)]
    rows += [run("nce", "uniform", seed, 0.3, digest="other") for seed in (0, 1)]
    rows += [run("nce", "zipf^1", seed, 0.3) for seed in (0, 1)]
    found = differences(frame(tmp_path, rows)).set_index("cell")
    assert list(found["seeds"]) == [0, 2]


def test_the_standard_is_the_cell_with_most_defaults_else_the_best(tmp_path):
    rows = [
        run("negative-sampling", "unigram^0.75", s, 0.4, window=w) for s in (0, 1) for w in (9, 5)
    ]
    found = differences(frame(tmp_path / "a", rows))
    assert list(found["against"]) == ["NEG, unigram^0.75, window=5"]
    rows = [
        run("nce", name, s, share)
        for name, share in (("uniform", 0.3), ("zipf^1", 0.5))
        for s in (0, 1)
    ]
    found = differences(frame(tmp_path / "b", rows))
    assert list(found["against"]) == ["NCE, zipf^1"]


def test_one_cell_or_no_hits_make_no_table(tmp_path, made):
    assert differences(made[made["metric"] != hits.METRIC]) is None
    one = with_cells(made)
    assert tables(made[one["cell"] == "NEG, uniform"]) == {}


def test_the_report_writes_the_table_and_removes_an_old_one(made, tmp_path, monkeypatch):
    monkeypatch.setattr(comparison, "pictures", lambda *_: {})
    written = {path.name: path.read_bytes() for path in report.build(tmp_path)}
    assert written.keys() >= FILE_NAMES
    text = written["differences.md"].decode()
    assert "190 questions" in text and "**-1" in text and "on the same seeds" in text
    assert {path.name: path.read_bytes() for path in report.build(tmp_path)} == written
    (tmp_path / records.FILE_NAME).unlink()
    frame(tmp_path, [run("nce", "uniform", 0, 0.3)])
    report.build(tmp_path)
    assert not FILE_NAMES & {path.name for path in tmp_path.iterdir()}
