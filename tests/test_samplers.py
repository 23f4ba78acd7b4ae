"""Laws of the noise samplers, for every sampler in the registry."""

import dataclasses
import decimal
import math
from functools import partial
from typing import Any

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import struct
from hypothesis import given, settings
from hypothesis import strategies as st

from w2vjax.config import SamplerConfig
from w2vjax.errors import InputError
from w2vjax.samplers import (
    MECHANISMS,
    SAMPLERS,
    BuiltSampler,
    build,
    check,
    closed_forms,
    goodness_of_fit,
    mechanisms,
    num_unreachable,
    parse,
    probabilities,
)
from w2vjax.samplers.closed_forms import LogUniform, Uniform
from w2vjax.samplers.distributions import DISTRIBUTIONS
from w2vjax.samplers.mechanisms import Alias, Cdf, Table, apportion, fill_table

V = 2000
COUNTS = np.maximum(5, 300_000 // np.arange(1, V + 1))
OTHER_COUNTS = np.maximum(7, 900_000 // np.arange(1, V + 1) ** 2)
KEY = jax.random.key(0)
EVERY = [
    *SAMPLERS,
    "unigram^-0.5",
    "uniform:cdf",
    "log-uniform:closed-form",
    "unigram^1:table(20000)",
]
KINDS = ["uniform", "log-uniform", "unigram^0.75", "unigram^0.75:cdf", "unigram^1:table(20000)"]
"""one of each class"""


def law(sampler: Any) -> np.ndarray:
    """What the sampler draws, counted from its integers and not from its `log_prob`."""
    num_words = sampler.num_words
    match sampler:
        case Uniform():
            return np.full(num_words, 1 / num_words)
        case LogUniform():
            rank = np.arange(1, num_words + 1)
            return (np.log(rank + 1) - np.log(rank)) / np.log(num_words + 1)
        case Cdf():
            starts = np.asarray(sampler.starts).astype(np.float64)
            starts[int(sampler.guide[-1]) + 1 :] = 2.0**32  # where the guide never leads
            return np.diff(starts, append=2.0**32) / 2**32
        case Table():
            return np.bincount(sampler.slots, minlength=num_words) / len(sampler.slots)
        case Alias():
            own = np.asarray(sampler.thresholds).astype(np.float64)
            mass = np.bincount(sampler.aliases, 2.0**32 - own, minlength=len(own)) + own
            assert (mass[num_words:] == 0).all()
            return mass[:num_words] / mass.sum()
    raise AssertionError(sampler)


@partial(jax.jit, static_argnames="shape")
def draw(sampler: Any, key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Compiled once a kind of sampler, since tables are arguments."""
    return sampler.sample(key, shape)


def total_variation(p: np.ndarray, q: np.ndarray) -> float:
    return 0.5 * np.abs(p - q).sum()


@pytest.fixture(params=EVERY, scope="module")
def config(request: pytest.FixtureRequest) -> SamplerConfig:
    return parse(request.param)


@pytest.fixture(scope="module")
def sampler(config: SamplerConfig) -> BuiltSampler:
    return build(config, COUNTS)


@pytest.fixture(params=KINDS, scope="module")
def kind(request: pytest.FixtureRequest) -> SamplerConfig:
    return parse(request.param)


def test_registry_covers_every_name() -> None:
    assert {name: config.name for name, config in SAMPLERS.items()} == {n: n for n in SAMPLERS}
    configs = [parse(name) for name in EVERY]
    assert {c.distribution for c in configs} == set(DISTRIBUTIONS)
    assert {c.mechanism for c in configs} == {"auto", *MECHANISMS}


def test_draws_agree_with_log_prob(sampler: BuiltSampler) -> None:
    check(sampler, V)
    ids = np.asarray(draw(sampler, jax.random.key(5), (400_000,)))
    observed = np.bincount(ids, minlength=V)
    p_values = goodness_of_fit(observed, probabilities(sampler, V))
    assert set(p_values) == {
        "all words", "ranks 1-9", "ranks 10-99", "ranks 100-999", "ranks 1000-2000",
    }  # fmt: skip
    assert min(p_values.values()) > 1e-4, p_values


def test_log_prob_is_the_law_of_the_integers(sampler: BuiltSampler) -> None:
    # a slot of the table holds 2^32 / size random words, give or take one
    slack = len(sampler.slots) / 2**32 if isinstance(sampler, Table) else 0
    np.testing.assert_allclose(probabilities(sampler, V), law(sampler), rtol=2e-6 + slack)
    assert probabilities(sampler, V).sum() == pytest.approx(1, abs=2e-6)


def test_distance_to_the_distribution(config: SamplerConfig, sampler: BuiltSampler) -> None:
    wish = DISTRIBUTIONS[config.distribution](COUNTS, config.power)
    if isinstance(sampler, Table):
        bound = V / config.table_size  # each word is rounded by less than a slot
    else:
        bound = V / 2**34 if isinstance(sampler, Cdf) else 1e-9
    assert total_variation(law(sampler), wish) <= bound


def test_shapes_and_types(sampler: BuiltSampler) -> None:
    for shape in [(), (3,), (2, 0), (4, 5)]:
        ids = jax.eval_shape(lambda key, shape=shape: sampler.sample(key, shape), KEY)
        log_prob = jax.eval_shape(sampler.log_prob, ids)
        assert (ids.shape, ids.dtype) == (shape, jnp.int32)
        assert (log_prob.shape, log_prob.dtype) == (shape, jnp.float32)


def test_jit_and_vmap_draw_the_same(kind: SamplerConfig) -> None:
    sampler = build(kind, COUNTS)
    keys = jax.random.split(jax.random.key(1), 3)
    one_by_one = jnp.stack([sampler.sample(key, (2, 50)) for key in keys])
    jitted = jnp.stack([draw(sampler, key, (2, 50)) for key in keys])
    chex.assert_trees_all_equal(jitted, one_by_one)
    chex.assert_trees_all_equal(jax.vmap(lambda k: draw(sampler, k, (2, 50)))(keys), one_by_one)
    log_prob = jax.vmap(sampler.log_prob)(one_by_one)
    chex.assert_trees_all_equal(log_prob, sampler.log_prob(one_by_one))
    assert len(np.unique(one_by_one)) > 20


def test_stacked_samplers_draw_under_vmap(kind: SamplerConfig) -> None:
    both = [build(kind, COUNTS), build(kind, OTHER_COUNTS)]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *both)
    drawn = jax.vmap(lambda s: draw(s, KEY, (100,)))(stacked)
    chex.assert_trees_all_equal(drawn, jnp.stack([draw(s, KEY, (100,)) for s in both]))


def test_other_counts_do_not_retrace(kind: SamplerConfig) -> None:
    chex.clear_trace_counter()

    @jax.jit
    @chex.assert_max_traces(n=1)
    def draw_and_score(sampler: BuiltSampler, key: jax.Array) -> jax.Array:
        return sampler.log_prob(sampler.sample(key, (10,)))

    draw_and_score(build(kind, COUNTS), jax.random.key(0))
    draw_and_score(build(kind, OTHER_COUNTS), jax.random.key(1))


def test_tables_are_arguments_not_constants(sampler: BuiltSampler) -> None:
    jaxpr = jax.make_jaxpr(lambda s, k: s.log_prob(s.sample(k, (10,))))(sampler, jax.random.key(0))
    assert sum(np.size(constant) for constant in jaxpr.consts) < 100


def test_draws_inside_scan_and_shard_map(kind: SamplerConfig) -> None:
    sampler = build(kind, COUNTS)
    keys = jax.random.split(jax.random.key(3), 2)
    expected = jnp.stack([draw(sampler, key, (20,)) for key in keys])
    scanned = jax.jit(
        lambda s, k: jax.lax.scan(lambda carry, key: (carry, s.sample(key, (20,))), 0, k)[1]
    )(sampler, keys)
    chex.assert_trees_all_equal(scanned, expected)
    spec = jax.sharding.PartitionSpec
    mapped = jax.shard_map(
        lambda s, k: s.sample(k[0], (20,)),
        mesh=jax.make_mesh((1,), ("data",), (jax.sharding.AxisType.Auto,)),
        in_specs=(spec(), spec("data")),
        out_specs=spec("data"),
    )
    chex.assert_trees_all_equal(jax.jit(mapped)(sampler, keys[:1]), expected[0])


@pytest.mark.parametrize("num_words", [1, 3])
def test_tiny_vocabularies(num_words: int) -> None:
    for name in ("uniform", "log-uniform", "unigram", "unigram:cdf", "unigram:table(10000)"):
        check(build(parse(name), np.arange(num_words, 0, -1)), num_words)


# --- exactness ---


def feed(monkeypatch: pytest.MonkeyPatch, words: np.ndarray) -> None:
    """Makes samplers draw from the given random words: `[n]`, or `[2, n]` high and low."""
    for module in (closed_forms, mechanisms):
        monkeypatch.setattr(
            module, "random_words", lambda key, shape: jnp.asarray(words, jnp.uint32)
        )


def halves(words: list[int]) -> np.ndarray:
    return np.array([[w >> 32 for w in words], [w & (2**32 - 1) for w in words]], np.uint32)


BIG = 3_000_000
SOME = [0, 1, 2, 3, 100, 32_767, 65_535, 1_000_000, 2_097_150, 2_999_998]


def test_uniform_cuts_the_64_bit_line_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    firsts = [-(-((k + 1) << 64) // BIG) for k in SOME]  # first point of word k + 1
    feed(monkeypatch, halves([*firsts, *[f - 1 for f in firsts], 0, 2**64 - 1]))
    ids = Uniform.of(BIG).sample(KEY, (2 * len(SOME) + 2,))
    assert ids.tolist() == [*[k + 1 for k in SOME], *SOME, 0, BIG - 1]


@pytest.mark.parametrize("num_words", [BIG, 2**21 - 1])
def test_log_uniform_cuts_where_the_formula_does(
    monkeypatch: pytest.MonkeyPatch, num_words: int
) -> None:
    """Word k ends at u = log(k+2) / log(V+1), to 1e-14 of the line, found with 60 digits."""
    some = [k for k in SOME if k < num_words - 1]
    with decimal.localcontext(prec=60):
        norm = decimal.Decimal(num_words + 1).ln()
        cuts = [int(decimal.Decimal(k + 2).ln() / norm * 2**64) for k in some]
    slack = int(2**64 * 1e-14)
    below, above = [c - slack for c in cuts], [c + slack for c in cuts]
    feed(monkeypatch, halves([*below, *above, 0, 2**64 - 1]))
    ids = LogUniform.of(num_words).sample(KEY, (2 * len(some) + 2,))
    assert ids.tolist() == [*some, *[k + 1 for k in some], 0, num_words - 1]


def test_cdf_finds_both_ends_of_every_stretch(monkeypatch: pytest.MonkeyPatch) -> None:
    sampler = Cdf.of(DISTRIBUTIONS["zipf"](COUNTS, 1.0))
    starts = np.asarray(sampler.starts)
    feed(monkeypatch, starts)
    assert sampler.sample(KEY, (V,)).tolist() == list(range(V))
    feed(monkeypatch, np.append(starts[1:] - np.uint32(1), np.uint32(2**32 - 1)))
    assert sampler.sample(KEY, (V,)).tolist() == list(range(V))


def test_table_takes_random_words_to_slots_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    sampler = Table.of(np.full(7, 1 / 7), 1000)
    slots = [0, 1, 499, 998, 999]
    firsts = [-(-(slot << 32) // 1000) for slot in slots]
    feed(monkeypatch, np.array([*firsts, *[f - 1 for f in firsts[1:]], 2**32 - 1], np.uint32))
    expected = [sampler.slots[s] for s in [*slots, *[s - 1 for s in slots[1:]], 999]]
    assert sampler.sample(KEY, (10,)).tolist() == [int(e) for e in expected]


WEIGHTS = st.sampled_from([0.0, 1e-12, 1e-3, 0.3, 1.0, 7.0, 8.0])


@pytest.mark.parametrize("mechanism", [Alias, Cdf])
@settings(max_examples=50, deadline=None)
@given(weights=st.lists(WEIGHTS, min_size=9, max_size=9).filter(any))
def test_any_weights_in_any_order(mechanism: Any, weights: list[float]) -> None:
    wish = np.array(weights)
    wish /= wish.sum()
    sampler = mechanism.of(wish)
    assert total_variation(law(sampler), wish) < 1e-7
    np.testing.assert_allclose(probabilities(sampler, len(wish)), law(sampler), rtol=4e-6)
    ids = np.asarray(draw(sampler, KEY, (500,)))
    assert (wish[ids] > 0).all()


@settings(max_examples=100, deadline=None)
@given(weights=st.lists(WEIGHTS, min_size=9, max_size=9).filter(any))
def test_alias_columns_keep_every_unit(weights: list[float]) -> None:
    """Whole units in, the same units out: not one of 2^36 is lost or moved."""
    wish = np.array(weights) / sum(weights)
    sampler = Alias.of(wish)
    drawn = [0] * 16
    for column, (own, alias) in enumerate(zip(sampler.thresholds, sampler.aliases, strict=True)):
        drawn[column] += int(own)
        drawn[int(alias)] += 2**32 - int(own)
    assert drawn == [*apportion(wish, 2**36).tolist(), *[0] * 7]


@settings(max_examples=200)
@given(st.lists(st.floats(0, 1), min_size=1).filter(lambda w: sum(w) > 0), st.integers(0, 2**54))
def test_apportion_is_within_a_unit(weights: list[float], total: int) -> None:
    wish = np.array(weights) / sum(weights)
    units = apportion(wish, total)
    assert units.sum() == total and (units >= 0).all()
    assert np.abs(units - wish * float(total)).max() <= 1 + total * 1e-15 * len(weights)


def test_apportion_gives_to_the_largest_remainders() -> None:
    wish = np.random.default_rng(0).dirichlet(np.ones(1000))
    shares = wish * 12_345
    up = apportion(wish, 12_345) > np.floor(shares)
    remainders = shares - np.floor(shares)
    assert 0 < up.sum() < 1000
    assert remainders[up].min() >= remainders[~up].max()


def test_every_word_above_two_to_minus_32_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    num_words = 300_000
    wish = np.full(num_words, 1.001 * 2.0**-32)
    wish[0] = 1 - wish[1:].sum()
    assert num_unreachable(Cdf.of(wish)) == 0
    assert num_unreachable(Alias.of(wish)) == 0
    feed(monkeypatch, np.asarray(Cdf.of(wish).starts))
    assert (Cdf.of(wish).sample(KEY, (num_words,)) == jnp.arange(num_words)).all()


def test_default_mechanism_at_three_million_words() -> None:
    counts = np.maximum(5, 10**9 // np.arange(1, BIG + 1))
    sampler = build(SamplerConfig(), counts)
    assert total_variation(law(sampler), DISTRIBUTIONS["unigram"](counts, 0.75)) < 1e-6
    assert num_unreachable(sampler) == 0
    assert sum(leaf.nbytes for leaf in jax.tree.leaves(sampler)) <= 16 * BIG
    closed = build(parse("log-uniform"), counts)
    wish = DISTRIBUTIONS["log-uniform"](counts, 1.0)
    assert total_variation(probabilities(closed, BIG), wish) < 1e-6
    assert sum(leaf.nbytes for leaf in jax.tree.leaves(closed)) < 100


# --- the table of word2vec.c ---


def simulate_c_table(counts: np.ndarray, power: float, size: int) -> list[int]:
    """The published loop, one slot at a time, in Python's doubles."""
    total = 0.0
    for count in counts.tolist():
        total += count**power
    table, word = [], 0
    share = counts[0].item() ** power / total
    for slot in range(size):
        table.append(word)
        if slot / size > share:
            word += 1
            if word < len(counts):
                share += counts[word].item() ** power / total
        if word >= len(counts):
            word = len(counts) - 1
    return table


@pytest.mark.parametrize("size", [1, 10, 1000, 4999, 10_000, 123_457, 1_000_000])
@pytest.mark.parametrize("power", [0.75, 1.0, 0.0])
def test_table_is_word2vecs(size: int, power: float) -> None:
    counts = np.sort(np.random.default_rng(size).zipf(1.3, 5000).clip(max=10**7))[::-1]
    num_slots = fill_table(DISTRIBUTIONS["unigram"](counts, power), size)
    assert np.repeat(np.arange(5000), num_slots).tolist() == simulate_c_table(counts, power, size)


def test_table_that_divides_evenly_is_word2vecs() -> None:
    """Shares that are exact fractions: the comparison is with >, so equality does not advance."""
    counts = np.array([4, 2, 1, 1])
    slots = np.repeat(np.arange(4), fill_table(DISTRIBUTIONS["unigram"](counts, 1.0), 16))
    assert slots.tolist() == simulate_c_table(counts, 1.0, 16) == [0] * 10 + [1] * 4 + [2, 2]


def test_table_loses_words_and_says_so() -> None:
    counts = np.array([10**9, *[1] * 999])
    sampler = build(parse("unigram^1:table(1000)"), counts)
    lost = int((np.bincount(sampler.slots, minlength=1000) == 0).sum())
    assert lost > 900
    assert num_unreachable(sampler) == lost
    assert sampler.log_prob(jnp.int32([0, 999])).tolist()[1] == -math.inf
    check(sampler, 1000)


def test_table_smaller_than_the_vocabulary() -> None:
    lost = 2000 - len(set(simulate_c_table(COUNTS, 0.75, 500)))
    with pytest.raises(InputError, match=f"table_size is 500 .* 2000 words: {lost} words could"):
        build(parse("unigram^0.75:table(500)"), COUNTS)


# --- names ---


@pytest.mark.parametrize("name", EVERY)
def test_names_come_back(name: str) -> None:
    config = parse(name)
    assert parse(config.name) == dataclasses.replace(config, table_size=parse("uniform").table_size)


def test_names_say_what_they_say() -> None:
    assert parse("unigram^0.75") == SamplerConfig("unigram", 0.75)
    assert parse("unigram") == SamplerConfig("unigram", 1.0)
    assert parse("zipf") == SamplerConfig("zipf", 1.0)
    assert parse("uniform") == SamplerConfig("uniform")
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
    with pytest.raises(InputError, match=r"unigram has no closed form.*alias"):
        build(SamplerConfig("unigram", mechanism="closed-form"), COUNTS)
    with pytest.raises(InputError, match="not sorted"):
        build(SamplerConfig("log-uniform"), COUNTS[::-1])
    with pytest.raises(InputError, match="table_size is 0"):
        fill_table(np.array([1.0]), 0)
    with pytest.raises(InputError, match="closed form ends"):
        LogUniform.of(2**30)


# --- the contract check ---


@struct.dataclass
class Mine:
    """A user's sampler, right unless told otherwise: uniform over ten words."""

    law: jax.Array
    fault: str = struct.field(pytree_node=False, default="none")

    def sample(self, key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
        ids = jax.random.randint(key, shape, 0, 10, jnp.int32)
        match self.fault:
            case "biased":
                ids = jnp.where((ids == 9) & (ids[:1] < 2), 8, ids)
            case "range":
                ids = ids + 1
            case "dtype":
                return ids.astype(jnp.float32)
            case "shape":
                return ids[0]
            case "constant":
                ids = jnp.zeros_like(ids)
        return ids

    def log_prob(self, ids: jax.Array) -> jax.Array:
        log_prob = jnp.log(self.law)[ids]
        match self.fault:
            case "half":
                return log_prob - 0.01
            case "log nan":
                return log_prob * jnp.nan
            case "log dtype":
                return log_prob.astype(jnp.bfloat16)
            case "log shape":
                return log_prob[:1]
        return log_prob


UNIFORM_LAW = jnp.full(10, 0.1)
WRONG_LAW = jnp.array([0.103, 0.097, *[0.1] * 8])
SKEW_LAW = jnp.array([0.2, 0.0, *[0.1] * 8])


def test_check_accepts_a_users_sampler() -> None:
    check(Mine(UNIFORM_LAW), 10)


@pytest.mark.parametrize(
    ("law", "fault", "message"),
    [
        (WRONG_LAW, "none", r"draws disagree with log_prob over .*p = "),
        (UNIFORM_LAW, "biased", "draws disagree"),
        (UNIFORM_LAW, "constant", "draws disagree"),
        (SKEW_LAW, "none", "drew id 1, whose log_prob is -inf"),
        (UNIFORM_LAW, "range", "drew id 10, outside of 0 … 9"),
        (UNIFORM_LAW, "dtype", "sample gives float32"),
        (UNIFORM_LAW, "shape", "sample gives int32 "),
        (UNIFORM_LAW, "half", "sums to 0.99005 and not to one"),
        (UNIFORM_LAW, "log nan", "log_prob of id 0 is NaN"),
        (UNIFORM_LAW, "log dtype", "log_prob gives bfloat16"),
        (UNIFORM_LAW, "log shape", "log_prob gives float32"),
    ],
)
def test_check_names_what_fails(law: jax.Array, fault: str, message: str) -> None:
    with pytest.raises(InputError, match=f"sampler Mine: .*{message}"):
        check(Mine(law, fault), 10)


def test_check_needs_a_pytree() -> None:
    class Plain:
        sample = Mine.sample
        log_prob = Mine.log_prob

    with pytest.raises(InputError, match="Plain is not a pytree"):
        check(Plain(), 10)


def test_p_values_are_uniform_where_the_law_holds() -> None:
    law = DISTRIBUTIONS["zipf"](COUNTS, 1.0)
    rng = np.random.default_rng(0)
    p_values = np.array(
        [list(goodness_of_fit(rng.multinomial(20_000, law), law).values()) for _ in range(400)]
    )
    assert p_values.shape[1] == 5
    share = (p_values < 0.1).mean(axis=0)
    assert np.abs(share - 0.1).max() < 4 * math.sqrt(0.1 * 0.9 / 400)


@pytest.mark.parametrize(("rank", "part"), [(1, "1-9"), (9, "1-9"), (10, "10-99"), (99, "10-99")])
def test_goodness_of_fit_finds_the_decade(rank: int, part: str) -> None:
    law = DISTRIBUTIONS["zipf"](COUNTS, 1.0)
    observed = np.rint(law * 10**6).astype(np.int64)
    observed[rank - 1] += 20 * math.isqrt(observed[rank - 1])
    p_values = goodness_of_fit(observed, law)
    wrong = {name for name, p_value in p_values.items() if p_value < 1e-3}
    assert f"ranks {part}" in wrong <= {f"ranks {part}", "all words"}


def test_goodness_of_fit_sees_a_wrong_tail() -> None:
    """Mass moved between words too rare to be tested one by one, within one decade."""
    law = DISTRIBUTIONS["zipf"](COUNTS, 1.0)
    moved = law.copy()
    moved[1000:1500] *= 0.8
    moved[1500:] *= law[1000:].sum() / moved[1000:].sum()
    observed = np.random.default_rng(0).multinomial(100_000, moved / moved.sum())
    p_values = goodness_of_fit(observed, law)
    assert p_values["ranks 1000-2000"] < 1e-6 < 1e-3 < p_values["ranks 10-99"]
