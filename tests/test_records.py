"""Records: nothing is lost, nothing is taken for what it is not."""

import json
import lzma
import math
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from w2vjax.errors import InputError
from w2vjax.records import file as records
from w2vjax.records import provenance as module
from w2vjax.records.file import Records, finished
from w2vjax.records.metrics import FAILED, FINISHED, PLANNED
from w2vjax.records.provenance import provenance
from w2vjax.report.cells import load


def row(**fields):
    return {"run": "a", "seed": 0, "label": "nce / uniform", "metric": "m", "value": 1.0} | fields


def test_what_is_appended_is_read(tmp_path):
    Records(tmp_path).append([row(metric="m1", value=0.5), row(metric="m2", value=None, x=3)])
    Records(tmp_path / "records.jsonl").append([row(metric="m3", note="é ‰")])
    frame = load(tmp_path)
    assert list(frame["metric"]) == ["m1", "m2", "m3"]
    assert list(frame["protocol"]) == [records.PROTOCOL] * 3
    assert frame["value"][0] == 0.5 and math.isnan(frame["value"][1]) and frame["x"][1] == 3
    assert frame["note"][2] == "é ‰"


def test_numbers_of_numpy_and_not_finite_ones(tmp_path):
    Records(tmp_path).append([row(value=np.float32(0.5), seed=np.int64(3), x=float("nan"))])
    text = (tmp_path / "records.jsonl").read_text()
    assert json.loads(text) | {"value": 0.5, "seed": 3, "x": None} == json.loads(text)


