"""The machine at work: its processor, and how much of it this process may use."""

import os
import platform
import re
import sys
from contextlib import suppress
from pathlib import Path

CONTAINER_LIMITS = (
    "/sys/fs/cgroup/memory.max",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
)
"""where Linux tells how much memory a container may take"""


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor() -> str:
    """The processor's name."""
    return _described("model name") or platform.processor() or platform.machine()


def instructions() -> str:
    """The kind of processor and, as far as can be told, all that it can do."""
    return f"{platform.machine()} {_described('flags', 'Features') or platform.processor()}"


def peak_memory() -> int:
    """Most memory that this process has held at a time, in bytes."""
    # getrusage's peak outlives exec on Linux: a small child of a large process would look large.
    try:
        held = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    except OSError:
        held = None
    if held:
        return 1024 * int(held[1])
    import resource  # where there is no /proc; Windows has neither

    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def available_memory() -> int | None:
    """Bytes that may still be taken without swapping; None where that is not known."""
    try:
        found = re.search(r"MemAvailable:\s*(\d+) kB", Path("/proc/meminfo").read_text())
    except OSError:
        return None
    bounds = [1024 * int(found[1])] if found else []
    for file in CONTAINER_LIMITS:
        with suppress(OSError, ValueError):  # "max": there is none
            bounds.append(int(Path(file).read_text()))
    return min(bounds, default=None)


def _described(*names: str) -> str:
    """What Linux tells of the first core under the first of the names found; else nothing."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""
    lines = [line.partition(":") for line in text.splitlines()]
    return next((value.strip() for name, _, value in lines if name.strip() in names), "")
