"""A few rounds of `tests/faults`, of what takes no JAX; by hand there are as many as one likes."""

from collections.abc import Iterator

import pytest
from faults.__main__ import main
from faults.rounds import Arena

ROUNDS = {
    "encoding": ("kill", "full", "together", "cut"),
    "download": ("kill", "terminate", "connection"),
}


@pytest.fixture(scope="module")
def arenas(tmp_path_factory) -> Iterator[dict[str, Arena]]:
    folder = tmp_path_factory.mktemp("faults")
    yield {name: Arena(name, folder) for name in ROUNDS}


@pytest.mark.parametrize(
    ("scenario", "fault"),
    [(scenario, fault) for scenario, faults in ROUNDS.items() for fault in faults],
)
def test_after_a_fault_all_is_as_without(arenas, scenario, fault):
    assert arenas[scenario].play(fault, 0).wrong == []


def test_rounds_by_hand_are_shown_kept_and_gone_on_with(tmp_path, capsys):
    command = ["--scenarios", "download", "--faults", "connection", "--folder", str(tmp_path)]
    assert main([*command, "--rounds", "1"]) == 0
    assert "[1/1] download, connection [2, 0]: as without a fault\n" in capsys.readouterr().out
    kept = tmp_path / "rounds.jsonl"
    assert main([*command, "--rounds", "2"]) == 0
    assert "[1/2]" not in capsys.readouterr().out and len(kept.read_text().splitlines()) == 2
    kept.write_text(kept.read_text().replace('"wrong": []', '"wrong": ["lost"]', 1))
    assert main([*command, "--rounds", "2"]) == 1
    assert "2 rounds, 1 wrong" in capsys.readouterr().out
