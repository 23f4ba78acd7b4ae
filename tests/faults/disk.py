"""A folder on a disk of its own, which is small."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BLOCK = 4_096
"""bytes that the smallest file takes"""


def taken(folder: Path) -> int:
    """Bytes that the folder takes on a disk, about."""
    return sum(path.stat().st_size // BLOCK * BLOCK + BLOCK for path in folder.rglob("*"))


@contextmanager
def small(folder: Path, size: int) -> Iterator[bool]:
    """The folder with all that is in it, on a disk of so many bytes, until the end.

    False: this user may not mount one, and nothing is changed.
    """
    with tempfile.TemporaryDirectory(dir=folder.parent) as aside:
        shutil.copytree(folder, aside, dirs_exist_ok=True, symlinks=True)
        options = ["-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        try:
            subprocess.run(["mount", *options], capture_output=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            yield False
            return
        try:
            shutil.copytree(aside, folder, dirs_exist_ok=True, symlinks=True)
            yield True
            shutil.rmtree(aside)
            shutil.copytree(folder, aside, symlinks=True)
        finally:
            subprocess.run(["umount", str(folder)], capture_output=True, check=True)
        shutil.rmtree(folder)
        shutil.copytree(aside, folder, symlinks=True)
