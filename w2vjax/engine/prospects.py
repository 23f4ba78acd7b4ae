"""What is to be expected of training on a text, told before it starts."""

import warnings

from w2vjax.config.schema import RunConfig
from w2vjax.engine.kept_words import Plan
from w2vjax.errors import InputError, InputWarning
from w2vjax.text.encoding import EncodedCorpus

FEW_KEPT = 0.1
"""share of the words that are of use, below which it is told"""
ENOUGH_WORDS = 1_000
"""kept words of all passes for each dimension of the vectors, from which on it does not matter how
many are left out"""
FEW_WORDS = 10
"""kept words of all passes for each dimension of the vectors, below which it is told"""


def check(corpus: EncodedCorpus, config: RunConfig) -> None:
    """Raises `InputError` where nothing can be learned from the text, with what to change.

    That is where no document that takes part has two words of the vocabulary, and where the
    vocabulary has one word.
    """
    plan = Plan(corpus, config.train, config.corpus.held_out_every)
    lengths = plan.units().lengths
    if not len(lengths):
        raise InputError(
            f"{corpus.name}: held_out_every {config.corpus.held_out_every} leaves no document to "
            "train on: give more documents (lines), or hold none out"
        )
    if len(corpus.vocabulary) == 1:
        raise InputError(
            f"{corpus.name}: {corpus.vocabulary.words[0]!r} is the only word of the vocabulary, so "
            f"there is nothing to tell apart: give more text{_lower(config)}"
        )
    if lengths.max() < 2:
        raise InputError(
            f"{corpus.name} has no pair of words to train on: none of its {len(lengths):,} "
            "documents (lines) has two words of the vocabulary. Put the words of a sentence on one "
            f"line{_lower(config)}"
        )


def warn(corpus: EncodedCorpus, config: RunConfig) -> None:
    """Gives an `InputWarning` where hardly anything can be learned, with what to change.

    That is where less than `FEW_KEPT` of the words have another in their document, or else where
    subsampling leaves less than that of them, in expectation, and not `ENOUGH_WORDS` for each
    dimension, or else where fewer than `FEW_WORDS` words are left for each dimension.
    """
    plan = Plan(corpus, config.train, config.corpus.held_out_every)
    lengths = plan.units().lengths
    beside = float(lengths[lengths > 1].sum() / lengths.sum())
    train, kept = config.train, plan.kept_words()
    share = kept / (train.epochs * plan.words())
    if beside < FEW_KEPT:
        warnings.warn(
            f"{corpus.name}: {1 - beside:.1%} of its words stand alone in their document (line), "
            "and teach nothing: put the words of a sentence on one line",
            InputWarning,
            stacklevel=3,
        )
    elif share < FEW_KEPT and kept < ENOUGH_WORDS * train.dim:
        warnings.warn(
            f"{corpus.name}: --subsample {train.subsample:g} (train.subsample) leaves {share:.1%} "
            "of its words, for most of them are frequent in this text: --subsample 0 keeps all",
            InputWarning,
            stacklevel=3,
        )
    elif kept < FEW_WORDS * train.dim:
        warnings.warn(
            f"{corpus.name}: {kept:,.0f} words are left to train on in {train.epochs:g} passes, "
            f"few for vectors of {train.dim} numbers, which will stay near to where they start: "
            "give more text, more --epochs or a lower --dim",
            InputWarning,
            stacklevel=3,
        )


def _lower(config: RunConfig) -> str:
    least = config.corpus.min_count
    return f", or lower --min-count (now {least})" if least > 1 else ""
