"""A text in a vocabulary that is there already, grown by the text's own words or not."""

from dataclasses import replace

import numpy as np
from jaxtyping import Int64

from w2vjax.errors import InputError
from w2vjax.text.entries import EncodedCorpus
from w2vjax.text.vocab import Vocabulary


def grown(
    corpus: EncodedCorpus,
    words: tuple[str, ...],
    counts: Int64[np.ndarray, " v"],
    min_count: int | None,
) -> EncodedCorpus:
    """The same text, in the words that are there and in those of its own that are frequent enough.

    `corpus` is encoded with all of its words (`min_count` 1). Counts of both are added, and ids go
    by their falling sum. A word that is not there joins if the text has it `min_count` times; with
    None none joins. What is left is left out of the text. `text_counts` are those of the text
    alone. Raises `InputError` if no word of the text is left.
    """
    known = {word: int(count) for word, count in zip(words, counts, strict=True)}
    here = corpus.vocabulary
    total = dict(known)
    for word, count in zip(here.words, here.counts.tolist(), strict=True):
        if word in known:
            total[word] += count
        elif min_count is not None and count >= min_count:
            total[word] = count
    ranked = sorted(total, key=lambda word: (-total[word], word))
    vocabulary = Vocabulary(
        tuple(ranked), np.array([total[word] for word in ranked], np.int64), here.num_words
    )
    final = np.array([vocabulary.index.get(word, -1) for word in here.words], np.int32)
    ids = final[corpus.ids]
    inside = ids >= 0
    if not inside.any():
        raise InputError(
            f"{corpus.name} has no word of the vocabulary to continue from: let its own words "
            "join, or lower --min-count"
        )
    ends = np.concatenate([[0], np.cumsum(inside)])[corpus.starts]
    starts = np.unique(ends).astype(np.int64)  # documents without a word left are none
    occurrences = np.bincount(ids[inside], minlength=len(ranked))
    return replace(
        corpus, vocabulary=vocabulary, ids=ids[inside], starts=starts, text_counts=occurrences
    )
