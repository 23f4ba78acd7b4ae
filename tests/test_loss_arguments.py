"""Arguments of the losses of a batch: what is wrong is said, what is traced is marked."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from w2vjax.errors import InputError
from w2vjax.losses import arguments

V, B, T = 9, 4, 3
LABELS = np.array([[0, 8, -1], [3, 3, 2], [9, 1, 1], [4, 5, 6]])
MASK = np.array([[True, True, False], [True, True, True], [True, False, False], [False] * 3])


def test_known_labels_out_of_range_are_an_error_and_traced_ones_are_marked():
    labels, mask = jnp.asarray(LABELS), jnp.asarray(MASK)
    with pytest.raises(InputError, match=r"labels\[2, 0\] is 9: .* from 0 to 8"):
        arguments.checked_labels(labels, B, V, mask)
    found = jax.jit(lambda *given: arguments.checked_labels(given[0], B, V, given[1]))(labels, mask)
    np.testing.assert_array_equal(found.in_range, [True, True, False, True])
    np.testing.assert_array_equal(found.ids, [[0, 8, 0], [3, 3, 2], [0, 0, 0], [0, 0, 0]])
    np.testing.assert_allclose(
        found.shares(), [[0.5, 0.5, 0], [1 / 3, 1 / 3, 1 / 3], [1, 0, 0], [0, 0, 0]]
    )
    np.testing.assert_array_equal(found.or_nan(jnp.zeros(B)), [0, 0, np.nan, 0])


@pytest.mark.parametrize("dtype", [jnp.int8, jnp.uint8, jnp.int16, jnp.int32, jnp.uint32])
def test_labels_of_every_integer_type_are_compared_before_they_are_cut(dtype):
    """A vocabulary beyond the type's range, and ids that 32 bits would wrap."""
    largest = jnp.asarray([0, jnp.iinfo(dtype).max], dtype)
    fits = jnp.iinfo(dtype).max < 100_000
    found = jax.jit(lambda labels: arguments.checked_labels(labels, 2, 100_000))(largest)
    np.testing.assert_array_equal(found.in_range, [True, fits])
    assert found.ids.dtype == jnp.int32 and found.ids.shape == (2, 1)
    assert found.ids[1, 0] == (jnp.iinfo(dtype).max if fits else 0)


def test_without_a_known_vocabulary_only_negative_labels_are_wrong():
    assert arguments.checked_labels(jnp.array([1 << 30]), 1).in_range
    with pytest.raises(InputError, match=r"labels\[0\] is -1: .* from 0 to V - 1"):
        arguments.checked_labels(jnp.array([-1]), 1)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: arguments.checked_labels(jnp.zeros(B), B), "labels are float32: .* integers"),
        (lambda: arguments.checked_labels(jnp.zeros(3, int), B), r"shape \(3,\): 4 inputs need"),
        (lambda: arguments.checked_labels(jnp.zeros((B, T, 1), int), B), r"\(4, 3, 1\): 4 inputs"),
        (
            lambda: arguments.checked_labels(jnp.zeros(B, int), B, V, jnp.ones((B, 1), bool)),
            r"label_mask is bool \(4, 1\): .* shape \(4,\)",
        ),
        (
            lambda: arguments.checked_labels(jnp.zeros(B, int), B, V, jnp.ones(B)),
            r"label_mask is float32 \(4,\): it is boolean",
        ),
        (lambda: arguments.checked_inputs(jnp.zeros(B)), r"inputs have shape \(4,\)"),
        (
            lambda: arguments.checked_inputs(jnp.zeros((B, T, 2))),
            r"inputs have shape \(4, 3, 2\): flatten \[B, T, d\] to \[B\*T, d\]",
        ),
        (lambda: arguments.checked_inputs(jnp.zeros((B, 2), int)), "inputs are int32: .* floating"),
        (
            lambda: arguments.checked_matrix("weights", jnp.zeros((V, 2)), width=3),
            r"weights have shape \(9, 2\) and not \(any, 3\)",
        ),
        (
            lambda: arguments.checked_matrix("weights", jnp.zeros((V, 2)), 2, num_rows=8),
            r"weights have shape \(9, 2\) and not \(8, 2\)",
        ),
        (lambda: arguments.checked_biases(jnp.zeros((V, 1)), V), r"biases are float32 \(9, 1\)"),
        (lambda: arguments.checked_biases(jnp.zeros(V, int), V), r"biases are int32 \(9,\)"),
        (lambda: arguments.checked_temperature(0.0), r"temperature is 0\.0: it must be positive"),
        (lambda: arguments.checked_temperature(float("nan")), "temperature is nan"),
        (lambda: arguments.checked_temperature("warm"), "temperature is 'warm': it is one number"),
        (lambda: arguments.checked_temperature(None), "temperature is None: it is one number"),
        (lambda: arguments.checked_temperature(jnp.ones(2)), r"temperature has shape \(2,\)"),
        (
            lambda: arguments.check_no_nan(inputs=None, weights=jnp.eye(3).at[1, 2].set(jnp.nan)),
            r"weights\[1, 2\] is NaN",
        ),
    ],
)
def test_what_is_wrong_is_named(wrong, message, unchecked):
    with pytest.raises(InputError, match=message):
        wrong()


@pytest.mark.parametrize("wrong", [0.0, -1.0, np.inf, np.nan])
def test_a_temperature_that_is_traced_and_wrong_is_nan(wrong):
    assert np.isnan(jax.jit(arguments.checked_temperature)(wrong))


def test_what_is_right_or_unknown_passes():
    """Values that are closed over count as traced where the function is."""
    nan = jnp.full((2, 2), jnp.nan)

    @jax.jit
    def traced(temperature: jax.Array) -> jax.Array:
        arguments.check_no_nan(weights=nan)
        return arguments.checked_temperature(temperature) * arguments.checked_temperature(2.0)

    assert traced(jnp.float32(3)) == 6
    arguments.check_no_nan(weights=jnp.array([jnp.inf]), empty=jnp.zeros(0))
    assert arguments.checked_inputs(jnp.ones((B, 2), jnp.bfloat16)).dtype == jnp.bfloat16
    assert arguments.checked_matrix("weights", jnp.ones((V, 2), jnp.bfloat16)).dtype == jnp.bfloat16
    assert arguments.checked_biases(None, V) is None
