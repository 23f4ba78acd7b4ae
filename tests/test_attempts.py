"""Attempts at runs: one process at a time, told by files alone, and all records read together."""

import json
import lzma
import os
import subprocess
import sys
from pathlib import Path

import pytest

from w2vjax.errors import InputError
from w2vjax.records import attempts, parts
from w2vjax.records import file as records
from w2vjax.records.attempts import Onlooker, begun, close, look
from w2vjax.records.metrics import CLAIMED, FAILED, FINISHED, PLANNED, STOPPED

RUN = "a/b, seed 0"
"""as no file may be called"""


def end(metric: str = FINISHED, **fields) -> list[dict]:
    rows = [{"run": RUN, "metric": "m", "value": 1.0}]
    return [*rows, {"run": RUN, "metric": metric, "value": None} | fields]


def claim(folder: Path, number: int = 0, **fields) -> Path:
    """The file of an attempt that goes on, of another process than this."""
    made = attempts._row(RUN, CLAIMED) | {"machine": "another", "host": "elsewhere"} | fields
    path = attempts._path(folder, RUN, number)
    assert parts.create(path, [made])
    return path


def test_a_run_is_free_then_taken_then_finished_for_ever(tmp_path):
    assert not look(tmp_path, RUN).taken and look(tmp_path, RUN).attempts == 0
    with begun(tmp_path, [RUN]) as mine:
        assert look(tmp_path, RUN).taken and records.is_empty(tmp_path)
        with begun(tmp_path, [RUN]) as none:
            assert not none
        mine[RUN].end(end())
    assert look(tmp_path, RUN).finished and records.finished(tmp_path) == {RUN}
    with begun(tmp_path, [RUN]) as none:
        assert not none
    assert len(parts.parts(tmp_path)) == 1, "an attempt is one file"
    assert attempts.rows(tmp_path, RUN)[0]["metric"] == "m"


@pytest.mark.parametrize("metric", [FAILED, STOPPED])
def test_what_failed_or_was_stopped_may_be_tried_again(metric, tmp_path):
    with begun(tmp_path, [RUN]) as mine:
        mine[RUN].end(end(metric))
    state = look(tmp_path, RUN)
    assert (state.taken, state.finished, state.failed) == (False, False, metric == FAILED)
    with begun(tmp_path, [RUN]) as mine:
        mine[RUN].end(end())
    assert look(tmp_path, RUN).finished and len(parts.parts(tmp_path)) == 2


def test_an_interruption_frees_the_runs_that_have_not_ended(tmp_path):
    with pytest.raises(KeyboardInterrupt), begun(tmp_path, [RUN, "b"]) as mine:
        mine["b"].end([{"run": "b", "metric": FINISHED, "value": None}])
        raise KeyboardInterrupt
    assert look(tmp_path, "b").finished and look(tmp_path, RUN).row["metric"] == STOPPED
    assert records.finished(tmp_path) == {"b"}


DIE = """
import os, sys
from pathlib import Path
from w2vjax.records.attempts import begun
with begun(Path(sys.argv[1]), [sys.argv[2]]):
    os.kill(os.getpid(), 9)
"""


def test_a_run_whose_process_died_here_is_free_at_once(tmp_path):
    subprocess.run([sys.executable, "-c", DIE, str(tmp_path), RUN], check=False)
    state = look(tmp_path, RUN)
    assert state.attempts == 1 and state.row["metric"] == CLAIMED and not state.taken
    with begun(tmp_path, [RUN]) as mine:
        assert mine


def test_a_job_that_is_started_again_goes_on_with_its_own_runs(tmp_path, monkeypatch):
    claim(tmp_path, job="7", restarts=0)
    assert look(tmp_path, RUN).taken
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    assert look(tmp_path, RUN).taken, "it may be another task of the same job"
    monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
    assert not look(tmp_path, RUN).taken
    monkeypatch.setenv("SLURM_JOB_ID", "8")
    assert look(tmp_path, RUN).taken


