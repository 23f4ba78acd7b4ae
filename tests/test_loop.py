"""The loop of grids, gradients and theory: each cell is done once, by whoever comes first."""

import lzma
from dataclasses import dataclass
from pathlib import Path

import pytest

from w2vjax.errors import InputError
from w2vjax.records.file import FILE_NAME, Records
from w2vjax.records.metrics import FAILED, FINISHED
from w2vjax.records.parts import parts
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
            loop.turn([CELLS[2]], lambda cells: [rows(cells[0])], tmp_path)
        return rows(cell)

    outcome = loop.run(CELLS, execute, tmp_path, told.append)
    assert done == ["a", "b", "d"] and outcome == loop.Outcome(finished=4)
    assert [ended.reason for ended in told] == ["", "", "another process has done it", ""]
    assert [len(ended.left) for ended in told] == [3, 2, 1, 0]
    assert loop.run(CELLS, execute, tmp_path, told.append).finished == 4
    assert len(done) == 3 and len(told) == 4


def test_failures_are_recorded_and_all_else_stops(tmp_path: Path, capsys) -> None:
    def execute(cell: Cell) -> list[loop.Row]:
        if cell.run_id == "b":
            raise ValueError("once\nmore")
        if cell.run_id == "d":
            raise KeyboardInterrupt
        return rows(cell)

    with pytest.raises(KeyboardInterrupt):
        loop.run(CELLS, execute, tmp_path, lambda _: None, (ValueError,))
    assert "interrupted: 2 of 4 cells are finished and kept" in capsys.readouterr().err
    text = "".join(path.read_text() for path in parts(tmp_path))
    assert text.count(FAILED) == 1 and '"message": "once"' in text
    with pytest.raises(ValueError, match="once"):
        loop.run(CELLS, execute, tmp_path, lambda _: None)


def test_nothing_is_done_where_nothing_can_be_added(tmp_path: Path) -> None:
    Records(tmp_path).append(rows(CELLS[0]))
    plain = tmp_path / FILE_NAME
    (tmp_path / f"{FILE_NAME}.xz").write_bytes(lzma.compress(plain.read_bytes()))
    plain.unlink()
    quiet = loop.run(CELLS[:1], rows, tmp_path, lambda _: None)
    assert quiet.finished == 1, "all is done"
    with pytest.raises(InputError, match=r"compressed.*another folder"):
        loop.run(CELLS, lambda _: pytest.fail("executed"), tmp_path, lambda _: None)
