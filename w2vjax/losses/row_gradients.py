"""Training by rows: the gradient of the weights as rows and ids, and steps that touch no others.

The gradient of a matrix `[V, d]` is dense to JAX: a step that makes, scales and adds it costs as
much as the vocabulary is large, however few rows differ from zero. Here it never exists.

>>> from functools import partial
>>> import jax
>>> from w2vjax.losses import row_sgd, sampled_softmax_loss, value_and_row_gradient
>>> @partial(jax.jit, donate_argnums=0)  # or each step begins with a copy of the matrix
... def step(weights, inputs, labels, candidates):
...     loss, slopes = value_and_row_gradient(sampled_softmax_loss)(
...         weights, inputs, labels, candidates
...     )
...     return row_sgd(weights, slopes.weights, learning_rate=0.1), slopes.inputs, loss

What makes the inputs is trained by `jax.vjp` of it, called with `slopes.inputs`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32, Integer

from w2vjax.losses.arguments import checked_labels
from w2vjax.losses.logits import Touched, common_num_words, read_biases, read_rows
from w2vjax.losses.weights import Rows
from w2vjax.samplers.candidates import Candidates


class RowGradient(NamedTuple):
    """The gradient of weights `[V, d]`, or of biases `[V]`: zero but in these rows."""

    ids: Int32[Array, " r"]
    """of words; one may stand several times, and its rows are to be summed"""
    rows: Float[Array, "r ..."]


class RowGradients(NamedTuple):
    """Of a loss, in all that it was computed from."""

    weights: RowGradient
    inputs: Float[Array, "b d"]
    biases: RowGradient | None
    """None where there are none"""


def value_and_row_gradient(
    loss: Callable[..., Float[Array, " b"]],
    reduction: Callable[[Float[Array, " b"]], Float[Array, ""]] = jnp.mean,
) -> Callable[..., tuple[Float[Array, ""], RowGradients]]:
    """As `jax.value_and_grad` of `reduction(loss(…))`, without the dense gradient of the weights.

    Args:
        loss: `sampled_softmax_loss`, `nce_loss` or `negative_sampling_loss`
        reduction: from losses `[B]` to a number, such as `jnp.mean` or `jnp.sum`

    Returns a function of what the loss takes, by the same names, which raises the same errors. It
    gives the value and `RowGradients`. Ids are the labels row by row, then the candidates: B·T + S
    rows, or B·T + B·S where every row has its own. Weights may be an array, a function from ids
    to rows, whose gradient is then that in the rows, or `VocabularySharded`.
    """

    def value_and_gradients(
        weights: Rows,
        inputs: Float[Array, "b d"],
        labels: Integer[Array, " b"] | Integer[Array, "b t"],
        candidates: Candidates,
        *,
        biases: Rows | None = None,
        label_mask: Bool[Array, " b"] | Bool[Array, "b t"] | None = None,
        **options: Any,
    ) -> tuple[Float[Array, ""], RowGradients]:
        num_words = common_num_words(weights, biases, candidates)
        checked = checked_labels(labels, len(inputs), num_words, label_mask)
        ids = Touched.by(checked.ids, candidates).ids
        rows = read_rows(weights, ids, width=inputs.shape[-1])
        shifts = None if biases is None else read_biases(biases, ids)

        def value(rows: Array, inputs: Array, shifts: Array | None) -> Array:
            known = None if shifts is None else _Read(shifts, num_words)
            return reduction(
                loss(
                    _Read(rows, num_words),
                    inputs,
                    labels,
                    candidates,
                    biases=known,
                    label_mask=label_mask,
                    **options,
                )
            )

        found, (to_rows, to_inputs, to_shifts) = jax.value_and_grad(value, (0, 1, 2))(
            rows, inputs, shifts
        )
        to_biases = None if to_shifts is None else RowGradient(ids, to_shifts)
        return found, RowGradients(RowGradient(ids, to_rows), to_inputs, to_biases)

    return value_and_gradients


class _Read(NamedTuple):
    """Rows that were read already, of just the words that the loss will ask for."""

    rows: Float[Array, "r ..."]
    num_words: int | None

    def __call__(self, ids: Int32[Array, " r"]) -> Float[Array, "r ..."]:
        return self.rows


def row_sgd(
    weights: Float[Array, "v ..."],
    gradient: RowGradient,
    learning_rate: float | Float[Array, ""],
) -> Float[Array, "v ..."]:
    """weights - learning_rate · gradient: `optax.sgd`, at the cost of the gradient's rows.

    For weights `[V, d]` and biases `[V]`. Under `jax.jit` donate the weights.
    """
    rows = _wide(gradient.rows)
    change = (-jnp.asarray(learning_rate, rows.dtype) * rows).astype(weights.dtype)
    return weights.at[gradient.ids].add(change, mode="drop", wrap_negative_indices=False)


def row_adagrad(
    weights: Float[Array, "v ..."],
    sums: Float[Array, "v ..."],
    gradient: RowGradient,
    learning_rate: float | Float[Array, ""],
    *,
    eps: float = 1e-7,
) -> tuple[Float[Array, "v ..."], Float[Array, "v ..."]]:
    """Adagrad at the cost of the gradient's rows: new weights and sums of squares.

        n ← n + g²,   w ← w - learning_rate · g / √(n + eps)

    Duchi et al. 2011; `optax.adagrad`, whose sums begin at 0.1. A row that stands several times
    in the gradient is summed first, as in the dense one. Rows that are not there are left alone.

    Args:
        weights: `[V, d]`, or biases `[V]`
        sums: n, of the weights' shape; or `[V]`, one number a row, the mean of g² over its features
            (row-wise Adagrad), for a d-th of the memory
        gradient: from `value_and_row_gradient`
        learning_rate: the step size
        eps: keeps the root from zero

    Under `jax.jit` donate weights and sums.
    """
    ids, slopes = _summed(gradient, len(weights))
    slopes = slopes.astype(sums.dtype)
    total, scale = adagrad_scale(sums.at[ids].get(mode="clip"), slopes, eps)
    weights = row_sgd(weights, RowGradient(ids, scale * slopes), learning_rate)
    return weights, sums.at[ids].set(total, mode="drop")


def adagrad_scale(
    sums: Float[Array, "r ..."], slopes: Float[Array, "r ..."], eps: float = 1e-7
) -> tuple[Float[Array, "r ..."], Float[Array, "r ..."]]:
    """Adagrad's sums of squares with these slopes, and 1 / √(n + eps), by which slopes are scaled.

    With sums `[R]` for slopes `[R, d]`, one number a row: the scale is then `[R, 1]`.
    """
    squares = jnp.square(slopes)
    if sums.ndim < slopes.ndim:
        squares = jnp.mean(squares, axis=tuple(range(1, squares.ndim)))
    total = sums + squares
    scale = jnp.where(total > 0, jax.lax.rsqrt(total + eps), 0.0)
    return total, scale.reshape(*scale.shape, *[1] * (slopes.ndim - sums.ndim))


def _summed(
    gradient: RowGradient, num_words: int
) -> tuple[Int32[Array, " r"], Float[Array, "r ..."]]:
    """The gradient with every id once; what is left over lies beyond the last, and is dropped."""
    known = (gradient.ids >= 0) & (gradient.ids < num_words)
    ids, place = jnp.unique(
        jnp.where(known, gradient.ids, num_words),
        size=len(gradient.ids),
        fill_value=num_words,
        return_inverse=True,
    )
    rows = _wide(gradient.rows)
    return ids, jnp.zeros_like(rows).at[place].add(rows)


def _wide(rows: Float[Array, "r ..."]) -> Float[Array, "r ..."]:
    return rows if rows.dtype == jnp.float64 else rows.astype(jnp.float32)
