"""The exact softmax of a batch: the textbook's, its probabilities, predictions and perplexity."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from batches import B, D, V, assert_same, float32, normal, options, some_labels
from scipy.special import log_softmax

from w2vjax.errors import InputError
from w2vjax.losses import (
    exact_losses,
    full_softmax,
    log_probs,
    partition,
    perplexity,
    predict,
    softmax_loss,
)

GRID = options(labels=("one", "several", "padded"), biases=(False, True), temperature=(1.0, 0.6))


@pytest.fixture
def small_stretches(monkeypatch):
    """Five words at a time, of thirteen."""
    for module in (partition, exact_losses):
        monkeypatch.setattr(module, "LEAST_ROWS", 5)
    monkeypatch.setattr(partition, "SCORES", 1)
    monkeypatch.setattr(exact_losses, "LOGITS_AT_A_TIME", 1)
    monkeypatch.setattr(exact_losses, "ROWS_AT_A_TIME", 2)


def parameters(*, biases: bool = True, temperature: float = 1.0) -> dict:
    of_words = normal(V, seed=2) if biases else None
    matrices = {"weights": normal(V, D, seed=0), "inputs": normal(B, D, seed=1)}
    return matrices | {"biases": of_words, "temperature": np.float64(temperature)}


def logits_of(xp, weights, inputs, biases, temperature):
    logits = inputs @ weights.T
    return (logits if biases is None else logits + biases[None]) / temperature


@pytest.mark.parametrize("option", GRID, ids=str)
def test_it_is_the_textbook(option, small_stretches):
    labels, mask = some_labels(option["labels"])
    given = parameters(biases=option["biases"], temperature=option["temperature"])
    columns = labels.reshape(B, -1)
    there = np.ones(columns.shape) if mask is None else mask
    shares = there / np.maximum(there.sum(axis=1, keepdims=True), 1)

    def wanted(parameters):
        logits = logits_of(jnp, **parameters)
        of_row = jax.vmap(full_softmax, in_axes=(None, 0))
        losses = jax.vmap(of_row)(logits, jnp.where(there > 0, columns, 0))
        return jnp.sum(losses * jnp.asarray(shares, jnp.float32), axis=1)

    def formula(parameters):
        each = np.take_along_axis(log_softmax(logits_of(np, **parameters), axis=1), columns, axis=1)
        return -np.sum(each * shares, axis=1)

    masked = None if mask is None else jnp.asarray(mask)
    loss = lambda parameters: softmax_loss(  # noqa: E731
        **parameters, labels=jnp.asarray(labels), label_mask=masked
    )
    assert_same(loss, wanted, formula, given)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
def test_losses_of_short_floats_are_those_of_the_same_numbers_in_float32(dtype):
    short = jax.tree.map(lambda array: jnp.asarray(array, dtype), parameters())
    long = jax.tree.map(lambda array: array.astype(jnp.float32), short)
    labels = jnp.asarray(some_labels("one")[0])

    def summed(parameters):
        losses = softmax_loss(**parameters, labels=labels)
        return jnp.sum(losses), losses

    slopes = jax.jit(jax.grad(summed, has_aux=True))
    (found, losses), (right, of_long) = (slopes(numbers) for numbers in (short, long))
    assert losses.dtype == jnp.float32
    np.testing.assert_allclose(losses, of_long, rtol=1e-6)
    for name, gradient in found.items():
        assert gradient.dtype == dtype
        np.testing.assert_allclose(
            gradient.astype(jnp.float32), right[name], rtol=float(jnp.finfo(dtype).eps), atol=1e-6
        )


def test_probabilities_sum_to_one_and_are_the_loss():
    given = float32(parameters(temperature=0.6))
    found = jax.jit(log_probs)(**given)
    of_all = jax.jit(jax.vmap(lambda word: softmax_loss(**given, labels=jnp.full(B, word))))
    np.testing.assert_allclose(np.exp(found).sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(-found.T, of_all(jnp.arange(V)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("k", [1, 4, 9, V])
@pytest.mark.parametrize("impossible", [False, True])
def test_predictions_are_the_largest_of_all_probabilities(k, impossible, small_stretches):
    """Of equal words the lower ids; those with a bias of -inf at the end, each once."""
    given = float32(parameters())
    given["weights"] = jnp.round(given["weights"]).at[1:9].set(given["weights"][8:0:-1])
    given["weights"] = given["weights"].at[7:].set(given["weights"][:6])
    given["biases"] = jnp.zeros(V)
    if impossible:
        given["biases"] = given["biases"].at[jnp.array([0, 5, 11])].set(-jnp.inf)
    values, ids = jax.lax.top_k(log_probs(**given), k)
    found, of_found = jax.jit(partial(predict, k=k))(**given)
    np.testing.assert_array_equal(found, ids)
    np.testing.assert_allclose(of_found, values, rtol=1e-5)
    assert np.isinf(of_found).any() == (impossible and k == V)


def test_a_bias_of_minus_infinity_is_a_word_that_is_not_there(small_stretches):
    """Losses and gradients of the rest are those without it, wherever stretches end."""
    given, rest = float32(parameters()), np.array([6, 9, 12])
    given["biases"] = jnp.full(V, -jnp.inf).at[rest].set(given["biases"][rest])
    fewer = given | {name: given[name][rest] for name in ("weights", "biases")}
    places = np.array([0, 1, 2, 2, 1])

    def summed(parameters, labels):
        losses = softmax_loss(**parameters, labels=jnp.asarray(labels))
        return jnp.sum(losses), losses

    for kept in (0, partition.KEPT):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(partition, "KEPT", kept)
            slopes = jax.jit(jax.grad(summed, has_aux=True))
            found, losses = slopes(given, rest[places])
            wanted, of_fewer = slopes(fewer, places)
        np.testing.assert_allclose(losses, of_fewer, rtol=1e-5)
        np.testing.assert_allclose(found["inputs"], wanted["inputs"], atol=1e-5)
        for name in ("weights", "biases"):
            np.testing.assert_allclose(found[name][rest], wanted[name], atol=1e-5)
            assert jnp.all(jnp.delete(found[name], rest, axis=0) == 0)


@pytest.mark.parametrize("labels", ["one", "padded"])
def test_perplexity_is_that_of_the_mean_loss_of_labelled_rows(labels, small_stretches):
    given = float32(parameters())
    ids, mask = (None if part is None else jnp.asarray(part) for part in some_labels(labels))
    losses = np.asarray(jax.jit(softmax_loss)(**given, labels=ids, label_mask=mask), np.float64)
    there = np.ones(B, bool) if mask is None else np.asarray(mask).any(axis=1)
    found = jax.jit(perplexity)(**given, labels=ids, label_mask=mask)
    assert float(found) == pytest.approx(np.exp(losses[there].mean()), rel=1e-5)


def test_the_logits_are_never_in_memory():
    """Of the loss with its gradients, predictions and perplexity: a part of B · V numbers."""
    num_rows, num_words = 1024, 50_000
    arrays = {"weights": (num_words, 8), "inputs": (num_rows, 8), "biases": (num_words,)}
    given = {name: jax.ShapeDtypeStruct(shape, jnp.float32) for name, shape in arrays.items()}
    labels = {"labels": jax.ShapeDtypeStruct((num_rows,), jnp.int32)}

    def slopes(labels, **parameters):
        return jax.grad(lambda given: jnp.sum(softmax_loss(**given, labels=labels)))(parameters)

    calls = ((slopes, labels, 0.05), (partial(predict, k=10), {}, 0.2), (perplexity, labels, 0.05))
    for function, more, part in calls:
        memory = jax.jit(function).lower(**given, **more).compile().memory_analysis()
        assert memory.temp_size_in_bytes < part * num_rows * num_words * 4, function


def test_traced_labels_out_of_range_are_nan_and_train_nothing():
    given = float32(parameters())
    labels = jnp.array([0, V, -1, 3, V - 1])

    @jax.jit
    def slopes(labels):
        def summed(parameters):
            losses = softmax_loss(**parameters, labels=labels)
            return jnp.sum(losses), losses

        return jax.grad(summed, has_aux=True)(given)

    gradients, losses = slopes(labels)
    np.testing.assert_array_equal(np.isnan(losses), [False, True, True, False, False])
    assert jnp.all(gradients["inputs"][1:3] == 0) and jnp.all(jnp.isfinite(gradients["weights"]))
    assert jnp.isnan(jax.jit(perplexity)(**given, labels=labels))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"labels": jnp.array([0, 1, V, 0, 0])}, r"labels\[2\] is 13: .* from 0 to 12"),
        ({"labels": jnp.zeros(B)}, "labels are float32"),
        ({"labels": jnp.zeros(3, int)}, r"labels have shape \(3,\)"),
        ({"inputs": jnp.zeros((B, D + 1))}, r"weights have shape \(13, 4\) and not \(any, 5\)"),
        ({"inputs": jnp.zeros((1, B, D))}, r"inputs have shape \(1, 5, 4\)"),
        ({"weights": jnp.zeros((V, D), int)}, "weights are int32"),
        ({"weights": jnp.full((V, D), jnp.nan)}, r"weights\[0, 0\] is NaN"),
        ({"biases": jnp.zeros(V + 1)}, r"biases are float32 \(14,\)"),
        ({"temperature": -1.0}, r"temperature is -1\.0"),
        ({"label_mask": jnp.ones((B, 1), bool)}, r"label_mask is bool \(5, 1\)"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said(wrong, message, unchecked):
    for function in (softmax_loss, perplexity):
        given = float32(parameters()) | {"labels": jnp.zeros(B, int)} | wrong
        with pytest.raises(InputError, match=message):
            function(**given)


@pytest.mark.parametrize("k", [0, V + 1])
def test_as_many_words_are_predicted_as_there_are(k):
    with pytest.raises(InputError, match=f"k is {k}"):
        predict(**float32(parameters()), k=k)


@pytest.mark.parametrize("wrong", [0.0, -2.0])
def test_a_traced_temperature_that_is_not_positive_makes_all_nan(wrong):
    given = float32(parameters()) | {"temperature": wrong}
    labels = jnp.zeros(B, int)
    for function in (softmax_loss, perplexity):
        assert jnp.isnan(jax.jit(function)(**given, labels=labels)).all()
    for function in (log_probs, lambda **given: predict(**given, k=3)[1]):
        assert jnp.isnan(jax.jit(function)(**given)).all()


def test_nan_that_is_traced_makes_the_loss_nan():
    given = float32(parameters())
    given["weights"] = given["weights"].at[7, 0].set(jnp.nan)
    assert jnp.isnan(jax.jit(softmax_loss)(**given, labels=jnp.zeros(B, int))).all()
