"""Whether text holds vectors, and of which form: told by its first lines.

word2vec and fastText write a line `V D` first, GloVe does not. Rows are a word, white space and D
numbers; a word may hold blanks itself, so D is what most rows end in.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

LINES = 200
"""lines looked at"""

_HEADER = re.compile(rb"\s*(\d{1,18})\s+(\d{1,9})\s*")
_LIKE_HEADER = re.compile(rb"\s*[+-]?\d+\s+[+-]?\d+\s*")


class Shape(NamedTuple):
    """The form of a text of vectors."""

    dim: int
    """numbers a row"""
    promised: int | None
    """rows that the first line promises; None: there is no such line"""
    comma: bool
    """whether decimals follow a comma"""
    bare: bool
    """whether rows are numbers alone, without words"""
    odd: str | None = None
    """what makes one doubt that it is what it seems"""


def shape_of(lines: Sequence[bytes]) -> Shape | None:
    """The form of a text that starts with these lines; None if they hold no vectors.

    The first line is a header if it is two whole numbers and some row has as many numbers as the
    second says. Without one, half of the rows must end in numbers.
    """
    lines = [line for line in lines if line.strip()][:LINES]
    header = header_of(lines[0]) if lines else None
    rows = [line.split() for line in lines]
    if lines and _LIKE_HEADER.fullmatch(lines[0]):
        rows = rows[1:]
    comma = _with_comma(rows)
    votes = Counter(_numbers_at_end(row, comma) for row in rows)
    others = votes.pop(0, 0)
    if header and header[1] in votes:
        return Shape(header[1], header[0], comma, False)
    if rows and all(len(row) == 1 and _decimal(row[0]) for row in rows):
        return Shape(1, None, comma, True)
    dim = votes.most_common(1)[0][0] if votes else 0
    if 2 * others > len(rows) or (2 * others == len(rows) and dim < 2):
        return None
    if header and dim > 1:
        told = f"the first line promises {header[1]} numbers a row, the rows have {dim}"
        return Shape(dim, header[0], comma, False, told)
    bare = 2 * sum(_decimal(row[0]) for row in rows) > len(rows)
    counts = dim == 1 and len(rows) > 1 and all(row[-1].isdigit() for row in rows)
    odd = "one whole number a row: is it a list of counts?" if counts else None
    return Shape(dim + bare, None, comma, bare, odd)


def header_of(line: bytes) -> tuple[int, int] | None:
    """V and D of word2vec's first line; None if it is something else."""
    found = _HEADER.fullmatch(line)
    num_words, dim = map(int, found.groups()) if found else (0, 0)
    return (num_words, dim) if num_words and dim else None


def is_number(field: bytes, comma: bool = False) -> bool:
    """Whether it is a decimal number, infinite ones and NaN included."""
    try:
        float(field.replace(b",", b".") if comma else field)
    except ValueError:
        return False
    return b"_" not in field


def _numbers_at_end(row: list[bytes], comma: bool) -> int:
    """How many of the last fields are numbers; the first is a word even if it looks like one."""
    count = 0
    for field in reversed(row[1:]):
        if not is_number(field, comma):
            break
        count += 1
    return count


def _with_comma(rows: list[list[bytes]]) -> bool:
    """Whether no row ends in a number with a point, and some in one with a comma."""
    ends = [row[-1] for row in rows]
    if any(b"." in end and is_number(end) for end in ends):
        return False
    return any(b"," in end and is_number(end, comma=True) for end in ends)


def _decimal(field: bytes) -> bool:
    return b"." in field and is_number(field)
