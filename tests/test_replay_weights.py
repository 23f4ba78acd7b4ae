"""How word2vec.c learns: its first vectors, its steps, its table of the sigmoid."""

import numpy as np
import pytest

from w2vjax.replay.events import Pair, Rate
from w2vjax.replay.generator import Generator
from w2vjax.replay.paths import paths
from w2vjax.replay.weights import Weights


def test_first_vectors_come_from_a_generator_of_their_own() -> None:
    weights, generator = Weights(3, 2), Generator(1)
    expected = [(generator.share() - 0.5) / 2 for _ in range(6)]
    np.testing.assert_array_equal(weights.inputs.ravel(), np.array(expected, np.float32))
    assert not weights.outputs.any()


def sigmoid_of_the_table(score: float) -> float:
    """1,000 entries 0.012 apart from -6, and 83 a unit of score where 83.3 would be right."""
    value = 1 / (1 + np.exp(6 - 0.012 * np.floor((score + 6) * 83)))
    assert value == pytest.approx(1 / (1 + np.exp(-score)), abs=0.016)
    return value


@pytest.mark.parametrize("tree", [False, True])
@pytest.mark.parametrize("inputs", [(1,), (1, 2, 2)])
def test_a_step_descends_the_textbook_loss(tree: bool, inputs: tuple[int, ...]) -> None:
    """-log σ of the score for 1, -log σ of minus the score for 0; CBOW's inputs: all of it each."""
    ways = paths((2, 4, 3, 2)) if tree else None
    weights = Weights(4, 5, ways)
    generator = np.random.default_rng(0)
    weights.inputs = generator.normal(size=(4, 5)).astype(np.float32)
    weights.outputs = generator.normal(size=(4, 5)).astype(np.float32)
    hidden = weights.inputs[list(inputs)].astype(np.float64).mean(axis=0)
    rows = weights.outputs.astype(np.float64)
    labels = {3: 1, 1: 0, 2: 0}
    if ways:
        labels = dict(zip(ways[3].nodes, [1 - turn for turn in ways[3].turns], strict=True))
    slopes = {row: sigmoid_of_the_table(rows[row] @ hidden) - y for row, y in labels.items()}
    slope = sum(slope * rows[row] for row, slope in slopes.items())
    before = weights.inputs.copy(), weights.outputs.copy()
    weights.learn(Rate(0.1))
    weights.learn(Pair(inputs, 3, () if tree else (1, None, 2)))
    for row in range(4):
        expected = before[0][row] - 0.1 * inputs.count(row) * slope
        np.testing.assert_allclose(weights.inputs[row], expected, atol=1e-6)
        expected = before[1][row] - 0.1 * slopes.get(row, 0) * hidden
        np.testing.assert_allclose(weights.outputs[row], expected, atol=1e-6)


def test_scores_are_added_in_float32_from_the_first_dimension_to_the_last() -> None:
    """10^8 + 1 - 10^8 is 0 in that order and precision, and 1 in any other."""
    weights = Weights(2, 3)
    weights.inputs[0], weights.outputs[1] = (1e8, 1, -1e8), 1
    weights.learn(Rate(1.0))
    weights.learn(Pair((0,), 1, ()))
    assert weights.outputs[1, 1] == pytest.approx(2 - sigmoid_of_the_table(0), abs=1e-6)


@pytest.mark.parametrize(("tree", "moves"), [(False, True), (True, False)])
def test_beyond_six_noise_saturates_and_trees_stand_still(tree: bool, moves: bool) -> None:
    """A score of -8 where +1 was wanted."""
    ways = paths((2, 1)) if tree else None
    weights = Weights(2, 1, ways)
    weights.inputs[:], weights.outputs[:] = 4, -2
    target = 0 if not ways else next(w for w in (0, 1) if ways[w].turns == (0,))
    weights.learn(Rate(0.5))
    weights.learn(Pair((1 - target,), target, ()))
    assert weights.outputs.min() == -2
    assert weights.outputs.max() == (0 if moves else -2)
    assert weights.inputs.min() == (3 if moves else 4)


def test_numbers_beyond_float32_are_an_error() -> None:
    weights = Weights(2, 2)
    weights.inputs[:], weights.outputs[:] = 1e38, -1e38
    weights.learn(Rate(1.0))
    with pytest.raises(FloatingPointError, match="lower the learning rate"):
        weights.learn(Pair((0,), 1, ()))
