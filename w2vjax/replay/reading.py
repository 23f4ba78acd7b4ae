"""How word2vec.c reads words, and the vocabulary it makes of them. Bytes, not characters."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from w2vjax.errors import InputError

LINE_END = b"</s>"
"""the word that stands for a newline, and the first of every vocabulary"""
LONGEST = 98
"""bytes of a word that are kept: `MAX_STRING` is 100, two of which are never a letter"""

_WORD = re.compile(rb"[^ \t\n]+|\n")


def read_words(text: bytes) -> Iterator[bytes]:
    """The words of a text, a newline as `</s>`.

    Spaces, tabs and newlines part words; carriage returns are passed over, inside of words too.
    A word longer than 98 bytes keeps its first 98, and ends at a zero byte. The text's last word is
    lost unless something that parts words comes after it: at the end of the file word2vec.c stops
    before it looks at what it has read.
    """
    text = text.replace(b"\r", b"")
    end = 1 + max(text.rfind(space) for space in (b" ", b"\t", b"\n"))
    for match in _WORD.finditer(text, 0, end):
        word = match[0]
        yield LINE_END if word == b"\n" else word[:LONGEST].split(b"\0", 1)[0]


@dataclass(frozen=True)
class ReplayVocabulary:
    """word2vec.c's words and their counts; a word's id is its place."""

    words: tuple[bytes, ...]
    """`</s>` first, whatever its count; the rest by falling count, equal counts as first met"""
    counts: tuple[int, ...]
    """`</s>`: how many newlines, possibly none"""

    def __len__(self) -> int:
        return len(self.words)

    @cached_property
    def index(self) -> dict[bytes, int]:
        """Each word's id."""
        return {word: number for number, word in enumerate(self.words)}

    @property
    def num_words(self) -> int:
        """word2vec.c's `train_words`: occurrences of words in the vocabulary, `</s>` too."""
        return sum(self.counts)


def count_words(text: bytes, min_count: int) -> ReplayVocabulary:
    """The vocabulary of a text: words that occur `min_count` times or more, and `</s>`.

    word2vec.c sorts with C's `qsort` and compares counts alone, so the order of ties belongs to the
    library. In glibc `qsort` is a stable merge sort unless the array would take more than a quarter
    of the memory: ties stay in order of first occurrence, which is the rule here. Other libraries
    may order ties otherwise. Vocabularies so large that word2vec.c prunes them while it reads
    (21 million words) are not pruned here.

    Raises `InputError` if no word is left beside `</s>`.
    """
    counts = Counter({LINE_END: 0})
    counts.update(read_words(text))
    lines = counts.pop(LINE_END)
    if not counts:
        raise InputError("it holds no words (the last counts only if white space follows)")
    kept = [entry for entry in counts.most_common() if entry[1] >= min_count]  # most_common: stable
    if not kept:
        raise InputError(f"no word occurs {min_count} times or more: lower min_count")
    words, numbers = zip(*kept, strict=True)
    return ReplayVocabulary((LINE_END, *words), (lines, *numbers))
