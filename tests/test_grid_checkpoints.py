"""A grid that is stopped within a run goes on within it, to the same records."""

import signal
from dataclasses import replace
from pathlib import Path

import pytest
from faults.scenarios import BY_THE_CLOCK
from test_grid import BASE

from w2vjax.config.schema import OutputConfig
from w2vjax.engine.replicas import Run
from w2vjax.errors import Stopped
from w2vjax.records import file as records
from w2vjax.records.attempts import look
from w2vjax.study import grid

CONFIGS = [
    replace(BASE, output=OutputConfig("nce"), train=replace(BASE.train, seed=seed, epochs=2.0))
    for seed in range(2)
]


@pytest.fixture(autouse=True)
def no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid.report, "build", lambda folder: [])


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """An item a segment that is trained; a signal comes at that of the number that is set."""
    segments: list[int] = []
    arguments = Run.arguments

    def counted(*given):
        segments.append(0)
        if len(segments) == STOP["at"]:
            signal.raise_signal(STOP["signal"])
        return arguments(*given)

    monkeypatch.setattr(Run, "arguments", counted)
    monkeypatch.setitem(STOP, "at", 0)
    return segments


STOP = {"at": 0, "signal": signal.SIGUSR1}


def told(folder: Path) -> list[tuple]:
    rows = [
        {name: value for name, value in row.items() if name not in BY_THE_CLOCK}
        for row in records.rows(folder)
        if not row["metric"].startswith("speed/")
    ]
    return sorted(tuple(sorted(map(repr, row.items()))) for row in rows)


@pytest.mark.parametrize("together", [1, 2])
def test_a_stopped_grid_goes_on_within_a_run(together: int, trained, tmp_path, monkeypatch) -> None:
    def ran(name: str) -> int:
        trained.clear()
        grid.run("t", CONFIGS, tmp_path / name, show=False, seeds_together=together)
        return len(trained)

    whole = ran("whole")
    stop = whole - whole // 4
    monkeypatch.setitem(STOP, "at", stop)
    with pytest.raises(Stopped):
        ran("stopped")
    folder = tmp_path / "stopped"
    assert len(records.finished(folder)) == 2 - together
    assert len([*(folder / "checkpoints").iterdir()]) == 1
    assert not look(folder, CONFIGS[1].run_id).taken
    monkeypatch.setitem(STOP, "at", 0)
    assert ran("stopped") <= whole - stop + 1 < whole
    assert told(folder) == told(tmp_path / "whole")
    assert not (folder / "checkpoints").exists()


def test_a_job_that_is_asked_to_stop_leaves_a_checkpoint_and_the_signal_to_submitit(
    trained, tmp_path, monkeypatch
) -> None:
    taken = []
    before = signal.signal(signal.SIGUSR2, lambda number, _: taken.append(number))
    monkeypatch.setattr(grid.devices, "prepare", lambda *_: None)
    monkeypatch.setitem(STOP, "at", 2)
    monkeypatch.setitem(STOP, "signal", signal.SIGUSR2)
    job = grid.RemoteJob(tmp_path, False, grid.NOT_WATCHED)
    try:
        with pytest.raises(Stopped):
            job(CONFIGS[:1])
    finally:
        signal.signal(signal.SIGUSR2, before)
    assert taken == [signal.SIGUSR2]
    assert job.checkpoints(CONFIGS[:1]).any_there()
    done = len(trained)
    job(CONFIGS[:1])
    assert look(tmp_path, CONFIGS[0].run_id).finished and len(trained) > done
    assert not job.checkpoints(CONFIGS[:1]).any_there()
