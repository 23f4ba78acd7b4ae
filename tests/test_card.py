"""The report card's numbers, each against a formula written out again."""

import json

import jax.numpy as jnp
import numpy as np
import pytest
from cards import CONFIG, NAMES, small_card
from noise import COUNTS, V

from w2vjax.errors import InputError
from w2vjax.samplers import parse
from w2vjax.samplers.distributions import unigram
from w2vjax.samplers.mechanisms import fill_table
from w2vjax.study import card

SHARE = COUNTS / COUNTS.sum()


def row(name: str) -> dict:
    (found,) = [row for row in small_card()["samplers"] if row["sampler"] == name]
    return found


def test_uniform_noise_by_hand() -> None:
    held = row("uniform")
    assert (held["distribution"], held["mechanism"], held["bytes"]) == ("uniform", "closed-form", 0)
    assert held["top_1"] == pytest.approx(1 / V) and held["top_1000"] == pytest.approx(0.5)
    assert held["rarest_half"] == pytest.approx(0.5)
    assert held["noise_is_target"] == pytest.approx(1 / V), "whatever the targets"
    assert held["total_variation"] == held["kl"] == held["hellinger"] == 0
    wanted = COUNTS**0.75 / (COUNTS**0.75).sum()
    apart = 0.5 * np.abs(1 / V - wanted).sum()
    assert held["total_variation_unigram_0.75"] == pytest.approx(apart)
    assert held["kl_unigram_0.75"] == pytest.approx((np.log(1 / V / wanted) / V).sum())
    assert held["kl_backwards_unigram_0.75"] == pytest.approx((wanted * np.log(wanted * V)).sum())
    assert held["largest_ratio_unigram_0.75"] == pytest.approx(1 / V / wanted.min())


def test_the_default_is_what_it_stands_for() -> None:
    held = row("unigram^0.75")
    assert held["mechanism"] == "alias"
    for suffix in ("", "_unigram_0.75"):
        assert 0 < held[f"total_variation{suffix}"] < 1e-9
        assert held[f"least_ratio{suffix}"] == pytest.approx(1, abs=1e-6)
    power = COUNTS**0.75 / (COUNTS**0.75).sum()
    assert held["top_100"] == pytest.approx(power[:100].sum())
    assert held["noise_is_target"] == pytest.approx((power * SHARE).sum())


def test_a_table_that_loses_words() -> None:
    held = row("unigram^1:table(20000)")
    slots = fill_table(SHARE, 20_000)
    assert held["unreachable"] == (slots == 0).sum() > 0
    assert held["least_ratio"] == 0 and held["kl_backwards"] is None
    assert held["largest_ratio"] == pytest.approx((slots / 20_000 / SHARE).max(), rel=1e-4)
    apart = 0.5 * np.abs(slots / 20_000 - SHARE).sum()
    assert held["total_variation"] == pytest.approx(apart, rel=1e-4)
    assert held["bytes"] == 4 * (V + 20_000) and held["table_size"] == 20_000


def test_a_users_sampler_stands_for_itself() -> None:
    held = row("first-two")
    assert held["mechanism"] == "own" and "total_variation" not in held
    assert held["top_1"] == pytest.approx(0.75) and held["top_10"] == pytest.approx(1)
    assert held["unreachable"] == V - 2 and held["rarest_half"] == 0
    assert held["noise_is_target"] == pytest.approx(0.75 * SHARE[0] + 0.25 * SHARE[1])


@pytest.mark.parametrize("name", NAMES)
def test_draws_are_tested_and_timed(name: str) -> None:
    held = row(name)
    decades = {"ranks 1-9", "ranks 10-99", "ranks 100-999", "ranks 1000-2000"}
    assert set(held["p_values"]) == decades
    assert min(held["p_value"], *held["p_values"].values()) > 1e-4
    assert min(held[of] for of in ("setup_seconds", "nanoseconds", "speed_bits")) > 0
    made = small_card()
    ratio = made["numpy_nanoseconds"] / held["nanoseconds"]
    assert held["speed_numpy"] == pytest.approx(ratio)


