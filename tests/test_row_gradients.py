"""Training by rows is training: the dense gradient's rows, dense optimizers' steps, no others."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from given import LABEL_IDS, LOSSES, MASK, SCOPES, B, D, S, T, V, candidates, parameters

from w2vjax.errors import InputError
from w2vjax.losses import (
    RowGradient,
    negative_sampling_loss,
    row_adagrad,
    row_sgd,
    sampled_softmax_loss,
    value_and_row_gradient,
)

EVERY = pytest.mark.parametrize("name", LOSSES)


def dense(gradient: RowGradient, shape: tuple[int, ...]) -> np.ndarray:
    found = np.zeros(shape)
    np.add.at(found, np.asarray(gradient.ids), np.asarray(gradient.rows, np.float64))
    return found


@EVERY
@pytest.mark.parametrize("scope", SCOPES)
def test_rows_add_up_to_the_dense_gradient(name, scope):
    """In weights, inputs and biases; ids are those of labels, then of candidates."""
    values, given, mask = parameters(np.float32), candidates(scope), jnp.asarray(MASK)
    options = {"label_mask": mask, "temperature": 0.5, "hits": "mask"}
    reduction = jnp.sum if scope == "row" else jnp.mean

    @jax.jit
    def both(weights: Any, inputs: Any, biases: Any) -> Any:
        def total(weights: Any, inputs: Any, biases: Any) -> Any:
            return reduction(
                LOSSES[name](weights, inputs, LABEL_IDS, given, biases=biases, **options)
            )

        by_rows = value_and_row_gradient(LOSSES[name], reduction)
        return (
            by_rows(weights, inputs, LABEL_IDS, given, biases=biases, **options),
            jax.value_and_grad(total, (0, 1, 2))(weights, inputs, biases),
        )

    (found, gradients), (expected, whole) = both(values.weights, values.inputs, values.biases)
    assert found == expected
    ids = np.concatenate([np.where(MASK, LABEL_IDS, 0).ravel(), np.ravel(given.ids)])
    for by_rows in (gradients.weights, gradients.biases):
        np.testing.assert_array_equal(by_rows.ids, ids)
    close = partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-6)
    close(dense(gradients.weights, (V, D)), whole[0])
    close(gradients.inputs, whole[1])
    close(dense(gradients.biases, (V,)), whole[2])


def test_rows_may_come_from_a_function_and_biases_are_not_needed():
    values, given = parameters(np.float32), candidates()
    of = value_and_row_gradient(negative_sampling_loss)
    by_array = of(values.weights, values.inputs, LABEL_IDS, given)
    by_rows = of(lambda ids: values.weights[ids], values.inputs, LABEL_IDS, given)
    jax.tree.map(np.testing.assert_array_equal, by_array, by_rows)
    assert by_rows[1].biases is None and by_rows[1].weights.rows.shape == (B * T + S, D)


def test_a_traced_label_out_of_range_is_told_and_changes_no_row():
    values, given = parameters(np.float32), candidates()
    labels = LABEL_IDS.at[0, 0].set(-1)
    of = value_and_row_gradient(sampled_softmax_loss, jnp.sum)
    with pytest.raises(InputError, match="is -1"):
        of(values.weights, values.inputs, labels, given)
    found, gradients = jax.jit(of)(values.weights, values.inputs, labels, given)
    assert np.isnan(found)
    others = slice(1, None)
    expected = of(values.weights, values.inputs[others], labels[others], given)[1]
    np.testing.assert_allclose(
        dense(gradients.weights, (V, D)), dense(expected.weights, (V, D)), rtol=1e-5, atol=1e-7
    )


# Steps.


def gradients(num_words: int, width: tuple[int, ...], num_rows: int, seed: int) -> RowGradient:
    """Of every word at least once, some of them often."""
    draw = np.random.default_rng(seed)
    ids = np.append(np.arange(num_words), draw.integers(0, num_words, num_rows - num_words))
    rows = draw.normal(size=(num_rows, *width))
    return RowGradient(
        jnp.asarray(draw.permutation(ids), jnp.int32), jnp.asarray(rows, jnp.float32)
    )


@pytest.mark.parametrize("width", [(D,), ()], ids=["weights", "biases"])
def test_where_every_row_is_touched_steps_are_optax_steps(width):
    weights = jnp.asarray(np.random.default_rng(0).normal(size=(V, *width)), jnp.float32)
    rate, close = 0.1, partial(np.testing.assert_allclose, rtol=1e-6, atol=1e-6)
    sgd, adagrad = optax.sgd(rate), optax.adagrad(rate, 0.1, 1e-7)
    by_sgd = by_adagrad = dense_sgd = dense_adagrad = weights
    sums, state = jnp.full_like(weights, 0.1), adagrad.init(weights)
    for seed in range(4):
        by_rows = gradients(V, width, 3 * V, seed)
        whole = jnp.asarray(dense(by_rows, weights.shape), jnp.float32)
        by_sgd = row_sgd(by_sgd, by_rows, rate)
        dense_sgd = optax.apply_updates(dense_sgd, sgd.update(whole, sgd.init(weights))[0])
        by_adagrad, sums = row_adagrad(by_adagrad, sums, by_rows, rate)
        change, state = adagrad.update(whole, state)
        dense_adagrad = optax.apply_updates(dense_adagrad, change)
    close(by_sgd, dense_sgd)
    close(by_adagrad, dense_adagrad)
    close(sums, state[0].sum_of_squares)
    assert np.abs(np.asarray(by_adagrad) - weights).min() > 1e-4


def test_one_sum_a_row_is_the_mean_of_its_squares():
    by_rows, weights = gradients(V, (D,), 2 * V, 0), jnp.zeros((V, D))
    found, sums = row_adagrad(weights, jnp.full(V, 0.1), by_rows, 1.0, eps=0.0)
    whole = dense(by_rows, (V, D))
    total = 0.1 + np.square(whole).mean(1)
    np.testing.assert_allclose(sums, total, rtol=1e-5)
    np.testing.assert_allclose(found, -whole / np.sqrt(total)[:, None], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("sums", [(V, D), (V,)])
def test_rows_that_are_not_there_do_not_move_nor_does_their_state(sums):
    """Nor the last one for an id of -1, nor any where nothing was summed yet and the slope is 0."""
    weights = jnp.asarray(np.random.default_rng(0).normal(size=(V, D)), jnp.float32)
    ids = jnp.array([3, -1, 5, V, 3, 2**31 - 1, 7], jnp.int32)
    gradient = RowGradient(ids, jnp.ones((7, D)).at[6].set(0.0))
    start = jnp.zeros(sums)
    found, after = row_adagrad(weights, start, gradient, 0.1)
    touched = np.isin(np.arange(V), [3, 5])
    for moved in (
        found != weights,
        (after != start).reshape(V, -1),
        row_sgd(weights, gradient, 0.1) != weights,
    ):
        np.testing.assert_array_equal(np.asarray(moved).any(1), touched)
    assert np.isfinite(found).all()


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_narrow_weights_keep_their_type(dtype):
    values, given = parameters(np.float32), candidates()
    narrow = values.weights.astype(dtype)
    value, slopes = value_and_row_gradient(sampled_softmax_loss)(
        narrow, values.inputs, LABEL_IDS, given
    )
    assert value.dtype == np.float32 and slopes.weights.rows.dtype == dtype
    found, sums = row_adagrad(narrow, jnp.zeros(V), slopes.weights, jnp.float32(0.1))
    assert (found.dtype, sums.dtype) == (dtype, np.float32)
    assert row_sgd(narrow, slopes.weights, jnp.float32(0.1)).dtype == dtype


def test_a_step_needs_no_memory_that_grows_with_the_vocabulary():
    """The matrices are changed where they are: no dense gradient, no copy."""
    num_words = 50_000
    given = candidates()
    weights, sums = jnp.zeros((num_words, D)), jnp.zeros((num_words, D))
    plain = given.replace(law=given.law.replace(log_law=jnp.zeros(num_words)))

    @partial(jax.jit, donate_argnums=(0, 1))
    def step(weights: Any, sums: Any, inputs: Any, labels: Any, given: Any) -> Any:
        value, slopes = value_and_row_gradient(sampled_softmax_loss)(weights, inputs, labels, given)
        return value, row_adagrad(weights, sums, slopes.weights, 0.1)

    program = step.lower(weights, sums, parameters(np.float32).inputs, LABEL_IDS, plain).compile()
    memory = program.memory_analysis()
    assert memory.alias_size_in_bytes == weights.nbytes + sums.nbytes
    assert memory.temp_size_in_bytes < weights.nbytes / 10
