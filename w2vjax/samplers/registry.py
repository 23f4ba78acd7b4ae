"""Every sampler there is: distributions × mechanisms, and the user's own; built from a name."""

import re
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from w2vjax.config import SamplerConfig
from w2vjax.errors import InputError, unknown
from w2vjax.samplers.closed_forms import LogUniform, Uniform
from w2vjax.samplers.contract import Sampler, check
from w2vjax.samplers.distributions import DISTRIBUTIONS, Probabilities, checked_counts, mixed
from w2vjax.samplers.mechanisms import Alias, Cdf, Table

CLOSED_FORMS: dict[str, Callable[[int], Sampler]] = {
    "uniform": Uniform.of,
    "log-uniform": LogUniform.of,
}
"""Distributions that can be drawn from without a table: `num_words -> sampler`."""


def has_closed_form(config: SamplerConfig) -> bool:
    """Whether the distribution can be drawn from without a table."""
    return config.distribution in CLOSED_FORMS and not config.uniform_share


def _closed_form(probabilities: Probabilities, config: SamplerConfig) -> Sampler:
    if not has_closed_form(config):
        raise InputError(
            f"{config.law_name} has no closed form (only {', '.join(CLOSED_FORMS)} have): "
            "use the mechanism alias"
        )
    return CLOSED_FORMS[config.distribution](len(probabilities))


MECHANISMS: dict[str, Callable[[Probabilities, SamplerConfig], Sampler]] = {
    "closed-form": _closed_form,
    "alias": lambda probabilities, _: Alias.of(probabilities),
    "cdf": lambda probabilities, _: Cdf.of(probabilities),
    "table": lambda probabilities, config: Table.of(probabilities, config.table_size),
}
"""Every mechanism by name: `(probabilities [V], config) -> sampler`."""

Own = Callable[[Probabilities], Sampler]
"""A user's sampler: counts `[V]`, float64, by id -> sampler."""
OWN: dict[str, Own] = {}
"""Samplers that users have registered, by name."""


def register(name: str) -> Callable[[Own], Own]:
    """Decorates `counts [V] -> sampler`: the sampler can then be used by this name.

    Whatever takes a sampler's name takes it from then on. It is checked whenever it is built.
    Results are found again by name: a sampler that changes needs a new one. Raises `InputError`
    for a name that is not letters, digits, `_` and `-`, or is a distribution's.
    """
    if not re.fullmatch(r"[\w-]+", name):
        raise InputError(f"sampler name {name!r}: use letters, digits, '_' and '-' only")
    if name in DISTRIBUTIONS:
        raise InputError(f"sampler name {name!r} is taken by a distribution: choose another")

    def remember(build: Own) -> Own:
        OWN[name] = build
        return build

    return remember


def mechanism(config: SamplerConfig) -> str:
    """The mechanism that `config` draws by: `auto` is the closed form if any, else `alias`."""
    if config.mechanism != "auto":
        return config.mechanism
    return "closed-form" if has_closed_form(config) else "alias"


def wish(config: SamplerConfig, counts: ArrayLike) -> Probabilities:
    """The distribution `[V]` that `config` stands for, exactly, whatever draws from it.

    Raises `InputError` for unknown names, bad counts, or a power out of range.
    """
    if config.distribution not in DISTRIBUTIONS:
        raise unknown("noise distribution", config.distribution, [*DISTRIBUTIONS, *OWN])
    return mixed(DISTRIBUTIONS[config.distribution](counts, config.power), config.uniform_share)


def build(config: SamplerConfig, counts: ArrayLike) -> Sampler:
    """The sampler that `config` describes, for words with these counts `[V]`.

    The mechanisms of `auto` are within 1e-6 total variation of the distribution at V = 3 M.
    Raises `InputError` for unknown names, bad counts, a power out of range, a table that is too
    small, or a user's sampler that breaks the contract.
    """
    if config.distribution in OWN:
        return _own(config, counts)
    kind = mechanism(config)
    if kind not in MECHANISMS:
        raise unknown("sampling mechanism", kind, ["auto", *MECHANISMS])
    return MECHANISMS[kind](wish(config, counts), config)


def _own(config: SamplerConfig, counts: ArrayLike) -> Sampler:
    name = config.distribution
    if config.mechanism != "auto" or config.uniform_share:
        raise InputError(f"{name} is a sampler as it is: it takes no mechanism and no share")
    values = checked_counts(counts)
    sampler = OWN[name](np.copy(values))
    check(sampler, len(values), name=name)
    return sampler
