"""Many experiments: each is run once, whatever happens."""

import errno
import json
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from w2vjax.config.overrides import override
from w2vjax.config.schema import CorpusConfig, OutputConfig, RunConfig, SamplerConfig, TrainConfig
from w2vjax.errors import InputError
from w2vjax.records import file as records
from w2vjax.records import parts as module
from w2vjax.records.metrics import FAILED, FINISHED
from w2vjax.records.parts import parts
from w2vjax.study import costs, grid, loop, plan
from w2vjax.text.encoding import encode

BASE = RunConfig(CorpusConfig("planted", max_words=20_000), train=TrainConfig(dim=4, devices=1))
CONFIGS = [
    replace(BASE, output=OutputConfig(layer), train=replace(BASE.train, seed=seed))
    for seed in range(2)
    for layer in ("nce", "full-softmax")
]


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[RunConfig]:
    """Runs in the order they were made, without training; reports are not built."""
    made: list[RunConfig] = []

    def execute(configs, corpus, show, watching, checkpoints):
        (config,) = configs
        made.append(config)
        base = {"run": config.run_id, "corpus_sha256": corpus.sha256}
        rows = [("analogy/total", 0.5), ("speed/words", 1e6), (FINISHED, None)]
        return [(None, [base | {"metric": metric, "value": value} for metric, value in rows])]

    monkeypatch.setattr(grid, "execute", execute)
    monkeypatch.setattr(grid.report, "build", lambda folder: [])
    return made


def failing(monkeypatch: pytest.MonkeyPatch, number: int, error: BaseException) -> None:
    """The n-th run from now fails."""
    good: Callable = grid.execute
    calls = 0

    def execute(*arguments):
        nonlocal calls
        calls += 1
        if calls == number:
            raise error
        return good(*arguments)

    monkeypatch.setattr(grid, "execute", execute)


def written(folder: Path) -> list[dict]:
    """All rows, as they stand in the files."""
    lines = (line for path in parts(folder) for line in path.read_text().splitlines())
    return [json.loads(line) for line in lines]


def metrics(folder: Path, metric: str) -> list[dict]:
    return [row for row in written(folder) if row["metric"] == metric]


def test_finished_runs_are_not_run_again(done, tmp_path, capsys):
    first = grid.run("test", CONFIGS[:3], tmp_path)
    assert (first.finished, first.failed, len(done)) == (3, [], 3)
    second = grid.run("test", CONFIGS, tmp_path)
    assert second.finished == 4 and done == CONFIGS
    before = parts(tmp_path)
    assert "1 of them to do" in capsys.readouterr().err
    third = grid.run("test", CONFIGS, tmp_path)
    assert third.finished == 4 and done == CONFIGS and parts(tmp_path) == before
    plans = [path for path in parts(tmp_path) if path.name.startswith("plan-")]
    assert len(plans) == 2, "once for each grid that was asked for"
    laws = [(row["metric"], row["x"]) for row in written(tmp_path) if "run" not in row]
    assert laws and len(set(laws)) == len(laws), "and the samplers' distributions are written once"


def test_the_plan_comes_first_and_every_run_has_a_line(done, tmp_path, capsys):
    grid.run("study", CONFIGS, tmp_path)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "study: 2 cells, 4 runs, 4 of them to do"
    assert "planted, 20,000 words" in lines[1]
    assert [line.strip().split(":")[0] for line in lines[2:5]] == [
        *("nce / unigram^0.75", "full-softmax", "all"),
    ]
    told = [line for line in lines if line.startswith("[")]
    assert told[0].startswith("[1/4] nce / unigram^0.75, seed 0: 50.0 % of analogies, 1.00 M")
    assert told[0] == lines[5] and len(told) == 4, "the table so far stands between them"
    assert all(line.endswith(" left") for line in told) and told[-1].endswith("; 0 s left")