def test_draws_of_another_law_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card, "draw", lambda *_: jnp.arange(20_000) % V)
    held, _ = card._row(parse("unigram^0.75"), COUNTS, CONFIG)
    assert held["p_value"] < 1e-6


def test_tables_of_every_size() -> None:
    counts = np.array([10**7, *[9] * 500, *[1] * 1500])
    rows = card.table_sizes(counts)
    assert {row["size"] for row in rows} == {row["size"] for row in small_card()["table_sizes"]}
    for power in (0.5, 0.75, 1.0):
        of = [row for row in rows if row["distribution"] == f"unigram^{power:g}"]
        assert [row["size"] for row in of][:: len(of) - 1] == [100_000, 100_000_000]
        slots = fill_table(unigram(counts, power), 100_000)
        assert of[0]["unreachable"] == (slots == 0).sum()
        assert of[0]["unreachable"] > 0 or power < 1
        apart = 0.5 * np.abs(slots / 100_000 - unigram(counts, power)).sum()
        assert of[0]["total_variation"] == pytest.approx(apart)
        assert of[-1]["total_variation"] < of[0]["total_variation"] / 100
        assert of[-1]["unreachable"] == 0, "with word2vec.c's own size"


def test_curves_and_facts() -> None:
    made = small_card()
    names = {row["metric"] for row in made["curves"]}
    laws = ("corpus", "uniform", "unigram^0.75", "unigram^1", "log-uniform", "first-two")
    assert names == {f"distribution/{law}" for law in laws}
    of = {row["x"]: row["value"] for row in made["curves"] if row["metric"].endswith("unigram^1")}
    assert of[V] == pytest.approx(SHARE[-1]), "the distribution, not the table's law, which is 0"
    assert made["vocabulary"] == {
        "source": "test", "words": V, "total": COUNTS.sum(), "largest": 300_000, "least": 150,
    }  # fmt: skip
    assert json.loads(json.dumps(made, allow_nan=False)) == made


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("unigram:table(500)", "table_size is 500"),
        ("zipf:closed-form", "no closed form"),
        ("own", "needs the methods"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_what_cannot_be_is_told_before_the_work(
    name: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(card.OWN, "own", lambda counts: (jnp.zeros(3),))
    monkeypatch.setattr(card, "of_numpy", lambda *_: pytest.fail("work has begun"))
    with pytest.raises(InputError, match=message):
        card.card("test", COUNTS, [parse(name)], CONFIG)


def test_counts_that_rise_are_told_before_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card, "of_numpy", lambda *_: pytest.fail("work has begun"))
    with pytest.raises(InputError, match="not sorted by falling frequency"):
        card.card("test", COUNTS[::-1], [parse("log-uniform:alias")], CONFIG)


def test_a_vocabulary_of_one_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("w2vjax.study.draw_times.SIZES", ())
    samplers = [parse("unigram:cdf"), parse("log-uniform")]
    made = card.card("one", np.array([7]), samplers, CONFIG)
    assert [row["top_1"] for row in made["samplers"]] == [1, 1]
    assert [row["p_value"] for row in made["samplers"]] == [1, 1]


def test_samplers_of_the_stream_are_as_after_a_pass_that_keeps_all() -> None:
    batch, learned = row("in-batch"), row("learned-unigram")
    assert batch["mechanism"] == learned["mechanism"] == "stream"
    assert batch["top_100"] == pytest.approx(SHARE[:100].sum())
    seen = (COUNTS + 1) / (COUNTS + 1).sum()
    assert learned["top_100"] == pytest.approx(seen[:100].sum())
    apart = 0.5 * np.abs(seen - SHARE).sum()
    assert learned["total_variation"] == pytest.approx(apart, rel=1e-4) and apart > 1e-5
