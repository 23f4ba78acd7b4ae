"""Words and their vectors, gathered row by row in the memory that they need in the end."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float32

from w2vjax.errors import InputError
from w2vjax.vectors.left_out import NO_WORD, NOT_FINITE, NOT_UTF8, TWICE, LeftOut

CHUNK = 1 << 16
"""numbers looked at together"""


class Table(NamedTuple):
    """Words and their vectors, row by row."""

    words: Sequence[str]
    vectors: Float32[np.ndarray, "v d"]
    outputs: np.ndarray | None = None
    counts: np.ndarray | None = None


KINDS = {"vectors": np.float32, "outputs": np.float32, "counts": np.int64}
"""types of the arrays that words may have"""


def arrays_of(given: Mapping[str, Any], num_words: int) -> dict[str, np.ndarray]:
    """Those of `KINDS` that are given, in their types.

    Raises `InputError` for what has not one row for each word, or is no numbers.
    """
    made: dict[str, np.ndarray] = {}
    for name, kind in KINDS.items():
        if given.get(name) is None:
            continue
        try:
            made[name] = array = np.asarray(given[name], dtype=kind)
        except ValueError as error:
            raise InputError(f"{name} are no numbers: {error}") from None
        if array.shape[:1] != (num_words,) or array.ndim != 1 + (name != "counts"):
            raise InputError(
                f"{name} have shape {array.shape}: one row for each of the {num_words} words is "
                "needed"
            )
    return made


class Rows:
    """A table as it is read: sound rows are kept, the others told to `left_out`.

    The matrix grows in place: it is never there twice.
    """

    def __init__(
        self, dim: int, left_out: LeftOut, limit: int | None = None, expected: int = 0
    ) -> None:
        self.dim, self.left_out, self.limit = dim, left_out, limit
        self.seen = 0
        """rows of the file so far, sound or not"""
        self._words: list[str] = []
        expected = min(expected, limit) if limit else expected
        self._matrix = np.empty((max(expected, 1), dim), np.float32)

    @property
    def left(self) -> int | None:
        """How many more rows are wanted; None: all."""
        return None if self.limit is None else self.limit - self.seen

    def add(
        self,
        raw: Sequence[bytes],
        vectors: Float32[np.ndarray, "n d"],
        place: Callable[[int], str],
    ) -> None:
        """Rows of a file, of whose order the first are taken if not all are wanted."""
        raw, vectors = raw[: self.left], vectors[: self.left]
        self.seen += len(raw)
        words = _decoded(raw)
        finite = np.isfinite(vectors).all(axis=1)
        if not finite.all() or not all(words):
            keep = []
            for row, word in enumerate(words):
                if reason := _fault(word, finite[row]):
                    self.left_out.row(reason, place(row), word or raw[row])
                else:
                    keep.append(row)
            words, vectors = [words[row] for row in keep], vectors[keep]
        start = len(self._words)
        self._words += words  # type: ignore[arg-type]  # None is a fault
        if len(self._words) > len(self._matrix):
            room = max(len(self._words), int(1.05 * len(self._matrix)) + 1024)
            self._matrix.resize((room, self.dim), refcheck=False)
        self._matrix[start : len(self._words)] = vectors

    def table(self) -> Table:
        """All of it, without the rows whose word came before, and tells what was left out."""
        words, matrix = self._words, self._matrix
        again = repeated(words)
        for row in again:
            self.left_out.row(TWICE, "", words[row])
        if again:
            keep = np.delete(np.arange(len(words)), again)
            for start in range(0, len(keep), CHUNK // self.dim + 1):
                rows = keep[start : start + CHUNK // self.dim + 1]
                matrix[start : start + len(rows)] = matrix[rows]
            words = [words[row] for row in keep]
        self.left_out.check(len(words))
        matrix.resize((len(words), self.dim), refcheck=False)
        return Table(words, matrix)


def sound(table: Table, left_out: LeftOut) -> Table:
    """The rows of a table that is there already that have finite numbers and a word of their own.

    The same table if these are all.
    """
    finite = finite_rows(table.vectors)
    keep = finite.copy()
    for row, word in enumerate(table.words):
        if reason := _fault(word, finite[row]):
            keep[row] = False
            left_out.row(reason, f"row {row + 1}", word)
    for row in repeated(table.words):
        if keep[row]:
            left_out.row(TWICE, "", table.words[row])
            keep[row] = False
    left_out.check(int(keep.sum()))
    if keep.all():
        return table
    words = [word for word, kept in zip(table.words, keep, strict=True) if kept]
    outputs = None if table.outputs is None else table.outputs[keep]
    counts = None if table.counts is None else table.counts[keep]
    return Table(words, table.vectors[keep], outputs, counts)


def finite_rows(matrix: np.ndarray) -> Bool[np.ndarray, " v"]:
    """Which rows hold finite numbers alone."""
    found = np.empty(len(matrix), bool)
    size = CHUNK // max(1, matrix[:1].size) + 1
    for start in range(0, len(matrix), size):
        part = np.isfinite(matrix[start : start + size])
        found[start : start + size] = part.reshape(len(part), -1).all(axis=1)
    return found


def repeated(words: Sequence[str]) -> list[int]:
    """The rows whose word stands in a row before."""
    # by hashes: a dictionary of millions of words takes more memory than their vectors' tenth
    hashes = np.fromiter(map(hash, words), np.int64, len(words))
    ordered = np.sort(hashes)
    shared = ordered[1:][ordered[1:] == ordered[:-1]]
    found: list[int] = []
    known: set[str] = set()
    for row in np.flatnonzero(np.isin(hashes, shared)).tolist():
        if words[row] in known:
            found.append(row)
        known.add(words[row])
    return found


def _decoded(raw: Sequence[bytes]) -> list[str | None]:
    """The words; None for what is not UTF-8."""
    try:
        words: list[str | None] = [*b"\n".join(raw).decode().split("\n")]
    except UnicodeDecodeError:
        words = []
    return words if len(words) == len(raw) else [_word(word) for word in raw]


def _word(raw: bytes) -> str | None:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


def _fault(word: str | None, finite: np.bool) -> str | None:
    if word is None:
        return NOT_UTF8
    if not word:
        return NO_WORD
    return None if finite else NOT_FINITE