def test_a_failed_run_is_recorded_and_the_grid_goes_on(done, tmp_path, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        failing(patch, 2, FloatingPointError("no longer finite at step 7"))
        outcome = grid.run("test", CONFIGS, tmp_path)
    assert outcome.failed == ["full-softmax, seed 0"] and outcome.finished == 3
    [row] = metrics(tmp_path, FAILED)
    assert row["message"] == "no longer finite at step 7" and row["run"] == CONFIGS[1].run_id
    assert "failed: no longer finite" in capsys.readouterr().err
    assert grid.run("test", CONFIGS, tmp_path).finished == 4, "tried again"
    assert done[-1] == CONFIGS[1] and len(done) == 4


def test_an_interruption_keeps_what_is_finished(done, tmp_path, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        failing(patch, 3, KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            grid.run("test", CONFIGS, tmp_path)
    assert "interrupted: 2 of 4 runs are finished and kept" in capsys.readouterr().err
    assert records.finished(tmp_path) == {config.run_id for config in CONFIGS[:2]}
    assert grid.run("test", CONFIGS, tmp_path).finished == 4 and done == CONFIGS


def test_programming_errors_are_not_hidden(done, tmp_path, monkeypatch):
    failing(monkeypatch, 1, TypeError("a mistake"))
    with pytest.raises(TypeError):
        grid.run("test", CONFIGS, tmp_path)


def test_shards_share_the_runs(done, tmp_path):
    grid.run("test", CONFIGS, tmp_path, shard="2/3")
    assert done == [CONFIGS[1]]
    for shard in ("1/3", "3/3"):
        grid.run("test", CONFIGS, tmp_path, shard)
    assert len(done) == 4 and set(done) == set(CONFIGS)


HOLD = """
import sys
from pathlib import Path
from w2vjax.records.attempts import begun
with begun(Path(sys.argv[1]), [sys.argv[2]]) as claimed:
    print("held" if claimed else "taken", flush=True)
    sys.stdin.read()
"""


def test_two_processes_never_do_the_same_run(done, tmp_path, monkeypatch, capsys):
    taken = CONFIGS[2].run_id
    command = [sys.executable, "-c", HOLD, str(tmp_path), taken]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as other:
        assert other.stdout.readline() == "held\n"

        def sleep(seconds: float) -> None:
            assert CONFIGS[2] not in done and len(done) == 3, "all others come first"
            other.communicate()  # it stops, and has nothing to record

        monkeypatch.setattr(loop.time, "sleep", sleep)
        outcome = grid.run("test", CONFIGS, tmp_path)
    assert outcome.finished == 4 and done[-1] == CONFIGS[2], "then it is done here"
    assert f"waiting for 1 that others are at ({socket.gethostname()}, process {other.pid})" in (
        capsys.readouterr().err
    )


def too_many_different_words() -> RunConfig:
    return override(CONFIGS[0], {"output.sampler.unique": True, "train.noise_per_block": 60_000})


@pytest.mark.parametrize(
    ("configs", "shard", "message"),
    [
        ([], "1/1", "empty"),
        ([CONFIGS[0], CONFIGS[1], CONFIGS[0]], "1/1", "nce / unigram.*twice"),
        (CONFIGS, "0/2", "shard"),
        (CONFIGS, "3/2", "shard"),
        (CONFIGS, "half", "shard"),
        ([replace(BASE, output=OutputConfig("ncee"))], "1/1", "did you mean nce"),
        ([replace(BASE, train=replace(BASE.train, devices=99))], "1/1", "devices is 99"),
        ([replace(BASE, corpus=CorpusConfig("planned"))], "1/1", "did you mean planted"),
        ([too_many_different_words()], "1/1", "60000 different noise words are asked for"),
        (
            [override(CONFIGS[0], {"output.sampler.reserved": 3})],
            "1/1",
            "never draws 3 of the .* words",
        ),
    ],
)
def test_impossible_grids_are_refused_before_anything_runs(configs, shard, message, done, tmp_path):
    folder = tmp_path / "results"
    with pytest.raises(InputError, match=message):
        grid.run("test", configs, folder, shard)
    assert not done and not folder.exists()


def test_results_of_another_text_are_refused(done, tmp_path):
    text = tmp_path / "text.txt"
    own = CorpusConfig(str(text))
    whole = [replace(config, train=replace(config.train, subsample=0.0)) for config in CONFIGS]
    configs = [replace(config, corpus=own) for config in whole]
    text.write_text("one two three one two " * 20)
    grid.run("test", configs[:1], tmp_path / "results")
    text.write_text("one two three four " * 20)
    with pytest.raises(InputError, match="another text"):
        grid.run("test", configs, tmp_path / "results")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="no folder"):
        grid.run("test", configs, tmp_path / "file")


def test_results_of_another_grid_are_refused(done, tmp_path):
    grid.run("test", CONFIGS[:2], tmp_path)
    other = [replace(config, train=replace(config.train, dim=5)) for config in CONFIGS[:2]]
    both = "nce / unigram^0.75, seed 0; full-softmax, seed 0"
    for configs, named in ((other, both), ([*other, CONFIGS[1]], both.partition(";")[0])):
        with pytest.raises(
            InputError, match=rf"another grid.*{re.escape(f'({named}): choose ano')}"
        ):
            grid.run("test", configs, tmp_path)
    assert len(done) == 2
    assert grid.run("test", CONFIGS, tmp_path).finished == 4, "more of the same grid"


def test_what_cannot_fit_is_refused_before_it_starts(done, tmp_path, monkeypatch):
    table = replace(BASE, output=OutputConfig("nce", SamplerConfig(mechanism="table")))
    needed = costs.memory(table, encode(BASE.corpus, progress=False), 1)
    assert needed > costs.memory(BASE, encode(BASE.corpus, progress=False), 1) + 4e7
    monkeypatch.setattr(plan.machine, "available_memory", lambda: int(needed) - 1)
    with pytest.raises(
        InputError, match=r"table, seed 0 needs about 0\.7 GiB.* 0\.7 GiB are avail"
    ):
        grid.run("test", [BASE, table], tmp_path / "no")
    assert not done and not (tmp_path / "no").exists()
    monkeypatch.setattr(plan.machine, "available_memory", lambda: int(needed) + 1)
    assert grid.run("test", [BASE, table], tmp_path).finished == 2
    monkeypatch.setattr(plan.machine, "available_memory", lambda: None)
    grid.run("test", [BASE, table], tmp_path / "unknown")


def test_a_full_disk_loses_nothing_that_was_finished(done, tmp_path, monkeypatch, capsys):
    flush, left = module._flush, 7  # the plan, two laws, two runs: claimed, and done

    def full(file, data: bytes) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            flush(file, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        flush(file, data)

    with monkeypatch.context() as patch:
        patch.setattr(module, "_flush", full)
        with pytest.raises(InputError, match=r"cannot write .*No space left.*free the disk"):
            grid.run("test", CONFIGS, tmp_path)
    told = capsys.readouterr().err
    assert "stopped: 2 of 4 runs are finished and kept" in told
    assert records.finished(tmp_path) == {config.run_id for config in CONFIGS[:2]}
    assert grid.run("test", CONFIGS, tmp_path).finished == 4 and len(done) == 4


def test_the_table_grows_seed_by_seed(done, tmp_path, capsys):
    """A whole table after every seed but the last, which the end prints."""
    grid.run("test", CONFIGS, tmp_path)
    error = capsys.readouterr().err
    assert error.count("| layer ") == 1, error
    lines = error.splitlines()
    (first,) = [number for number, line in enumerate(lines) if line.startswith("So far")]
    assert "with 2 runs and about" in lines[first]
    assert [line.split("]")[0] for line in lines[:first] if line.startswith("[")] == [
        "[1/4",
        "[2/4",
    ]
    rows = [line for line in lines[first:] if line.startswith(("| NCE", "| full"))]
    assert len(rows) == 2 and all("50.0" in row for row in rows)
    grid.run("test", CONFIGS[::2], tmp_path / "one cell")
    assert "So far" not in capsys.readouterr().err
