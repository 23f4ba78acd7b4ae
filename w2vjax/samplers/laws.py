"""The exact law of a sampler, and how far one law is from another; in float64."""

import math

import numpy as np
from scipy.special import xlog1py

from w2vjax.samplers.closed_forms import LogUniform, Uniform
from w2vjax.samplers.contract import Sampler, probabilities
from w2vjax.samplers.distributions import Probabilities, log_uniform, uniform
from w2vjax.samplers.mechanisms import Alias, Cdf, Ranked, UnigramTable, slot_ends
from w2vjax.samplers.random_words import WORD
from w2vjax.samplers.streamed import InBatch, LearnedUnigram


def law(sampler: Sampler, num_words: int) -> Probabilities:
    """What `sample` draws, `[V]`, counted from the integers it compares.

    `log_prob` says the same, rounded to float32. Closed forms have no integers to count: theirs is
    the formula, which they keep within some 1e-8. Noise from the step's words: in expectation, over
    all steps. A user's own sampler is taken at its word.
    """
    line = 2.0**WORD
    match sampler:
        case InBatch(expected=inner) | LearnedUnigram(drawn=inner):
            return law(inner, num_words)
        case Ranked():
            whole = np.zeros(num_words)
            ids = np.asarray(sampler.ids)
            whole[ids] = law(sampler.inner, len(ids))
            return whole
        case Uniform():
            return uniform(np.ones(num_words))
        case LogUniform():
            return log_uniform(np.ones(num_words))
        case Alias():
            own = np.asarray(sampler.thresholds).astype(np.float64)
            mass = np.bincount(np.asarray(sampler.aliases), line - own, len(own)) + own
            return (mass / (line * len(own)))[:num_words]
        case Cdf():
            starts = np.asarray(sampler.starts).astype(np.float64)
            starts[int(sampler.guide[-1]) + 1 :] = line  # where the guide never leads
            return np.diff(starts, append=line) / line
        case UnigramTable():
            num_slots = np.bincount(np.asarray(sampler.slots), minlength=num_words)
            return np.diff(slot_ends(num_slots), prepend=0) / line
    return probabilities(sampler, num_words)


def total_variation(p: Probabilities, q: Probabilities) -> float:
    """`½ Σ |p - q|`: the largest difference in the probability of any set of words. 0 … 1."""
    return float(np.abs(p - q).sum() / 2)


def kl_divergence(p: Probabilities, q: Probabilities) -> float:
    """`Σ p log(p / q)` in nats (Kullback & Leibler 1951); infinite where q misses what p has."""
    if (p[q == 0] > 0).any():
        return math.inf
    p, q = p[q > 0], q[q > 0]
    change = (p - q) / q
    # Σ p log(p / q) = Σ q ((1 + d) log(1 + d) - d), since both sum to one: no term is negative,
    # and none is the small difference of large numbers where the laws are close
    return max(0.0, float((q * (xlog1py(1 + change, change) - change)).sum()))


def hellinger(p: Probabilities, q: Probabilities) -> float:
    """`√(½ Σ (√p - √q)²)`. 0 … 1."""
    return float(np.sqrt(np.square(np.sqrt(p) - np.sqrt(q)).sum() / 2))


def ratio_bounds(p: Probabilities, q: Probabilities) -> tuple[float, float]:
    """Smallest and largest `p / q` over the words that q can draw."""
    ratio = p[q > 0] / q[q > 0]
    return float(ratio.min()), float(ratio.max())


def top_mass(p: Probabilities, num: int) -> float:
    """Probability of the first `num` words, the most frequent."""
    return float(p[:num].sum())


def rare_half_mass(p: Probabilities) -> float:
    """Probability of the last `⌊V/2⌋` words, the rarest."""
    return float(p[len(p) - len(p) // 2 :].sum())
