"""Every sampler there is: distributions × mechanisms, those of the stream, and the user's own."""

import re
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from w2vjax.config.schema import SamplerConfig
from w2vjax.errors import InputError, unknown
from w2vjax.samplers.closed_forms import LogUniform, Uniform
from w2vjax.samplers.contract import Sampler, check
from w2vjax.samplers.distributions import (
    DISTRIBUTIONS,
    Probabilities,
    checked_counts,
    mixed,
    tempered,
)
from w2vjax.samplers.mechanisms import Alias, Cdf, Ranked, UnigramTable
from w2vjax.samplers.streamed import InBatch, LearnedUnigram

CLOSED_FORMS: dict[str, Callable[[int], Sampler]] = {
    "uniform": Uniform.of,
    "log-uniform": LogUniform.of,
}
"""Distributions that can be drawn from without a table: `num_words -> sampler`."""


def has_closed_form(config: SamplerConfig) -> bool:
    """Whether the distribution can be drawn from without a table."""
    as_it_is = config.temperature == 1 and not config.uniform_share
    return config.distribution in CLOSED_FORMS and as_it_is


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
    "table": lambda probabilities, config: UnigramTable.of(probabilities, config.table_size),
}
"""Every mechanism by name: `(probabilities [V], config) -> sampler`."""

STREAMED: dict[str, Callable[[Probabilities], Sampler]] = {
    "in-batch": InBatch.of,
    "learned-unigram": LearnedUnigram.of,
}
"""Samplers that go by the stream, by name: `counts of the words kept [V], expected -> sampler`."""

Own = Callable[[Probabilities], Sampler]
"""A user's sampler: counts `[V]`, float64, by id -> sampler."""
OWN: dict[str, Own] = {}
"""Samplers that users have registered, by name."""


def register(name: str) -> Callable[[Own], Own]:
    """Decorates `counts [V] -> sampler`: the sampler can then be used by this name.

    Whatever takes a sampler's name takes it from then on. It is checked whenever it is built.
    Results are found again by name: a sampler that changes needs a new one. Raises `InputError`
    for a name that is not letters, digits, `_` and `-`, or is taken.
    """
    if not re.fullmatch(r"[\w-]+", name):
        raise InputError(f"sampler name {name!r}: use letters, digits, '_' and '-' only")
    if name in (*DISTRIBUTIONS, *STREAMED):
        raise InputError(f"sampler name {name!r} is taken by a built-in one: choose another")

    def remember(build: Own) -> Own:
        OWN[name] = build
        return build

    return remember


def mechanism(config: SamplerConfig) -> str:
    """The mechanism that `config` draws by: `auto` is the closed form if any, else `alias`.

    Samplers of the stream are one of their own, `stream`.
    """
    if config.distribution in STREAMED:
        return "stream"
    if config.mechanism != "auto":
        return config.mechanism
    return "closed-form" if has_closed_form(config) else "alias"


def target_distribution(config: SamplerConfig, counts: ArrayLike) -> Probabilities:
    """The distribution `[V]` that `config` stands for, exactly, whatever draws from it.

    Reserved words have none, and ranks run over the others. Those of the stream stand for its
    words: for the counts, if these are of the words kept. Raises `InputError` for unknown names,
    bad counts, a power out of range, or where all words are reserved.
    """
    if config.distribution in STREAMED:
        return DISTRIBUTIONS["unigram"](counts, 1.0)
    if config.distribution not in DISTRIBUTIONS:
        known = [*DISTRIBUTIONS, *STREAMED, *OWN]
        raise unknown("noise distribution", config.distribution, known)
    values = checked_counts(counts)
    if config.reserved >= len(values):
        raise InputError(
            f"reserved is {config.reserved} and the vocabulary has {len(values)} words: none is "
            "left to draw; lower reserved"
        )
    law = DISTRIBUTIONS[config.distribution](values[config.reserved :], config.power)
    law = mixed(tempered(law, config.temperature), config.uniform_share)
    return np.concatenate([np.zeros(config.reserved), law])


def build(config: SamplerConfig, counts: ArrayLike, kept: ArrayLike | None = None) -> Sampler:
    """The sampler that `config` describes, for words with these counts `[V]`.

    `kept` are those that subsampling keeps, in expectation, `[V]`, which samplers of the stream go
    by; None: all. The mechanisms of `auto` are within 1e-6 total variation of the distribution at
    V = 3 M. Raises `InputError` for unknown names, bad counts, a power out of range, a table that
    is too small, or a user's sampler that breaks the contract.
    """
    if config.distribution in (*STREAMED, *OWN):
        _takes_nothing(config)
    if config.distribution in STREAMED:
        values = checked_counts(counts if kept is None else kept)
        return STREAMED[config.distribution](values)
    if config.distribution in OWN:
        return _own(config, counts)
    kind = mechanism(config)
    if kind not in MECHANISMS:
        raise unknown("sampling mechanism", kind, ["auto", *MECHANISMS])
    law = target_distribution(config, counts)
    sampler = MECHANISMS[kind](law[config.reserved :], config)
    if not config.reserved:
        return sampler
    return Ranked.of(sampler, np.arange(config.reserved, len(law)), len(law))


def _takes_nothing(config: SamplerConfig) -> None:
    name = config.distribution
    if config != SamplerConfig(name, config.power, table_size=config.table_size):
        raise InputError(
            f"{name} is a sampler as it is: it takes no mechanism, share of uniform, temperature "
            "or reserved words, and its words may repeat"
        )


def _own(config: SamplerConfig, counts: ArrayLike) -> Sampler:
    name = config.distribution
    values = checked_counts(counts)
    sampler = OWN[name](np.copy(values))
    check(sampler, len(values), name=name)
    return sampler
