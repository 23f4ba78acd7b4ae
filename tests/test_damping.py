"""Laws of damping: which rows are slowed down, by how much, and what it adds up to."""

from functools import cache
from itertools import cycle, product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from problems import (
    ARCHITECTURES,
    COUNTS,
    DRAWS,
    NO_CHANGE,
    NUM_NOISE,
    V,
    config_of,
    moved,
    parameters,
    problem,
    setting_of,
    shared_of,
    text,
    updated,
)
from references import FORMULAS, blocks_step

from w2vjax.config.layers import LAYERS as OUTPUTS
from w2vjax.config.layers import sampled_layers
from w2vjax.config.schema import OutputConfig
from w2vjax.engine.damping import Damping, RowPositions, RowProgress, UpdateState
from w2vjax.engine.update import Parameters
from w2vjax.engine.windows import Batch, frame, window_batch
from w2vjax.losses.layers import build


def met(matrix: np.ndarray, batch: Batch, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of every input row, and the sum of ‖hidden‖², at least 1, that every output row meets.

    One by one; a noise word has k/K of a pair.
    """
    of_input, of_output = np.zeros(V), np.zeros(V)
    number, width, size = batch.weight.shape
    inputs, targets = frame(batch.inputs, *batch.reads), frame(batch.targets, number, width)
    for b, t, s in zip(*np.nonzero(np.asarray(batch.weight)), strict=True):
        if batch.averaging is None:
            rows, hidden = inputs[b, s], matrix[inputs[b, s]]
        else:
            made, place = divmod(b * size + s, batch.averaging.shape[1])
            mix, words = np.asarray(batch.averaging[made, place]), np.asarray(inputs[made])
            rows, hidden = words[mix > 0], mix @ matrix[words]
        np.add.at(of_input, rows, 1)
        length = max(1.0, hidden @ hidden)
        of_output[targets[b, t]] += length
        np.add.at(of_output, noise[b * len(noise) // number], length * NUM_NOISE / DRAWS)
    return of_input, of_output


def plain_gradients(config: OutputConfig, *arguments: Any) -> tuple[np.ndarray, np.ndarray]:
    matrices, layer, block, noise = arguments
    formula, setting = FORMULAS[config.layer], setting_of(config, layer)
    found = blocks_step(formula, setting, (matrices.input, matrices.output), block, noise)
    return found.to_input, found.to_output


@pytest.mark.parametrize("architecture, predicts", ARCHITECTURES)
def test_with_pairs_rows_are_damped_without_their_logits(architecture, predicts):
    """An input row by max(1, n / pairs), an output row by max(1, κ · rate · ¼ Σ ‖hidden‖²)."""
    config = config_of("negative-sampling", collision="keep")
    matrices, layer, block, noise = problem(config, architecture, predicts)
    damping, rate = Damping(0.7, pairs=7.75), 0.5
    new = updated(
        matrices, layer, block, noise, jnp.float32(rate), damping=damping, optimizer=NO_CHANGE
    )[0]
    pairs, lengths = met(np.asarray(matrices.input), block, np.asarray(noise))
    divisors = pairs / 7.75, 0.7 * rate * lengths / 4
    plain = plain_gradients(config, matrices, layer, block, noise)
    for change, gradient, divisor in zip(moved(matrices, new), plain, divisors, strict=True):
        expected = -rate * gradient / np.maximum(1, divisor)[:, None]
        np.testing.assert_allclose(change, expected, atol=4e-5, rtol=1e-5)
        assert divisor.max() > 1.2 and ((divisor < 1) & (divisor > 0)).any()


def row_curvatures(config: OutputConfig, *arguments: Any) -> tuple[np.ndarray, np.ndarray]:
    """Second derivatives of the whole step's loss along every row's own gradient.

    Differences of the reference's gradients, one row moved at a time.
    """
    matrices, layer, block, noise = arguments
    small, found = 1e-4, []
    both = [np.asarray(matrix, np.float64) for matrix in (matrices.input, matrices.output)]
    plain = plain_gradients(config, *arguments)
    for part, slopes in enumerate(plain):
        curvatures = np.zeros(len(slopes))
        for row in np.flatnonzero(np.abs(slopes).max(axis=1) > 1e-3):
            along = slopes[row] / np.linalg.norm(slopes[row])
            ends = []
            for sign in (1, -1):
                there = [matrix.copy() for matrix in both]
                there[part][row] += sign * small * along
                moved_there = Parameters(*there)
                ends.append(plain_gradients(config, moved_there, layer, block, noise)[part][row])
            curvatures[row] = (ends[0] - ends[1]) @ along / (2 * small)
        found.append(curvatures)
    return tuple(found)


@cache
def few_words(layer: str, architecture: str, predicts: str) -> tuple[tuple, tuple, tuple]:
    """A step of eight words, the reference's gradients and every row's curvature, found once."""
    policy = "keep" if layer in sampled_layers() else "auto"
    config = config_of(layer, collision=policy)
    built = build(config, DRAWS, COUNTS)
    block = window_batch(*text(8), architecture, 4, predicts)
    arguments = parameters(built.num_rows(V)), built, block, shared_of(built, block)
    plain = plain_gradients(config, *arguments)
    return arguments, plain, row_curvatures(config, *arguments)


@pytest.mark.parametrize(
    "layer, way, damping",
    [
        (layer, way, (Damping(0.5), Damping(0.5, pairs=1e9))[(i + j) % 2])
        for (i, layer), (j, way) in product(enumerate(OUTPUTS), enumerate(ARCHITECTURES))
        if (i + j) % len(ARCHITECTURES)
    ],
)
def test_no_damped_step_overshoots(layer, way, damping):
    """At a huge rate, every row's rate times its true curvature stays within 2.

    With `pairs` this is said of the output rows alone.
    """
    arguments, plain, curved = few_words(layer, *way)
    rate = 3.0
    new = updated(*arguments, jnp.float32(rate), damping=damping, optimizer=NO_CHANGE)[0]
    damped = 0
    parts = zip(moved(arguments[0], new), plain, curved, strict=True)
    for change, slopes, curvatures in list(parts)[damping.pairs is not None :]:
        rows = np.flatnonzero(curvatures)
        used = -np.sum(change * slopes, axis=1)[rows] / np.sum(slopes**2, axis=1)[rows]
        assert (used * curvatures[rows] < 2.01).all()
        assert (used < rate * 1.001).all() and (used > 0).all()
        damped += int((used < 0.9 * rate).sum())
    assert damped > (4 if damping.pairs is None else 2)


@pytest.mark.parametrize("layer", OUTPUTS)
def test_damping_does_nothing_at_small_rates(layer):
    matrices, built, block, noise = problem(config_of(layer))
    arguments = (matrices, built, block, noise, jnp.float32(1e-4))
    free = updated(*arguments, damping=Damping(0.0), optimizer=NO_CHANGE)[0]
    bound = updated(*arguments, damping=Damping(0.5), optimizer=NO_CHANGE)[0]
    for ours, theirs in zip(jax.tree.leaves(free), jax.tree.leaves(bound), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("layer", OUTPUTS)
def test_positions_of_an_earlier_step_do_not_matter(layer):
    """Whatever stands in them for rows that this step does not meet, or meets elsewhere."""
    matrices, built, block, noise = problem(config_of(layer, shared_nodes=3))
    arguments = (matrices, built, block, noise, jnp.float32(0.5))
    damping = Damping(0.5, 1.0)
    expected, _, fresh = updated(*arguments, damping=damping, optimizer=NO_CHANGE)
    used = fresh._replace(positions=RowPositions(*(jnp.flip(leaf) for leaf in fresh.positions)))
    found = updated(*arguments, damping=damping, optimizer=NO_CHANGE, state=used)[0]
    free = updated(*arguments, damping=Damping(0.0), optimizer=NO_CHANGE)[0]
    for ours, theirs in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert not np.array_equal(found.output, free.output), "the divisors count"


@pytest.mark.parametrize(
    "layer, damping", [*zip(OUTPUTS, cycle([Damping(2.0), Damping(2.0, pairs=1.5)]))]
)
def test_what_slows_a_row_down_is_its_progress(layer, damping):
    """With one kind of divisor, a row's step is its sum / max(1, divisor), its progress."""
    matrices, built, block, noise = problem(config_of(layer))
    rows = len(matrices.input), len(matrices.output)
    before = RowProgress(jnp.full(rows[0], 0.25), jnp.full(rows[1], 0.5))
    rest = {"optimizer": NO_CHANGE, "state": UpdateState.of(*rows, before)}
    arguments = (matrices, built, block, noise, jnp.float32(0.5))
    free = updated(*arguments, damping=Damping(0.0), **rest)[0]
    found, _, handed_on = updated(*arguments, damping=damping, **rest)
    slowed = 0
    for plain, change, old, new in zip(
        moved(matrices, free), moved(matrices, found), before, handed_on.progress, strict=True
    ):
        divisor = np.asarray(new - old)
        np.testing.assert_allclose(
            change, plain / np.maximum(1, divisor)[:, None], atol=1e-5, rtol=1e-4
        )
        slowed += (divisor > 1.2).sum()
    assert slowed > 4
