"""Test files, analogy questions and similarity judgements: read from text, the usual ones found."""

import hashlib
import importlib.util
import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int32

from w2vjax.errors import InputError
from w2vjax.files import read_text

GOOGLE_SHA256 = "8c29b3332afc46f3fb8be04cb5297bf96f39aa7131272dff57869b4485b22a36"


@dataclass(frozen=True, eq=False)
class Questions:
    """Analogy questions a : b :: c : d by section, in the order of the file."""

    name: str
    sections: tuple[str, ...]
    """names; those that start with `gram` are syntactic, the others semantic"""
    section: Int32[np.ndarray, " q"]
    """each question's section, as an index of `sections`"""
    words: tuple[tuple[str, str, str, str], ...]
    """a, b, c and the expected d"""

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits of the SHA-256 of all questions and their sections."""
        text = json.dumps([self.sections, self.section.tolist(), self.words])
        return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class SimilaritySet:
    """Pairs of words with the similarity people gave them."""

    name: str
    pairs: tuple[tuple[str, str, float], ...]


def read_questions(path: str | Path) -> Questions:
    """Reads questions: lines `: section`, each followed by lines of four words.

    Sections of one name are one section. Raises `InputError`, with the line, for a question without
    section or without exactly four words, and for a file without questions.
    """
    path = Path(path)
    sections: dict[str, int] = {}
    section, words = [], []
    current = None
    for number, line in _lines(path):
        if line.startswith(":"):
            name = line[1:].strip()
            if not name:
                raise InputError(f"{path} line {number}: a section needs a name after the colon")
            current = sections.setdefault(name, len(sections))
            continue
        parts = line.split()
        if len(parts) != 4:
            raise InputError(f"{path} line {number}: a question has 4 words, not {len(parts)}")
        if current is None:
            raise InputError(f"{path} line {number}: a ': section' line must precede the questions")
        a, b, c, d = parts
        section.append(current)
        words.append((a, b, c, d))
    if not words:
        raise InputError(f"{path} has no questions: lines of four words are needed")
    return Questions(path.stem, tuple(sections), np.array(section, np.int32), tuple(words))


def read_similarity(path: str | Path, name: str | None = None) -> SimilaritySet:
    """Reads judgements: lines `word word number`; lines that start with `#` are comments.

    Raises `InputError`, with the line, for anything else, and for a file without judgements.
    """
    path = Path(path)
    pairs = []
    for number, line in _lines(path):
        if line.startswith("#"):
            continue
        try:
            first, second, score = line.split()
            value = float(score)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise InputError(f"{path} line {number}: it must hold two words and a number: {line!r}")
        pairs.append((first, second, value))
    if not pairs:
        raise InputError(f"{path} has no judgements: lines of two words and a number are needed")
    return SimilaritySet(name or path.stem, tuple(pairs))


def google_questions() -> Questions:
    """The 19,544 Google analogy questions (Mikolov et al. 2013a, section 4.1).

    Sought in `$W2VJAX_DATA/eval` and in the installed gensim. Raises `InputError` if they are in
    neither place, or are not the published file.
    """
    for folder in (_data_folder(), _gensim_folder()):
        path = folder / "questions-words.txt" if folder else None
        if path and path.is_file():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            if digest != GOOGLE_SHA256:
                raise InputError(
                    f"{path} is not the published file: sha256 {digest}, expected {GOOGLE_SHA256}"
                )
            return read_questions(path)
    raise InputError(
        "questions-words.txt is not here: pip install 'w2vjax[demo]' brings it (with gensim), or "
        "put it into the folder eval of the folder that W2VJAX_DATA names"
    )


def similarity_sets() -> tuple[SimilaritySet, ...]:
    """The usual similarity sets that are at hand, by name.

    WordSim-353 (EN-WS-353-ALL) and SimLex-999 (EN-SIMLEX-999) from the installed gensim; these and
    all others from `$W2VJAX_DATA/eval/word-sim/*.txt`. Empty if neither is there.
    """
    sets: dict[str, SimilaritySet] = {}
    gensim, data = _gensim_folder(), _data_folder()
    if gensim:
        for file, name in (("wordsim353.tsv", "EN-WS-353-ALL"), ("simlex999.txt", "EN-SIMLEX-999")):
            if (gensim / file).is_file():
                sets[name] = read_similarity(gensim / file, name)
    if data:
        for path in (data / "word-sim").glob("*.txt"):
            sets[path.stem] = read_similarity(path)
    return tuple(sets[name] for name in sorted(sets))


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines that are not blank, stripped."""
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if line.strip():
            yield number, line.strip()


def _data_folder() -> Path | None:
    folder = os.environ.get("W2VJAX_DATA")
    return Path(folder) / "eval" if folder else None


def _gensim_folder() -> Path | None:
    # found, not imported: importing gensim takes a second
    spec = importlib.util.find_spec("gensim")
    return Path(spec.origin).parent / "test" / "test_data" if spec and spec.origin else None
