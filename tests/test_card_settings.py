"""Which samplers are on the card."""

import math

import pytest
from cards import FirstTwo

from w2vjax.errors import InputError
from w2vjax.samplers import MECHANISMS, OWN, SAMPLERS, STREAMED, build, parse
from w2vjax.study.card_settings import CardConfig, chosen


def test_every_distribution_by_every_mechanism() -> None:
    configs = chosen((), 5_000)
    assert [c.name for c in configs if c.distribution in STREAMED] == list(STREAMED)
    configs = [config for config in configs if config.distribution not in STREAMED]
    pairs = {(config.law_name, config.mechanism) for config in configs}
    assert len(pairs) == len(configs)
    laws = {c.law_name for c in SAMPLERS.values() if c.distribution not in STREAMED}
    tabled = {(law, kind) for law in laws for kind in MECHANISMS if kind != "closed-form"}
    assert pairs - tabled == {("uniform", "closed-form"), ("log-uniform", "closed-form")}
    assert tabled <= pairs
    for config in configs:
        build(config, [9, 5, 4])
        assert config.table_size == 5_000


def test_users_samplers_are_on_the_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OWN, "mine", lambda counts: FirstTwo(0.5))
    assert chosen((), 5_000)[-1].name == "mine"


def test_samplers_by_name() -> None:
    names = ("zipf^1", "unigram^0.75:table(1e8)")
    assert chosen(names, 5_000) == [parse(name) for name in names]
    with pytest.raises(InputError, match="name twice: unigram, unigram"):
        chosen(("unigram", "unigram^1"), 5_000)


@pytest.mark.parametrize(
    "wrong",
    [{"table_size": 0}, {"num_draws": 0}, {"repeats": 0}, {"seed": -1}, {"repeats": math.nan}],
)
def test_settings_out_of_range(wrong: dict) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        CardConfig(**wrong)
