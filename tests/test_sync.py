"""Laws of the sync: what counts of the devices' changes, which rows take part, and it learns."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_train import PLANTED, SMALL, accuracy, short

from w2vjax.config.schema import OutputConfig, RunConfig
from w2vjax.engine import sync as engine_sync
from w2vjax.engine.replicas import Run
from w2vjax.engine.sync import SPAN, Sync, merge_weight
from w2vjax.engine.train import train
from w2vjax.engine.update import Parameters, TrainState


@pytest.mark.parametrize("devices", [2, 4, 8])
def test_on_a_parabola_devices_go_as_far_as_one_that_does_all_their_steps(devices):
    """Steps x ← x - h (x - a), small ones, of which the devices do different numbers."""
    h, start, goal = 1e-3, 3.0, -2.0
    steps = np.random.default_rng(devices).integers(0, 4_000, (devices, 50))
    steps[:, 0] = 0

    def after(number: np.ndarray) -> np.ndarray:
        return goal + (start - goal) * (1 - h) ** number

    change = (after(steps) - start).sum(axis=0)
    weights = np.asarray(merge_weight(jnp.asarray(h * steps, jnp.float32)))
    np.testing.assert_allclose(start + weights * change, after(steps.sum(axis=0)), atol=5e-3)
    assert np.ptp(after(steps.sum(axis=0))) > 1, "rows differ in how far they go"


@pytest.mark.parametrize("devices", [2, 4, 8])
def test_weights_lie_between_the_mean_and_the_sum(devices):
    progress = np.random.default_rng(0).lognormal(0, 4, (devices, 1_000)).astype(np.float32)
    weights = np.asarray(merge_weight(jnp.asarray(progress)))
    assert (weights >= (1 - 1e-6) / devices).all() and (weights <= 1 + 1e-6).all()
    ends = np.asarray(merge_weight(jnp.asarray([[0.0, 1e-9, 1e9]] * devices, jnp.float32)))
    np.testing.assert_allclose(ends, [1, 1, 1 / devices], rtol=1e-5)
    alone = np.zeros((devices, 3), np.float32)
    alone[0] = 0.1, 1.0, 10.0
    np.testing.assert_allclose(merge_weight(jnp.asarray(alone)), 1, rtol=1e-5)


def test_a_device_alone_counts_as_two_that_went_the_same_way():
    """It goes all of a small step, and half of one that took a row all the way."""
    progress = jnp.asarray([[0.0, 1e-9, 0.1, 1.0, 1e9]])
    found = np.asarray(merge_weight(progress))
    np.testing.assert_array_equal(found, merge_weight(jnp.tile(progress, (2, 1))))
    np.testing.assert_allclose(found, (1 + np.exp(-np.asarray(progress[0]))) / 2, rtol=1e-6)


def run_of(devices: int, layer: str = "negative-sampling", frequent_rows: int = 2) -> Run:
    settings = replace(SMALL, devices=devices, frequent_rows=frequent_rows)
    return Run.of(short(), [RunConfig(output=OutputConfig(layer), train=settings)])


def shifted(state: TrainState, seed: int) -> tuple[TrainState, list[np.ndarray]]:
    """Every device's rows changed in a way of their own, and the changes."""
    generator = np.random.default_rng(seed)
    changes = [
        generator.normal(size=leaf.shape).astype(np.float32)
        for leaf in (state.parameters.input, state.parameters.output)
    ]
    leaves = jax.tree.leaves(state.parameters)
    new = [
        jax.device_put(leaf + change, leaf.sharding)
        for leaf, change in zip(leaves, changes, strict=True)
    ]
    return TrainState(Parameters(*new), state.progress), changes


