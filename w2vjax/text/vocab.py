"""The vocabulary: words by falling count, and how often each is kept when thinned out."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float64, Int64

from w2vjax import files
from w2vjax.errors import InputError, in_range

LARGEST = 2**63 - 1
"""count"""
END_OF_SENTENCE = "</s>"
"""the first word of word2vec.c's files, whatever its count, which may be 0"""


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Words and their counts; a word's id is its place."""

    words: tuple[str, ...]
    """by falling count, equal counts by code point"""
    counts: Int64[np.ndarray, " v"]
    """falling"""
    num_words: int
    """raw words in the text, including those outside the vocabulary"""

    def __len__(self) -> int:
        return len(self.words)

    @cached_property
    def index(self) -> dict[str, int]:
        """Each word's id."""
        return {word: number for number, word in enumerate(self.words)}

    def save(self, path: str | Path) -> None:
        """Writes lines `word<TAB>count`; the file appears whole or not at all.

        Raises `InputError` if it cannot be written.
        """
        lines = zip(self.words, self.counts.tolist(), strict=True)
        with files.written(Path(path)) as file:
            file.writelines(f"{word}\t{count}\n".encode() for word, count in lines)

    @classmethod
    def load(cls, path: str | Path) -> "Vocabulary":
        """Reads what `save` wrote, or word2vec.c with `-save-vocab`. Words outside the vocabulary
        are not in the file, so `num_words` is the sum of the counts. A leading `</s>` takes the
        place of its count; without a count it is left out.

        Raises `InputError`, with the line, for a line that is not `word<TAB or space>count`, a
        count that is not a positive integer, counts that rise, and a word that comes twice.
        """
        path = Path(path)
        lines = files.read_text(path).split("\n")
        counts: dict[str, int] = {}
        previous = LARGEST
        for number, line in enumerate(lines[:-1] if lines[-1] == "" else lines, start=1):
            leads = number == 1 and line.split()[:1] == [END_OF_SENTENCE]
            word, count = _entry(f"{path} line {number}", line, least=0 if leads else 1)
            if word in counts:
                raise InputError(f"{path} line {number}: {word!r} comes twice")
            if count > previous:
                raise InputError(
                    f"{path} line {number}: {count} is more than the count before it, {previous}: "
                    "sort the words by falling count"
                )
            counts[word] = count
            previous = previous if leads else count
        if counts.get(END_OF_SENTENCE) == 0:
            del counts[END_OF_SENTENCE]
        if not counts:
            raise InputError(
                f"{path} holds no words: lines of word, tab or space, count are needed"
            )
        words = sorted(counts, key=counts.__getitem__, reverse=True)  # moves </s> at most
        values = np.array([counts[word] for word in words], np.int64)
        return cls(tuple(words), values, int(values.sum()))


def keep_probabilities(
    counts: Int64[np.ndarray, " v"], threshold: float, formula: Literal["c", "paper"] = "c"
) -> Float64[np.ndarray, " v"]:
    """Probability with which each occurrence of a word is kept, in [0, 1].

    With f a word's share of the counts and t the threshold: `c`: sqrt(t/f) + t/f, as word2vec.c;
    `paper`: sqrt(t/f), Mikolov et al. 2013b, section 2.3, equation 5; both at most 1.
    A threshold of 0 keeps all. Raises `InputError` for a threshold outside [0, 1] and another
    formula.
    """
    in_range("subsample", threshold, 0, 1)
    if formula not in ("c", "paper"):
        raise InputError(f"unknown subsample formula {formula!r}: known: c, paper")
    if threshold == 0:
        return np.ones(len(counts))
    share = counts / counts.sum()
    ratio = threshold / share
    keep = np.sqrt(ratio) + ratio if formula == "c" else np.sqrt(ratio)
    return np.minimum(keep, 1.0)


def _entry(where: str, line: str, least: int) -> tuple[str, int]:
    word, gap, text = line.partition("\t" if "\t" in line else " ")
    if not gap or word.split() != [word]:
        raise InputError(f"{where}: {line!r} is not a word, a tab or space, and a count")
    if not (text.isascii() and text.isdigit()):
        raise InputError(f"{where}: the count {text!r} is not a positive integer")
    if len(text) > len(str(LARGEST)) or int(text) > LARGEST:
        raise InputError(f"{where}: the count {text:.40} is too large")
    if int(text) < least:
        raise InputError(f"{where}: the count {text!r} is not a positive integer")
    return word, int(text)
