"""One trial of a scenario in a folder: processes that are started, and what is found wrong."""

import fnmatch
import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from faults import server
from faults.scenarios import Scenario

TESTS = Path(__file__).parent.parent
LEAST_PATIENCE = 120.0
"""seconds that a command may take, however short it is undisturbed"""
GRACE = 10.0
"""seconds after which what a killed process has started must have ended too"""
UNFINISHED = ".w2vjax-*"
SIGTERMED = (143, 75, -signal.SIGTERM)
"""ended by SIGTERM: in order, with a checkpoint, before or after it could be taken"""


@dataclass
class Trial:
    """A scenario in a folder of its own, disturbed by chance."""

    scenario: Scenario
    folder: Path
    chance: random.Random
    seconds: float = 0.0
    """that the command works undisturbed"""
    size: int = 0
    """bytes that its folder takes at the end"""
    expected: dict[str, str] = field(default_factory=dict)
    """digests of the files that are always the same, by path"""
    wrong: list[str] = field(default_factory=list)
    """what was found wrong"""
    codes: list[int] = field(default_factory=list)
    """exit codes of what was started; negative: of signals"""
    _told: dict[int, Future[bytes]] = field(default_factory=dict)
    """what each process says on standard error"""

    def moment(self) -> float:
        """Seconds after the start of the work."""
        return self.chance.uniform(0, self.seconds)

    def started(self, address: str = "", **conditions: int) -> subprocess.Popen[bytes]:
        """The command, at the start of its work, under conditions of `child`."""
        ready = self.folder.with_name(f"{self.folder.name}.ready")
        ready.unlink(missing_ok=True)
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join((str(TESTS.parent), str(TESTS))),
            "W2VJAX_CACHE": str(self.folder / "cache"),
            "FAULTS_READY": str(ready),
            **{f"FAULTS_{name.upper()}": str(value) for name, value in conditions.items()},
        }
        environment.pop("W2VJAX_DATA", None)
        words = (word.format(address=address or server.address()) for word in self.scenario.command)
        process = subprocess.Popen(
            [sys.executable, "-m", "faults.child", *words],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stderr is not None
        reader = ThreadPoolExecutor(1)  # a pipe that nobody reads stops who writes
        self._told[process.pid] = reader.submit(process.stderr.read)
        reader.shutdown(wait=False)
        while process.poll() is None and not ready.exists():
            time.sleep(0.002)
        return process

    def ended(self, process: subprocess.Popen[bytes], codes: Iterable[int] = (0,)) -> None:
        """Waits for it and its children: one of these codes, and nothing half-written."""
        try:
            process.wait(max(LEAST_PATIENCE, 20 * self.seconds))
        except subprocess.TimeoutExpired:
            self.wrong.append("it hangs")
        self._end_children(process.pid)
        code = process.wait()
        told = self._told.pop(process.pid).result().decode(errors="replace")
        assert process.stderr is not None
        process.stderr.close()
        self.codes.append(code)
        if code not in codes or "Traceback" in told:
            self.wrong.append(f"exit code {code}, {told[-2_000:]!r}")
        if code in SIGTERMED and code > 0 and self._found([UNFINISHED]):
            self.wrong.append(f"it ended in order and left {self._found([UNFINISHED])}")
        if self.expected:
            self._check_whole()

    def _end_children(self, group: int) -> None:
        deadline = time.monotonic() + GRACE
        while _lives(group) and time.monotonic() < deadline:
            time.sleep(0.01)
        if _lives(group):
            self.wrong.append("its children live on")
            os.killpg(group, signal.SIGKILL)

    def _found(self, patterns: Iterable[str]) -> list[str]:
        """Paths below the folder whose names, or which themselves, are like one of the patterns."""
        paths = [path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*")]
        return sorted(
            path
            for path in paths
            if any(fnmatch.fnmatchcase(path.rpartition("/")[2], of) for of in patterns)
        )

    def files(self, patterns: Iterable[str]) -> list[Path]:
        """Files that are like a pattern of paths, none of them in the making."""
        found = {path for pattern in patterns for path in self.folder.glob(pattern)}
        return sorted(
            path
            for path in found
            if path.is_file()
            and not any(part.startswith(".") for part in path.relative_to(self.folder).parts)
        )

    def digests(self) -> dict[str, str]:
        """Of the files that are always the same, by path."""
        return {
            path.relative_to(self.folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self.files(self.scenario.same)
        }

    def _check_whole(self) -> None:
        for path, digest in self.digests().items():
            if self.expected.get(path) != digest:
                self.wrong.append(f"half-written: {path}")

    def check_end(self, told: object) -> None:
        """That all is there, as without a fault, and nothing else."""
        found = self.digests()
        for path in sorted({*found, *self.expected}):
            if found.get(path) != self.expected.get(path):
                self.wrong.append(f"not as without a fault: {path}")
        if told != self.scenario.told(self.folder):
            self.wrong.append("not told as without a fault")
        if left := [path for of in self.scenario.gone for path in self.folder.glob(of)]:
            self.wrong.append(f"left behind: {left}")
        folders = [path.rpartition("/")[0] for path in self._found([UNFINISHED])]
        if len(folders) > len(set(folders)):  # the next one clears what one has left
            self.wrong.append(f"heaped up: {self._found([UNFINISHED])}")


def _lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
