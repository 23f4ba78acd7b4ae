"""Similarity judgements as they are published: two words and a score a line, among other columns.

WordSim-353 (`combined.csv`, `combined.tab`), SimLex-999 with its ten columns, SimVerb-3500, Rare
Words, MEN, MTurk, RG-65: any delimiter, a line of titles or none.
"""

import csv
import math
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from w2vjax.errors import InputError, InputWarning, unknown
from w2vjax.evaluation.lines import Line, lines, tell_left_out
from w2vjax.evaluation.questions import SimilaritySet

DELIMITERS = ("\t", ";", ",", "|", ":", None)
"""the first by which most lines have two words and more; None: blanks"""
WORDS = (("word1", "w1", "first", "firstword"), ("word2", "w2", "second", "secondword"))
"""titles of the columns of words, in small letters and digits alone"""
SCORES = (
    *("simlex999", "simlex", "humanmean", "similarity", "score", "rating", "judgement", "judgment"),
    *(
        "mean",
        "average",
        "averagescore",
        "averagerating",
        "avg",
        "avgscore",
        "relatedness",
        "human",
    ),
    *("gold", "goldstandard", "meanscore", "meanrating", "simverb3500"),
)
"""titles of the column of scores, the first that is there"""
DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+")
TAGGED = re.compile(r"..*-[nvajr]")
"""a word with its part of speech, as MEN has them in one of its files: sun-n"""
NEEDED = "two words and a number"
MOST_SHOWN = 12
MOST_PER_TAG = 25
"""lines to a value, on average, from which on values are no words"""
Row = tuple[int, list[str]]
"""the fields of a line, and its number"""


@dataclass(frozen=True)
class _Columns:
    """Where the words and their score are."""

    first: int
    second: int
    score: int


def read_similarity(
    path: str | Path, name: str | None = None, column: str | None = None
) -> SimilaritySet:
    """Reads judgements, lines of two words and a score; the set's name is the file's, or `name`.

    Columns lie between tabs, semicolons, commas, bars, colons or blanks, whichever divides most
    lines alike; fields with the delimiter in them stand in quotes. Of several columns of numbers
    `column`, or the one whose title is known (`SCORES`), or the first that is graded, or the first
    holds the scores, and an `InputWarning` says which. 9,5 is a number too, and said so.
    Lines that start with `#` are comments. Lines that cannot be read are left out with an
    `InputWarning`.

    Raises `InputError`, with the line or the columns, where most lines cannot be read, and for a
    file without judgements.
    """
    path = Path(path)
    found = lines(path)
    if not found:
        raise InputError(f"{path} has no judgements: lines of {NEEDED} are needed")
    rows = _divided(found)
    width = _most_common([len(fields) for _, fields in rows])
    numeric = [place for place in range(width) if _is_numeric(rows, place)]
    titles = _titles(rows[0], numeric, width, len(rows))
    data = rows[1:] if titles else rows
    if not data:
        raise InputError(f"{path} has no judgements: there is nothing below its line of titles")
    columns = _columns(path, titles, numeric, data, width, column)
    pairs, faults = _read(path, data, columns)
    tell_left_out(path, faults, len(pairs))
    return SimilaritySet(name or path.stem, tuple(pairs))


def _divided(found: Sequence[Line]) -> list[Row]:
    """The fields of every line, by the delimiter that divides most of them alike."""
    best: list[Row] = []
    most = -1
    for delimiter in DELIMITERS:
        rows = [(number, _fields(line, delimiter)) for number, line in found]
        sizes = [len(fields) for _, fields in rows if len(fields) >= 3]
        alike = sizes.count(_most_common(sizes)) if sizes else 0
        if alike > most or (delimiter is None and not most):
            best, most = rows, alike
    return best


def _fields(line: str, delimiter: str | None) -> list[str]:
    if delimiter is None:
        return line.split()
    # a line at a time: a quote that never ends swallows no other line
    (fields,) = csv.reader([line], delimiter=delimiter, skipinitialspace=True)
    return [field.strip() for field in fields]


def _most_common(sizes: Sequence[int]) -> int:
    return max(sizes, key=lambda size: (sizes.count(size), size))


def _number(text: str) -> float:
    """NaN for what is no finite number."""
    try:
        value = float(text.replace(",", ".") if DECIMAL_COMMA.fullmatch(text) else text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) and "_" not in text else math.nan


def _is_numeric(rows: Sequence[Row], place: int) -> bool:
    held = [fields[place] for _, fields in rows if len(fields) > place]
    numbers = sum(not math.isnan(_number(text)) for text in held)
    return 0 < len(held) <= 2 * numbers


