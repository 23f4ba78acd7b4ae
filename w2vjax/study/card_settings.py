"""The samplers' report card as data: which samplers, and how carefully they are measured."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from w2vjax.config.schema import SamplerConfig
from w2vjax.errors import InputError, in_range


@dataclass(frozen=True)
class CardConfig:
    """How the card measures."""

    table_size: int = SamplerConfig.table_size
    """entries of the tables, where a sampler's name does not tell"""
    num_draws: int = 1 << 20
    """draws of a test and of a measurement"""
    repeats: int = 15
    """measurements of time a sampler; medians are shown"""
    seed: int = 0
    """start of the draws"""

    def __post_init__(self) -> None:
        in_range("table_size", self.table_size, 1, 2**31 - 1)
        in_range("num_draws", self.num_draws, 1_000, 1 << 26)
        in_range("repeats", self.repeats, 1, 10_000)
        in_range("seed", self.seed, 0, 2**32 - 1)


def chosen(names: Sequence[str], table_size: int) -> list[SamplerConfig]:
    """The samplers of these names; without any, every distribution × mechanism, those of the
    stream, and users' own.

    Raises `InputError` for unknown names, with the nearest, for names that come twice, and for
    draws without repeats, which the card does not measure.
    """
    # Only names need it: the command line knows the defaults without starting JAX.
    from w2vjax.samplers import MECHANISMS, OWN, SAMPLERS, STREAMED, has_closed_form, parse

    if names:
        configs = [parse(name) for name in names]
        if len({config.name for config in configs}) < len(configs):
            raise InputError(f"samplers has a name twice: {', '.join(names)}")
        for config in configs:
            if config.unique:
                raise InputError(
                    f"sampler {config.name}: the card is of single draws, which repeat or not are "
                    "the same; leave +unique out"
                )
        return configs
    laws = dict.fromkeys(
        replace(config, mechanism="auto")
        for config in SAMPLERS.values()
        if config.distribution not in STREAMED
    )
    return [
        replace(config, mechanism=mechanism, table_size=table_size)
        for config in laws
        for mechanism in MECHANISMS
        if mechanism != "closed-form" or has_closed_form(config)
    ] + [SamplerConfig(name) for name in (*STREAMED, *OWN)]
