"""Laws of the noise samplers, for every sampler in the registry."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from noise import COUNTS, EVERY, KEY, KINDS, OTHER_COUNTS, V

from w2vjax.config.schema import SamplerConfig
from w2vjax.samplers import (
    MECHANISMS,
    SAMPLERS,
    STREAMED,
    Learning,
    Sampler,
    build,
    check,
    draw,
    parse,
    probabilities,
    target_distribution,
)
from w2vjax.samplers.distributions import DISTRIBUTIONS
from w2vjax.samplers.fit import goodness_of_fit
from w2vjax.samplers.laws import law, total_variation
from w2vjax.samplers.mechanisms import Cdf, UnigramTable


@pytest.fixture(params=EVERY, scope="module")
def config(request: pytest.FixtureRequest) -> SamplerConfig:
    return parse(request.param)


@pytest.fixture(scope="module")
def sampler(config: SamplerConfig) -> Sampler:
    return build(config, COUNTS)


@pytest.fixture(params=KINDS, scope="module")
def kind(request: pytest.FixtureRequest) -> SamplerConfig:
    return parse(request.param)


def test_registry_covers_every_name() -> None:
    assert {name: config.name for name, config in SAMPLERS.items()} == {n: n for n in SAMPLERS}
    configs = [parse(name) for name in EVERY]
    assert {c.distribution for c in configs} == {*DISTRIBUTIONS, *STREAMED}
    assert {c.mechanism for c in configs} == {"auto", *MECHANISMS}


def test_draws_agree_with_log_prob(sampler: Sampler) -> None:
    check(sampler, V)
    ids = np.asarray(draw(sampler, jax.random.key(5), (400_000,)))
    observed = np.bincount(ids, minlength=V)
    p_values = goodness_of_fit(observed, probabilities(sampler, V))
    assert set(p_values) == {
        "all words", "ranks 1-9", "ranks 10-99", "ranks 100-999", "ranks 1000-2000",
    }  # fmt: skip
    assert min(p_values.values()) > 1e-4, p_values


def test_log_prob_is_the_law_of_the_integers(sampler: Sampler) -> None:
    np.testing.assert_allclose(probabilities(sampler, V), law(sampler, V), rtol=2e-6)
    assert probabilities(sampler, V).sum() == pytest.approx(1, abs=2e-6)


def test_ids_that_are_no_words_are_never_drawn(sampler: Sampler) -> None:
    outside = jnp.int32([-(2**31), -V, -2, -1, V, V + 1, 2**31 - 1])
    assert jnp.isneginf(sampler.log_prob(outside)).all()


def test_distance_to_the_distribution(config: SamplerConfig, sampler: Sampler) -> None:
    if isinstance(sampler, Learning):  # far from it at the start
        sampler = sampler.learn((10**8 * COUNTS / COUNTS.sum()).astype(np.int64))
        assert total_variation(law(sampler, V), target_distribution(config, COUNTS)) < 2 * V / 10**8
        return
    if isinstance(sampler, UnigramTable):
        bound = V / config.table_size  # each word is rounded by less than a slot
    else:
        bound = V / 2**34 if isinstance(sampler, Cdf) else 1e-9
    assert total_variation(law(sampler, V), target_distribution(config, COUNTS)) <= bound


def test_shapes_and_types(sampler: Sampler) -> None:
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
    drawn = jax.vmap(lambda s: draw(s, KEY, (100,)), axis_size=2)(stacked)
    chex.assert_trees_all_equal(drawn, jnp.stack([draw(s, KEY, (100,)) for s in both]))


def test_other_counts_do_not_retrace(kind: SamplerConfig) -> None:
    chex.clear_trace_counter()

    @jax.jit
    @chex.assert_max_traces(n=1)
    def draw_and_score(sampler: Sampler, key: jax.Array) -> jax.Array:
        return sampler.log_prob(sampler.sample(key, (10,)))

    draw_and_score(build(kind, COUNTS), jax.random.key(0))
    draw_and_score(build(kind, OTHER_COUNTS), jax.random.key(1))


def test_tables_are_arguments_not_constants(sampler: Sampler) -> None:
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
