"""The sampled losses lead where theory says, for every sampler in the registry."""

from dataclasses import replace
from itertools import cycle

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from problems import TABLE_SIZE

from w2vjax.config.layers import sampled_layers
from w2vjax.config.schema import OutputConfig
from w2vjax.losses.layers import build
from w2vjax.samplers import SAMPLERS, parse, probabilities
from w2vjax.study import theory

TABLE = theory.joint()


def test_the_table_is_a_law_with_no_cell_empty():
    assert TABLE.sum() == pytest.approx(1) and TABLE.min() > 1e-3
    np.testing.assert_allclose(TABLE, TABLE.T)
    assert (np.diff(TABLE.sum(axis=0)) < 0).all()


@pytest.mark.usefixtures("optimized")
@pytest.mark.parametrize("layer, name", [*zip(cycle(sampled_layers()), SAMPLERS)])
def test_the_optimum_is_theorys_whatever_the_noise(layer, name):
    found = theory.optimum(layer, replace(SAMPLERS[name], table_size=TABLE_SIZE), TABLE)
    assert found.r_squared > 1 - 1e-6
    assert found.slope == pytest.approx(1, abs=1e-3)
    assert found.largest_error < 0.01
    assert np.ptp(found.wanted) > 2


def test_only_negative_samplings_optimum_depends_on_the_noise():
    for layer in sampled_layers():
        one, other = (theory.optimum(layer, parse(q), TABLE) for q in ("uniform", "unigram^1"))
        apart = np.abs(one.found - other.found)
        if layer != "negative-sampling":
            assert apart.max() < 0.01
            continue
        share = TABLE.sum(axis=1)
        expected = np.broadcast_to(np.log(share * len(share))[:, None], apart.shape)
        np.testing.assert_allclose(one.found - other.found, expected, atol=0.01)
        pmi = np.log(TABLE / np.outer(share, share)) - np.log(theory.NUM_NOISE)
        np.testing.assert_allclose(other.found, pmi, atol=0.01)


def test_expectations_are_those_of_the_formula():
    """NEG once more, in numpy: Σ P(w, c) (-log σ(s_wc) - k Σ_j q_j log σ(-s_jc))."""
    config = OutputConfig("negative-sampling", num_noise=theory.NUM_NOISE, collision="keep")
    built = build(config, theory.DRAWS, np.array([9, 7, 5, 4, 3, 2, 1, 1]))
    keys = jax.random.split(jax.random.key(0))
    matrices = theory.Parameters(*(jax.random.normal(key, (8, 8)) for key in keys))
    law = probabilities(built.sampler, 8)
    table = jnp.asarray(TABLE, jnp.float32)
    value = theory.expected_loss(matrices, built, table, jnp.asarray(law, jnp.float32))
    scores = np.asarray(matrices.output, np.float64) @ np.asarray(matrices.input, np.float64).T
    noise = law @ np.logaddexp(0, scores)
    expected = np.sum(TABLE * (np.logaddexp(0, -scores) + theory.NUM_NOISE * noise[None, :]))
    assert float(value) == pytest.approx(expected, rel=1e-5)
