"""Encoded texts in the cache: whole or not there, never damaged."""

import json
import os
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int32, Int64

from w2vjax.text.vocab import Vocabulary


@dataclass(frozen=True, eq=False)
class EncodedCorpus:
    """A text as word ids; words outside the vocabulary are left out, or all one word."""

    vocabulary: Vocabulary
    ids: Int32[np.ndarray, " t"]
    """memory-mapped, read only"""
    starts: Int64[np.ndarray, " documents_1"]
    """document i is `ids[starts[i]:starts[i + 1]]`; none is empty"""
    sha256: str
    """of the clean text as far as it was read; a named data set is always read to its end"""
    name: str
    notes: tuple[str, ...] = ()
    """what of the text was left out or guessed at, a line each"""
    text_counts: Int64[np.ndarray, " v"] | None = None
    """how often the text has every word, where the vocabulary counts another text too; None: as
    often as the vocabulary says"""

    @property
    def occurrences(self) -> Int64[np.ndarray, " v"]:
        """How often the text has every word."""
        return self.vocabulary.counts if self.text_counts is None else self.text_counts


def load(folder: Path, name: str) -> EncodedCorpus | None:
    """The entry in `folder`; None if there is none or it is damaged."""
    try:
        about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        for file, known in about["checksums"].items():
            if checksum(folder / file) != known:
                return None
        words = Vocabulary.load(folder / "vocabulary.tsv")
        return EncodedCorpus(
            vocabulary=Vocabulary(words.words, words.counts, about["num_words"]),
            ids=np.load(folder / "ids.npy", mmap_mode="r", allow_pickle=False),
            starts=np.load(folder / "starts.npy", allow_pickle=False),
            sha256=about["sha256"],
            name=name,
            notes=tuple(about["notes"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def publish(built: Path, folder: Path, aside: Path) -> None:
    """Gives the entry its name; a damaged one goes first, a sound one of another process stays."""
    while True:
        try:
            os.rename(built, folder)
            return
        except OSError:
            if not folder.exists():
                raise
        if load(folder, "") is not None:
            return
        with suppress(FileNotFoundError):
            os.rename(folder, aside)


def checksum(path: Path) -> int:
    """CRC-32 of a file."""
    value = 0
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            value = zlib.crc32(block, value)
    return value
