"""Scores by word frequency: where samplers differ, rare words tell.

A band holds the questions or pairs whose rarest word lies between two ranks of the vocabulary.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from scipy import stats

from w2vjax.evaluation.analogy_scores import Answered
from w2vjax.evaluation.questions import SimilaritySet
from w2vjax.evaluation.scores import Score, spelling
from w2vjax.evaluation.similarity import similarity
from w2vjax.vectors.embeddings import Case, Embeddings, lower_case

RANKS = (1_000, 3_000, 10_000, 30_000, 100_000)
"""last rank of each band; rarer words are in none"""


def analogy_bands(answered: Answered) -> list[Score]:
    """Accuracy on the covered questions of each band, as far as the candidates reach."""
    scores = []
    for last, rank in pairwise((0, *RANKS)):
        if answered.candidates is not None and last >= answered.candidates:
            break
        there = (answered.ranks > last) & (answered.ranks <= rank) & (answered.hits >= 0)
        num = int(there.sum())
        value = float(answered.hits[there].mean()) if num else None
        protocol = (
            f"{answered.method}, questions whose rarest word has rank {last + 1:,} to {rank:,}"
            f"{spelling(answered.case)}"
        )
        scores.append(Score("analogy/band", value, num, len(there), protocol, rank))
    return scores


def similarity_bands(
    embeddings: Embeddings, sets: Sequence[SimilaritySet], case: Case = "fold"
) -> list[Score]:
    """Spearman's rho over the pairs of each band, of all sets together.

    Sets judge on scales of their own: a judgement counts as its rank within its set, in 0 … 1.
    A pair that is in several sets counts once, as in the first.
    """

    def named(word: str) -> int | str:
        row = embeddings.row(word, case)
        return (lower_case(word) if case == "fold" else word) if row is None else row

    pooled: dict[frozenset[int | str], tuple[str, str, float]] = {}
    for pairs in sets:
        shares = stats.rankdata([pair[2] for pair in pairs.pairs]) / len(pairs.pairs)
        for (first, second, _), share in zip(pairs.pairs, shares, strict=True):
            ends = frozenset((named(first), named(second)))
            pooled.setdefault(ends, (first, second, float(share)))
    unknown = len(embeddings.words)
    ranks = np.array(
        [1 + max(unknown if isinstance(end, str) else end for end in ends) for ends in pooled]
    )
    scores = []
    for last, rank in pairwise((0, *RANKS)):
        if not pooled or last >= unknown:
            break
        there = (ranks > last) & (ranks <= min(rank, unknown))
        held = [pair for pair, here in zip(pooled.values(), there, strict=True) if here]
        score = similarity(embeddings, SimilaritySet("band", tuple(held)), case)[0]
        protocol = f"{score.protocol}, pairs whose rarer word has rank {last + 1:,} to {rank:,}"
        scores.append(replace(score, total=len(pooled), protocol=protocol, rank=rank))
    return scores
