"""The machine at work: its processor, and how much of it this process may use."""

import os
import platform
from pathlib import Path


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


def _described(*names: str) -> str:
    """What Linux tells of the first core under the first of the names found; else nothing."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""
    lines = [line.partition(":") for line in text.splitlines()]
    return next((value.strip() for name, _, value in lines if name.strip() in names), "")
