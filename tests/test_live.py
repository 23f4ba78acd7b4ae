"""A grid that is followed: what its folder says, who is at it, and when it is over."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from test_grid import CONFIGS, HOLD

from w2vjax.commands import live
from w2vjax.errors import InputError
from w2vjax.records.attempts import look
from w2vjax.records.file import Records, Row
from w2vjax.records.metrics import FAILED, FINISHED
from w2vjax.study.run import planned
from w2vjax.study.standing import Standing

IDS = [config.run_id for config in CONFIGS]


def finished(run: str, accuracy: float, seconds: float = 8.0) -> list[Row]:
    spent = {"seconds": seconds, "compile_seconds": 1.5, "evaluation_seconds": 0.5}
    scores = [("analogy/total", accuracy), ("speed/words", 2e6)]
    rows = [{"run": run, "metric": metric, "value": value} for metric, value in scores]
    return [*rows, {"run": run, "metric": FINISHED, "value": None} | spent]


def failed(run: str) -> Row:
    return {"run": run, "metric": FAILED, "value": None, "message": "no longer [finite]"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two seeds of nce and full-softmax: nce is done once and has failed once."""
    file = Records(tmp_path)
    file.append(planned(config, "test") for config in CONFIGS)
    file.append([failed(IDS[0]), *finished(IDS[0], 0.5), failed(IDS[2])])
    return tmp_path


def shown(folder: Path) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(live.table(folder, Standing.of(folder)))
    return " ".join(console.file.getvalue().replace("│", " ").split())  # however lines are broken


def test_a_folder_tells_what_is_done_failed_and_left(folder):
    standing = Standing.of(folder)
    assert [place.done for place in standing.places] == [True, False, False, False]
    assert [place.run for place in standing.failed] == [IDS[2]], "the first was done in the end"
    assert standing.seconds_left() == 20 and not standing.over and not standing.claimed
    text = " ".join(shown(folder).split())
    assert "1 of 4 runs done, 0 running, 1 failed, 2 left, 20 s left, nobody is at it" in text
    assert "seed 1 failed: no longer [finite]" in text and "50.0" in text and "2.00" in text


def test_who_is_at_a_run_is_seen_and_not_disturbed(folder):
    program = [sys.executable, "-c", HOLD, str(folder), IDS[1]]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout and holder.stdout.readline()
        standing = Standing.of(folder)
        text = shown(folder)
        holder.communicate(b"\n")
    assert {run: state.row["process"] for run, state in standing.claimed.items()} == {
        IDS[1]: holder.pid
    }
    assert "1 running" in text and f"process {holder.pid}, since " in text and " s)" in text
    assert not Standing.of(folder).claimed and not look(folder, IDS[1]).taken


def test_it_is_followed_to_the_end_and_nothing_is_written(folder, monkeypatch):
    console = Console(file=io.StringIO(), width=200)
    kept = []

    def wait(seconds: float) -> None:
        kept.append(sorted(path.name for path in folder.iterdir()))
        run = [IDS[1], IDS[3]][len(kept) - 1]
        Records(folder).append(finished(run, 0.25))

    monkeypatch.setattr(live.time, "sleep", wait)
    assert live.follow(folder, console) == 1, "one has failed"
    assert len(kept) == 2 and kept[0] == kept[1] == ["records.jsonl"]
    assert "3 of 4 runs done, 0 running, 1 failed" in " ".join(console.file.getvalue().split())
    Records(folder).append(finished(IDS[2], 0.25))
    assert live.follow(folder, console) == 0


def test_what_is_no_grid_is_refused_and_what_is_not_there_yet_awaited(tmp_path):
    assert not Standing.of(tmp_path).over and "no records yet" in shown(tmp_path)
    assert Standing.of(tmp_path).seconds_left() is None
    Records(tmp_path).append([{"metric": "seconds", "value": 1.0, "experiment": "bench"}])
    with pytest.raises(InputError, match=r"plans no runs: only grids of training runs"):
        Standing.of(tmp_path)


def test_it_starts_no_jax(folder):
    program = (
        "import sys; from w2vjax.commands import live; from w2vjax.study.standing import Standing;"
        "from pathlib import Path; live.table(Path('x'), Standing.of(Path(sys.argv[1])));"
        "live.status(Path(sys.argv[1]));"
        "assert 'jax' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program, str(folder)], check=True)
