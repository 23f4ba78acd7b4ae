"""Samplers by name: what the command line and the tables call them."""

import re
from dataclasses import replace

from w2vjax.config.schema import POWERED, SamplerConfig
from w2vjax.errors import InputError, unknown
from w2vjax.samplers.distributions import DISTRIBUTIONS
from w2vjax.samplers.registry import MECHANISMS, OWN, STREAMED

SAMPLERS: dict[str, SamplerConfig] = {
    "uniform": SamplerConfig("uniform"),
    "unigram^1": SamplerConfig("unigram", 1.0),
    "unigram^0.75": SamplerConfig("unigram", 0.75),
    "unigram^0.5": SamplerConfig("unigram", 0.5),
    "log-uniform": SamplerConfig("log-uniform"),
    "zipf^1": SamplerConfig("zipf", 1.0),
    "unigram^0.75+uniform(0.1)": SamplerConfig("unigram", 0.75, uniform_share=0.1),
    "unigram^0.75:cdf": SamplerConfig("unigram", 0.75, "cdf"),
    "unigram^0.75:table": SamplerConfig("unigram", 0.75, "table"),
    "log-uniform:alias": SamplerConfig("log-uniform", mechanism="alias"),
    "in-batch": SamplerConfig("in-batch"),
    "learned-unigram": SamplerConfig("learned-unigram"),
}
"""Ready-made samplers; `parse` takes any other combination of distribution and mechanism."""

_NAME = re.compile(
    r"(?P<distribution>[\w-]+)(?:\^(?P<power>[^:]*?))?(?:\+uniform\((?P<share>[^()]*)\))?"
    r"(?::(?P<mechanism>[\w-]+)(?:\((?P<size>[^()]*)\))?)?"
)


def parse(name: str) -> SamplerConfig:
    """The configuration of a sampler's name; the inverse of `SamplerConfig.name`.

    `distribution[^power][+uniform(share)][:mechanism[(table size)]]`, or the name of a sampler of
    the stream or of a registered one: `unigram^0.75`, `log-uniform:alias`, `in-batch`,
    `unigram^0.75+uniform(0.1)`, `unigram^0.75:table(1e6)`. Without a
    power, unigram and zipf have power 1.
    Raises `InputError` that says what is not understood, with the nearest known name.
    """
    match = _NAME.fullmatch(name.strip())
    if not match:
        raise unknown("sampler", name, [*SAMPLERS, *OWN])
    distribution, power, share, mechanism, size = match.groups()
    known = [*DISTRIBUTIONS, *STREAMED, *OWN]
    if distribution not in known:
        raise unknown("noise distribution", distribution, known)
    if distribution in (*STREAMED, *OWN) and name.strip() != distribution:
        raise InputError(f"sampler {name!r}: {distribution} is used by its name alone")
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
    if share is not None:
        config = replace(config, uniform_share=_number("share", share, name))
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