@pytest.mark.parametrize("wrong", [{"x": [1]}, {"config": {"a": 1}}, {"x": np.zeros(2)}])
def test_a_row_that_is_not_flat_is_refused_and_nothing_written(tmp_path, wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        Records(tmp_path).append([row(), row(**wrong)])
    assert not (tmp_path / "records.jsonl").exists()


@pytest.mark.parametrize("name", ["metric", "value"])
def test_a_row_without_its_measurement_is_refused(tmp_path, name):
    incomplete = row()
    del incomplete[name]
    with pytest.raises(InputError, match=name):
        Records(tmp_path).append([incomplete])


@pytest.mark.parametrize("cut", [1, 10, 60])
def test_a_line_cut_short_is_kept_reported_and_not_fatal(tmp_path, cut):
    path = tmp_path / "records.jsonl"
    Records(path).append([row(run="whole"), row(run="lost", note="ü")])
    path.write_bytes(path.read_bytes()[:-cut])
    half = path.read_bytes().split(b"\n")[-1]
    if cut == 1:  # only the line break is missing: the line is whole
        assert list(load(path)["run"]) == ["whole", "lost"]
        Records(path).append([row(run="next")])
        assert list(load(path)["run"]) == ["whole", "lost", "next"]
        return
    with pytest.warns(UserWarning, match="line, 2, is cut short"):
        assert list(load(path)["run"]) == ["whole"]
    with pytest.warns(UserWarning, match="cut short by a stopped process"):
        Records(path).append([row(run="next")])
    Records(path).append([row(run="last")])
    assert half in path.read_bytes().split(b"\n")
    with pytest.warns(UserWarning, match="line 2 was cut short"):
        assert list(load(path)["run"]) == ["whole", "next", "last"]


def test_wherever_a_file_is_cut_the_lines_before_are_kept(tmp_path):
    path = tmp_path / "records.jsonl"
    Records(path).append(row(run=name) for name in ("a", "b", "c"))
    whole = path.read_bytes()
    for size in range(whole.index(b"\n") + 1, len(whole)):
        path.write_bytes(whole[:size])
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            Records(path).append([row(run="next")])
            found = [made["run"] for made in records.rows(path)]
        kept = whole[:size].count(b"\n") + whole[:size].endswith(b"}")
        assert found == [*"abc"[:kept], "next"]
        assert bool(told) != whole[:size].endswith((b"\n", b"}")), "told of what is lost only"


BAD = (
    *("{", "3", "[]", '{"metric": "m", "value": 1}', "\ufffd", "[" * 100_000, "1" * 5_000),
    *(f'{{"protocol": 1, "metric": "m", "value": 2, "{name}": [1]}}' for name in ("run", "x")),
    '{"protocol": 1, "metric": 3, "value": 2}',
)


@pytest.mark.parametrize("bad", BAD, ids=lambda line: line[:60])
@pytest.mark.parametrize("after", [b"", b'{"protocol": 1, "metric": "m", "value": 2}\n'])
def test_a_damaged_line_is_named(tmp_path, bad, after):
    path = tmp_path / "records.jsonl"
    Records(path).append([row()])
    path.write_bytes(path.read_bytes() + bad.encode() + b"\n" + after)
    with pytest.raises(InputError, match="line 2"):
        load(path)


def test_protocols_are_not_mixed(tmp_path):
    lines = [row(protocol=1), row(protocol=1, x=1), row(protocol=2)]
    (tmp_path / "records.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(InputError, match=r"1 from line 1 of records.jsonl, 2 from line 3 of"):
        load(tmp_path)


def test_missing_and_empty_files(tmp_path):
    with pytest.raises(InputError, match=r"records\.jsonl"):
        load(tmp_path)
    assert finished(tmp_path) == set()
    (tmp_path / "records.jsonl").touch()
    with pytest.raises(InputError, match="no records"):
        load(tmp_path)
    assert finished(tmp_path) == set()


def test_only_runs_at_their_end_are_finished(tmp_path):
    end = FINISHED
    Records(tmp_path).append([row(run="a"), row(run="a", metric=end), row(run="b")])
    assert finished(tmp_path) == {"a"}


def test_a_measurement_made_again_counts_once(tmp_path):
    Records(tmp_path).append([row(x=1, value=1), row(x=2, value=2), row(value=3)])
    Records(tmp_path).append([row(x=1, value=9), row(value=8), row(run="b", value=7)])
    assert sorted(load(tmp_path)["value"]) == [2, 7, 8, 9]


def test_points_of_a_curve_need_not_repeat_what_describes_their_run(tmp_path):
    run = row(metric="m", **{"config.train.dim": 7})
    points = [{"run": name, "metric": "loss", "value": 1.0, "x": 2} for name in ("a", "b")]
    Records(tmp_path).append([points[0], run, points[1], {"metric": "corpus", "value": 1}])
    frame = load(tmp_path)
    assert list(frame["config.train.dim"].fillna(0)) == [7, 7, 0, 0]
    assert list(frame["label"].fillna("none")) == ["nce / uniform"] * 2 + ["none"] * 2


APPEND = """
import sys
from w2vjax.records.file import Records
for i in range(200):
    Records(sys.argv[1]).append([{"metric": "m", "value": i, "run": sys.argv[2], "x": i}] * 3)
"""


def test_processes_append_side_by_side(tmp_path):
    command = [sys.executable, "-c", APPEND, str(tmp_path)]
    processes = [subprocess.Popen([*command, name]) for name in ("a", "b")]
    assert [process.wait() for process in processes] == [0, 0]
    assert len((tmp_path / "records.jsonl").read_text().splitlines()) == 2 * 200 * 3
    assert load(tmp_path).groupby("run").size().to_dict() == {"a": 200, "b": 200}


def test_a_full_disk_leaves_nothing_half_written(tmp_path, monkeypatch):
    path = tmp_path / "records.jsonl"
    Records(path).append([row()])
    before, write = path.read_bytes(), os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:20]))
    with pytest.raises(InputError, match="full"):
        Records(path).append([row()])
    assert path.read_bytes() == before


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot write"):
        Records(tmp_path / "file" / "records.jsonl").append([row()])


def test_provenance_is_flat_and_complete(tmp_path):
    made = provenance()
    Records(tmp_path).append([row(**made)])  # refuses what is not flat
    assert made["versions.numpy"] == np.__version__
    assert made["cores"] >= 1 and made["time"].endswith("+00:00")


