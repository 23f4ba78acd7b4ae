"""Samplers for any catalogue: ids in any order, some never drawn, some reserved.

Each function checks what it is given, on the host, and returns a frozen pytree with
`sample(key, shape)`, `log_prob(ids)`, the exact law of what it draws, and `num_words`. Its tables
are leaves: give the sampler to a jitted function as an argument. A closed-over table works too, and
is a constant of the program, which takes longer to compile: 50 MB of tables, two seconds more.

Common arguments:

* `reserved`: ids that are never drawn (padding, unknown): a list of them, or a number n for the
  first n, `0 … n - 1`. They keep their ids and stay in `num_words`.
* `order`: for laws of ranks, where ids are not sorted by falling frequency: `order[r]` is the id at
  rank r, the most frequent first, such as `np.argsort(-counts)`. It has all ids, reserved ones too:
  those are passed over, and ranks run over the rest.
* `temperature` T: `p^(1/T) / Σ p^(1/T)`. Above 1 it is flatter.
* `uniform_share` s: `(1 - s) p + s / n`, over the n words that are not reserved. Words without
  counts are drawn by this share alone.

Of four ids 0 is padding, and 3 is seen most often, then 1, then 2:

>>> from w2vjax.samplers import probabilities
>>> sampler = zipf(4, order=[3, 0, 1, 2], reserved=[0])  # reserved=1 says the same
>>> np.round(probabilities(sampler, 4), 3).tolist()  # 1, 1/2, 1/3 for 3, 1, 2, by their sum
[0.0, 0.273, 0.182, 0.545]
>>> sampler.num_words
4
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from w2vjax.errors import InputError, in_range, whole
from w2vjax.samplers import distributions
from w2vjax.samplers.closed_forms import LogUniform, Uniform
from w2vjax.samplers.contract import Sampler
from w2vjax.samplers.distributions import Probabilities, checked_weights
from w2vjax.samplers.mechanisms import Alias, Ranked

Ids = Sequence[int] | ArrayLike


def unigram(
    counts: ArrayLike,
    *,
    power: float = 0.75,
    reserved: Ids = (),
    temperature: float = 1.0,
    uniform_share: float = 0.0,
) -> Sampler:
    """`P(k) = counts[k]^power / Σ counts^power` (Mikolov et al. 2013b, section 2.2: power 3/4).

    Counts `[V]` by id, in any order. Words with count 0 are never drawn, whatever the power.
    Raises `InputError` for counts that are negative, not finite or all zero, a power beyond the
    range of float64, and for arguments out of range.
    """
    weights = checked_weights("counts", counts)
    free = _free(len(weights), reserved)
    drawn = free & (weights > 0)
    if not drawn.any():
        raise InputError("counts are zero for all ids that are not reserved: none can be drawn")
    law = np.zeros(len(weights))
    law[drawn] = distributions.unigram(weights[drawn], power)
    return _drawn(law, free, temperature, uniform_share)


def from_probabilities(
    probabilities: ArrayLike,
    *,
    reserved: Ids = (),
    temperature: float = 1.0,
    uniform_share: float = 0.0,
) -> Sampler:
    """Any law, `[V]` by id; it is divided by its sum. Words with probability 0 are never drawn.

    Raises `InputError` for probabilities that are negative, not finite or all zero, and for
    arguments out of range.
    """
    weights = checked_weights("probabilities", probabilities)
    free = _free(len(weights), reserved)
    law = np.where(free, weights, 0)
    if not law.any():
        raise InputError("probabilities of all ids that are not reserved are zero: none is drawn")
    law = law / law.max()
    return _drawn(law / law.sum(), free, temperature, uniform_share)


def from_file(
    path: str | Path,
    *,
    power: float = 1.0,
    num_reserved: int = 0,
    temperature: float = 1.0,
    uniform_share: float = 0.0,
) -> Sampler:
    """The words of a file, a line each: TensorFlow's `vocab_file`, for `fixed_unigram`.

    The last field of a line is the word's count or probability, after a comma or, where there is
    none, a blank. The first line is id `num_reserved`; those below are reserved. `power` is
    TensorFlow's `distortion`. Empty lines count for nothing. Raises `InputError` that names the
    line, if its last field is no weight.
    """
    whole("num_reserved", num_reserved, 0)
    weights = np.concatenate([np.zeros(num_reserved), _weights(Path(path))])
    return unigram(
        weights,
        power=power,
        reserved=num_reserved,
        temperature=temperature,
        uniform_share=uniform_share,
    )


def uniform(range_max: int, *, reserved: Ids = ()) -> Sampler:
    """`P(k) = 1 / n` for the n ids below `range_max` that are not reserved, in closed form."""
    free = _free(_num_words(range_max), reserved)
    inner = Uniform.of(int(free.sum()))
    return inner if free.all() else Ranked.of(inner, np.flatnonzero(free), len(free))


def log_uniform(
    range_max: int,
    *,
    order: ArrayLike | None = None,
    reserved: Ids = (),
    temperature: float = 1.0,
    uniform_share: float = 0.0,
) -> Sampler:
    """`P(r) = (log(r+2) - log(r+1)) / log(n+1)` of rank r: TensorFlow's `log_uniform`.

    In closed form, unless there is a temperature or a share of uniform. Raises `InputError` for an
    order that is no permutation, and for arguments out of range.
    """
    free = _free(_num_words(range_max), reserved)
    ids = _by_rank(free, order)
    if temperature != 1 or uniform_share:
        law = distributions.log_uniform(np.ones(len(ids)))
        return _drawn(_placed(law, ids, free), free, temperature, uniform_share)
    inner = LogUniform.of(len(ids))
    return inner if free.all() and order is None else Ranked.of(inner, ids, len(free))


def zipf(
    range_max: int,
    *,
    exponent: float = 1.0,
    order: ArrayLike | None = None,
    reserved: Ids = (),
    temperature: float = 1.0,
    uniform_share: float = 0.0,
) -> Sampler:
    """`P(r) = (r+1)^-exponent / Σ_j (j+1)^-exponent` of rank r.

    Raises `InputError` for an order that is no permutation, an exponent beyond the range of
    float64, and for arguments out of range.
    """
    free = _free(_num_words(range_max), reserved)
    ids = _by_rank(free, order)
    law = distributions.zipf(np.ones(len(ids)), exponent)
    return _drawn(_placed(law, ids, free), free, temperature, uniform_share)


def _drawn(
    law: Probabilities, free: np.ndarray, temperature: float, uniform_share: float
) -> Sampler:
    """The alias method for a law `[V]`, after temperature and share."""
    in_range("uniform_share", uniform_share, 0, 1)
    law = distributions.tempered(law, temperature)
    if uniform_share:
        law = (1 - uniform_share) * law + uniform_share * free / free.sum()
    return Alias.of(law)


def _num_words(range_max: int) -> int:
    whole("range_max", range_max, 1, 2**31 - 1)
    return int(range_max)


def _free(num_words: int, reserved: Ids) -> np.ndarray:
    """Which ids are not reserved, `[V]` booleans. Raises `InputError` if none is left."""
    if isinstance(reserved, int | np.integer) and not isinstance(reserved, bool):
        in_range("reserved", int(reserved), 0, num_words)
        ids = np.arange(int(reserved))
    else:
        ids = _checked_ids("reserved", reserved, num_words)
    free = np.ones(num_words, bool)
    free[ids] = False
    if not free.any():
        raise InputError(f"reserved are all of the {num_words} ids: none can be drawn")
    return free


def _by_rank(free: np.ndarray, order: ArrayLike | None) -> np.ndarray:
    """The ids that are not reserved, by rank."""
    if order is None:
        return np.flatnonzero(free)
    ids = _checked_ids("order", order, len(free))
    times = np.bincount(ids, minlength=len(free))
    if len(ids) != len(free) or not times.all():
        wrong = [
            f"id {int(found[0])} {said}"
            for found, said in (
                (np.flatnonzero(times > 1), "stands twice or more often"),
                (np.flatnonzero(times == 0), "is missing"),
            )
            if len(found)
        ]
        raise InputError(
            f"order has {len(ids)} ids and is no permutation of 0 … {len(free) - 1}: "
            + ", ".join(wrong)
        )
    return ids[free[ids]]


def _checked_ids(name: str, values: Ids, num_words: int) -> np.ndarray:
    ids = np.asarray(values)
    if ids.ndim != 1 or (ids.size and not np.issubdtype(ids.dtype, np.integer)):
        raise InputError(
            f"{name} is {ids.dtype} of shape {ids.shape}: give ids, whole numbers of shape [n]"
        )
    ids = ids.astype(np.int64)
    outside = np.flatnonzero((ids < 0) | (ids >= num_words))
    if len(outside):
        where = int(outside[0])
        raise InputError(f"{name}[{where}] is {ids[where]}: ids are between 0 and {num_words - 1}")
    return ids


def _placed(law: Probabilities, ids: np.ndarray, free: np.ndarray) -> Probabilities:
    """A law over ranks as one over ids, `[V]`."""
    placed = np.zeros(len(free))
    placed[ids] = law
    return placed


def _weights(path: Path) -> Probabilities:
    """The last field of every line. Raises `InputError`."""
    weights = []
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        field = (line.rsplit(b",", 1) if b"," in line else line.split())[-1].strip()
        try:
            weight = float(field)
        except ValueError:
            weight = np.nan
        if not 0 <= weight < np.inf:
            said = field.decode(errors="replace")
            raise InputError(
                f"{path}, line {number}: the last field is {said!r}: it must be a count or a "
                "probability, 0 or more"
            )
        weights.append(weight)
    if not weights:
        raise InputError(f"{path} has no lines with words: give a word and its count on each")
    return np.array(weights)
