"""Analogy questions as they are published: Google's file, Microsoft Research's, the folder of BATS.

| set | what is published | its sections |
|---|---|---|
| Google (Mikolov et al. 2013a) | lines `a b c d` under lines `: section` | those |
| MSR (Mikolov, Yih & Zweig 2013) | lines `a b c d`; or `a b c KIND d` | one; or the kinds |
| the same | `X.questions` with lines `a b c`, `X.answers` with lines `KIND d` | the kinds |
| BATS (Gladkova, Drozd & Matsuoka 2016) | folders of files of lines `a b/b/b` | the files |

Of pairs, as in BATS, every ordered two make a question: a and its first b, then the other a, of
which each b is right.
"""

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import permutations
from pathlib import Path

import numpy as np

from w2vjax.errors import InputError, InputWarning
from w2vjax.evaluation.lines import Line, lines, tell_left_out
from w2vjax.evaluation.questions import GOOGLE_SECTIONS, KINDS, OTHER, Questions

Question = tuple[str, str, str, str]
COMMAS = re.compile("[,;]")
MSR_KIND = re.compile(r"[A-Z]+_[A-Z]+")
"""JJ_JJR: tags of the Penn Treebank"""
GIVEN = re.compile(r"(.+?)\s*\((semantic|syntactic)\)")
"""a section's name with its category"""
BATS_FILE = re.compile(r"([IDEL])\d\d \[")
MSR_FILE = re.compile(r"\bmsr\b|^word_relationship")
BATS_FOLDERS = {
    "I": "inflectional",
    "D": "derivational",
    "E": "encyclopedic",
    "L": "lexicographic",
}
NEEDED = "lines of four words, or of two (a, and its b or several: b/b/b), are needed"


Row = tuple[int, list[str]]
"""the words of a line, and its number"""


@dataclass
class _Sections:
    """Questions as they are collected, section by section; those of one name are one."""

    categories: dict[str, str] = field(default_factory=dict)
    """by name, in the order of the file"""
    section: list[int] = field(default_factory=list)
    words: list[Question] = field(default_factory=list)
    also: list[tuple[str, ...]] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)
    faults: list[Line] = field(default_factory=list)
    """lines that could not be read, and what is wrong"""

    def open(self, name: str, category: str | None = None) -> None:
        """A section, of Google's category if it has one of its names and no other is given."""
        self.places.setdefault(name, len(self.places))
        self.categories.setdefault(name, category or GOOGLE_SECTIONS.get(name, OTHER))

    def add(self, name: str, question: Question, also: tuple[str, ...] = ()) -> None:
        """A question of an open section."""
        self.section.append(self.places[name])
        self.words.append(question)
        self.also.append(also)

    def add_words(self, name: str, number: int, words: list[str]) -> None:
        """A question of four words, or else a fault."""
        if len(words) == 4:
            a, b, c, d = words
            self.add(name, (a, b, c, d))
        else:
            self.faults.append((number, f"a question has 4 words, not {len(words)}"))

    def questions(self, name: str) -> Questions:
        """All of them."""
        return Questions(
            name,
            tuple(self.categories),
            np.array(self.section, np.int32),
            tuple(self.words),
            tuple(self.categories.values()),
            tuple(self.also) if any(self.also) else (),
        )


def read_questions(path: str | Path) -> Questions:
    """Reads a file or a folder of analogy questions, in any of the formats above.

    With a byte-order mark or without, words apart by blanks, tabs or commas, comments after `#`.
    Categories are those of Google's sections and of BATS's folders; `syntactic` for MSR; else what
    a section line says, `: plural (syntactic)`, or a folder in the folder is called (`KINDS`), or
    `OTHER`. Lines that cannot be read are left out with an `InputWarning`, and so are files of a
    folder without questions.

    Raises `InputError`, with the line, where most lines cannot be read, for a question before the
    first section line, and where there are no questions.
    """
    path = Path(path)
    made = _Sections()
    if path.is_dir():
        _read_folder(path, made)
    else:
        _read_file(path, _category(path.name), made)
    if not made.words:
        raise InputError(f"{path} has no questions: {NEEDED}")
    return made.questions(path.stem)


