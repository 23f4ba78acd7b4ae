"""How a cost grows: as a power of something, or with its logarithm."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats


class Growth(NamedTuple):
    """A fitted slope with its interval; NaN where there are too few points."""

    slope: float
    low: float
    high: float
    r_squared: float


def power_law(x: Sequence[float], y: Sequence[float], level: float = 0.95) -> Growth:
    """b of `y = a · x^b`: least squares of log y on log x, all positive, Student's interval."""
    return _fitted(np.log(np.asarray(x, float)), np.log(np.asarray(y, float)), level)


def logarithmic(x: Sequence[float], y: Sequence[float], level: float = 0.95) -> Growth:
    """b of `y = a + b · log2 x`: what a doubling of x adds to y."""
    return _fitted(np.log2(np.asarray(x, float)), np.asarray(y, float), level)


def _fitted(x: np.ndarray, y: np.ndarray, level: float) -> Growth:
    if len(np.unique(x)) < 2:
        return Growth(np.nan, np.nan, np.nan, np.nan)
    fit = stats.linregress(x, y)
    if len(x) < 3:
        return Growth(float(fit.slope), np.nan, np.nan, np.nan)
    half = float(stats.t.ppf((1 + level) / 2, len(x) - 2) * fit.stderr)
    return Growth(float(fit.slope), fit.slope - half, fit.slope + half, float(fit.rvalue**2))
