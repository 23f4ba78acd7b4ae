"""Laws of the optimizers: dense optax on the textbook's gradients, at the cost of a step's rows."""

from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from problems import (
    ARCHITECTURES,
    BLOCK_SIZE,
    COUNTS,
    DRAWS,
    UNDAMPED,
    D,
    V,
    config_of,
    moved,
    parameters,
    problem,
    shared_of,
    updated,
)
from test_one_definition import by_hand
from test_train import SMALL, loss, short

from w2vjax.config.layers import LAYERS as OUTPUTS
from w2vjax.config.optimizers import OPTIMIZERS
from w2vjax.config.schema import OutputConfig, RunConfig, TrainConfig
from w2vjax.engine.damping import RowProgress
from w2vjax.engine.replicas import Run
from w2vjax.engine.row_optimizer import RowOptimizer, as_optax_expects
from w2vjax.engine.sync import Sync
from w2vjax.engine.train import Trained, train, train_replicas
from w2vjax.engine.transformations import transformation_of
from w2vjax.engine.update import Parameters
from w2vjax.engine.windows import Batch, window_batch
from w2vjax.errors import InputError
from w2vjax.losses.layers import build
from w2vjax.study.costs import memory
from w2vjax.study.experiment import Experiment
from w2vjax.study.plan import cell_names

ADAPTIVE = [name for name in OPTIMIZERS if transformation_of(name) is not None]
STEPS, RATE = 3, 0.02


def by_rows(transformation: Any) -> RowOptimizer:
    return RowOptimizer.of(transformation, num_rows=V, widths=(D, D), dim=D)


def every_word(seed: int, architecture: str, predicts: str) -> Batch:
    """Pairs in which every word has a neighbour, and is one."""
    window, generator = 3, np.random.default_rng(seed)
    tokens = np.concatenate([generator.permutation(V) for _ in range(3)])
    radius = generator.integers(1, window + 1, len(tokens) - 2 * window)
    arrays = (jnp.asarray(of, jnp.int32) for of in (tokens, np.zeros_like(tokens), radius))
    return window_batch(*arrays, architecture, BLOCK_SIZE, predicts)


@partial(jax.jit, static_argnames="transformation")
def dense_step(
    matrices: Parameters, slopes: Parameters, states: Any, rate: jax.Array, transformation: Any
) -> tuple[Parameters, Any]:
    """optax as its users call it."""
    with as_optax_expects():
        updates, states = transformation.update(slopes, states, matrices)
    return optax.apply_updates(matrices, jax.tree.map(lambda leaf: rate * leaf, updates)), states