def test_provenance_names_the_commit_that_holds_this_file():
    head = subprocess.run(
        ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    commit = provenance()["commit"]
    assert commit is None or commit == head


def test_a_change_anywhere_in_the_package_is_dirty_and_one_beside_it_is_not(tmp_path, monkeypatch):
    def git(*arguments: str) -> None:
        author = ("-c", "user.name=a", "-c", "user.email=a@b.example")
        subprocess.run(["git", "-C", str(tmp_path), *author, *arguments], check=True)

    package = tmp_path / "package"
    (package / "records").mkdir(parents=True)
    for name in ("__init__.py", "other.py", "records/provenance.py", "../beside.txt"):
        (package / name).write_text("")
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"]):
        git(*arguments)
    monkeypatch.setattr(module, "__file__", str(package / "records" / "provenance.py"))
    (tmp_path / "beside.txt").write_text("changed")
    assert provenance()["commit"] and provenance()["dirty"] is False
    (package / "other.py").write_text("changed")
    assert provenance()["dirty"] is True


def test_what_describes_a_run_stands_once(tmp_path):
    """The rows that plan and end a run describe all of its rows; other runs' rows they do not."""
    plan = {"metric": PLANNED, "value": None, "run": "a", "label": "nce", "config.train.dim": 7}
    end = {"metric": FINISHED, "value": None, "run": "a", "versions.jax": "1", "words": 9}
    failed = {"metric": FAILED, "value": None, "run": "b", "message": "no", "versions.jax": "2"}
    own = [{"run": run, "metric": "m", "value": 1.0, "covered": 3} for run in ("a", "b", "c")]
    Records(tmp_path).append([plan, *own, end, failed])
    found = {(row["run"], row["metric"]): row for row in records.rows(tmp_path)}
    assert found["a", "m"] == plan | end | own[0] | {"protocol": records.PROTOCOL}
    assert found["b", "m"] == own[1] | {"protocol": records.PROTOCOL, "versions.jax": "2"}
    assert found["c", "m"] == own[2] | {"protocol": records.PROTOCOL}


def test_both_protocols_give_the_same_rows(tmp_path):
    """The first repeated in every row what the second says once a run."""
    once: list[dict] = []
    repeated: list[dict] = []
    for run in ("a", "b"):
        setting = {"label": "nce", "config.dim": 7}
        facts = {"versions.jax": run, "words": 9}
        plan = {"metric": PLANNED, "value": None, "run": run}
        end = {"metric": FINISHED, "value": None, "run": run}
        own = [{"metric": "loss", "run": run, "value": float(x), "x": x} for x in range(3)]
        once += [plan | setting, *own, end | facts]
        repeated += [row | setting | facts for row in (plan, *own, end)]
    Records(tmp_path / "new").append(once)
    (tmp_path / "old").mkdir()
    lines = (json.dumps(row | {"protocol": 1}) + "\n" for row in repeated)
    (tmp_path / "old" / "records.jsonl").write_text("".join(lines))
    old, new = (
        [row | {"protocol": 0} for row in records.rows(tmp_path / name)] for name in ("old", "new")
    )
    assert old == new


def test_the_first_protocol_is_read_and_never_added_to(tmp_path):
    """There every row held its run's configuration, or another of its rows did."""
    old = [
        row(protocol=1, metric="m", words=5, **{"config.train.dim": 7}),
        {"protocol": 1, "run": "a", "metric": "loss", "value": 2.0, "x": 1},
    ]
    path = tmp_path / "records.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in old))
    frame = load(tmp_path)
    assert list(frame["config.train.dim"]) == [7, 7] and list(frame["words"].fillna(0)) == [5, 0]
    before = path.read_bytes()
    with pytest.raises(InputError, match="protocol version 1, and this one writes 2"):
        Records(tmp_path).append([row()])
    assert path.read_bytes() == before


def test_compressed_records_are_the_same_and_closed(tmp_path):
    Records(tmp_path).append([row(x=number, value=number) for number in range(50)])
    plain, packed = tmp_path / "records.jsonl", tmp_path / "records.jsonl.xz"
    expected = records.rows(tmp_path)
    packed.write_bytes(lzma.compress(plain.read_bytes()))
    with pytest.raises(InputError, match="keep one of them"):
        records.rows(tmp_path)
    plain.unlink()
    assert records.rows(tmp_path) == records.rows(packed) == expected
    with pytest.raises(InputError, match="unxz"):
        Records(tmp_path).append([row()])
    whole = packed.read_bytes()
    for size in (0, 5, len(whole) // 2, len(whole) - 1):
        packed.write_bytes(whole[:size])
        with pytest.raises(InputError, match="damaged or cut short"):
            records.rows(tmp_path)
