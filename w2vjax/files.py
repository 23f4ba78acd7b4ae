"""Files read, and files that appear whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader, TextIOWrapper
from pathlib import Path
from typing import IO

from w2vjax import unfinished
from w2vjax.errors import InputError

ADVICE = "choose another place"


def cache_folder() -> Path:
    """Where downloads, encoded text and compiled programs are kept.

    `W2VJAX_CACHE`, else the user's cache folder. Raises `InputError` for a user without a home.
    """
    if folder := os.environ.get("W2VJAX_CACHE"):
        return Path(folder)
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "w2vjax"
    except RuntimeError:
        told = "there is no home folder to keep texts and programs in: set W2VJAX_CACHE to a folder"
        raise InputError(told) from None


@contextmanager
def written(path: Path, advice: str = ADVICE) -> Iterator[IO[bytes]]:
    """A new file beside `path` that takes its name if all goes well, and is gone otherwise.

    Its folder must be there. Raises `InputError`, with the advice, if it cannot be written.
    """
    # not the name and more: a name may be as long as the file system takes
    beside = unfinished.begun(path.parent)
    try:
        with beside.open("xb") as file:
            unfinished.clear(beside)
            yield file
        beside.replace(path)
    except OSError as error:
        raise failure(path, error, advice) from None
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


@contextmanager
def workspace(folder: Path) -> Iterator[Path]:
    """A new folder in another one, which must be there; gone, with all that is in it, at the end.

    Raises `OSError` if it cannot be made.
    """
    path = unfinished.begun(folder)
    path.mkdir()
    unfinished.clear(path)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def write(path: Path, data: bytes) -> None:
    """All of a file at once. Raises `InputError` if it cannot be written."""
    with written(path) as file:
        file.write(data)


@contextmanager
def opened(path: Path) -> Iterator[BufferedReader]:
    """The file, open to read. Raises `InputError` if it is not there or cannot be read."""
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None


def read_text(path: Path) -> str:
    """All of a text. Raises `InputError` if it cannot be read or is not UTF-8."""
    try:
        with opened(path) as file, TextIOWrapper(file, "utf-8") as text:
            return text.read()
    except UnicodeDecodeError as error:
        where = f"{path} is not UTF-8 at byte offset {error.start:,}"
        raise InputError(f"{where}: save it as UTF-8") from None


def make_folder(path: Path) -> None:
    """Makes a folder, and those it is in, unless it is there.

    Raises `InputError` if it cannot be made or written to: before the work and not after.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise failure(path, error) from None


def check_folder(path: Path) -> None:
    """Raises `InputError` unless a folder is there, or can be made, and written to.

    Nothing is made: before the work and not after.
    """
    try:
        there = next(parent for parent in (path, *path.parents) if _is_there(parent))
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise failure(path, error) from None


def check_writable(path: Path) -> None:
    """Raises `InputError` unless a file can be written there, before the work and not after."""
    try:
        _is_there(path)
    except OSError as error:
        raise failure(path, error) from None
    if path.exists() and not path.is_file():
        raise InputError(f"cannot write {path}: it is not a file; {ADVICE}")
    if not path.parent.is_dir():
        raise InputError(f"cannot write {path}: there is no folder {path.parent}; {ADVICE}")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise failure(path, error) from None


def _is_there(path: Path) -> bool:
    """Whether there is such a file or folder. Raises `OSError` if it cannot be a name."""
    with suppress(FileNotFoundError):
        path.lstat()
        return True
    return False


def failure(path: Path, error: OSError, advice: str = ADVICE) -> InputError:
    """What to raise when the operating system refuses to write."""
    return InputError(f"cannot write {path}: {error.strerror or error}; {advice}")
