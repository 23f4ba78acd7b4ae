"""Records in files of their own, in the folder `records`: each appears whole, so no lock is needed.

Many file systems of clusters have no locks, and show late what other machines write. What they all
do is to make a file for one process alone (`O_EXCL`), and to put a whole file in another's place.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from w2vjax import files
from w2vjax.errors import InputError
from w2vjax.records.lines import written

FOLDER = "records"
ADVICE = "free the disk or choose another"


def parts(folder: Path) -> list[Path]:
    """The files that there are, by name."""
    return sorted((folder / FOLDER).glob("*.jsonl"))


def read(path: Path) -> tuple[bytes, int] | None:
    """What a file holds and when it was last touched, in nanoseconds; None: it is not there."""
    try:
        with path.open("rb") as file:  # what NFS knows of a file is looked up anew as it is opened
            return file.read(), os.fstat(file.fileno()).st_mtime_ns
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None


def create(path: Path, rows: Iterable[Mapping[str, Any]]) -> bool:
    """Makes a file of rows; False: it is there already, and stays as it is.

    Raises `InputError` if it cannot be written, and leaves nothing then.
    """
    data = written(rows)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        return False
    except OSError as error:
        raise files.failure(path, error, ADVICE) from None
    try:
        with open(descriptor, "wb") as file:
            _flush(file, data)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise files.failure(path, error, ADVICE) from None
    return True


def replace(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Puts rows in the place of a file, all at once. Raises `InputError` if it cannot write."""
    data = written(rows)
    with files.written(path, ADVICE) as file:
        _flush(file, data)


def share(folder: Path, kind: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Writes rows, if there are any, into `KIND-HASH.jsonl`, the hash of them.

    Processes that have the same to say write the same file, and whoever says it again adds nothing.
    """
    rows = list(rows)
    digest = hashlib.sha256(written(rows)).hexdigest()[:16]
    path = folder / FOLDER / f"{kind}-{digest}.jsonl"
    if rows and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        replace(path, rows)


def _flush(file: Any, data: bytes) -> None:
    """Down to the disk: a network file system tells only here that it is full."""
    file.write(data)
    file.flush()
    os.fsync(file.fileno())
