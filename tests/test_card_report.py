"""The report card as files."""

import copy
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from cards import NAMES, small_card

from w2vjax.errors import InputError
from w2vjax.report import samplers as card_report
from w2vjax.report.samplers import draw_times, table_distortion

FIGURES = ("sampler_distributions", "table_distortion", "draw_times")


def cells(text: str, name: str) -> list[list[str]]:
    """The rows of a sampler: one a table."""
    rows = [line for line in text.splitlines() if re.match(rf"\| {re.escape(name)} +\|", line)]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_three_tables_with_their_protocol() -> None:
    text = card_report.markdown(small_card())
    assert text.count("|--") == sum(len(t.text.columns) for t in card_report.tables(small_card()))
    for said in (
        "2,000 words of vocabulary",
        "20,000 draws",
        "Medians of 2 compiled calls",
        "jax 0",
    ):
        assert said in text
    fidelity, shape, cost = cells(text, "uniform")
    assert fidelity[1:5] == ["closed-form", "0", "0", "0"]
    assert shape[5:10] == ["0.05", "0.5", "5", "50", "50"], "percent"
    assert cost[2] == "0"


def test_numbers_are_those_of_the_card() -> None:
    card = copy.deepcopy(small_card())
    card["samplers"] = card["samplers"][2:3]
    card["samplers"][0] |= {"p_value": 0.25, "p_values": {"ranks 1-9": 0.5, "ranks 10-99": 1e-9}}
    card["samplers"][0] |= {"bytes": 12_345, "speed_bits": 0.777, "speed_numpy": 12.34}
    card["samplers"][0] |= {"total_variation": 1.21e-5, "setup_seconds": 0.5, "unreachable": 1_234}
    fidelity, _, cost = cells(card_report.markdown(card), "unigram^1")
    assert fidelity[1:3] == ["table of 20,000", "1.2e-05"] and fidelity[7] == "1,234"
    assert fidelity[8:] == ["0.250", "1.0e-09"], "the least p of the decades"
    assert cost[2:5] == ["12,345", "6.2", "0.500"] and (cost[6], cost[8]) == ("0.78", "12.3")


def test_a_users_sampler_has_no_distance_from_itself() -> None:
    fidelity, shape, _ = cells(card_report.markdown(small_card()), "first-two")
    assert fidelity[1:7] == ["own", *[card_report.UNDEFINED] * 5]
    assert shape[5] == "75"


def test_files_are_built_from_the_json_alone(tmp_path: Path) -> None:
    files = card_report.build(small_card(), tmp_path / "new" / "folder")
    names = {f"{name}.{kind}" for name in FIGURES for kind in ("pdf", "png", "csv")}
    assert {path.name for path in files} == {"card.md", "card.json", *names}
    held = {path.name: path.read_bytes() for path in (tmp_path / "new/folder").iterdir()}
    assert set(held) == {path.name for path in files}, "nothing half-written is left"
    again = card_report.build(json.loads(held["card.json"]), tmp_path)
    assert {path.name: path.read_bytes() for path in again} == held
    curves = pd.read_csv(tmp_path / "sampler_distributions.csv")
    assert {"corpus", "uniform", "first-two"} < set(curves["distribution"])
    with pytest.raises(InputError, match="cannot write"):
        card_report.build(small_card(), tmp_path / "card.md")


def test_figures_show_every_curve() -> None:
    made = small_card()
    figure, data, _ = table_distortion(pd.DataFrame(made["table_sizes"]))
    left, right = figure.axes
    assert len(left.lines) == len(right.lines) == data["distribution"].nunique() == 3
    for line, (_, curve) in zip(right.lines, data.groupby("distribution"), strict=True):
        assert list(line.get_ydata()) == list(curve["unreachable"])
    figure, data, _ = draw_times(pd.DataFrame(made["vocabulary_sizes"]))
    (axes,) = figure.axes
    assert len(axes.lines) == data["sampler"].nunique() == 6
    looks = {(line.get_linestyle(), line.get_marker()) for line in axes.lines}
    assert len(looks) == 6, "told apart without colour"
    assert len(figure.legends[0].get_texts()) == 6


def test_figures_without_data_are_left_out() -> None:
    assert table_distortion(pd.DataFrame()) is None
    assert draw_times(pd.DataFrame()) is None


def test_all_samplers_are_in_all_tables() -> None:
    for table in card_report.tables(small_card()):
        assert len(table.text) == len(NAMES) == len(table.raw)
