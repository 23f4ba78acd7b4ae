"""What happens to commands: each fault disturbs a trial at moments of its chance."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from faults import server
from faults.disk import BLOCK, small, taken
from faults.trial import SIGTERMED, Trial

YEAR = 365 * 86_400
MOST_KILLS = 3
"""one after another"""


def kill(trial: Trial) -> None:
    """SIGKILL, several times over."""
    for _ in range(trial.chance.randint(1, MOST_KILLS)):
        _signalled(trial, signal.SIGKILL, (0, -signal.SIGKILL))


def terminate(trial: Trial) -> None:
    """SIGTERM, several times over: it ends in order."""
    for _ in range(trial.chance.randint(1, MOST_KILLS)):
        _signalled(trial, signal.SIGTERM, (0, *SIGTERMED))


def stop(trial: Trial) -> None:
    """SIGSTOP, as Ctrl-Z and batch systems do, and SIGCONT: nothing is noticed."""
    process = trial.started()
    for _ in range(MOST_KILLS):
        time.sleep(trial.moment() / MOST_KILLS)
        if process.poll() is None:
            process.send_signal(signal.SIGSTOP)
            time.sleep(trial.chance.uniform(0, 0.3))
            process.send_signal(signal.SIGCONT)
    trial.ended(process)


def clock(trial: Trial) -> None:
    """The time of day jumps while it works, and files are of another year when it goes on."""
    process = trial.started(clock=trial.chance.randint(1, 1_000_000))
    time.sleep(trial.moment())
    process.send_signal(signal.SIGKILL)
    trial.ended(process, (0, -signal.SIGKILL))
    made = trial.files(("**/*",))
    for path in trial.chance.sample(made, min(3, len(made))):
        now = time.time() + trial.chance.choice((-1, 1)) * 10 * YEAR
        os.utime(path, (now, now))
    codes = (0, 1, 2) if "clock" in trial.scenario.stops else (0,)
    trial.ended(trial.started(clock=trial.chance.randint(1, 1_000_000)), codes)


def full(trial: Trial) -> None:
    """No file may grow beyond a size, as where a disk is full: it is told, or none is as large."""
    sizes = [path.stat().st_size for path in trial.files(("**/*",))]
    size = int(trial.chance.uniform(0, 1) ** 2 * max([1 << 20, *sizes]))
    trial.ended(trial.started(file_size=size), (0, 1, 2))


def disk(trial: Trial) -> None:
    """The disk is full: a small one, where one may be mounted, else as `full`."""
    before = taken(trial.folder)
    left = int(trial.chance.uniform(0, 1) * max(1 << 20, trial.size - before))
    with small(trial.folder, before + left + 64 * BLOCK) as mounted:
        if mounted:
            trial.ended(trial.started(), (0, 1, 2))
    if not mounted:
        full(trial)


def together(trial: Trial) -> None:
    """Two at once on the same files, one of which may be killed."""
    first, second = trial.started(), trial.started()
    if trial.chance.random() < 0.5:
        time.sleep(trial.moment())
        first.send_signal(signal.SIGKILL)
    trial.ended(first, (0, -signal.SIGKILL))
    trial.ended(second)


def cut(trial: Trial) -> None:
    """Killed, and of what is there already a file is cut short, or changed."""
    _signalled(trial, signal.SIGKILL, (0, -signal.SIGKILL))
    made = trial.files(trial.scenario.cut)
    for path in trial.chance.sample(made, min(1, len(made))):
        _damage(trial, path)


def connection(trial: Trial) -> None:
    """The other side ends too early: it is told, and what has come is not kept."""
    size = trial.chance.randrange(len(server.DATA))
    trial.ended(trial.started(f"{server.address()}{size}"), (2,))


def _signalled(trial: Trial, number: int, codes: tuple[int, ...]) -> None:
    process = trial.started()
    time.sleep(trial.moment())
    process.send_signal(number)
    trial.ended(process, codes)


def _damage(trial: Trial, path: Path) -> None:
    data = path.read_bytes()
    place = trial.chance.randrange(len(data)) if data else 0
    if trial.chance.random() < 0.5:
        path.write_bytes(data[:place])
    else:
        path.write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])


FAULTS: dict[str, Callable[[Trial], None]] = {
    "kill": kill,
    "terminate": terminate,
    "stop": stop,
    "clock": clock,
    "full": full,
    "disk": disk,
    "together": together,
    "cut": cut,
    "connection": connection,
}
"""by name"""
