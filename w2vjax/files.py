"""Files that appear whole or not at all."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from w2vjax.errors import InputError


def write(path: Path, data: bytes) -> None:
    """Writes beside and renames. Raises `InputError` if the file cannot be written."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise _failed(path, error.strerror or str(error)) from None


def check_writable(path: Path) -> None:
    """Raises `InputError` unless a file can be written there, before the work and not after."""
    if path.exists() and not path.is_file():
        raise _failed(path, "it is not a file")
    if not path.parent.is_dir():
        raise _failed(path, f"there is no folder {path.parent}")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise _failed(path, error.strerror or str(error)) from None


def _failed(path: Path, reason: str) -> InputError:
    return InputError(f"cannot write {path}: {reason}; choose another place")
