"""Noise samplers: a distribution and a mechanism that draws from it, by name and by contract.

A new sampler is a frozen pytree (`flax.struct.dataclass`) with `sample` and `log_prob`; `check`
tells whether it keeps the contract.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float32, Int32, Key
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2

from w2vjax.config import SamplerConfig
from w2vjax.errors import InputError, unknown
from w2vjax.samplers.closed_forms import LogUniform, Uniform
from w2vjax.samplers.distributions import DISTRIBUTIONS, POWERED, Probabilities
from w2vjax.samplers.mechanisms import Alias, Cdf, Table


@runtime_checkable
class Sampler(Protocol):
    """What an output layer needs of its noise. A pytree: arrays are leaves, never constants."""

    def sample(self, key: Key[Array, ""], shape: tuple[int, ...]) -> Int32[Array, "..."]:
        """Independent ids of the given shape."""
        ...

    def log_prob(self, ids: Int32[Array, "..."]) -> Float32[Array, "..."]:
        """Log-probability of each id under the law of what `sample` really draws."""
        ...


class BuiltSampler(Sampler, Protocol):
    """A sampler that knows its vocabulary: what `build` makes."""

    @property
    def num_words(self) -> int:
        """V: ids are `0 … V-1`."""
        ...


CLOSED_FORMS: dict[str, Callable[[int], BuiltSampler]] = {
    "uniform": Uniform.of,
    "log-uniform": LogUniform.of,
}
"""Distributions that can be drawn from without a table: `num_words -> sampler`."""


def _closed_form(probabilities: Probabilities, config: SamplerConfig) -> BuiltSampler:
    if config.distribution not in CLOSED_FORMS:
        raise InputError(
            f"{config.distribution} has no closed form (only {', '.join(CLOSED_FORMS)} have): "
            "use the mechanism alias"
        )
    return CLOSED_FORMS[config.distribution](len(probabilities))


MECHANISMS: dict[str, Callable[[Probabilities, SamplerConfig], BuiltSampler]] = {
    "closed-form": _closed_form,
    "alias": lambda probabilities, _: Alias.of(probabilities),
    "cdf": lambda probabilities, _: Cdf.of(probabilities),
    "table": lambda probabilities, config: Table.of(probabilities, config.table_size),
}
"""Every mechanism by name: `(probabilities [V], config) -> sampler`."""


def build(config: SamplerConfig, counts: ArrayLike) -> BuiltSampler:
    """The sampler that `config` describes, for words with these counts `[V]`.

    Mechanism `auto` is the closed form where there is one, else `alias`: both are within 1e-6
    total variation of the distribution at V = 3 M. Raises `InputError` for unknown names, bad
    counts, a power out of range, or a table that is too small.
    """
    if config.distribution not in DISTRIBUTIONS:
        raise unknown("noise distribution", config.distribution, DISTRIBUTIONS)
    mechanism = config.mechanism
    if mechanism == "auto":
        mechanism = "closed-form" if config.distribution in CLOSED_FORMS else "alias"
    if mechanism not in MECHANISMS:
        raise unknown("sampling mechanism", mechanism, ["auto", *MECHANISMS])
    return MECHANISMS[mechanism](DISTRIBUTIONS[config.distribution](counts, config.power), config)


_NAME = re.compile(r"([\w-]+)(?:\^([^:]*))?(?::([\w-]+)(?:\(([^()]*)\))?)?")


def parse(name: str) -> SamplerConfig:
    """The configuration of a sampler's name; the inverse of `SamplerConfig.name`.

    `distribution[^power][:mechanism[(table size)]]`: `unigram^0.75`, `log-uniform:alias`,
    `unigram^0.75:table(1e6)`. Without a power, unigram and zipf have power 1.
    """
    match = _NAME.fullmatch(name.strip())
    if not match:
        raise unknown("sampler", name, SAMPLERS)
    distribution, power, mechanism, size = match.groups()
    if distribution not in DISTRIBUTIONS:
        raise unknown("noise distribution", distribution, DISTRIBUTIONS)
    if mechanism not in (None, "auto", *MECHANISMS):
        raise unknown("sampling mechanism", mechanism, ["auto", *MECHANISMS])
    if power is not None and distribution not in POWERED:
        raise InputError(f"sampler {name!r}: {distribution} takes no power")
    if size is not None and mechanism != "table":
        raise InputError(f"sampler {name!r}: {mechanism} takes no table size")
    config = SamplerConfig(distribution, mechanism=mechanism or "auto")
    if distribution in POWERED:
        exponent = 1.0 if power is None else _number("power", power, name)
        config = replace(config, power=exponent)
    if size is not None:
        entries = _number("table size", size, name)
        if not entries.is_integer():
            raise InputError(f"sampler {name!r}: table size {size!r} is not a whole number")
        config = replace(config, table_size=int(entries))
    return config


def _number(what: str, text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"sampler {name!r}: {what} {text!r} is not a number") from None


SAMPLERS: dict[str, SamplerConfig] = {
    "uniform": SamplerConfig("uniform"),
    "unigram^1": SamplerConfig("unigram", 1.0),
    "unigram^0.75": SamplerConfig("unigram", 0.75),
    "unigram^0.5": SamplerConfig("unigram", 0.5),
    "log-uniform": SamplerConfig("log-uniform"),
    "zipf^1": SamplerConfig("zipf", 1.0),
    "unigram^0.75:cdf": SamplerConfig("unigram", 0.75, "cdf"),
    "unigram^0.75:table": SamplerConfig("unigram", 0.75, "table"),
    "log-uniform:alias": SamplerConfig("log-uniform", mechanism="alias"),
}
"""Ready-made samplers; `parse` takes any other combination of distribution and mechanism."""


def probabilities(sampler: Sampler, num_words: int) -> Probabilities:
    """`exp(log_prob)` of the ids `0 … num_words - 1`, in float64."""
    log_law = np.asarray(sampler.log_prob(jnp.arange(num_words, dtype=jnp.int32)))
    return np.exp(log_law.astype(np.float64))


def num_unreachable(sampler: BuiltSampler) -> int:
    """How many words of the vocabulary the sampler never draws."""
    return int((probabilities(sampler, sampler.num_words) == 0).sum())


def check(sampler: Sampler, num_words: int, *, seed: int = 0, num_draws: int = 1 << 20) -> None:
    """Checks the contract of a sampler over `num_words` words.

    It is a pytree; `log_prob` is float32 of the shape of the ids and sums to one; draws are int32
    ids in range, and agree with `log_prob` (chi-square over all words with pooled tails, and in
    every decade of rank, none below p = 1e-7). Raises `InputError` that says what fails.
    """
    name = type(sampler).__name__
    if jax.tree_util.all_leaves([sampler]):
        raise InputError(f"sampler {name} is not a pytree: decorate it with flax.struct.dataclass")
    law = _checked_law(sampler, num_words, name)
    shape = (num_draws // 8, 8)
    ids = np.asarray(_draw(sampler, jax.random.key(seed), shape))
    if ids.dtype != np.int32 or ids.shape != shape:
        raise InputError(
            f"sampler {name}: sample gives {ids.dtype} {ids.shape} "
            f"where int32 {shape} was asked for"
        )
    if ids.min() < 0 or ids.max() >= num_words:
        wrong = ids.min() if ids.min() < 0 else ids.max()
        raise InputError(f"sampler {name}: it drew id {wrong}, outside of 0 … {num_words - 1}")
    observed = np.bincount(ids.ravel(), minlength=num_words)
    impossible = np.flatnonzero((observed > 0) & (law == 0))
    if len(impossible):
        raise InputError(f"sampler {name}: it drew id {impossible[0]}, whose log_prob is -inf")
    for part, p_value in goodness_of_fit(observed, law).items():
        if p_value < 1e-7:
            raise InputError(
                f"sampler {name}: draws disagree with log_prob over {part} (chi-square, "
                f"p = {p_value:.1e}): log_prob must be the law of what sample draws"
            )


@partial(jax.jit, static_argnames="shape")
def _draw(sampler: Sampler, key: Key[Array, ""], shape: tuple[int, ...]) -> Int32[Array, "..."]:
    return sampler.sample(key, shape)


def _checked_law(sampler: Sampler, num_words: int, name: str) -> Probabilities:
    ids = jnp.arange(num_words, dtype=jnp.int32)
    log_law = np.asarray(sampler.log_prob(ids))
    if log_law.dtype != np.float32 or log_law.shape != ids.shape:
        raise InputError(
            f"sampler {name}: log_prob gives {log_law.dtype} {log_law.shape} where float32 "
            f"{ids.shape} was asked for"
        )
    if np.isnan(log_law).any():
        raise InputError(f"sampler {name}: log_prob of id {int(np.isnan(log_law).argmax())} is NaN")
    law = probabilities(sampler, num_words)
    if not abs(law.sum() - 1) < 2e-5:
        raise InputError(f"sampler {name}: exp(log_prob) sums to {law.sum():.6g} and not to one")
    return law


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
    statistic = float((np.square(np.bincount(bins, observed) - of_bin) / of_bin).sum())
    return float(chi2.sf(statistic, max(len(of_bin) - 1, 1)))
