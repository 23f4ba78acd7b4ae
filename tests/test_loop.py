"""The loop of grids, gradients and theory: each cell is done once, by whoever comes first."""

import lzma
from dataclasses import dataclass
from pathlib import Path

import pytest

from w2vjax.errors import InputError
from w2vjax.records.file import FILE_NAME, Finished, Records, finished
from w2vjax.records.metrics import FAILED, FINISHED
from w2vjax.study import loop


@dataclass(frozen=True)
class Cell:
    run_id: str


CELLS = [Cell(name) for name in "abcd"]


def rows(cell: Cell) -> list[loop.Row]:
    return [{"run": cell.run_id, "metric": FINISHED, "value": None}]


def test_a_cell_that_another_process_ends_meanwhile_is_not_done_again(tmp_path: Path) -> None:
    done: list[str] = []
    told: list[loop.Ended[Cell]] = []

    def execute(cell: Cell) -> list[loop.Row]:
        done.append(cell.run_id)
        if cell.run_id == "a":  # as another process would
            Records(tmp_path).append(rows(CELLS[2]))
        return rows(cell)

    outcome = loop.run(CELLS, execute, Records(tmp_path), told.append)
    assert done == ["a", "b", "d"] and outcome == loop.Outcome(finished=4)
    assert [ended.reason for ended in told] == ["", "", "another process has done it", ""]
    assert [len(ended.left) for ended in told] == [3, 2, 1, 0]
    assert loop.run(CELLS, execute, Records(tmp_path), told.append).finished == 4
    assert len(done) == 3 and len(told) == 4


def test_failures_are_recorded_and_all_else_stops(tmp_path: Path, capsys) -> None:
    def execute(cell: Cell) -> list[loop.Row]:
        if cell.run_id == "b":
            raise ValueError("once\nmore")
        if cell.run_id == "d":
            raise KeyboardInterrupt
        return rows(cell)

    with pytest.raises(KeyboardInterrupt):
        loop.run(CELLS, execute, Records(tmp_path), lambda _: None, (ValueError,))
    assert "interrupted: 2 of 4 cells are finished and kept" in capsys.readouterr().err
    text = (tmp_path / FILE_NAME).read_text()
    assert text.count(FAILED) == 1 and '"message": "once"' in text
    with pytest.raises(ValueError, match="once"):
        loop.run(CELLS, execute, Records(tmp_path), lambda _: None)


def test_nothing_is_done_where_nothing_can_be_added(tmp_path: Path) -> None:
    Records(tmp_path).append(rows(CELLS[0]))
    plain = tmp_path / FILE_NAME
    (tmp_path / f"{FILE_NAME}.xz").write_bytes(lzma.compress(plain.read_bytes()))
    plain.unlink()
    quiet = loop.run(CELLS[:1], rows, Records(tmp_path), lambda _: None)
    assert quiet.finished == 1, "all is done"
    with pytest.raises(InputError, match=r"compressed.*another folder"):
        loop.run(CELLS, lambda _: pytest.fail("executed"), Records(tmp_path), lambda _: None)


def test_what_is_finished_is_followed_line_by_line(tmp_path: Path) -> None:
    """Whatever part of a line is there when the question comes."""
    Records(tmp_path / "whole").append(row for cell in CELLS for row in rows(cell))
    data = (tmp_path / "whole" / FILE_NAME).read_bytes()
    followed = Finished(tmp_path)
    for size in range(len(data)):
        (tmp_path / FILE_NAME).write_bytes(data[: size + 1])
        ended = data[: size + 1].count(b"\n")
        assert [cell.run_id in followed for cell in CELLS] == [n < ended for n in range(4)]
    assert finished(tmp_path) == set("abcd")