def test_a_silent_attempt_is_over_and_a_touched_one_is_not(tmp_path, monkeypatch):
    path, now = claim(tmp_path), 0.0
    monkeypatch.setattr(attempts.time, "monotonic", lambda: now)
    onlooker = Onlooker()
    for seconds, touched, silent in (
        (0, 1, False),
        (179, 1, False),
        (181, 1, True),
        (182, 2, False),
    ):
        now = float(seconds)
        os.utime(path, (touched, touched))
        assert onlooker.silent(RUN, look(tmp_path, RUN)) == silent
    assert close(tmp_path, RUN, 1) and not close(tmp_path, RUN, 1), "by one alone"
    state = look(tmp_path, RUN)
    assert state.attempts == 2 and not state.taken
    parts.replace(path, end())  # it was not dead after all
    assert look(tmp_path, RUN).finished


@pytest.mark.parametrize("text", [b"", b'{"protocol": 2, "met'])
def test_a_claim_that_is_being_written_is_one(text, tmp_path):
    path = attempts._path(tmp_path, RUN, 0)
    path.parent.mkdir()
    path.write_bytes(text)
    assert look(tmp_path, RUN).taken and records.is_empty(tmp_path)
    with begun(tmp_path, [RUN]) as mine:
        assert not mine


def test_attempts_are_touched_while_they_go_on(tmp_path, monkeypatch):
    monkeypatch.setattr(attempts, "BEAT", 0.01)
    with begun(tmp_path, [RUN]):
        first = look(tmp_path, RUN).touched
        for _ in range(1_000):
            attempts.time.sleep(0.005)
            if look(tmp_path, RUN).touched > first:
                break
        else:
            pytest.fail("nobody touches it")


def test_the_same_rows_are_one_file(tmp_path):
    plan = [{"run": "a", "metric": PLANNED, "value": None}]
    for rows in (plan, plan, [], plan + plan):
        parts.share(tmp_path, "plan", rows)
    assert len(parts.parts(tmp_path)) == 2
    assert len(records.rows(tmp_path)) == 1


def test_files_of_all_kinds_are_read_together(tmp_path):
    plan = {"run": RUN, "metric": PLANNED, "value": None, "label": "nce", "seed": 0}
    old = [{"run": RUN, "metric": "m", "value": 0.0}, {"run": "b", "metric": FINISHED, "value": 0}]
    records.Records(tmp_path).append(old)
    with begun(tmp_path, [RUN, "c"]) as mine:
        mine[RUN].end(end())
        parts.share(tmp_path, "plan", [plan])
        found = records.rows(tmp_path)
    assert found[0]["metric"] == PLANNED, "plans first"
    assert [row["value"] for row in found if row["metric"] == "m"] == [1.0], "as last made"
    assert {row["label"] for row in found if row["run"] == RUN} == {"nce"}
    assert records.finished(tmp_path) == {RUN, "b"}
    plain = tmp_path / records.FILE_NAME
    (tmp_path / f"{records.FILE_NAME}.xz").write_bytes(lzma.compress(plain.read_bytes()))
    plain.unlink()
    assert records.rows(tmp_path) == found
    whole = b"".join(path.read_bytes() for path in parts.parts(tmp_path))
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / records.FILE_NAME).write_bytes(whole)
    assert records.finished(tmp_path / "one") == {RUN}, "put together by hand"


def test_a_damaged_part_is_named_and_protocols_are_not_mixed(tmp_path):
    with begun(tmp_path, [RUN]) as mine:
        mine[RUN].end(end())
    (path,) = parts.parts(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole + b"{}\n")
    with pytest.raises(InputError, match=rf"{path.name}, line 3: not a record"):
        records.rows(tmp_path)
    path.write_bytes(whole)
    old = {"protocol": 1, "metric": "m", "value": 1}
    (tmp_path / records.FILE_NAME).write_text(json.dumps(old) + "\n")
    with pytest.raises(InputError, match=rf"1 from line 1 of .*, 2 from line 1 of {path.name}"):
        records.rows(tmp_path)


def test_what_cannot_be_written_leaves_the_run_free(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(parts, "_flush", full)
        failure = pytest.raises(InputError, match="No space left on device; free the disk")
        with failure, begun(tmp_path, [RUN]):
            pytest.fail("begun")
    assert not look(tmp_path, RUN).attempts
