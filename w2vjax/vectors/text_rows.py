"""Rows of text, a word and D numbers: word2vec's and fastText's, GloVe's, with blanks or TABs.

The numbers of a block of rows are read together by `numpy.fromstring`, whose time is that of
turning digits into numbers. Only a row with another number of blanks is looked at by itself.
"""

import warnings
from collections.abc import Iterable, Iterator

import numpy as np
from jaxtyping import Float32

from w2vjax.vectors.left_out import NO_NUMBER, NO_WORD, NUMBERS
from w2vjax.vectors.shape import Shape, is_number
from w2vjax.vectors.table import Rows


def read_rows(
    blocks: Iterable[bytes], shape: Shape, rows: Rows, words: Iterator[bytes] | None = None
) -> None:
    """Adds the rows of the text, as many as are wanted.

    Where the rows have no words, those of `words` stand before them in turn.
    """
    number, header = 0, shape.promised is not None
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)  # numpy's sign of an unparsed rest
        for text in _whole_lines(blocks):
            lines = text.split(b"\n")
            numbered = [
                (place, line)
                for place, line in enumerate(lines, number + 1)
                if line and not line.isspace()
            ]
            number += len(lines)
            if header and numbered:
                header = False
                del numbered[0]
            _add(numbered[: rows.left], shape, rows, words)
            if rows.left == 0:
                return


def _whole_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The text cut where lines end, without the last LF of each piece."""
    rest: list[bytes] = []
    for block in blocks:
        cut = block.rfind(b"\n")
        if cut < 0:
            rest.append(block)
            continue
        yield b"".join([*rest, block[:cut]])
        rest = [block[cut + 1 :]]
    if last := b"".join(rest):
        yield last


def _add(
    numbered: list[tuple[int, bytes]], shape: Shape, rows: Rows, given: Iterator[bytes] | None
) -> None:
    """Adds the rows of these lines, each with its place in the file."""
    words, numbers, places = [], [], []
    for place, line in numbered:
        if given is not None:
            word, digits = next(given, b""), line.strip().replace(b"\t", b" ")
        elif b"\t" in line:  # where a word ends beyond doubt
            word, _, digits = line.rstrip().replace(b" \t", b"\t").partition(b"\t")
            digits = digits.replace(b"\t", b" ")
        else:
            word, _, digits = line.rstrip().partition(b" ")
        if digits.count(b" ") != shape.dim - 1:
            word, digits, fault = _parted(word, digits, shape)
            if fault:
                _leave_out(rows, fault, place, line)
                continue
            if b" " in word:
                rows.left_out.blanks(f"line {place}", word)
        words.append(word)
        numbers.append(digits)
        places.append(place)
    if shape.comma:
        numbers = [digits.replace(b",", b".") for digits in numbers]
    vectors = _numbers(b" ".join(numbers), len(numbers) * shape.dim)
    if vectors is None:
        good = []
        for row, digits in enumerate(numbers):
            if _numbers(digits, shape.dim) is not None:
                good.append(row)
                continue
            whole = len(digits.split()) == shape.dim
            _leave_out(rows, NO_NUMBER if whole else NUMBERS, places[row], words[row])
        words, places = [words[row] for row in good], [places[row] for row in good]
        vectors = _numbers(b" ".join(numbers[row] for row in good), len(good) * shape.dim)
    if words and vectors is not None:
        rows.add(words, vectors.reshape(-1, shape.dim), lambda row: f"line {places[row]}")


def _leave_out(rows: Rows, fault: str, place: int, example: bytes) -> None:
    rows.seen += 1
    rows.left_out.row(fault, f"line {place}", example.strip().decode(errors="replace"))


def _parted(word: bytes, digits: bytes, shape: Shape) -> tuple[bytes, bytes, str | None]:
    """Word and numbers of a row with a blank too many or too few; or what is wrong with it.

    The last D fields are the numbers, and the word is all that is before them.
    """
    line = word + b" " + digits
    fields = line.rsplit(None, shape.dim)
    if len(fields) <= shape.dim:
        unnamed = len(fields) == shape.dim and not word
        return b"", b"", NO_WORD if unnamed else NUMBERS
    before = fields[0].split()
    # where two are due, `route 66 0.1 0.2` has a word of two parts, `b 0.1 0.2 0.3` too many
    extra = before[-1] if len(before) > 1 else b""
    point = b"," if shape.comma else b"."
    alike = (point in extra) == any(point in field for field in fields[1:])
    if is_number(extra, shape.comma) and alike:
        return b"", b"", NUMBERS
    return fields[0].strip(), b" ".join(fields[1:]), None


def _numbers(text: bytes, count: int) -> Float32[np.ndarray, " n"] | None:
    """The numbers of a text; None if they are not as many, or something stands between them."""
    try:
        found = np.fromstring(text, np.float32, sep=" ")
    except (ValueError, DeprecationWarning):
        return None
    return found if len(found) == count else None
