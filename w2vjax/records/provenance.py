"""Where and with what a measurement is made."""

import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from w2vjax import machine

PACKAGES = ("w2vjax", "jax", "jaxlib", "flax", "optax", "numpy", "scipy", "pandas")


def provenance() -> dict[str, Any]:
    """Where and with what a measurement is made, as flat fields of a record.

    `versions.*`, `system`, `processor`, `cores` (that this process may use), `commit` (null when
    the package does not run from its repository), `dirty` (its files differ from the commit),
    `time` (UTC). What JAX knows (platform, device, number of devices) is the caller's to add.
    """
    commit, dirty = _commit()
    return {
        "versions.python": platform.python_version(),
        **{f"versions.{name}": _version(name) for name in PACKAGES},
        "system": f"{platform.system()} {platform.machine()}",
        "processor": machine.processor(),
        "cores": machine.cores(),
        "commit": commit,
        "dirty": dirty,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _commit() -> tuple[str | None, bool | None]:
    """Commit of the repository that tracks this very file, and whether the package differs."""
    here = Path(__file__).resolve().parent.parent / "__init__.py"
    # An installed copy may lie inside some other repository: that one's commit says nothing.
    if _git(here, "ls-files", "--error-unmatch", here.name) is None:
        return None, None
    commit = _git(here, "rev-parse", "HEAD")
    return commit, bool(_git(here, "status", "--porcelain", "--", "."))


def _git(file: Path, *arguments: str) -> str | None:
    command = ["git", "-C", str(file.parent), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
