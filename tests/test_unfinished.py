"""What killed processes leave in the making is cleared away, and nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from w2vjax import files, unfinished


def gone() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-S", "-c", ""])
    process.wait()
    return process.pid


def begun(folder: Path, process: int, machine: str = "") -> list[Path]:
    """A file and a folder in the making by a process, of this machine or of another."""
    made = []
    for kind in ("file", "folder"):
        _, _, here, _, number = unfinished.begun(folder).name.replace(".", "-").split("-")
        path = folder / f".w2vjax-{machine or here}-{process}-{number}"
        if kind == "file":
            path.write_bytes(b"half")
        else:
            (path / "entry").mkdir(parents=True)
            (path / "entry" / "raw").write_bytes(b"half")
        made.append(path)
    return made


def write(folder: Path) -> None:
    files.write(folder / "whole", b"whole")


def work(folder: Path) -> None:
    with files.workspace(folder) as path:
        assert path.is_dir()


@pytest.mark.parametrize("begin", [write, work])
def test_what_killed_processes_leave_goes_as_another_begins(begin, tmp_path, monkeypatch):
    dead, living = begun(tmp_path, gone()), begun(tmp_path, os.getppid())
    mine, elsewhere = begun(tmp_path, os.getpid()), begun(tmp_path, gone(), "0000abcd")
    (tmp_path / ".w2vjax-notes").touch()
    begin(tmp_path)
    assert not any(path.exists() for path in dead)
    assert all(path.exists() for path in (*living, *mine, *elsewhere, tmp_path / ".w2vjax-notes"))
    day = 86_400
    for path in (*living, *elsewhere):
        os.utime(path, (0, path.stat().st_mtime - day - 1))
    begin(tmp_path)
    assert [path.exists() for path in elsewhere] == [False, True], "what is in it is young"
    os.utime(elsewhere[1] / "entry", (0, 0))
    begin(tmp_path)
    assert not elsewhere[1].exists()
    assert all(path.exists() for path in (*living, *mine))


def test_what_cannot_be_removed_stays(tmp_path, monkeypatch):
    dead = begun(tmp_path, gone())

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(unfinished.Path, "unlink", refused)
    unfinished.clear(unfinished.begun(tmp_path))  # is not there itself
    assert dead[0].exists()
    with files.workspace(tmp_path):
        pass
    assert dead[0].exists() and not dead[1].exists()