def _read_folder(folder: Path, made: _Sections) -> None:
    files = [path for path in sorted(folder.rglob("*.txt")) if not path.name.startswith(".")]
    empty = []
    for path in files:
        before, name = len(made.words), str(path.relative_to(folder))
        if not path.name.lower().startswith(("readme", "license")):
            _read_file(path, _category(name), made)
        if len(made.words) == before:
            empty.append(name)
    if empty and made.words:
        told = f"left out, without questions, {len(empty)} of {len(files)} files: {empty[0]}"
        warnings.warn(f"{folder}: {told}", InputWarning, stacklevel=3)


def _category(name: str) -> str | None:
    """What the name of a file in a folder of sections says, by that of its folder or its own."""
    folder, _, file = name.rpartition("/")
    for kind in reversed(KINDS):  # the folders of BATS name one of its own beside `semantic`
        if kind in folder.lower():
            return kind
    if letter := BATS_FILE.match(file):
        return BATS_FOLDERS[letter[1]]
    return "syntactic" if MSR_FILE.search(file.lower()) else None


def _read_file(path: Path, category: str | None, made: _Sections) -> None:
    before, made.faults = len(made.words), []
    found = lines(path)
    if any(line.startswith(":") for _, line in found):
        _read_google(path, found, category, made)
    else:
        _read_words(path, _divided(found), category, made)
    tell_left_out(path, made.faults, len(made.words) - before)


def _divided(found: Sequence[Line]) -> list[Row]:
    """The words of every line, apart by blanks; by commas or semicolons where most have three."""
    if 2 * sum(len(COMMAS.findall(line)) == 3 for _, line in found) > len(found):
        return [(number, [word.strip() for word in COMMAS.split(line)]) for number, line in found]
    return [(number, line.split()) for number, line in found]


def _read_google(path: Path, found: Sequence[Line], category: str | None, made: _Sections) -> None:
    current = None
    for number, line in found:
        if line.startswith(":"):
            current = line[1:].strip()
            if not current:
                raise InputError(f"{path} line {number}: a section needs a name after the colon")
            given = GIVEN.fullmatch(current)
            current = given[1] if given else current
            made.open(current, given[2] if given else category)
        elif current is None:
            raise InputError(f"{path} line {number}: a ': section' line must precede the questions")
        else:
            made.add_words(current, number, line.split())


def _read_words(path: Path, rows: Sequence[Row], category: str | None, made: _Sections) -> None:
    """Questions without sections, or pairs: by how many words most lines have."""
    sizes = [len(words) for _, words in rows]
    answers = path.with_suffix(".answers")
    usual = max((4, 2, 5, 3), key=sizes.count)
    if usual == 2:
        _read_pairs(path.stem, rows, category, made)
    elif usual == 3 and path != answers and answers.is_file():
        _read_kinds(_answered(path, rows, answers), made)
    elif usual == 5:
        _read_kinds(rows, made)
    else:
        made.open(path.stem, category)
        for number, words in rows:
            made.add_words(path.stem, number, words)


def _answered(path: Path, rows: Sequence[Row], beside: Path) -> list[Row]:
    answers = [line.split() for _, line in lines(beside)]
    if len(answers) != len(rows):
        raise InputError(f"{path} has {len(rows)} questions, {beside} {len(answers)} answers")
    return [(number, words + told) for (number, words), told in zip(rows, answers, strict=True)]


def _read_kinds(rows: Sequence[Row], made: _Sections) -> None:
    for number, words in rows:
        if len(words) == 5 and MSR_KIND.fullmatch(words[3]):
            made.open(words[3], "syntactic")
            made.add_words(words[3], number, [*words[:3], words[4]])
        else:
            made.faults.append((number, "a question is a b c KIND d, its kind such as JJ_JJR"))


def _read_pairs(name: str, rows: Sequence[Row], category: str | None, made: _Sections) -> None:
    """A relation of BATS."""
    pairs = []
    for number, words in rows:
        right = tuple(word for word in words[-1].split("/") if word)
        if len(words) == 2 and right:
            pairs.append((words[0], right))
        else:
            made.faults.append((number, f"a pair is a and its b (b/b/b), not {' '.join(words)!r}"))
    made.open(name, category) if len(pairs) > 1 else None
    for (a, its), (c, right) in permutations(pairs, 2):
        made.add(name, (a, its[0], c, right[0]), right[1:])
