"""Batches for the losses of any model, and what every such loss is held to."""

from collections.abc import Callable
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

V, D, B, T = 13, 4, 5, 3
"""words, features, rows, labels of a row"""
PADDED = np.array([[1, 1, 0], [1, 0, 0], [1, 1, 1], [0, 1, 1], [0, 0, 0]], bool)

Parameters = dict[str, Any]
"""Arrays by the name of the argument; None where there is none."""


def normal(*shape: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def some_labels(kind: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Labels and their mask: one a row, several, several with padding (which may be anything)."""
    generator = np.random.default_rng(5)
    if kind == "one":
        return generator.integers(V, size=B), None
    several = generator.integers(V, size=(B, T))
    if kind == "several":
        return several, None
    return np.where(PADDED, several, -1), PADDED


def options(**choices: tuple) -> list[dict[str, Any]]:
    return [dict(zip(choices, values, strict=True)) for values in product(*choices.values())]


def float32(parameters: Any) -> Any:
    return jax.tree.map(lambda array: jnp.asarray(array, jnp.float32), parameters)


def assert_same(
    loss: Callable[[Parameters], jax.Array],
    wanted: Callable[[Parameters], jax.Array],
    formula: Callable[[Parameters], np.ndarray],
    parameters: Parameters,
) -> None:
    """Losses and all gradients are those of `wanted`, and of the float64 `formula`'s differences.

    Differences are central, along three random directions of every parameter.
    """
    slopes = normal(B, seed=9)
    given = float32(parameters)

    def weighted(function: Callable) -> Callable:
        def both(parameters: Parameters) -> tuple[jax.Array, jax.Array]:
            losses = function(parameters)
            return jnp.asarray(slopes, jnp.float32) @ losses, losses

        return jax.jit(jax.grad(both, has_aux=True))

    (found, losses), (right, of_wanted) = (weighted(each)(given) for each in (loss, wanted))
    assert losses.dtype == jnp.float32 and losses.shape == (B,)
    np.testing.assert_allclose(losses, of_wanted, rtol=2e-6, atol=2e-6)
    np.testing.assert_allclose(losses, formula(parameters), rtol=1e-5, atol=1e-5)
    jax.tree.map(
        lambda *pair: np.testing.assert_allclose(*pair, rtol=1e-5, atol=1e-5), found, right
    )
    for name, values in parameters.items():
        for seed in range(3 if values is not None else 0):
            step = 1e-5 * normal(*np.shape(values), seed=seed)
            ends = [formula(parameters | {name: values + sign * step}) for sign in (1, -1)]
            difference = slopes @ (ends[0] - ends[1]) / 2
            along = np.sum(np.asarray(found[name], np.float64) * step)
            np.testing.assert_allclose(along, difference, rtol=2e-4, atol=2e-9, err_msg=name)
