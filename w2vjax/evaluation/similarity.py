"""Word similarity: do cosines rank pairs of words as people do?"""

import numpy as np
from scipy import stats

from w2vjax.evaluation.questions import SimilaritySet
from w2vjax.evaluation.scores import Score, spelling
from w2vjax.vectors.embeddings import Case, Embeddings


def similarity(
    embeddings: Embeddings, pairs: SimilaritySet, case: Case = "fold"
) -> tuple[Score, float]:
    """Spearman's rho between cosines and judgements, and its two-sided p-value.

    Pairs with a word that has no vector are left out. A word that has none as it is spelled stands
    for the first that differs in case alone (`case="fold"`) or for none (`exact`). The value is
    None, and the p-value 1, where rho is undefined: fewer than three pairs, or all cosines or all
    judgements equal.
    """
    rows, judged = [], []
    for first, second, score in pairs.pairs:
        both = embeddings.row(first, case), embeddings.row(second, case)
        if None not in both:
            rows.append(both)
            judged.append(score)
    ends = embeddings.unit(np.array(rows, np.int64).reshape(-1, 2))
    cosines = np.einsum("pd,pd->p", ends[:, 0], ends[:, 1])
    rho, p_value = None, 1.0
    if len(judged) > 2 and len(set(judged)) > 1 and np.ptp(cosines) > 0:
        result = stats.spearmanr(judged, cosines)
        rho, p_value = float(result.statistic), float(result.pvalue)
    protocol = f"Spearman's rho of cosines, out-of-vocabulary skipped{spelling(case)}"
    name = f"similarity/{pairs.name}"
    return Score(name, rho, len(judged), len(pairs.pairs), protocol), p_value
