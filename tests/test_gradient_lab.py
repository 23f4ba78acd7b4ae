"""The laboratory's runs: what is measured, recorded, resumed and reported."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from w2vjax.config.schema import CorpusConfig, SamplerConfig
from w2vjax.errors import InputError
from w2vjax.records.parts import FOLDER
from w2vjax.report import build as report
from w2vjax.report import gradients as gradient_report
from w2vjax.report.cells import load
from w2vjax.report.gradients import FIGURES, nearest
from w2vjax.samplers import SAMPLERS
from w2vjax.study import gradient_lab
from w2vjax.study.gradient_lab import LAWS, STATES, LabConfig, cells, run

# Vectors of so few words are hardly trained, which is told.
pytestmark = pytest.mark.filterwarnings("ignore::w2vjax.errors.InputWarning")
TEXT = CorpusConfig(max_words=30_000, max_vocab=60, held_out_every=10)
LAB = LabConfig(dim=8, epochs=0.5, num_pairs=32, pairs_per_group=8, num_draws=2, batches=3)
UNIFORM = SamplerConfig("uniform")
STATE, COUNTS = "start", (2, 64)
MEASURED = ("negative-sampling", "nce", "sampled-softmax, hits kept")
PLAN = cells(TEXT, LAB, [STATE], MEASURED, [UNIFORM, SamplerConfig()], COUNTS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("gradients")
    run(PLAN, made, show=False)
    return made


def test_the_laws_are_those_of_every_sampler() -> None:
    assert {law.law_name for law in LAWS} == {sampler.law_name for sampler in SAMPLERS.values()}
    assert len({law.law_name for law in LAWS}) == len(LAWS)


def test_cells_differ_and_mechanisms_do_not() -> None:
    assert len({cell.run_id for cell in PLAN}) == len(PLAN) == 3 * 2 * 2
    again = cells(TEXT, LAB, [STATE], ["nce"], [*SAMPLERS.values()], [5])
    assert len(again) == len(LAWS)
    assert {cell.training().output.layer for cell in again} == {STATES[STATE].layer}
    assert again[0].training().train.epochs == LAB.epochs * STATES[STATE].share


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"states": ["begin"]}, "unknown state 'begin'"),
        ({"losses": ["full-softmax"]}, "unknown sampled loss"),
        ({"counts": []}, "nothing to measure"),
        ({"counts": [0]}, "num_noise is 0"),
        ({"corpus": CorpusConfig()}, "held_out_every is None"),
    ],
)
def test_impossible_plans_are_refused(change, message) -> None:
    usual = {"corpus": TEXT, "lab": LAB, "states": [STATE], "losses": ["nce"]}
    usual |= {"samplers": [UNIFORM], "counts": [1]}
    with pytest.raises(InputError, match=message):
        cells(**(usual | change))


def test_groups_must_divide_the_pairs_and_batches_be_several() -> None:
    with pytest.raises(InputError, match="must divide the 32 pairs"):
        LabConfig(num_pairs=32, pairs_per_group=5)
    with pytest.raises(InputError, match="batches is 2"):
        LabConfig(batches=2)


def test_too_little_text_is_told(tmp_path) -> None:
    lab = LabConfig(dim=2, epochs=0.1, num_pairs=1 << 20, pairs_per_group=32)
    with pytest.raises(InputError, match="lower num_pairs or held_out_every"):
        run(cells(TEXT, lab, [STATE], ["nce"], [UNIFORM], [1]), tmp_path, show=False)


def test_every_cell_has_every_quantity_in_every_slice(folder) -> None:
    data = gradient_report.measurements(load(folder))
    keys = ["state", "loss", "sampler", "noise", "tenth"]
    assert len(data) == len(PLAN) * 11 and not data.duplicated(keys).any()
    assert data[list(gradient_report.STATISTICS)].notna().all(axis=None)
    assert set(data["tenth"]) == set(range(11)) and set(data["noise"]) == set(COUNTS)
    exact = data[data["loss"].isin(["NEG", "NCE"])]
    assert (exact["squared_bias_error"] == 0).all() and (exact["variance_error"] > 0).any()
    np.testing.assert_allclose(exact["relative_bias"] ** 2, exact["squared_bias"], rtol=1e-6)
    assert data["cosine_of_draw"].between(-1.0001, 1.0001).all()


def test_a_bias_that_its_error_hides_is_not_told(folder) -> None:
    frame = load(folder)
    squared = (frame["metric"] == "gradient/squared-bias") & frame["x"].isna()
    hidden = frame.index[squared & (frame["run"] == PLAN[0].run_id)]
    for value, told in ((0.021, 0.021**0.5), (0.019, np.nan), (-0.5, np.nan)):
        frame.loc[hidden, ["value", "standard_error"]] = value, 0.01
        data = gradient_report.measurements(frame)
        row = data[(data["tenth"] == 0) & (data["squared_bias_error"] == 0.01)].iloc[0]
        assert row["relative_bias"] == pytest.approx(told, nan_ok=True)
        assert row["limit"] == pytest.approx((max(value, 0) + 0.02) ** 0.5)
        shown = gradient_report._bias(row)
        assert shown.startswith("<") == np.isnan(told)


def test_log_corrected_losses_come_nearer_with_more_noise(folder) -> None:
    data = gradient_report.measurements(load(folder))
    softmax = data[(data["loss"] == "sampled softmax, hits kept") & (data["tenth"] == 0)]
    few, many = (softmax[softmax["noise"] == count] for count in COUNTS)
    assert np.all(few["squared_bias"].to_numpy() > 10 * many["squared_bias"].to_numpy())
    assert np.all(few["variance"].to_numpy() > 2 * many["variance"].to_numpy())
    neg = data[(data["loss"] == "NEG") & (data["tenth"] == 0) & (data["noise"] == COUNTS[1])]
    assert neg["relative_bias"].min() > 0.5, "it goes to another objective"


def test_finished_cells_are_skipped_and_the_rest_is_made(
    folder, undrawn, tmp_path, monkeypatch
) -> None:
    """As after an interruption: the same numbers, and nothing is made twice."""
    files = [folder / FOLDER / f"{cell.run_id}.000.jsonl" for cell in PLAN]
    whole = [line for file in files for line in file.read_text().splitlines(keepends=True)]
    rows = len(whole) // len(PLAN)
    (tmp_path / "records.jsonl").write_text("".join(whole[: 5 * rows + 7]))
    measured = []
    inner = gradient_lab._estimates
    monkeypatch.setattr(
        gradient_lab, "_estimates", lambda cell, *rest: measured.append(cell) or inner(cell, *rest)
    )
    run(PLAN, tmp_path, show=False)
    assert measured == PLAN[5:]
    keys = ["run", "metric", "x"]
    both = [
        load(place).sort_values(keys)[[*keys, "value"]].reset_index(drop=True)
        for place in (folder, tmp_path)
    ]
    pd.testing.assert_frame_equal(*both, rtol=1e-4, atol=1e-6)
    monkeypatch.setattr(gradient_lab, "train", lambda *_, **__: pytest.fail("it is trained again"))
    run(PLAN, tmp_path, show=False)
    assert len(measured) == len(PLAN) - 5


def test_an_interruption_tells_what_is_kept(tmp_path, monkeypatch, capsys) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(gradient_lab, "_estimates", stopped)
    with pytest.raises(KeyboardInterrupt):
        run(PLAN[:1], tmp_path, show=False)
    assert "0 of 1 cells are finished and kept" in capsys.readouterr().err


def test_the_report_is_built_from_records_alone(folder, tmp_path) -> None:
    shutil.copytree(folder / FOLDER, tmp_path / FOLDER)
    made = {path.name: path.read_bytes() for path in report.build(tmp_path)}
    names = {f"{name}.{kind}" for name in FIGURES for kind in ("pdf", "png", "csv")}
    assert set(made) == names | {"table.md", "table.tex", "table.csv"}
    assert made == {name: (folder / name).read_bytes() for name in made}
    text = made["table.md"].decode()
    for said in ("almanac", "32 pairs of documents kept out", "6 draws", "State: start. log Z"):
        assert said in text
    assert sum(line.startswith("| NEG") for line in text.splitlines()) == 2


def test_figures_show_a_panel_a_loss_and_a_line_a_sampler(folder) -> None:
    data = gradient_report.measurements(load(folder))
    assert nearest(data) == 64 and nearest(data, 3) == 2
    for name, draw in FIGURES.items():
        figure, shown, _ = draw(data)
        assert len(figure.axes) == len(MEASURED) and all(
            len(axes.lines) == 2 for axes in figure.axes
        ), name
        assert set(shown["tenth"]) == ({0} if "tenth" not in name else set(range(1, 11)))
        assert len(figure.legends[0].get_texts()) == 2


def test_counts_from_which_on_all_are_enough() -> None:
    def least(*enough: bool) -> str:
        return gradient_report.from_on(pd.Series(enough, index=[1, 16, 4096]))

    assert least(False, False, True) == "4,096" and least(True, True, True) == "1"
    assert least(True, False, True) == "4,096", "not where it is so by chance"
    assert least(True, True, False) == "> 4,096"


def test_two_ways_of_measuring_are_not_mixed(folder, tmp_path) -> None:
    shutil.copytree(folder / FOLDER, tmp_path / FOLDER)
    other = LabConfig(dim=8, epochs=0.5, num_pairs=16, pairs_per_group=8, num_draws=2, batches=3)
    with pytest.raises(InputError, match="measured in several ways"):
        run(cells(TEXT, other, [STATE], ["nce"], [UNIFORM], [2]), tmp_path, show=False)
