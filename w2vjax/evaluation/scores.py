"""One number that says how good vectors are, and how much of the test it rests on."""

from dataclasses import dataclass
from typing import Literal


def spelling(case: Literal["fold", "exact"]) -> str:
    """What a protocol says of upper and lower case, if they are not folded."""
    return "" if case == "fold" else ", upper and lower case apart"


@dataclass(frozen=True)
class Score:
    """One value of one metric, with its coverage."""

    metric: str
    """such as `analogy/total`, `analogy/section/family`, `similarity/EN-WS-353-ALL`"""
    value: float | None
    """accuracy in 0 … 1, Spearman's rho, or nats; None, never NaN, where nothing defines it"""
    covered: int
    """items of the test whose words all have vectors"""
    total: int
    """items of the test"""
    protocol: str
    """everything else one must know to compare the value with another"""
    rank: int | None = None
    """of a band of word frequency, the last rank; None: words of every frequency"""
    better: Literal["higher", "lower"] | None = None
    """of a metric of one's own, which values are the better ones, if that can be said"""
    message: str | None = None
    """why there is no value, where a metric of one's own failed"""
