"""Runs in jobs: on this machine, on Slurm, by any executor; what is lost is told, and no more."""

import os
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import submitit
from jobs import Cell, Work
from test_grid import CONFIGS, done  # noqa: F401

from w2vjax.commands.cli import main
from w2vjax.errors import InputError
from w2vjax.records import attempts
from w2vjax.records import file as records
from w2vjax.records.metrics import FAILED, FINISHED
from w2vjax.study import grid, launch, loop
from w2vjax.study.experiment_file import read_experiment
from w2vjax.study.launch import Slurm, executor

HERE = Path(__file__).parent
SPLIT = hasattr(os, "sched_setaffinity")


@pytest.fixture
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes of jobs find the tests' own modules."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), str(HERE.parent)]))


def ran(names: list[str], folder: Path, by) -> tuple[loop.Outcome, dict[str, str]]:
    """What becomes of cells, and what is told of each."""
    told: dict[str, str] = {}
    groups = [[Cell(name)] for name in names]

    def tell(ended: loop.Ended[Cell]) -> None:
        told[ended.cell.run_id] = ended.reason

    return loop.run_groups(groups, Work(folder), folder, tell, executor=by), told


def test_jobs_on_this_machine_share_it_and_lose_only_themselves(importable, tmp_path) -> None:
    names = ["a", "killed", "pre-empted", "broken", "diverges", "b"]
    outcome, told = ran(names, tmp_path, executor("local:2", Slurm(gpus=2), tmp_path))
    assert outcome.finished == 3 and sorted(outcome.failed) == ["broken", "diverges", "killed"]
    assert {name for name, reason in told.items() if not reason} == {"a", "b", "pre-empted"}
    assert told["diverges"] == "failed: no longer finite"
    for name, what in (("killed", "without a result"), ("broken", "in an error, OSError: no such")):
        reason = told[name]
        assert reason.startswith(f"failed: its job ended {what}") and "\n" not in reason
        log = Path(reason.rpartition("see ")[2])
        assert log.parent == tmp_path / "jobs" and log.exists()
    rows = records.rows(tmp_path)
    assert {row["run"]: row["message"] for row in rows if row["metric"] == FAILED} == {
        name: told[name].removeprefix("failed: ") for name in outcome.failed
    }, "they are recorded as failed, with the place of the log"
    assert attempts.look(tmp_path, "pre-empted").attempts == 2
    ends = [row for row in rows if row["metric"] == FINISHED]
    assert {row["gpus"] for row in ends} <= {"0,1", "2,3"}
    mine = len(os.sched_getaffinity(0)) if SPLIT else 0
    assert all(len(row["cores"].split(",")) == max(1, mine // 2) for row in ends) or not SPLIT


def test_the_driver_may_be_started_again(importable, tmp_path) -> None:
    """What is finished stays; what a live process is at is waited for; the rest is done."""
    first, _ = ran(["a", "diverges"], tmp_path, executor("local:1", Slurm(), tmp_path))
    assert first.finished == 1
    with ThreadPoolExecutor() as pool, attempts.begun(tmp_path, ["c"]) as mine:
        other = pool.submit(ran, ["a", "b", "c", "diverges"], tmp_path, pool)
        mine["c"].end([{"run": "c", "metric": FINISHED, "value": None}])
        outcome, told = other.result(timeout=60)
    assert outcome.finished == 3 and outcome.failed == ["diverges"]
    assert "a" not in told and told["b"] == ""


DEBUG = pytest.mark.filterwarnings(  # submitit's debug executor leaves its logs open
    "ignore:Exception ignored:pytest.PytestUnraisableExceptionWarning"
)


class Pickling:
    """Submitit's debug executor, given what it gets as another machine would get it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def submit(self, function, /, *arguments):
        self.sent = pickle.dumps((function, arguments))
        function, arguments = pickle.loads(self.sent)
        return submitit.DebugExecutor(self.folder).submit(function, *arguments)


@DEBUG
def test_any_executor_runs_a_grid(done, tmp_path) -> None:  # noqa: F811
    pickling = Pickling(tmp_path / "logs")
    outcome = grid.run("test", CONFIGS, tmp_path / "a", executor=pickling, show=False)
    assert outcome.finished == 4 and sorted(map(hash, done)) == sorted(map(hash, CONFIGS))
    assert len(pickling.sent) < 4_000, "no text travels"
    with ThreadPoolExecutor(2) as pool:
        grid.run("test", CONFIGS[:2], tmp_path / "b", executor=pool, show=False)
    assert len(done) == 6 and records.finished(tmp_path / "b") == {c.run_id for c in CONFIGS[:2]}


def test_a_job_that_is_pre_empted_is_the_same_again(tmp_path) -> None:
    job = grid.RemoteJob(tmp_path, False, grid.NOT_WATCHED)
    again = job.checkpoint(CONFIGS[:1])
    assert (again.function, again.args) == (job, (CONFIGS[:1],))


@DEBUG
def test_what_a_machine_cannot_do_is_a_failure_of_the_run(done, tmp_path, monkeypatch) -> None:  # noqa: F811
    monkeypatch.setattr(grid.plan.machine, "available_memory", lambda: 1)
    outcome = grid.run("t", CONFIGS[:2], tmp_path, executor=Pickling(tmp_path / "logs"), show=False)
    assert len(outcome.failed) == 2 and not done
    failed = [row["message"] for row in records.rows(tmp_path) if row["metric"] == FAILED]
    assert all("GiB of memory" in message for message in failed)


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Slurm whose sbatch keeps what it is given, and refuses it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    sbatch = (
        f"#!/bin/sh\ncp $1 {tmp_path}/given\necho 'sbatch: error: invalid partition' >&2\nexit 1"
    )
    for name, text in (("sbatch", sbatch), ("srun", "#!/bin/sh\n")):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    return tmp_path / "given"


def test_slurm_is_given_one_array_and_its_refusal_is_one_line(slurm, tmp_path) -> None:
    asked = Slurm("fast", 90, 1.5, 2, 1, 7, ("account=me",))
    with pytest.raises(InputError, match=r"^Slurm takes no jobs: .*invalid partition$"):
        ran(["a", "b", "c"], tmp_path, executor("slurm", asked, tmp_path))
    given = slurm.read_text()
    for option in (
        *("partition=fast", "time=90", "mem=1536M", "cpus-per-task=2", "gpus-per-node=1"),
        *("array=0-2%3", "account=me", "signal=USR2@90"),
    ):
        assert f"#SBATCH --{option}\n" in given, option
    assert not records.finished(tmp_path)


@pytest.mark.parametrize(
    "launched, message",
    [
        ("local", "launch is 'local': give local:N"),
        ("local:0", "give local:N"),
        ("ray", "give local:N"),
        ("slurm", "Slurm is not installed here"),
    ],
)
def test_what_cannot_be_launched_is_told_in_one_line(
    launched: str, message: str, tmp_path: Path, monkeypatch, capsys
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    out = str(tmp_path / "out")
    assert main(["compare", "--corpus", "planted", "--launch", launched, "--out", out]) == 2
    assert message in capsys.readouterr().err and not Path(out).exists()


def test_a_machine_without_submitit_is_told_what_to_install(monkeypatch, tmp_path) -> None:
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(InputError, match=r"not installed: pip install 'w2vjax\[cluster\]'"):
        executor("local:2", Slurm(), tmp_path)


FILE = """
launch = "slurm"
[slurm]
partition = "fast"
gpus = 1
sbatch = ["account=me"]
[base]
train.dims = 3
"""


def test_a_grid_file_says_where_its_runs_go(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(FILE)
    experiment = read_experiment(path)
    assert experiment.launch == "slurm"
    assert experiment.slurm == Slurm("fast", gpus=1, sbatch=("account=me",))
    both = Slurm(gpus=2, minutes=9).over(experiment.slurm)
    assert both == Slurm("fast", 9, gpus=2, sbatch=("account=me",))
    with pytest.raises(InputError, match=rf"^{path}: unknown field 'train.dims': did you mean"):
        experiment.configs()


@pytest.mark.parametrize(
    "line, message",
    [
        ("minutes = '3'", "minutes is '3': give a whole number"),
        ("gpus = 0", "gpus is 0"),
        ("memory = true", "memory is True"),
        ("partition = 3", "partition is 3"),
        ("partitions = 'a'", "did you mean partition"),
        ("sbatch = ['account']", "give NAME=VALUE"),
        ("sbatch = 'a=b'", "must be a list"),
    ],
)
def test_what_slurm_cannot_be_asked_is_refused(line: str, message: str, tmp_path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f"[slurm]\n{line}\n")
    with pytest.raises(InputError, match=rf"^{path}: .*{message}"):
        read_experiment(path)


def test_the_status_is_a_line_a_run_that_is_not_done(done, tmp_path, capsys) -> None:  # noqa: F811
    grid.run("test", CONFIGS[:2], tmp_path, show=False)
    with attempts.begun(tmp_path, [CONFIGS[2].run_id]):
        grid.share(tmp_path, "plan", [grid.planned(c, "test") for c in CONFIGS])
        attempts.close(
            tmp_path, CONFIGS[3].run_id, 0, loop._failure(CONFIGS[3], "its job ended: see log")
        )
        capsys.readouterr()
        assert main(["grid", str(tmp_path), "--status"]) == 1, "one has failed"
    lines = capsys.readouterr().out.splitlines()
    assert "2 of 4 runs done, 1 running, 1 failed" in lines[0] and "left" in lines[0]
    assert "NCE, unigram^0.75, seed 1: " in lines[1] and f"process {os.getpid()}, since" in lines[1]
    assert lines[2].endswith("seed 1 failed: its job ended: see log") and len(lines) == 3


def test_a_share_of_the_cores_is_what_a_job_starts_with() -> None:
    if not SPLIT:
        pytest.skip("only Linux gives processes cores")
    mine = sorted(os.sched_getaffinity(0))
    for places in (1, 2, 5):
        shares = []
        for place in range(places):
            with launch._on_cores(place, places):
                shares.append(sorted(os.sched_getaffinity(0)))
        assert {core for share in shares for core in share} == set(mine)
        assert all(shares) and (len(mine) < places or sum(map(len, shares)) == len(mine))
    assert sorted(os.sched_getaffinity(0)) == mine
