"""Held-out likelihood: the exact softmax, whatever the chunks, in bounded memory."""

import jax
import numpy as np
import pytest
from scipy.special import log_softmax

from w2vjax.errors import InputError
from w2vjax.evaluation import likelihood
from w2vjax.evaluation.likelihood import held_out
from w2vjax.losses import partition


def matrices(num_words: int, dim: int = 6, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(num_words)
    hidden, outputs = scale * draw.standard_normal((2, num_words, dim))
    return hidden.astype(np.float32), outputs.astype(np.float32)


@pytest.mark.parametrize("num_words", [1, 2, 7, 8, 20, 21])
@pytest.mark.parametrize("scale", [1.0, 12.0])
def test_equals_the_float64_softmax_across_chunks(num_words, scale, monkeypatch) -> None:
    monkeypatch.setattr(likelihood, "HIDDEN_PER_BLOCK", 4)
    monkeypatch.setattr(partition, "SCORES", 4 * 7)
    jax.clear_caches()
    hidden, outputs = matrices(num_words, scale=scale)
    centre, target = np.random.default_rng(0).integers(0, num_words, (2, 50))
    log_p = log_softmax(hidden.astype(np.float64) @ outputs.T.astype(np.float64), axis=1)
    expected = -log_p[centre, target].mean()
    score = held_out(hidden, outputs, centre, target)
    assert score.value == pytest.approx(expected, rel=2e-6, abs=1e-5)
    # A bias is one more dimension, 1 in every hidden vector.
    biased = held_out(hidden[:, :5], outputs[:, :5], centre, target, outputs[:, 5])
    hidden[:, 5] = 1.0
    assert biased.value == pytest.approx(held_out(hidden, outputs, centre, target).value, rel=2e-6)
    assert score.covered == score.total == 50
    jax.clear_caches()


def test_zero_vectors_know_nothing() -> None:
    zeros = np.zeros((5000, 3), np.float32)
    score = held_out(zeros, zeros, np.array([1, 2]), np.array([4999, 0]))
    assert score.value == pytest.approx(np.log(5000), rel=1e-6)


def test_hidden_may_have_other_rows_than_outputs() -> None:
    outputs = matrices(9)[1]
    hidden = np.zeros((2, 6), np.float32)
    hidden[1] = 100 * outputs[4] / np.linalg.norm(outputs[4]) ** 2
    assert held_out(hidden, outputs, np.array([0]), np.array([4])).value == pytest.approx(np.log(9))
    best = np.argmax(outputs @ hidden[1])
    assert held_out(hidden, outputs, np.array([1]), np.array([best])).value < np.log(9)


def test_memory_does_not_grow_with_pairs_or_words() -> None:
    shapes = [
        jax.ShapeDtypeStruct(shape, np.float32)
        for shape in ((8 * 512, 8), (200_000, 8), (200_000,))
    ]
    memory = likelihood._log_sums.lower(*shapes).compile().memory_analysis()
    assert memory.temp_size_in_bytes < 2.1 * 4 * partition.SCORES


def test_no_pairs_have_no_value() -> None:
    none = np.zeros(0, np.int64)
    score = held_out(*matrices(3), none, none)
    assert (score.value, score.covered, score.total) == (None, 0, 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"outputs": np.ones((3, 5))}, "one width"),
        ({"pairs_target": np.array([0])}, "one target for each"),
        ({"biases": np.zeros(2)}, r"biases \(2,\): one for each of the 3 rows"),
        ({"pairs_target": np.array([0, 3])}, "target id lies outside 0 … 2"),
        ({"pairs_centre": np.array([-1, 0])}, "centre id lies outside"),
        ({"hidden": np.full((3, 6), np.nan)}, "not finite"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_wrong_input(change: dict, message: str) -> None:
    hidden, outputs = matrices(3)
    good = {"hidden": hidden, "outputs": outputs}
    good |= {"pairs_centre": np.array([0, 1]), "pairs_target": np.array([1, 2])}
    with pytest.raises(InputError, match=message):
        held_out(**(good | change))
