"""Trained vectors: the words, their input and output vectors, their neighbours, their file."""

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int64

from w2vjax.errors import InputError
from w2vjax.vectors import formats


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
        for name, kind in (("vectors", np.float32), ("outputs", np.float32), ("counts", np.int64)):
            value = getattr(self, name)
            if value is not None:
                array = np.asarray(value, dtype=kind)
                object.__setattr__(self, name, array)
                if array.shape[:1] != (len(self.words),) or array.ndim != 1 + (name != "counts"):
                    raise InputError(
                        f"{name} have shape {array.shape}: one row for each of the "
                        f"{len(self.words)} words is needed"
                    )
                if not np.isfinite(array).all():
                    raise InputError(f"{name} are not finite: did training diverge?")
        if not self.vectors.size:
            raise InputError("the vectors are empty: at least one word and dimension is needed")
        if len(self.index) != len(self.words):
            raise InputError("the words of the vectors are not distinct: drop the repeated ones")

    @cached_property
    def index(self) -> dict[str, int]:
        """Row of each word."""
        return {word: row for row, word in enumerate(self.words)}

    @cached_property
    def folded(self) -> dict[str, int]:
        """Row of each word in upper case; of words that differ in case alone, the first."""
        rows: dict[str, int] = {}
        for row, word in enumerate(self.words):
            rows.setdefault(word.upper(), row)
        return rows

    @cached_property
    def normalised(self) -> Float32[np.ndarray, "v d"]:
        """Input vectors scaled to length 1; a vector of zeros (a word never trained) stays so."""
        # dividing by the largest entry first keeps tiny vectors from underflowing
        largest = np.abs(self.vectors).max(axis=1, keepdims=True)
        scaled = self.vectors / np.where(largest > 0, largest, np.float32(1))
        lengths = np.sqrt(np.vecdot(scaled, scaled))[:, None]
        return scaled / np.where(lengths > 0, lengths, np.float32(1))

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
        """Writes `.npz` (everything), `.bin` (word2vec binary) or, by any other name, its text.

        word2vec's formats hold the words and input vectors alone.
        Raises `InputError` for a word the format cannot hold or a place that cannot be written.
        """
        path = Path(path)
        if path.suffix == ".npz":
            arrays = {"vectors": self.vectors, "outputs": self.outputs, "counts": self.counts}
            held = {name: array for name, array in arrays.items() if array is not None}
            formats.write_npz(path, self.words, held)
        elif path.suffix == ".bin":
            formats.write_binary(path, self.words, self.vectors)
        else:
            formats.write_text(path, self.words, self.vectors)

    @classmethod
    def load(cls, path: str | Path) -> "Embeddings":
        """Reads what `save`, word2vec.c or gensim wrote; the suffix decides as in `save`.

        Raises `InputError` for a file that is missing, damaged or not in the format.
        """
        path = Path(path)
        if path.suffix == ".npz":
            words, arrays = formats.read_npz(path, required=["vectors"])
            try:
                return cls(words, arrays["vectors"], arrays.get("outputs"), arrays.get("counts"))
            except (InputError, ValueError) as error:
                raise InputError(f"{path}: {error}") from None
        read = formats.read_binary if path.suffix == ".bin" else formats.read_text
        return cls(*read(path))