@pytest.mark.parametrize("layer", ["negative-sampling", "hierarchical-softmax"])
@pytest.mark.parametrize("devices", [2, 4])
def test_rarer_rows_meet_more_rarely(devices, layer):
    """Rows before F · 4^p after every 4^p-th segment, others never, and in the end all."""
    run, size = run_of(devices, layer), 2
    sync, state = Sync(run), run.state
    start = [np.asarray(leaf[0]) for leaf in jax.tree.leaves(state.parameters)]
    expected = [np.stack([leaf] * devices) for leaf in start]
    agreed = [leaf.copy() for leaf in start]

    def meet(rows: int) -> None:
        for ours, old in zip(expected, agreed, strict=True):
            met = old[:rows] + (ours[:, :rows] - old[:rows]).sum(axis=0)
            ours[:, :rows], old[:rows] = met, met

    for number in range(1, 22):
        state, changes = shifted(state, number)
        for ours, change in zip(expected, changes, strict=True):
            ours += change
        state = sync(state)
        meet(size * max(SPAN**p for p in range(4) if number % SPAN**p == 0))
        for ours, leaf in zip(expected, jax.tree.leaves(state.parameters), strict=True):
            np.testing.assert_allclose(leaf, ours, atol=1e-3, rtol=1e-4)
    state = sync.end(state)
    meet(1_000)
    for ours, leaf in zip(expected, jax.tree.leaves(state.parameters), strict=True):
        np.testing.assert_allclose(leaf, ours, atol=1e-3, rtol=1e-4)
        assert (np.asarray(leaf) == np.asarray(leaf)[:1]).all()


@pytest.mark.parametrize("layer", ["negative-sampling", "hierarchical-softmax"])
def test_it_does_not_matter_how_rows_are_parted(layer, monkeypatch):
    """Nor that a tree has a row less than there are words, and the last part none of them."""
    met = []
    for numbers, most in ((1 << 19, 32), (SMALL.dim * 13, 32), (1, 7)):
        monkeypatch.setattr(engine_sync, "CACHED", numbers)
        monkeypatch.setattr(engine_sync, "MOST_PARTS", most)
        run = run_of(4, layer, frequent_rows=40)
        state = shifted(run.state, 0)[0]
        progress = jax.tree.map(
            lambda leaf: leaf + jnp.arange(leaf.shape[1])[None] / 10, state.progress
        )
        met.append(Sync(run)(TrainState(state.parameters, progress)))
    for other in met[1:]:
        for one, two in zip(*map(jax.tree.leaves, (met[0], other)), strict=True):
            np.testing.assert_array_equal(one, two)


def test_progress_starts_anew_where_rows_were_merged():
    """And weighs what they bring."""
    run = run_of(2)
    state, changes = shifted(run.state, 0)
    progress = jax.tree.map(lambda leaf: jnp.full_like(leaf, 30.0), run.state.progress)
    state = Sync(run)(TrainState(state.parameters, progress))
    old = np.asarray(run_of(2).state.parameters.input[0])
    met = np.asarray(state.parameters.input)
    np.testing.assert_allclose(met[0, :2], old[:2] + changes[0][:, :2].mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(met[:, 2:], old[2:] + changes[0][:, 2:], atol=1e-5)
    for leaf in jax.tree.leaves(state.progress):
        assert (np.asarray(leaf[:, :2]) == 0).all() and (np.asarray(leaf[:, 2:]) == 30).all()


@pytest.mark.usefixtures("optimized")
@pytest.mark.parametrize(
    "layer, numbers", [("negative-sampling", [4, 8]), ("hierarchical-softmax", [8])]
)
def test_many_devices_learn_as_much_as_one(layer, numbers, planted, exam):
    """Within one point of one device's accuracy, which is near the top."""

    def learnt(devices: int) -> float:
        settings = replace(PLANTED.train, epochs=0.5, sync_words=None, devices=devices)
        config = replace(PLANTED, output=OutputConfig(layer), train=settings)
        return accuracy(train(planted, config, show=False), exam)

    alone = learnt(1)
    assert alone > 0.9
    for devices in numbers:
        assert learnt(devices) > alone - 0.01, devices
