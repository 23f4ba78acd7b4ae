"""Files and folders in the making, and what is left of them where a process was killed.

Their names tell who makes them: `.w2vjax-MACHINE-PROCESS-NUMBER`. Whoever begins another one in
the same folder removes those that nobody will finish.
"""

import os
import platform
import re
import secrets
import shutil
import uuid
import zlib
from contextlib import suppress
from functools import cache
from pathlib import Path

OLD = 86_400
"""seconds without a change after which another machine's process is taken for gone"""

_NAME = re.compile(r"\.w2vjax-([0-9a-f]{8})-([1-9]\d*)-[0-9a-f]{16}")


def begun(folder: Path) -> Path:
    """A new name in the folder, hidden, that says who is at it."""
    return folder / f".w2vjax-{this_machine()}-{os.getpid()}-{secrets.token_hex(8)}"


def clear(new: Path) -> None:
    """Removes from the folder of a file or folder just begun what killed processes have left.

    That is, on this machine, what belongs to processes that are gone; what other machines have
    begun goes when it has not changed for `OLD` seconds, by the clock of the file system. What
    cannot be removed stays.
    """
    with suppress(OSError):
        now = new.stat().st_mtime
        with os.scandir(new.parent) as entries:
            made = [entry.path for entry in entries if _NAME.fullmatch(entry.name)]
        for path in map(Path, made):
            if path != new and _is_left(path, now):
                _remove(path)


def _remove(path: Path) -> None:
    with suppress(OSError):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()


def _is_left(path: Path, now: float) -> bool:
    found = _NAME.fullmatch(path.name)
    assert found is not None
    if found[1] == this_machine():
        return not lives(int(found[2]))
    with suppress(OSError):
        return now - max(part.stat().st_mtime for part in (path, *path.glob("*"))) > OLD
    return False


def lives(process: int) -> bool:
    """Whether a process of this machine is there."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # another user's, say
        return True
    return True


@cache
def this_machine() -> str:
    """Where numbers of processes mean something: this machine since its start, this container."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()
        place = boot + os.readlink("/proc/self/ns/pid")
    except OSError:
        place = f"{platform.node()} {uuid.getnode()}"
    return f"{zlib.crc32(place.encode()):08x}"
