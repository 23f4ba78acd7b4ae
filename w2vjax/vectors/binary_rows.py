"""Rows of word2vec's binary format: a word, a blank, D float32 and perhaps a line end.

The line `V D` comes first. word2vec.c ends each row by LF, gensim does not (word2vec.c,
`TrainModel`, its last part). Its numbers have the byte order of the machine that wrote it: nearly
always the low byte first. The bytes come as a stream: they may be compressed, and are never in
memory at once.
"""

import re
from collections.abc import Iterator

import numpy as np
from jaxtyping import Float32

from w2vjax.vectors.left_out import OUT_OF_STEP
from w2vjax.vectors.table import Rows

LONGEST = 400
"""bytes of a word, at most"""
USUAL = 1e-9, 1e6
"""magnitudes that the numbers of vectors have, or they are 0"""
SAMPLE = 100
"""rows by which the byte order is told"""
ENOUGH = 20
"""numbers that it takes"""

_NEXT = re.compile(rb"\n[^\x00-\x1f\x7f]*?( |\Z)|\Z")
"""the end of a row, and the next word"""
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")


def read_rows(blocks: Iterator[bytes], promised: int, rows: Rows) -> None:
    """Adds the rows that follow the first line, as many as are promised and wanted.

    Tells `left_out` of a file that is shorter or longer than that.
    """
    wanted = promised if rows.limit is None else min(promised, rows.limit)
    data = next(blocks, b"")
    data = data[data.index(b"\n") + 1 :]
    by_line = _by_line(data, 4 * rows.dim)
    _, starts, _ = _places(data, min(wanted, SAMPLE), by_line, rows)
    swapped = _swapped(_numbers(data, starts, rows.dim, "<f4"))
    if swapped:
        rows.left_out.note(
            "its numbers make sense with the high byte first alone: so they are read"
        )
    while True:
        data = data[_add(data, wanted - rows.seen, by_line, ">f4" if swapped else "<f4", rows) :]
        more = _at_least(LONGEST + 4 * rows.dim, blocks) if rows.seen < wanted else b""
        if not more:
            break
        data += more
    if rows.seen < wanted:
        rows.left_out.note(
            f"the first line promises {promised:,} rows, {rows.seen:,} are there: is it cut short?"
        )
    elif wanted == promised and (data + next(blocks, b"")).strip(b"\n"):
        rows.left_out.note(f"what comes after the {promised:,} promised rows is left out")


def _at_least(size: int, blocks: Iterator[bytes]) -> bytes:
    parts: list[bytes] = []
    while sum(map(len, parts)) < size and (block := next(blocks, b"")):
        parts.append(block)
    return b"".join(parts)


def _places(
    data: bytes, wanted: int, by_line: bool, rows: Rows
) -> tuple[list[bytes], list[int], int]:
    """The words of the rows that are whole, where their numbers start, and where the last ends."""
    words: list[bytes] = []
    starts: list[int] = []
    position, size = 0, 4 * rows.dim
    while len(words) < wanted:
        start = data.find(b" ", position) + 1
        if not start or start + size > len(data):
            break
        if by_line and not _NEXT.match(data, start + size):
            start = _after_blanks(data, position, size) or start
        words.append(data[position : start - 1].lstrip(b"\n"))
        starts.append(start)
        position = start + size
    return words, starts, position


def _numbers(data: bytes, starts: list[int], dim: int, form: str) -> Float32[np.ndarray, "n d"]:
    vectors = np.empty((len(starts), dim), np.float32)
    for row, start in enumerate(starts):
        vectors[row] = np.frombuffer(data, form, dim, start)
    return vectors


def _swapped(numbers: Float32[np.ndarray, "n d"]) -> bool:
    """Whether the numbers are none that vectors have, and would be with their bytes turned round.

    Those of the other byte order have a byte of their digits for exponent: it can be anything.
    """
    some = numbers[numbers != 0]
    if len(some) < ENOUGH:
        return False
    return _usual(some) < 0.5 and _usual(some.byteswap()) > 0.99


def _usual(numbers: Float32[np.ndarray, " n"]) -> float:
    """Share of the numbers that have the magnitudes of vectors'."""
    low, high = USUAL
    with np.errstate(all="ignore"):
        return float(np.mean((np.abs(numbers) > low) & (np.abs(numbers) < high)))


def _add(data: bytes, wanted: int, by_line: bool, form: str, rows: Rows) -> int:
    """Adds the rows that are whole, and returns how many bytes they take."""
    words, starts, position = _places(data, wanted, by_line, rows)
    first = rows.seen + 1
    for row, word in enumerate(words):
        if b" " in word:
            rows.left_out.blanks(f"row {first + row}", word)
    vectors = _numbers(data, starts, rows.dim, form)
    keep = _in_step(words, vectors)
    for row in np.flatnonzero(~keep).tolist():
        rows.left_out.row(OUT_OF_STEP, f"row {first + row}", words[row][-40:])
    rows.seen += len(words) - int(keep.sum())
    kept = np.flatnonzero(keep).tolist()
    if kept:
        vectors = vectors if keep.all() else vectors[keep]
        words = [words[row] for row in kept]
        rows.add(words, vectors, lambda i: f"row {first + kept[i]}")
    return position


def _by_line(data: bytes, size: int) -> bool:
    """Whether the first two rows end by LF."""
    second = _after_blanks(data, 0, size) + size + 1
    return second > size + 1 and (second >= len(data) or _after_blanks(data, second, size) > 0)


def _after_blanks(data: bytes, position: int, size: int) -> int:
    """Where numbers start that follow a word, perhaps with blanks, and end by LF; 0: nowhere."""
    start = data.find(b" ", position) + 1
    while 0 < start <= position + LONGEST:
        if data[start + size : start + size + 1] == b"\n" and _NEXT.match(data, start + size):
            return start
        start = data.find(b" ", start) + 1
    return 0


def _in_step(words: list[bytes], vectors: Float32[np.ndarray, "n d"]) -> np.ndarray:
    """Which rows start where the one before ends.

    A word with a blank shifts its numbers, and the rest of them becomes the start of the next
    word: control characters, or no UTF-8 after letters that were read as large numbers.
    """
    keep = np.full(len(words), True)
    if b"".join(words).isascii() and not _CONTROL.search(b"".join(words)):
        return keep
    with np.errstate(all="ignore"):
        largest = np.abs(vectors).max(axis=1)
        odd = ~(largest <= 1000 * np.median(largest))
    for row, word in enumerate(words):
        shifted = row > 0 and odd[row - 1] and not _is_utf8(word)
        if shifted or _CONTROL.search(word):
            keep[max(0, row - 1) : row + 1] = False
    return keep


def _is_utf8(word: bytes) -> bool:
    try:
        word.decode()
    except UnicodeDecodeError:
        return False
    return True
