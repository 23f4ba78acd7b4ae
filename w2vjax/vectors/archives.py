"""Named arrays in one file, without pickle: npz (NumPy) and safetensors (Hugging Face).

Both hold `vectors`, and `outputs` and `counts` where there are any, and `words` as UTF-8 bytes, one
word a line.
"""

import importlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from w2vjax.errors import InputError
from w2vjax.vectors.table import Table, arrays_of

Arrays = Mapping[str, np.ndarray]


def write_npz(file: IO[bytes], words: Sequence[str], arrays: Arrays) -> None:
    """Writes the words, none with a line break, and the arrays by name."""
    np.savez(file, words=_lines(words), **arrays)  # type: ignore[arg-type]  # numpy's stub


def write_safetensors(file: IO[bytes], words: Sequence[str], arrays: Arrays) -> None:
    """Writes the same as `write_npz`. Raises `InputError` where the package is absent."""
    held = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    file.write(safetensors().save({"words": _lines(words), **held}, {"format": "w2vjax"}))


def from_npz(path: Path, file: io.BufferedReader) -> Table:
    """Reads what `write_npz` wrote.

    Raises `InputError` for a file that is damaged, holds pickled objects, or other arrays.
    """
    try:
        with np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except Exception as error:  # damage shows anywhere in zipfile, zlib and numpy
        raise InputError(f"{path} is not a sound npz file: {error}") from None
    return _table(path, arrays)


def from_safetensors(path: Path, data: bytes) -> Table:
    """Reads what `write_safetensors` wrote, with the same errors."""
    package = safetensors()
    try:
        arrays = package.load(data)
    except Exception as error:  # the package's own, and those of NumPy's types
        raise InputError(f"{path} is not a sound safetensors file: {error}") from None
    return _table(path, arrays)


def safetensors() -> Any:
    """The package. Raises `InputError` where it is absent."""
    try:
        return importlib.import_module("safetensors.numpy")
    except ImportError:
        told = "safetensors needs its package: pip install 'w2vjax[safetensors]', or take .npz"
        raise InputError(told) from None


def _words(path: Path, words: np.ndarray) -> list[str]:
    if words.dtype.kind == "U" and words.ndim == 1:
        return words.tolist()
    if words.dtype != np.uint8:
        told = f"strings, or UTF-8 bytes with one word a line, not {words.dtype}"
        raise InputError(f"{path}: words must be {told}")
    try:
        return words.tobytes().decode().split("\n")
    except UnicodeDecodeError as error:
        told = f"the words are not UTF-8: {error.reason}; is it damaged?"
        raise InputError(f"{path}: {told}") from None


def _lines(words: Sequence[str]) -> np.ndarray:
    return np.frombuffer("\n".join(words).encode(), np.uint8)


def _table(path: Path, arrays: dict[str, np.ndarray]) -> Table:
    missing = {"words", "vectors"} - set(arrays)
    if missing:
        held_names = ", ".join(sorted(arrays)[:5]) or "nothing"
        raise InputError(f"{path} lacks {', '.join(sorted(missing))}: it holds {held_names}")
    words = _words(path, arrays["words"])
    try:
        return Table(words, **arrays_of(arrays, len(words)))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
