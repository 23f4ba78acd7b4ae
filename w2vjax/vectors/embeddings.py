"""Trained vectors: the words, their input and output vectors, their neighbours, their file."""

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float32, Int, Int64

from w2vjax.errors import InputError
from w2vjax.vectors import reading, writing
from w2vjax.vectors.left_out import Errors, LeftOut
from w2vjax.vectors.table import arrays_of, finite_rows, repeated

Case = Literal["fold", "exact"]


def lower_case(word: str) -> str:
    """The word in lower case, letter by letter; the word itself where letters would become two.

    Letters of other languages stay apart: neither Turkish `ı` and `i` nor German `ß` and `ss` are
    one, as they were in upper case. `İ` has no single letter of its own and stays.
    """
    lower = word.lower()
    return word if lower == word or len(lower) != len(word) else lower


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Words and their vectors.

    Raises `InputError` if shapes disagree, a word comes twice, or a number is not finite.
    """

    words: tuple[str, ...]
    """by falling count"""
    vectors: Float32[np.ndarray, "v d"]
    """input matrix: one row a word"""
    outputs: Float32[np.ndarray, "v d"] | None = None
    """output matrix, where the output layer has one row a word"""
    counts: Int64[np.ndarray, " v"] | None = None
    """how often each word occurs in the text"""

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", tuple(self.words))
        for name, array in arrays_of(vars(self), len(self.words)).items():
            object.__setattr__(self, name, array)
            if not finite_rows(array).all():
                raise InputError(f"{name} are not finite: did training diverge?")
        if not self.vectors.size:
            raise InputError("the vectors are empty: at least one word and dimension is needed")
        if len(repeated(self.words)):
            raise InputError("the words of the vectors are not distinct: drop the repeated ones")

    @cached_property
    def index(self) -> dict[str, int]:
        """Row of each word."""
        return {word: row for row, word in enumerate(self.words)}

    @cached_property
    def folded(self) -> dict[str, int]:
        """Row of each word in lower case; of words that differ in case alone, the first."""
        if all(lower_case(word) == word for word in self.words):
            return self.index  # once is enough of so large a thing
        rows: dict[str, int] = {}
        for row, word in enumerate(self.words):
            rows.setdefault(lower_case(word), row)
        return rows

    def row(self, word: str, case: Case = "fold") -> int | None:
        """The row of the word; None if it has no vector.

        Folded, a word that is not there as it is spelled has the first row of those that differ
        from it in case alone.
        """
        row = self.index.get(word)
        return self.folded.get(lower_case(word)) if row is None and case == "fold" else row

    @cached_property
    def normalised(self) -> Float32[np.ndarray, "v d"]:
        """Input vectors scaled to length 1; a vector of zeros (a word never trained) stays so.

        A second matrix: `unit` scales only the rows that are asked for.
        """
        return self.unit(slice(None))

    def unit(self, rows: slice | Int[np.ndarray, "..."]) -> Float32[np.ndarray, "... d"]:
        """These input vectors scaled to length 1, zeros left as they are."""
        # dividing by the largest entry first keeps tiny vectors from underflowing
        vectors = self.vectors[rows]
        largest = np.abs(vectors).max(axis=-1, keepdims=True)
        scaled = vectors / np.where(largest > 0, largest, np.float32(1))
        lengths = np.sqrt(np.vecdot(scaled, scaled))[..., None]
        scaled /= np.where(lengths > 0, lengths, np.float32(1))
        return scaled

    def neighbours(self, word: str, num: int = 10) -> list[tuple[str, float]]:
        """The `num` words nearest to `word` with their cosines, the nearest first.

        Raises `InputError` for a word that has no vector.
        """
        if word not in self.index:
            near = get_close_matches(word, self.words, n=3)
            hint = f": did you mean {' or '.join(near)}?" if near else ""
            raise InputError(f"no vector for the word {word!r}{hint}")
        row = self.index[word]
        cosines = self.normalised @ self.normalised[row]
        order = np.argsort(-cosines, kind="stable")
        return [(self.words[i], float(cosines[i])) for i in order[: num + 1] if i != row][:num]

    def save(self, path: str | Path) -> None:
        """Writes the form that the suffix names; without one that is known, word2vec's text.

        - `.npz` and `.safetensors`: everything, both matrices and the counts
        - `.bin`: word2vec binary, of words and input vectors
        - `.txt`, `.vec` and others: word2vec text, of words and input vectors
        - `.tsv`: the Embedding Projector's numbers, the words in `NAME_metadata.tsv`

        `.bin` and text are compressed by `.gz`, `.bz2`, `.xz` or `.zst` after that.
        Raises `InputError` for the suffix of a format that is not written, a word the format
        cannot hold, or a place that cannot be written.
        """
        arrays = {"vectors": self.vectors, "outputs": self.outputs, "counts": self.counts}
        held = {name: array for name, array in arrays.items() if array is not None}
        writing.write(Path(path), self.words, held)

    @classmethod
    def load(
        cls, path: str | Path, limit: int | None = None, errors: Errors = "skip"
    ) -> "Embeddings":
        """Reads vectors as they are found: what stands in the file tells its form, not its name.

        word2vec's text and binary, GloVe's and fastText's text, npz, safetensors and the Embedding
        Projector's pair; compressed too. `limit`: only so many rows, from the start. Rows that are
        not sound are left out, and one `InputWarning` tells how many and why; with
        `errors="strict"` they are refused.

        Raises `InputError` for a file that cannot be read or holds no vectors: it names what the
        file is and what to do. Nothing is ever unpickled.
        """
        left_out = LeftOut(Path(path), errors)
        table = reading.read(left_out.path, left_out, limit)
        left_out.warn()
        return cls(tuple(table.words), table.vectors, table.outputs, table.counts)
