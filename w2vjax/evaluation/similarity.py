"""Word similarity: do cosines rank pairs of words as people do?"""

import numpy as np
from scipy import stats

from w2vjax.evaluation.questions import SimilaritySet
from w2vjax.evaluation.scores import Score
from w2vjax.vectors.embeddings import Embeddings


def similarity(embeddings: Embeddings, pairs: SimilaritySet) -> tuple[Score, float]:
    """Spearman's rho between cosines and judgements, and its two-sided p-value.

    Pairs with a word that has no vector are left out. Upper and lower case are one; of two words
    that differ in case alone the first stands for both. The value is None, and the p-value 1,
    where rho is undefined: fewer than three pairs, or all cosines or all judgements equal.
    """
    folded = embeddings.folded
    rows, judged = [], []
    for first, second, score in pairs.pairs:
        if first.upper() in folded and second.upper() in folded:
            rows.append((folded[first.upper()], folded[second.upper()]))
            judged.append(score)
    ends = embeddings.normalised[np.array(rows, np.int64).reshape(-1, 2)]
    cosines = np.einsum("pd,pd->p", ends[:, 0], ends[:, 1])
    rho, p_value = None, 1.0
    if len(judged) > 2 and len(set(judged)) > 1 and np.ptp(cosines) > 0:
        result = stats.spearmanr(judged, cosines)
        rho, p_value = float(result.statistic), float(result.pvalue)
    protocol = "Spearman's rho of cosines, out-of-vocabulary skipped"
    name = f"similarity/{pairs.name}"
    return Score(name, rho, len(judged), len(pairs.pairs), protocol), p_value
