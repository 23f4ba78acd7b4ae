"""Laws of the output rows' biases: one in every logit of the textbook's, and where they start."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from problems import (
    COUNTS,
    DRAWS,
    IN_TURN,
    NO_CHANGE,
    UNDAMPED,
    D,
    V,
    config_of,
    parameters,
    problem,
    updated,
)
from test_one_definition import textbook_loss
from test_program import close
from test_train import SMALL, short

from w2vjax.config.layers import LAYERS as OUTPUTS
from w2vjax.config.layers import layer_class
from w2vjax.config.schema import OutputConfig, RunConfig
from w2vjax.engine.damping import Damping
from w2vjax.engine.program import moving_columns
from w2vjax.engine.replicas import Run
from w2vjax.engine.train import Trained, train, train_replicas
from w2vjax.engine.update import Parameters
from w2vjax.errors import InputError
from w2vjax.losses.biases import starting_biases
from w2vjax.losses.layers import build

BIASED = [name for name in OUTPUTS if layer_class(name).usual_biases is not None]
CASES = [case for case in IN_TURN if case.values[0].layer in BIASED]
WIDTH = D + 3
"""of rows: their vector, the bias, and what they are filled up with"""
MOVING = moving_columns(WIDTH, D, None)
RATE = jnp.float32(1.0)


def with_biases(matrices: Parameters, biases: jax.Array) -> Parameters:
    """As training has them in its memory."""
    filled = [jnp.pad(leaf, ((0, 0), (0, WIDTH - D))) for leaf in jax.tree.leaves(matrices)]
    return Parameters(filled[0].at[:, D].set(1.0), filled[1].at[:, D].set(biases))


@pytest.mark.parametrize("config, architecture, predicts", CASES)
def test_a_bias_is_added_to_every_logit_of_its_row(config, architecture, predicts):
    """Gradients in vectors and biases, as the textbook's losses have them, and the loss told."""
    matrices, layer, batch, shared = problem(config, architecture, predicts)
    biases = jnp.asarray(np.random.default_rng(4).normal(size=V), jnp.float32)
    before = with_biases(matrices, biases)
    after, telemetry, _ = updated(
        before, layer, batch, shared, RATE, UNDAMPED, NO_CHANGE, moving=MOVING
    )
    change = jax.tree.map(lambda old, new: np.asarray(old - new), before, after)
    by_textbook = jax.jit(jax.value_and_grad(textbook_loss, (0, 4)))
    _, (slopes, to_biases) = by_textbook(matrices, layer, batch, shared, biases)
    for ours, theirs in (
        (change.input[:, :D], slopes.input),
        (change.output[:, :D], slopes.output),
        (change.output[:, D], to_biases),
    ):
        scale = float(np.abs(theirs).max())
        assert scale > 0.1
        np.testing.assert_allclose(ours, theirs, atol=3e-6 * scale, rtol=3e-5)
    assert not change.input[:, D:].any() and not change.output[:, D + 1 :].any()
    told = batch.weight.shape[0] // batch.reads[0]
    first = batch.replace(weight=batch.weight.at[told:].set(0.0))
    value, _ = by_textbook(matrices, layer, first, shared, biases)
    assert float(jnp.sum(telemetry.loss)) == pytest.approx(float(value), rel=2e-5)


@pytest.mark.parametrize("architecture", ["skip-gram", "cbow"])
@pytest.mark.parametrize("layer", ["full-softmax", "sampled-softmax"])
def test_what_all_biases_have_in_common_changes_nothing(layer, architecture):
    """In damped steps too: a bias is no part of the length that slows an input row down."""
    matrices, built, batch, shared = problem(config_of(layer), architecture)
    biases = jnp.linspace(-1.0, 1.0, V)
    low, high = (
        updated(
            with_biases(matrices, biases + more),
            built,
            batch,
            shared,
            RATE,
            Damping(0.5),
            NO_CHANGE,
            moving=MOVING,
        )[0]
        for more in (0.0, 8.0)
    )
    np.testing.assert_allclose(low.input, high.input, atol=2e-5)
    np.testing.assert_allclose(low.output[:, :D], high.output[:, :D], atol=2e-5)
    np.testing.assert_allclose(low.output[:, D] + 8.0, high.output[:, D], atol=2e-5)
    assert np.abs(low.output[:, D] - biases).max() > 0.1


def test_biases_start_normalised():
    start = partial(starting_biases, kept=COUNTS.astype(np.float64))
    for name in ("uniform", "unigram"):
        found = start(OutputConfig("nce", biases=name))
        assert np.exp(found).sum() == pytest.approx(1.0)
    assert np.ptp(start(OutputConfig("nce", biases="uniform"))) == 0.0
    shares = np.exp(start(OutputConfig("nce", biases="unigram")))
    np.testing.assert_allclose(shares, COUNTS / COUNTS.sum())
    assert not start(OutputConfig("nce", biases="zero")).any()
    for layer in OUTPUTS:
        assert start(OutputConfig(layer, biases="none")) is None
        own = layer_class(layer).usual_biases or "none"
        found = start(OutputConfig(layer)), start(OutputConfig(layer, biases=own))
        np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("layer", [name for name in OUTPUTS if name not in BIASED])
def test_trees_have_no_biases(layer):
    with pytest.raises(InputError, match=f"biases is zero: {layer} has no biases"):
        build(OutputConfig(layer, biases="zero"), DRAWS, COUNTS)


def run_of(layer: str, biases: str, **changes) -> RunConfig:
    settings = replace(SMALL, **{"learning_rate": 0.02, **changes})
    return RunConfig(output=OutputConfig(layer, biases=biases), train=settings)


def alike(one: Trained, other: Trained) -> None:
    close(one, other)
    np.testing.assert_allclose(one.biases, other.biases, atol=2e-5)


@pytest.mark.parametrize(
    "layer, architecture", [*((layer, "skip-gram") for layer in BIASED), ("nce", "cbow")]
)
def test_training_moves_biases_apart_from_vectors(layer, architecture):
    config = run_of(layer, "unigram", architecture=architecture, devices=2)
    found = train(short(), config, show=False)
    state = Run.of(short(), [config]).state.parameters
    start = np.asarray(state.output)[0, :, SMALL.dim]
    assert found.biases is not None and found.biases.shape == start.shape
    assert 1e-3 < np.abs(found.biases - start).max() < 5
    assert found.parameters.output.shape == (len(start), SMALL.dim)
    assert found.embeddings.vectors.shape[1] == SMALL.dim


@pytest.mark.parametrize("layer", ["full-softmax", "nce"])
def test_devices_and_replicas_have_the_same_biases(layer):
    """Dimensions divided, the bias among one device's; seeds side by side."""
    one, other = (run_of(layer, "uniform", devices=1, seed=seed) for seed in (1, 2))
    alone = train(short(), one, show=False)
    divided = replace(one.train, devices=2, model_devices=2)
    alike(alone, train(short(), replace(one, train=divided), show=False))
    both = train_replicas(short(), [one, other], show=False)
    alike(alone, both[0])
    assert np.abs(both[0].biases - both[1].biases).max() > 1e-4


def test_without_biases_nothing_of_them_is_there():
    assert train(short(), run_of("full-softmax", "none"), show=False).biases is None
    assert parameters(V).output.shape == (V, D)
