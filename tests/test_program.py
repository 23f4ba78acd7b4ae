"""Laws of the program: devices, replicas, dimensions divided, other platforms, other precisions."""

from dataclasses import replace
from itertools import cycle
from typing import Any

import jax
import numpy as np
import pytest
from test_train import PLANTED, SMALL, accuracy, short

from w2vjax.config.layers import LAYERS as OUTPUTS
from w2vjax.config.overrides import override
from w2vjax.config.schema import OutputConfig, RunConfig, SamplerConfig, TrainConfig
from w2vjax.engine import placement
from w2vjax.engine.replicas import Run
from w2vjax.engine.train import Trained, train, train_replicas
from w2vjax.errors import InputError

ON_DEVICES = pytest.mark.parametrize("layer, devices", [*zip(OUTPUTS, cycle([1, 2]))])
"""every layer, on as many devices in all tests: its usual program is compiled once"""


def config(layer: str = "negative-sampling", **changes: Any) -> RunConfig:
    return RunConfig(output=OutputConfig(layer), train=replace(SMALL, **changes))


def close(one: Trained, other: Trained, tolerance: float = 2e-5) -> None:
    for a, b in zip(*(jax.tree.leaves(run.parameters) for run in (one, other)), strict=True):
        np.testing.assert_allclose(a, b, atol=tolerance)
        assert np.abs(a).max() > 100 * tolerance


@ON_DEVICES
def test_replicas_are_as_they_would_be_alone(layer, devices):
    """Seeds and learning rates side by side: one program, the same vectors."""
    base = config(layer, devices=devices)
    configs = [
        replace(base, train=replace(base.train, seed=seed, learning_rate=rate))
        for seed, rate in ((1, 0.02), (2, 0.01))
    ]
    together = train_replicas(short(), configs, show=False)
    for one, both in zip(configs, together, strict=True):
        alone = train(short(), one, show=False)
        close(alone, both)
        assert (alone.words, alone.pairs) == (both.words, both.pairs)
        assert alone.curve[-1].positive == pytest.approx(both.curve[-1].positive, rel=1e-3)


@pytest.mark.parametrize("unique", [False, True])
def test_replicas_may_differ_in_their_sampler(unique):
    base = config()
    powers = [SamplerConfig("unigram", power, unique=unique) for power in (0.5, 1.0)]
    configs = [replace(base, output=replace(base.output, sampler=s)) for s in powers]
    together = train_replicas(short(), configs, show=False)
    for one, both in zip(configs, together, strict=True):
        close(train(short(), one, show=False), both)
    assert np.abs(together[0].parameters.output - together[1].parameters.output).max() > 1e-3


@pytest.mark.parametrize(
    "change, message",
    [({"dim": 8}, "replicas differ in train.dim"), ({"window": 2}, "train.window")],
)
def test_replicas_share_a_program(change, message):
    with pytest.raises(InputError, match=message):
        train_replicas(short(), [config(), config(**change)], show=False)
    other = override(config(), {"output.sampler.unique": True})
    with pytest.raises(InputError, match=r"replicas differ in output\.sampler\.unique"):
        train_replicas(short(), [config(), other], show=False)
    with pytest.raises(InputError, match="no replica"):
        train_replicas(short(), [], show=False)


@ON_DEVICES
def test_dimensions_divided_among_devices_change_nothing(layer, devices):
    """At one rate for all layers, at which vectors stay short: tolerances are absolute."""
    model = {1: 3, 2: 2}[devices]
    base = config(layer, devices=devices, learning_rate=0.02)
    divided = replace(base.train, devices=devices * model, model_devices=model)
    whole = train(short(), base, show=False)
    close(whole, train(short(), replace(base, train=divided), show=False))


@ON_DEVICES
def test_filling_rows_up_changes_nothing(layer, devices, monkeypatch):
    """Rows of 6 numbers lie in 8, and their vectors have 6 all the same."""
    settings = config(layer, devices=devices, learning_rate=0.02)
    filled = Run.of(short(), [settings]).state.parameters
    assert {leaf.shape[-1] for leaf in jax.tree.leaves(filled)} == {8}
    found = train(short(), settings, show=False)
    monkeypatch.setattr(placement, "LANES", 1)
    close(found, train(short(), settings, show=False))
    assert {leaf.shape[-1] for leaf in jax.tree.leaves(found.parameters)} == {6}


def test_devices_must_divide_the_dimensions():
    with pytest.raises(InputError, match="model_devices is 4: it must divide"):
        train(short(), config(devices=4, model_devices=4), show=False)


@pytest.mark.parametrize("layer, architecture", [*zip(OUTPUTS, cycle(["skip-gram", "cbow"]))])
def test_the_program_lowers_for_every_platform(layer, architecture):
    """CPU, CUDA and TPU, with none of the last two here."""
    run = Run.of(short(), [config(layer, architecture=architecture)])
    segment = next(run.segments())[1]
    exported = run.export(run.arguments(0, segment), ["cpu", "cuda", "tpu"])
    assert set(exported.platforms) == {"cpu", "cuda", "tpu"}
    assert len(exported.mlir_module_serialized) > 1_000


@pytest.mark.usefixtures("optimized")
def test_products_in_bfloat16_learn_as_much(planted, exam):
    settings = replace(PLANTED.train, epochs=0.5)
    exact, rounded = (
        train(planted, replace(PLANTED, train=replace(settings, compute_dtype=dtype)), show=False)
        for dtype in ("float32", "bfloat16")
    )
    assert rounded.parameters.input.dtype == np.float32
    assert np.abs(exact.parameters.input - rounded.parameters.input).max() > 1e-4
    assert accuracy(rounded, exam) > accuracy(exact, exam) - 0.02


@pytest.mark.parametrize(
    "layer, damping, tokens_per_step",
    [*((layer, 0.5, 8_192) for layer in OUTPUTS), ("negative-sampling", None, 256)],
)
def test_large_steps_and_rates_stay_finite(layer, damping, tokens_per_step):
    """Forty words again and again: thousands of pairs hit every row in each step.

    The layers' own damping, made for texts of many words, bounds what happens; with the one that is
    safe on every text the loss does not rise: its mean over the second half of training is at most
    a hundredth above that over the first.
    """
    settings = TrainConfig(dim=16, subsample=0, epochs=2, tokens_per_step=tokens_per_step)
    settings = replace(settings, learning_rate=0.05, devices=1, damping=damping)
    trained = train(
        short(40_000), RunConfig(output=OutputConfig(layer), train=settings), show=False
    )
    for leaf in jax.tree.leaves(trained.parameters):
        assert np.isfinite(leaf).all() and np.abs(leaf).max() < 100
    losses = [point.positive + point.noise for point in trained.curve]
    if damping is not None:
        middle = len(losses) // 2
        assert np.mean(losses[middle:]) < np.mean(losses[:middle]) * 1.01