def _titles(row: Row, numeric: Sequence[int], width: int, num_rows: int) -> list[str]:
    """The titles in the first line, if that is what it holds; else none."""
    fields = row[1]
    if len(fields) == width - 1:
        fields = ["", *fields]  # of an index that has none
    if len(fields) != width:
        return []
    known = {*WORDS[0], *WORDS[1], *SCORES}
    if known & {_plain(field) for field in fields}:
        return fields
    numbers = any(not math.isnan(_number(fields[place])) for place in numeric)
    return [] if numbers or not numeric or num_rows < 2 else fields


def _plain(title: str) -> str:
    return re.sub(r"[^a-z0-9]", "", title.lower())


def _columns(
    path: Path,
    titles: Sequence[str],
    numeric: Sequence[int],
    data: Sequence[Row],
    width: int,
    wanted: str | None,
) -> _Columns:
    plain = [_plain(title) for title in titles]
    named = [place for names in WORDS for place, title in enumerate(plain) if title in names]
    textual = [place for place in range(width) if place not in numeric]
    telling = [place for place in textual if not _is_tag(data, place)]
    textual = telling if len(telling) > 1 else textual
    first, second = named if len(named) == 2 else textual[:2] if len(textual) > 1 else (0, 1)
    scores = [place for place in numeric if place not in (first, second)]
    labels = titles or [f"column {place + 1}" for place in range(width)]
    if not scores or width < 3:
        number, fields = data[0]
        shown = f"its columns are {', '.join(titles)}" if titles else f"{' '.join(fields)!r}"
        raise InputError(f"{path} line {number}: it must hold {NEEDED}: {shown}")
    if wanted is not None:
        if wanted not in labels:
            raise unknown(f"column of {path}", wanted, [labels[place] for place in scores])
        return _Columns(first, second, labels.index(wanted))
    known = [plain.index(name) for name in SCORES if name in plain]
    graded = [place for place in scores if _is_graded(data, place)]
    score = next((place for place in known if place in scores), graded[0] if graded else scores[0])
    notes = []
    if titles and not known and len(named) < 2:
        notes.append(f"the first line is taken for titles: {', '.join(titles[:MOST_SHOWN])}")
    if len(scores) > 1:
        others = ", ".join(labels[place] for place in scores[:MOST_SHOWN] if place != score)
        notes.append(f"the scores are {labels[score]!r}; other columns of numbers: {others}")
    if notes:
        warnings.warn(f"{path}: {'; '.join(notes)}", InputWarning, stacklevel=3)
    return _Columns(first, second, score)


def _is_tag(rows: Sequence[Row], place: int) -> bool:
    """Whether a column has some few values again and again, as parts of speech."""
    values = {fields[place] for _, fields in rows if len(fields) > place}
    return MOST_PER_TAG * len(values) < len(rows)


def _is_graded(rows: Sequence[Row], place: int) -> bool:
    """Whether numbers are of several degrees, and no running number of the line."""
    values = [_number(fields[place]) for _, fields in rows if len(fields) > place]
    running = all(later - value == 1 for value, later in pairwise(values))
    return len(set(values)) > 2 and not running


def _read(
    path: Path, rows: Sequence[Row], columns: _Columns
) -> tuple[list[tuple[str, str, float]], list[Line]]:
    """The pairs, and the lines that hold none."""
    pairs, faults, commas = [], [], 0
    for number, fields in rows:
        whole = len(fields) > max(vars(columns).values())
        first, second, text = (fields[place] if whole else "" for place in vars(columns).values())
        value = _number(text)
        commas += DECIMAL_COMMA.fullmatch(text) is not None
        if first and second and not math.isnan(value):
            pairs.append((first, second, value))
        else:
            faults.append((number, f"it must hold {NEEDED}: {' '.join(fields)!r}"))
    if commas:
        told = f"{commas:,} score{'s have' if commas > 1 else ' has'} a decimal comma: 9,5 is 9.5"
        warnings.warn(f"{path}: {told}", InputWarning, stacklevel=3)
    if pairs and all(TAGGED.fullmatch(word) for pair in pairs for word in pair[:2]):
        told = f"every word has a part of speech, which is cut off: {pairs[0][0]}"
        warnings.warn(f"{path}: {told}", InputWarning, stacklevel=3)
        pairs = [(first[:-2], second[:-2], score) for first, second, score in pairs]
    return pairs, faults
