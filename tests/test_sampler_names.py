"""Samplers by name, and names and settings that are refused."""

import numpy as np
import pytest
from noise import COUNTS, EVERY

from w2vjax.config.schema import SamplerConfig
from w2vjax.errors import InputError
from w2vjax.samplers import build, parse
from w2vjax.samplers.closed_forms import LogUniform
from w2vjax.samplers.mechanisms import fill_table


@pytest.mark.parametrize("name", EVERY)
def test_names_come_back(name: str) -> None:
    config = parse(name)
    assert parse(config.name) == config
    assert parse(config.name).name == config.name


@pytest.mark.parametrize(
    ("config", "name"),
    [
        (SamplerConfig(mechanism="table"), "unigram^0.75:table"),
        (SamplerConfig(mechanism="table", table_size=10**6), "unigram^0.75:table(1e6)"),
        (SamplerConfig(mechanism="table", table_size=1_234_567), "unigram^0.75:table(1234567)"),
        (SamplerConfig(mechanism="alias", table_size=10**6), "unigram^0.75:alias"),
        (SamplerConfig(power=0.123456789), "unigram^0.123456789"),
        (SamplerConfig(power=1e-5, uniform_share=0.25), "unigram^1e-05+uniform(0.25)"),
        (SamplerConfig("log-uniform", 0.3, uniform_share=0.5), "log-uniform+uniform(0.5)"),
        (SamplerConfig("log-uniform", 0.3, unique=True), "log-uniform+unique"),
        (SamplerConfig(reserved=10, unique=True), "unigram^0.75+reserved(10)+unique"),
        (SamplerConfig(temperature=2, mechanism="cdf"), "unigram^0.75+temperature(2):cdf"),
    ],
)
def test_names_tell_all_that_matters(config: SamplerConfig, name: str) -> None:
    assert config.name == name
    assert parse(name).name == name


def test_names_say_what_they_say() -> None:
    assert parse("unigram^0.75") == SamplerConfig("unigram", 0.75)
    assert parse("unigram") == SamplerConfig("unigram", 1.0)
    assert parse("zipf") == SamplerConfig("zipf", 1.0)
    assert parse("uniform") == SamplerConfig("uniform")
    assert parse("unigram^0.75+uniform(0.1)") == SamplerConfig("unigram", 0.75, uniform_share=0.1)
    every = SamplerConfig("zipf", 1.0, "cdf", 10**7, 0.1, 2.0, 3, True)
    assert parse("zipf+unique+reserved(3)+uniform(0.1)+temperature(2):cdf") == every
    assert parse("unigram^-0.5:table(1e6)") == SamplerConfig("unigram", -0.5, "table", 10**6)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("unigramm^0.75", "did you mean unigram"),
        ("loguniform", "did you mean log-uniform"),
        ("unigram^0.75:aliass", "did you mean alias"),
        ("unigram^x", "power 'x' is not a number"),
        ("unigram^", "power '' is not a number"),
        ("unigram^nan", "power is nan"),
        ("unigram^99", "power is 99"),
        ("uniform^2", "uniform takes no power"),
        ("unigram:alias(5)", "alias takes no table size"),
        ("unigram:table(0)", "table_size is 0"),
        ("unigram:table(1.5)", "not a whole number"),
        ("unigram:table(inf)", "not a whole number"),
        ("unigram:table(many)", "'many' is not a number"),
        ("unigram+uniform(x)", "share 'x' is not a number"),
        ("unigram+temperature(0)", "temperature is 0"),
        ("unigram+reserved(1.5)", "'1.5' is not a whole number"),
        ("unigram+reserved(-1)", "reserved is -1"),
        ("unigram+unique(3)", "unknown sampler"),
        ("unigram+unique+unique", r"has \+unique twice"),
        ("in-batch+unique", "used by its name alone"),
        ("unigram+uniform(1.5)", "uniform_share is 1.5"),
        ("unigram+uniform(nan)", "uniform_share is nan"),
        ("unigram+zipf(0.1)", "unknown sampler"),
        ("log-uniform+uniform(0.1)^2", "unknown sampler"),
        ("", "unknown sampler"),
        ("^^", "unknown sampler"),
    ],
)
def test_bad_names(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse(name)


def test_bad_configurations() -> None:
    with pytest.raises(InputError, match=r"unknown noise distribution 'unigam'.*unigram"):
        build(SamplerConfig("unigam"), COUNTS)
    with pytest.raises(InputError, match=r"unknown sampling mechanism 'cfd'.*cdf"):
        build(SamplerConfig("unigram", mechanism="cfd"), COUNTS)
    with pytest.raises(InputError, match=r"unigram\^0.75 has no closed form.*alias"):
        build(SamplerConfig("unigram", mechanism="closed-form"), COUNTS)
    with pytest.raises(InputError, match=r"uniform\+uniform\(0.1\) has no closed form"):
        build(parse("uniform+uniform(0.1):closed-form"), COUNTS)
    with pytest.raises(InputError, match="reserved is 2000 and the vocabulary has 2000 words"):
        build(SamplerConfig(reserved=len(COUNTS)), COUNTS)
    for change in ({"unique": True}, {"reserved": 1}, {"temperature": 2.0}):
        with pytest.raises(InputError, match="in-batch is a sampler as it is"):
            build(SamplerConfig("in-batch", **change), COUNTS)
    with pytest.raises(InputError, match="not sorted"):
        build(SamplerConfig("log-uniform"), COUNTS[::-1])
    with pytest.raises(InputError, match="table_size is 0"):
        fill_table(np.array([1.0]), 0)
    with pytest.raises(InputError, match="closed form ends"):
        LogUniform.of(2**30)
