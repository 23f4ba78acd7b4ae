"""Processes share a folder on a file system that shows late what others have written.

As NFS does: what a process has read it takes as read for a while, that a file is not there too.
Making a file for one process alone (`O_EXCL`) is the server's to decide, and nobody's to see late.
"""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from w2vjax.records import file as records
from w2vjax.records.attempts import look

WORK = '''
"""Does cells of a folder: as on a machine of its own, that sees `late` what others have written."""

import os, sys, time
from dataclasses import dataclass
from pathlib import Path
from w2vjax.records import attempts, file, parts
from w2vjax.records.metrics import FINISHED
from w2vjax.study import loop

folder, late, dies = Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
attempts.BEAT, attempts.SILENCE, loop.PAUSE = 0.1, 3 * late, 0.02
attempts.unfinished.this_machine = lambda: f"machine of {os.getpid()}"
begin, known, own = time.monotonic(), {}, set()

def delayed(function, nothing):
    def seen(path):
        now = time.monotonic()
        if path in own:
            return function(path)
        if path not in known:
            known[path] = (now, nothing) if now - begin < late else (now, function(path))
        elif now - known[path][0] > late:
            known[path] = now, function(path)
        return known[path][1]
    return seen

def remembered(function):
    def done(path, rows):
        if made := function(path, rows) is not False:
            own.add(path)
        return made
    return done

parts.read = delayed(parts.read, None)
file.parts = delayed(file.parts, [])
parts.create, parts.replace = remembered(parts.create), remembered(parts.replace)

@dataclass(frozen=True)
class Cell:
    run_id: str

def execute(cell):
    with open(folder / "begun", "a") as log:
        log.write(cell.run_id + "\\n")
    if cell.run_id == dies and (folder / "begun").read_text().count(dies) == 1:
        os.kill(os.getpid(), 9)
    time.sleep(0.02)
    return [{"run": cell.run_id, "metric": FINISHED, "value": None}]

cells = [Cell(f"{number:02d}") for number in range(24)]
if os.getpid() % 2:
    cells.reverse()
outcome = loop.run(cells, execute, folder, lambda ended: None)
sys.exit(0 if outcome.finished == 24 and not outcome.failed else 1)
'''


@pytest.mark.parametrize("dies", [False, True])
def test_no_cell_is_begun_twice_however_late_others_are_seen(dies: bool, tmp_path: Path) -> None:
    """But for the one that a process has died at, which is begun once more."""

    def start() -> subprocess.Popen:
        arguments = [str(tmp_path), "0.4", "11" if dies else ""]
        return subprocess.Popen([sys.executable, "-c", WORK, *arguments])

    processes = [start(), start(), start()]
    processes[0].wait(timeout=60)
    processes.append(start())  # it sees nothing of what is done
    codes = [process.wait(timeout=60) for process in processes]
    cells = {f"{number:02d}" for number in range(24)}
    begun = Counter((tmp_path / "begun").read_text().split())
    assert begun.keys() == cells == records.finished(tmp_path)
    assert sorted(codes) == [-9 * dies, 0, 0, 0]
    assert begun.total() == 24 + dies and begun["11"] == 1 + dies
    assert look(tmp_path, "11").attempts == 1 + 2 * dies, "died, was found so, and done"
