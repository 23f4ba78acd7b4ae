"""The optax transformations of the named optimizers: from gradients to what is added, at rate 1."""

from functools import cache
from importlib import import_module
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from w2vjax.config.optimizers import named_optimizer
from w2vjax.losses.row_gradients import adagrad_scale

INITIAL = 0.1
"""sums of squares at the start"""


def adagrad() -> optax.GradientTransformation:
    """-g / √(n + eps), n ← n + g² (Duchi et al. 2011): `optax.adagrad` at rate 1."""
    return optax.adagrad(1.0, initial_accumulator_value=INITIAL)


def adam() -> optax.GradientTransformation:
    """-m̂ / (√v̂ + eps), running means m of g and v of g² (Kingma & Ba 2015): `optax.adam` at 1."""
    return optax.adam(1.0)


class RowSums(NamedTuple):
    """State of row-wise Adagrad."""

    sums: Float[Array, " rows"]
    """of the mean squares of every row's gradients"""


def rowwise_adagrad() -> optax.GradientTransformation:
    """-g / √(n + eps), n ← n + mean of g² over the row: Adagrad with one number a row.

    Of the deep learning recommendation model (Naumov et al. 2019) and FBGEMM's embedding tables
    (`EXACT_ROWWISE_ADAGRAD`); `losses.row_adagrad` with sums `[V]`.
    """

    def init(matrix: optax.Params) -> RowSums:
        rows = jnp.asarray(matrix)
        return RowSums(jnp.full(len(rows), INITIAL, rows.dtype))

    def update(
        gradient: optax.Updates, state: RowSums, params: optax.Params | None = None
    ) -> tuple[optax.Updates, RowSums]:
        slopes = jnp.asarray(gradient)
        sums, scale = adagrad_scale(state.sums, slopes)
        return -scale * slopes, RowSums(sums)

    return optax.GradientTransformation(init, update)


@cache
def transformation_of(name: str) -> optax.GradientTransformation | None:
    """Of the optimizer of this name; None for sgd. Raises `InputError` for an unknown one."""
    path = named_optimizer(name).transformation
    if path is None:
        return None
    module, _, function = path.partition(":")
    made: optax.GradientTransformation = getattr(import_module(module), function)()
    return made


def state_bytes(name: str, num_rows: int, dim: int) -> int:
    """Of an optimizer's state for a matrix. Raises `InputError` for an unknown name."""
    made = transformation_of(name)
    if made is None:
        return 0
    state = jax.eval_shape(made.init, jax.ShapeDtypeStruct((num_rows, dim), jnp.float32))
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(state))
