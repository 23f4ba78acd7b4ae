"""Training continued: vectors that are there, and a new text in their words."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from w2vjax.config.schema import CorpusConfig
from w2vjax.errors import InputError
from w2vjax.progress import say
from w2vjax.text.encoding import EncodedCorpus, encode
from w2vjax.text.grown import grown
from w2vjax.vectors.embeddings import Embeddings


def continued(path: Path, text: CorpusConfig, join: bool) -> tuple[Embeddings, EncodedCorpus]:
    """The vectors of a file, and the text in their words, with its own if they are to `join`.

    Words keep their counts, to which the text's are added; vectors without counts have 1 each.
    Raises `InputError` for settings that fix a vocabulary, what is wrong with vectors or text, and
    a text with none of the words.
    """
    for name in ("unknown", "max_vocab"):
        if getattr(text, name) is not None:
            option = name.replace("_", "-")
            raise InputError(f"--{option} and --continue-from: leave one of them out")
    start = Embeddings.load(path)
    counts = start.counts
    if counts is None:
        say(f"{path} has no counts: each of its words counts once, and as often as the text has it")
        counts = np.ones(len(start.words), np.int64)
    corpus = encode(replace(text, min_count=1))
    corpus = grown(corpus, start.words, counts, text.min_count if join else None)
    joined = len(corpus.vocabulary) - len(start.words)
    say(f"continues from {len(start.words):,} words of {path}; {joined:,} of the text join them")
    return start, corpus
