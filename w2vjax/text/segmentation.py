"""Whether a text is cut into words: Chinese, Japanese, Thai are written without white space."""

import re

import numpy as np
from jaxtyping import Int64

from w2vjax.text.notes import Notes

LONGEST = 8.0
"""characters a word on average, from which on a text in these scripts is not cut into words"""
SAMPLE = 20_000
"""words looked at"""
_UNSPACED = re.compile(
    "[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)


def note_uncut(
    words: list[bytes], counts: Int64[np.ndarray, " types"], name: str, notes: Notes
) -> None:
    """Says that a text in a script without white space between words is not cut into them.

    `words` are all different ones, in order of first sight.
    """
    characters = occurrences = others = 0
    for word, count in zip(words[:SAMPLE], counts[:SAMPLE].tolist(), strict=True):
        text = word.decode()
        if 2 * len(_UNSPACED.findall(text)) > len(text):
            characters += count * len(text)
            occurrences += count
        else:
            others += count
    if occurrences > others and characters > LONGEST * occurrences:
        notes.add(
            name,
            f"its words have {characters / occurrences:.0f} characters on average: the text is not "
            "cut into words. Put white space between them first: jieba (Chinese), fugashi "
            "(Japanese), PyThaiNLP (Thai)",
        )