CASES = [
    pytest.param(name, layer, *way, id=f"{name} / {layer} / {' '.join(way)}")
    for (i, name), (j, layer) in product(enumerate(ADAPTIVE), enumerate(OUTPUTS))
    if (i + j) % len(ADAPTIVE) == 0 or layer == "negative-sampling"
    for way in [ARCHITECTURES[(i + j // len(ADAPTIVE)) % len(ARCHITECTURES)]]
]
"""every layer with one optimizer and one with all; every optimizer in several architectures"""


CLIPPED = optax.chain(optax.clip_by_global_norm(0.5), optax.sgd(0.1, momentum=0.9))
GIVEN = {"clipped momentum": CLIPPED, "adamw": optax.adamw(0.1, weight_decay=0.1)}
"""users' own, with a norm of all rows, and with steps that depend on the parameters"""


def against_dense(
    transformation: Any, layer: str, architecture: str, predicts: str
) -> tuple[Parameters, Parameters]:
    """Where a few steps on every row end: ours, and dense optax on the textbook's gradients."""
    built, rate = build(config_of(layer, shared_nodes=3), DRAWS, COUNTS), jnp.float32(RATE)
    ours = dense = parameters(built.num_rows(V))
    state, states = None, [transformation.init(leaf) for leaf in jax.tree.leaves(dense)]
    for seed in range(STEPS):
        batch = every_word(seed, architecture, predicts)
        shared = shared_of(built, batch, seed)
        _, slopes = by_hand(dense, built, batch, shared)
        assert all(np.abs(leaf).sum(axis=1).min() > 0 for leaf in jax.tree.leaves(slopes))
        pairs = zip(*map(jax.tree.leaves, (dense, slopes)), states, strict=True)
        made = [dense_step(*pair, rate, transformation) for pair in pairs]
        dense, states = Parameters(*(new for new, _ in made)), [after for _, after in made]
        ours, _, state = updated(
            ours, built, batch, shared, rate, UNDAMPED, by_rows(transformation), state
        )
    return ours, dense


@pytest.mark.parametrize("name, layer, architecture, predicts", CASES)
def test_with_every_row_touched_it_is_dense_optax(name, layer, architecture, predicts):
    ours, dense = against_dense(transformation_of(name), layer, architecture, predicts)
    for change, expected in zip(moved(dense, ours), jax.tree.leaves(dense), strict=True):
        assert np.abs(change).max() < 1e-6 * np.abs(expected).max()


@pytest.mark.parametrize("name", GIVEN)
def test_so_are_transformations_of_the_users(name):
    ours, dense = against_dense(GIVEN[name], "negative-sampling", *ARCHITECTURES[0])
    for change, expected in zip(moved(dense, ours), jax.tree.leaves(dense), strict=True):
        assert np.abs(change).max() < 1e-6 * np.abs(expected).max()


@pytest.mark.parametrize("name", [*ADAPTIVE, *GIVEN])
def test_rows_that_a_step_does_not_touch_are_left_alone(name):
    """Their state too, after a step that has touched all."""
    optimizer = by_rows(GIVEN[name] if name in GIVEN else transformation_of(name))
    matrices, layer, batch, noise = problem(config_of("negative-sampling"))
    rate, rest = jnp.float32(RATE), (UNDAMPED, optimizer)
    everywhere = every_word(0, *ARCHITECTURES[0])
    shared = shared_of(layer, everywhere)
    before, _, first = updated(matrices, layer, everywhere, shared, rate, *rest)
    after, _, then = updated(before, layer, batch, noise // 2, rate, *rest, first)
    changes = moved(before, after)
    for change, old, new in zip(changes, first.optimizer, then.optimizer, strict=True):
        touched = np.abs(change).sum(axis=1) > 0
        assert 0 < touched.sum() < V
        kept = zip(old.elements + old.rows, new.elements + new.rows, strict=True)
        for one, other in kept:
            differs = (np.asarray(one) != np.asarray(other)).reshape(V, -1).any(axis=1)
            np.testing.assert_array_equal(differs, touched)
        for one, other in zip(old.scalars, new.scalars, strict=True):
            assert int(other) == int(one) + 1


@pytest.mark.parametrize("layer", ["negative-sampling", "hierarchical-softmax", "full-softmax"])
def test_gradient_descent_is_what_it_was(layer):
    """`optax.sgd`, and the engine's own without damping."""
    matrices, built, batch, noise = problem(config_of(layer))
    own, _, _ = updated(matrices, built, batch, noise, jnp.float32(0.05), UNDAMPED)
    given = by_rows(optax.sgd(0.05))
    found, _, _ = updated(matrices, built, batch, noise, jnp.float32(1.0), UNDAMPED, given)
    for change, scale in zip(moved(own, found), moved(matrices, own), strict=True):
        assert np.abs(change).max() < 2e-6 * np.abs(scale).max()


def trained(config: RunConfig, optimizer: Any = None) -> Trained:
    return train(short(), config, optimizer=optimizer, show=False)


def small(name: str, layer: str = "negative-sampling", **changes: Any) -> RunConfig:
    train = replace(SMALL, optimizer=name, **changes)
    return RunConfig(output=OutputConfig(layer), train=train)


@pytest.mark.parametrize("name", ADAPTIVE)
def test_two_devices_learn_with_it(name):
    curve = trained(small(name, devices=2, epochs=4)).curve
    assert loss(curve[-1]) < 0.75 * loss(curve[0])


@pytest.mark.parametrize("layer", ["nce", "balanced-softmax", "full-softmax"])
def test_other_layers_learn_with_it(layer):
    """NCE from biases of zero: those of the unigram fit a random text from the start."""
    config = small("adagrad", layer, architecture="cbow", learning_rate=0.3, epochs=6)
    if layer == "nce":
        config = replace(config, output=replace(config.output, biases="zero"))
    curve = trained(config).curve
    assert loss(curve[-1]) < 0.95 * loss(curve[0])


def test_the_ones_before_the_biases_never_move():
    """Though weights decay; biases are trained as all else is."""
    config = RunConfig(output=OutputConfig("nce", biases="zero"), train=SMALL)
    run = Run.of(short(), [config], optax.adamw(0.1, weight_decay=0.5))
    arguments = run.arguments(0, next(run.segments())[1])
    state, _ = run.lower(arguments).compile()(run.state, run.layer, *arguments)
    assert (np.asarray(state.parameters.input[..., SMALL.dim]) == 1).all()
    assert np.abs(state.parameters.output[..., SMALL.dim]).max() > 0.1
    for leaf in jax.tree.leaves(state.parameters):
        assert not np.asarray(leaf[..., SMALL.dim + 1 :]).any()


def test_devices_agree_on_the_mean_of_those_that_met_a_row():
    """Rows that none has met keep what they have; progress starts anew."""
    run = Run.of(short(), [small("adam", devices=4, frequent_rows=100)])
    progress = np.zeros((4, 40), np.float32)
    progress[:2, 5], progress[3, 6], progress[:, 7] = 0.1, 2.0, 0.5
    leaf = run.state.optimizer.output.elements[1]
    values = np.random.default_rng(0).random(leaf.shape).astype(np.float32)
    values[:, 8] = 3.0
    output = run.state.optimizer.output
    output = output._replace(elements=(output.elements[0], jax.device_put(values, leaf.sharding)))
    there = jax.tree.leaves(run.state.progress)[0].sharding
    state = run.state._replace(
        progress=RowProgress(*(jax.device_put(progress, there) for _ in range(2))),
        optimizer=run.state.optimizer._replace(output=output),
    )
    met = np.asarray(Sync(run)(state).optimizer.output.elements[1])
    for row, devices in ((5, [0, 1]), (6, [3]), (7, [0, 1, 2, 3]), (8, [0])):
        expected = values[devices, row].mean(axis=0)
        np.testing.assert_allclose(met[:, row], np.tile(expected, (4, 1)), rtol=1e-6)
    np.testing.assert_array_equal(met[:, 9], values[:, 9])


def close(one: Trained, other: Trained) -> None:
    pairs = zip(*(jax.tree.leaves(run.parameters) for run in (one, other)), strict=True)
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours, theirs, atol=2e-4 * np.abs(theirs).max())


@pytest.mark.parametrize("name", ADAPTIVE)
def test_replicas_are_as_they_would_be_alone(name):
    configs = [small(name, seed=seed, learning_rate=rate) for seed, rate in ((1, 0.1), (2, 0.05))]
    together = train_replicas(short(), configs, show=False)
    for config, both in zip(configs, together, strict=True):
        close(trained(config), both)


@pytest.mark.parametrize("name, layer", [("adagrad", "nce"), ("adam", "negative-sampling")])
def test_dimensions_divided_among_devices_change_nothing(name, layer):
    runs = (small(name, layer, devices=number, model_devices=number) for number in (1, 2))
    whole, divided = map(trained, runs)
    close(whole, divided)


@pytest.mark.parametrize(
    "config, given, message",
    [
        (small("adagard"), None, "unknown optimizer 'adagard': did you mean adagrad"),
        (small("sgd"), optax.adafactor(0.1), r"array of shape \(1,\) for a matrix \(40, 6\)"),
        (small("sgd"), optax.adagrad, "must be an optax.GradientTransformation"),
        (small("sgd"), optax.polyak_sgd(), "does not take gradients, .* 'value'"),
        (small("adam", damping=0.5), None, "damping is 0.5 and optimizer adam: only sgd"),
        (small("adam"), optax.sgd(0.1), "train.optimizer is adam: give one of them"),
        (
            small("rowwise-adagrad", devices=2, model_devices=2),
            None,
            "whole rows.* model_devices 1",
        ),
        (small("sgd", devices=2, model_devices=2), optax.sgd(0.1), "the given one: .* whole rows"),
    ],
)
def test_what_cannot_be_is_refused(config, given, message, unchecked):
    with pytest.raises(InputError, match=message):
        trained(config, given)


def test_memory_counts_the_state():
    """Adagrad's one number a number, Adam's two, and one a row, on every device."""
    base, corpus = RunConfig(train=TrainConfig(dim=10_000)), short()
    plain = memory(base, corpus, 2)
    more = {name: memory(replaced(base, name), corpus, 2) - plain for name in ADAPTIVE}
    matrices = 2 * 2 * 4 * 40
    assert more["adagrad"] == matrices * 10_000 and more["rowwise-adagrad"] == matrices
    assert more["adam"] == 2 * matrices * 10_000 + 2 * 2 * 4


def replaced(config: RunConfig, name: str) -> RunConfig:
    return replace(config, train=replace(config.train, optimizer=name))


def test_cells_are_told_apart_and_tuned_rates_are_of_sgd():
    names = ["sgd", "adagrad"]
    experiment = Experiment(
        "x", product={"train.optimizer": names}, rates={RunConfig().output.label: 0.5}
    )
    configs = experiment.configs()
    assert [config.train.learning_rate for config in configs] == [0.5, None]
    told = cell_names(configs).values()
    assert all(f"optimizer={name}" in label for name, label in zip(names, told, strict=True))
    resolved = configs[1].resolved().train
    assert resolved.learning_rate == OPTIMIZERS["adagrad"].learning_rate
    assert (resolved.damping, resolved.pair_cap) == (0.0, None)
