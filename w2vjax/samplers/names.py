"""Samplers by name: what the command line and the tables call them."""

import re
from dataclasses import replace
from typing import Any

from w2vjax.config.sampler import POWERED, SamplerConfig
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

_PARTS = {
    "temperature": ("temperature", "temperature"),
    "uniform": ("uniform_share", "share"),
    "reserved": ("reserved", "number of reserved words"),
}
"""What may follow a distribution with a number: the setting, and what errors call the number."""
_PART = rf"\+(?:unique|(?:{'|'.join(_PARTS)})\([^()]*\))"
_NAME = re.compile(
    rf"(?P<distribution>[\w-]+)(?:\^(?P<power>[^:]*?))?(?P<parts>(?:{_PART})*)"
    r"(?::(?P<mechanism>[\w-]+)(?:\((?P<size>[^()]*)\))?)?"
)


def parse(name: str) -> SamplerConfig:
    """The configuration of a sampler's name; the inverse of `SamplerConfig.name`.

    `distribution[^power][+part …][:mechanism[(table size)]]`, with the parts `temperature(T)`,
    `uniform(share)`, `reserved(n)` and `unique` in any order; or the name of a sampler of the
    stream or of a registered one: `unigram^0.75`, `log-uniform:alias`, `in-batch`,
    `log-uniform+unique`, `unigram^0.75+uniform(0.1)`, `unigram^0.75:table(1e6)`. Without a power,
    unigram and zipf have power 1.
    Raises `InputError` that says what is not understood, with the nearest known name.
    """
    match = _NAME.fullmatch(name.strip())
    if not match:
        raise unknown("sampler", name, [*SAMPLERS, *OWN])
    distribution, power, parts, mechanism, size = match.groups()
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
    config = SamplerConfig(distribution, mechanism=mechanism or "auto", **_settings(parts, name))
    if distribution in POWERED:
        exponent = 1.0 if power is None else _number("power", power, name)
        config = replace(config, power=exponent)
    if size is not None:
        config = replace(config, table_size=_whole("table size", size, name))
    return config


def _settings(parts: str, name: str) -> dict[str, Any]:
    """What the parts of a name set."""
    made: dict[str, Any] = {}
    for part in re.findall(_PART, parts):
        kind, _, text = part[1:].rstrip(")").partition("(")
        setting, what = _PARTS.get(kind, (kind, ""))
        if setting in made:
            raise InputError(f"sampler {name!r} has +{kind} twice: drop one")
        number = _whole if kind == "reserved" else _number
        made[setting] = number(what, text, name) if what else True
    return made


def _number(what: str, text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"sampler {name!r}: {what} {text!r} is not a number") from None


def _whole(what: str, text: str, name: str) -> int:
    number = _number(what, text, name)
    if not number.is_integer():
        raise InputError(f"sampler {name!r}: {what} {text!r} is not a whole number")
    return int(number)
