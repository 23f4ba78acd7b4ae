"""Seeds of a cell as one program: each is the run that it is alone, whatever befalls the others."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from test_grid import BASE, HOLD

from w2vjax.config.schema import OutputConfig, RunConfig
from w2vjax.errors import InputError
from w2vjax.records import file as records
from w2vjax.records.metrics import FAILED, FINISHED
from w2vjax.report.cells import load
from w2vjax.study import costs, grid, plan
from w2vjax.text.encoding import encode

LAYERS = ("nce", "hierarchical-softmax")
SEEDS = 3
CONFIGS = [
    replace(BASE, output=OutputConfig(layer), train=replace(BASE.train, seed=seed))
    for seed in range(SEEDS)
    for layer in LAYERS
]
NCE = CONFIGS[:: len(LAYERS)]
"""the seeds of one cell"""


def seeds(group: Sequence[RunConfig]) -> list[int]:
    return [config.train.seed for config in group]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[list[RunConfig]]:
    """Groups in the order they were made, without training; seed 7 fails, and all beside it."""
    groups: list[list[RunConfig]] = []

    def execute(configs, corpus, show, watching, checkpoints):
        groups.append(list(configs))
        if 7 in seeds(configs):
            raise FloatingPointError("no longer finite")
        facts = {"corpus_sha256": corpus.sha256, "replicas": len(configs)}
        rows = [("speed/words", 1e6), (FINISHED, None)]
        return [
            (None, [facts | {"run": c.run_id, "metric": name, "value": v} for name, v in rows])
            for c in configs
        ]

    monkeypatch.setattr(grid, "execute", execute)
    monkeypatch.setattr(grid.report, "build", lambda folder: [])
    return groups


def test_runs_are_the_same_together_and_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grid.report, "build", lambda folder: [])
    for number in (1, 2):
        outcome = grid.run("t", CONFIGS, tmp_path / str(number), show=False, seeds_together=number)
        assert outcome.finished == len(CONFIGS)
    alone, together = (load(tmp_path / str(number)) for number in (1, 2))
    ends = together[together["metric"] == FINISHED].set_index("run")
    assert [ends["replicas"][c.run_id] for c in NCE] == [2, 2, 1]
    assert set(alone["replicas"].dropna()) == {1}
    assert ends["seconds"][NCE[0].run_id] == ends["seconds"][NCE[1].run_id], "a share each"
    key = ["run", "metric", "x"]
    both = alone.merge(together, "outer", key, suffixes=("", "_together"), indicator=True)
    assert (both["_merge"] == "both").all(), "the same rows"
    same = both[~both["metric"].str.startswith("speed/")].dropna(subset=["value"])
    assert same["value"].to_numpy() == pytest.approx(same["value_together"].to_numpy(), rel=1e-4)
    speed = together[together["metric"] == "speed/words"].set_index("run")["value"]
    assert (speed * ends["seconds"]).to_numpy() == pytest.approx(ends["words"].to_numpy())


@pytest.mark.parametrize("size, shards", [(1, 1), (2, 1), (2, 3), (5, 2)])
def test_every_run_is_in_one_group_of_one_shard(size: int, shards: int) -> None:
    closed = [replace(c, output=OutputConfig("sppmi-svd")) for c in NCE]
    runs = [*CONFIGS, *closed]
    parts = [plan.share(plan.grouped(runs, size), f"{n + 1}/{shards}") for n in range(shards)]
    groups = [group for part in parts for group in part]
    assert sorted(c.run_id for group in groups for c in group) == sorted(c.run_id for c in runs)
    for group in groups:
        assert len({costs.cell(config) for config in group}) == 1
        assert len(group) == 1 if group[0] in closed else len(group) <= size
    assert len(groups) == 2 * -(-SEEDS // size) + SEEDS
    if size == 1:
        assert groups == [[config] for config in runs], "in their order"


def test_the_rest_of_a_group_goes_on(made: list[list[RunConfig]], tmp_path: Path) -> None:
    grid.run("test", NCE[1:2], tmp_path)
    outcome = grid.run("test", NCE, tmp_path, seeds_together=3)
    assert outcome.finished == 3 and [seeds(group) for group in made] == [[1], [0, 2]]
    assert grid.run("test", NCE, tmp_path, seeds_together=3).finished == 3 and len(made) == 2


def test_a_group_takes_the_seeds_that_no_other_process_is_at(
    made: list[list[RunConfig]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path), NCE[0].run_id]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as other:
        assert other.stdout is not None and other.stdin is not None
        assert other.stdout.readline() == "held\n"
        monkeypatch.setattr(grid.loop.time, "sleep", lambda _: other.communicate())
        outcome = grid.run("test", NCE, tmp_path, seeds_together=3)
    assert outcome.finished == 3
    assert [seeds(group) for group in made] == [[1, 2], [0]], "the other stopped, with nothing done"


def test_all_seeds_of_a_group_are_claimed(
    made: list[list[RunConfig]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute, found = grid.execute, []

    def asked(*given):
        for config in NCE:
            command = [sys.executable, "-c", HOLD, str(tmp_path), config.run_id]
            found.append(subprocess.run(command, input="", capture_output=True, text=True).stdout)
        return execute(*given)

    monkeypatch.setattr(grid, "execute", asked)
    grid.run("test", NCE, tmp_path, seeds_together=2)
    assert found == ["taken\n", "taken\n", "held\n", "taken\n", "taken\n", "taken\n"]


def test_a_seed_that_fails_takes_no_other_with_it(
    made: list[list[RunConfig]], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    bad = replace(BASE, output=OutputConfig("nce"), train=replace(BASE.train, seed=7))
    outcome = grid.run("test", [NCE[0], bad, NCE[1]], tmp_path, seeds_together=3)
    assert (outcome.finished, outcome.failed) == (2, ["nce / unigram^0.75, seed 7"])
    assert [seeds(group) for group in made] == [[0, 7, 1], [0], [7], [1]]
    told = capsys.readouterr().err
    assert "3 together failed (no longer finite): now one by one" in told
    [row] = [row for row in records.rows(tmp_path) if row["metric"] == FAILED]
    assert (row["run"], row["message"]) == (bad.run_id, "no longer finite")


def test_what_is_too_large_together_is_refused(
    made: list[list[RunConfig]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = costs.memory(NCE[0], encode(BASE.corpus, progress=False), 1, replicas=3)
    monkeypatch.setattr(plan.machine, "available_memory", lambda: int(needed) - 1)
    with pytest.raises(InputError, match=r"seed 0 and 2 more seeds needs .*lower seeds_together"):
        grid.run("test", NCE, tmp_path, seeds_together=3)
    assert grid.run("test", NCE, tmp_path, seeds_together=2).finished == 3
    with pytest.raises(InputError, match="seeds_together is 0"):
        grid.run("test", NCE, tmp_path, seeds_together=0)
