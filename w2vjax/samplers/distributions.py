"""Noise distributions: from word counts to probabilities, in float64, before anything is drawn."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from w2vjax.errors import InputError

Probabilities = NDArray[np.float64]
Distribution = Callable[[ArrayLike, float], Probabilities]


def uniform(counts: ArrayLike, power: float = 1.0) -> Probabilities:
    """`P(k) = 1 / V`. The counts give `V` only; `power` is ignored."""
    num_words = len(checked_counts(counts))
    return np.full(num_words, 1 / num_words)


def unigram(counts: ArrayLike, power: float = 0.75) -> Probabilities:
    """`P(k) = counts[k]^power / Σ counts^power` (Mikolov et al. 2013b, section 2.2: power 3/4).

    Powers, their sum and the shares are taken one after the other in double, as word2vec.c does.
    Raises `InputError` for bad counts, or where a power is beyond the range of float64.
    """
    values = checked_counts(counts)
    weights = _powers(values, power)
    if not _usable(weights):  # immoderate powers may still have moderate shares
        log_weights = power * np.log(values)
        weights = np.exp(log_weights - log_weights.max())
    if not _usable(weights):
        raise InputError(
            f"power {power:g} takes counts between {values.min():g} and {values.max():g} "
            "beyond the range of float64: use a power nearer to 0"
        )
    return _shares(weights)


def log_uniform(counts: ArrayLike, power: float = 1.0) -> Probabilities:
    """`P(k) = (log(k+2) - log(k+1)) / log(V+1)`: TensorFlow's `log_uniform_candidate_sampler`.

    Only the rank is used (`power` is ignored), so the words must be sorted by falling frequency.
    Raises `InputError` if they are not.
    """
    num_words = len(_sorted_counts(counts, "log-uniform"))
    return np.log1p(1 / np.arange(1.0, num_words + 1)) / np.log1p(num_words)


def zipf(counts: ArrayLike, power: float = 1.0) -> Probabilities:
    """`P(k) = (k+1)^-power / Σ_j (j+1)^-power`, over the ranks of the vocabulary.

    Raises `InputError` if the words are not sorted by falling frequency.
    """
    num_words = len(_sorted_counts(counts, "zipf"))
    weights = _powers(np.arange(1.0, num_words + 1), -power)
    if not _usable(weights):
        raise InputError(f"power {power:g} takes {num_words} ranks beyond the range of float64")
    return _shares(weights)


DISTRIBUTIONS: dict[str, Distribution] = {
    "uniform": uniform,
    "unigram": unigram,
    "log-uniform": log_uniform,
    "zipf": zipf,
}
"""Every noise distribution by name: `(counts [V], power) -> probabilities [V]`, summing to 1."""


def tempered(probabilities: Probabilities, temperature: float) -> Probabilities:
    """`P^(1/T) / Σ P^(1/T)`, `[V]`: flatter above T = 1. Where P is 0 it stays 0.

    Raises `InputError` for a temperature that is not positive and finite.
    """
    if not 0 < temperature < np.inf:
        raise InputError(f"temperature is {temperature}: it must be positive and finite")
    if temperature == 1:
        return probabilities
    nothing = np.full(len(probabilities), -np.inf)
    log_law = np.log(probabilities, where=probabilities > 0, out=nothing) / temperature
    law = np.exp(log_law - log_law.max())
    return law / law.sum()


def mixed(probabilities: Probabilities, share: float) -> Probabilities:
    """`(1 - share) · P + share / V`: a share of uniform noise in any distribution `[V]`."""
    return (1 - share) * probabilities + share / len(probabilities) if share else probabilities


def checked_probabilities(probabilities: Probabilities) -> Probabilities:
    """The same. Raises `InputError` unless `[V]` are not negative and sum to one within 1e-6."""
    if probabilities.ndim != 1 or not len(probabilities):
        raise InputError(f"probabilities have shape {probabilities.shape}: give one a word")
    wrong = ~(probabilities >= 0)
    if wrong.any():
        where = int(wrong.argmax())
        raise InputError(
            f"probabilities[{where}] is {probabilities[where]:g}: it must be 0 or more"
        )
    total = probabilities.sum()
    if not abs(total - 1) < 1e-6:
        raise InputError(f"the probabilities sum to {total:.6g} and not to one: divide by the sum")
    return probabilities


def checked_weights(name: str, weights: ArrayLike) -> Probabilities:
    """Counts or probabilities as float64 `[V]`; `name` is what errors call them.

    Raises `InputError` unless they are numbers, finite, not negative, and not all zero.
    """
    try:
        values = np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{name} are no numbers: give one a word, of shape [V]") from None
    if values.ndim != 1 or not len(values):
        raise InputError(f"{name} have shape {values.shape}: give one a word, one or more")
    for wrong, what in (
        (np.isnan(values), "NaN"),
        (np.isinf(values), "infinite"),
        (values < 0, "negative"),
    ):
        if wrong.any():
            where = int(wrong.argmax())
            raise InputError(
                f"{name}[{where}] is {values[where]:g} ({what}): {name} are positive numbers"
            )
    if not values.any():
        raise InputError(f"all {name} are zero: there is nothing to draw")
    return values


def checked_counts(counts: ArrayLike) -> Probabilities:
    """The counts as float64 `[V]`. Raises `InputError` unless all are finite and positive."""
    values = checked_weights("counts", counts)
    if not values.all():
        raise InputError(
            f"counts[{int((values == 0).argmax())}] is 0, one of {int((values == 0).sum())}: "
            "drop the words that never occur (min count 1 or more)"
        )
    return values


def _sorted_counts(counts: ArrayLike, name: str) -> Probabilities:
    values = checked_counts(counts)
    rising = np.flatnonzero(np.diff(values) > 0)
    if len(rising):
        raise InputError(
            f"{name} goes by rank, and the counts are not sorted by falling frequency "
            f"(counts[{rising[0] + 1}] > counts[{rising[0]}]): sort the vocabulary first"
        )
    return values


def _powers(values: Probabilities, power: float) -> Probabilities:
    if not np.isfinite(power):
        raise InputError(f"power is {power}: it must be a finite number")
    with np.errstate(over="ignore", under="ignore", divide="ignore"):
        return np.power(values, power)


def _usable(weights: Probabilities) -> bool:
    with np.errstate(over="ignore"):
        total = weights.sum()
    return bool(np.isfinite(total)) and bool((weights >= np.finfo(np.float64).tiny).all())


def _shares(weights: Probabilities) -> Probabilities:
    # cumsum adds in order, as a loop in C does; sum adds in pairs and differs in the last bits
    return weights / np.cumsum(weights)[-1]
