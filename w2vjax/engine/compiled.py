"""Compiled programs that JAX keeps on disk: those that are not whole are removed.

JAX writes them in place. What a killed process or a full disk leaves of one is never written again,
and told of, and compiled anew, by every process that looks for it.
"""

import os
import zlib
from contextlib import suppress
from pathlib import Path

from w2vjax.compressed import DAMAGE, zstd

ENTRY = "-cache"
"""what names of programs end in"""
CHECKED = ".checked"
"""the file that is changed when all is checked: older programs are not checked again"""
ZLIB, ZSTANDARD = b"\x78", b"\x28\xb5\x2f\xfd"
"""first bytes of what JAX compresses programs with; what starts otherwise is left alone"""


def remove_damaged(folder: Path) -> None:
    """Removes programs that are cut short, of those written since the last time."""
    checked = folder / CHECKED
    with suppress(OSError):
        since = checked.stat().st_mtime if checked.exists() else 0.0
        with os.scandir(folder) as entries:
            new = [
                Path(e) for e in entries if e.name.endswith(ENTRY) and e.stat().st_mtime >= since
            ]
        for path in new:
            if not _is_whole(path.read_bytes()):
                path.unlink(missing_ok=True)
        checked.touch()


def _is_whole(data: bytes) -> bool:
    try:
        if data.startswith(ZSTANDARD):
            zstd.decompress(data)
        elif data.startswith(ZLIB):
            zlib.decompress(data)
    except DAMAGE:
        return False
    return bool(data)
