"""Goodness of fit: do counts of draws agree with a law?"""

import numpy as np
from numpy.typing import NDArray

from w2vjax.samplers.distributions import Probabilities


def goodness_of_fit(
    observed: NDArray[np.int64], law: Probabilities, *, min_expected: float = 10.0
) -> dict[str, float]:
    """p-values of Pearson's chi-square for drawn counts `[V]` against the law `[V]`.

    Over `all words`, and within each decade of rank (`ranks 1-9`, `ranks 10-99`, …) given the
    decade's total. Words that are expected too rarely are pooled with their neighbours in the law.
    """
    order = np.argsort(-law, kind="stable")
    observed, law = observed[order], law[order]
    parts = {"all words": _chi_square(observed, law, min_expected)}
    low = 1
    while low <= len(law):
        high = min(low * 10 - 1, len(law))
        inside = slice(low - 1, high)
        parts[f"ranks {low}-{high}"] = _chi_square(observed[inside], law[inside], min_expected)
        low *= 10
    return parts


def _chi_square(observed: NDArray[np.int64], law: Probabilities, min_expected: float) -> float:
    if not observed.sum() or not law.sum():
        return 1.0
    expected = law / law.sum() * observed.sum()
    # cut the running total of expectations (falling order) into bins of min_expected
    bins = np.floor((np.cumsum(expected) - expected / 2) / min_expected).astype(np.int64)
    bins = np.unique(bins, return_inverse=True)[1]
    of_bin = np.bincount(bins, expected)
    if len(of_bin) > 1 and of_bin[-1] < min_expected / 2:  # what is left at the end
        bins[bins == bins[-1]] -= 1
        of_bin = np.bincount(bins, expected)
    from scipy.stats import chi2  # slow to load, and most samplers are never checked

    statistic = float((np.square(np.bincount(bins, observed) - of_bin) / of_bin).sum())
    return float(chi2.sf(statistic, max(len(of_bin) - 1, 1)))
