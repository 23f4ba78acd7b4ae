"""What the losses of a batch are given: shapes and types are checked when traced, values if known.

A value is known unless it is traced (`jax.jit`, `jax.vmap`, what `jax.grad` differentiates). Labels
that are traced and out of range make the loss of their row NaN: none is wrapped or clipped unseen.
So does a temperature that is traced and not positive, of all rows.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Float32, Int32, Integer

from w2vjax.errors import InputError
from w2vjax.samplers.ids import are_words, check_ids, is_true


class Labels(NamedTuple):
    """Checked labels, which may index without harm."""

    ids: Int32[Array, "b t"]
    """within the vocabulary: 0 in padding and where the given one is out of range"""
    mask: Bool[Array, "b t"]
    """False: padding"""
    in_range: Bool[Array, " b"]
    """whether every label of the row is; false only if they are traced"""

    def shares(self) -> Float32[Array, "b t"]:
        """1 / number of the row's labels for each of them, 0 for padding."""
        there = self.mask.astype(jnp.float32)
        return there / jnp.maximum(jnp.sum(there, axis=1, keepdims=True), 1.0)

    def or_nan(self, losses: Float[Array, " b"]) -> Float[Array, " b"]:
        """NaN for rows with a label out of range, which then have no gradient; else the losses."""
        return jnp.where(self.in_range, losses, jnp.nan)


def checked_labels(
    labels: Integer[Array, "..."],
    num_rows: int,
    num_words: int | None = None,
    label_mask: Bool[Array, "..."] | None = None,
) -> Labels:
    """Labels `[B]` or `[B, T]` of `num_rows` inputs, as `[B, T]`.

    `num_words` None: the vocabulary has no known end. Raises `InputError` for another shape, labels
    that are no integers, a mask that is not boolean or of another shape, and known labels out of
    range.
    """
    labels = jnp.asarray(labels)
    if not jnp.issubdtype(labels.dtype, jnp.integer):
        raise InputError(f"labels are {labels.dtype}: labels are integers, ids of words")
    if labels.ndim not in (1, 2) or labels.shape[0] != num_rows:
        raise InputError(
            f"labels have shape {labels.shape}: {num_rows} inputs need labels of shape "
            f"({num_rows},), or ({num_rows}, T) where a row has several"
        )
    mask = _checked_mask(label_mask, labels)
    right = are_words(labels, num_words)
    wrong = mask & ~right
    check_ids("labels", labels, wrong, num_words)
    ids = jnp.where(mask & right, labels, 0).astype(jnp.int32)
    if labels.ndim == 1:
        return Labels(ids[:, None], mask[:, None], ~wrong)
    return Labels(ids, mask, ~jnp.any(wrong, axis=1))


def _checked_mask(label_mask: Array | None, labels: Array) -> Bool[Array, "..."]:
    if label_mask is None:
        return jnp.ones(labels.shape, bool)
    mask = jnp.asarray(label_mask)
    if mask.dtype != bool or mask.shape != labels.shape:
        raise InputError(
            f"label_mask is {mask.dtype} {mask.shape}: it is boolean and of the labels' shape "
            f"{labels.shape}, False where a row has fewer labels"
        )
    return mask


def checked_inputs(inputs: Float[Array, "b d"]) -> Float[Array, "b d"]:
    """Hidden vectors in their own type. Raises `InputError` unless a matrix of real numbers."""
    inputs = jnp.asarray(inputs)
    if inputs.ndim > 2:
        raise InputError(
            f"inputs have shape {inputs.shape}: flatten [B, T, d] to [B*T, d], "
            "inputs.reshape(-1, d), and labels to [B*T]"
        )
    return checked_matrix("inputs", inputs)


def checked_matrix(
    name: str, matrix: Float[Array, "n d"], width: int | None = None, num_rows: int | None = None
) -> Float[Array, "n d"]:
    """A matrix in its own type. Raises `InputError` for another rank, type, width or height."""
    matrix = jnp.asarray(matrix)
    if not jnp.issubdtype(matrix.dtype, jnp.floating):
        raise InputError(f"{name} are {matrix.dtype}: they are floating-point numbers")
    wanted = [num_rows, width]
    shape = f"({', '.join('any' if size is None else str(size) for size in wanted)})"
    if matrix.ndim != 2 or any(
        size not in (None, found) for size, found in zip(wanted, matrix.shape, strict=True)
    ):
        raise InputError(f"{name} have shape {matrix.shape} and not {shape}, (rows, features)")
    return matrix


def checked_biases(
    biases: Float[Array, " n"] | None, num_rows: int, name: str = "biases"
) -> Float[Array, " n"] | None:
    """One bias a row of the weights, or None. Raises `InputError` for another shape or type."""
    if biases is None:
        return None
    biases = jnp.asarray(biases)
    if biases.shape != (num_rows,) or not jnp.issubdtype(biases.dtype, jnp.floating):
        raise InputError(
            f"{name} are {biases.dtype} {biases.shape}: they are floating-point numbers, "
            f"({num_rows},), one for each row of the weights"
        )
    return biases


def checked_temperature(
    temperature: float | Float[Array, ""], dtype: Any = jnp.float32
) -> Float[Array, ""]:
    """What divides the logits. One that is traced and not positive and finite is NaN, to be seen.

    Raises `InputError` for what is not one number, and for a known one not positive and finite.
    """
    if hasattr(temperature, "__jax_array__"):  # a variable of flax
        temperature = jnp.asarray(temperature)
    if np.shape(temperature):
        raise InputError(f"temperature has shape {np.shape(temperature)}: it is one number")
    if isinstance(temperature, jax.core.Tracer):
        right = (temperature > 0) & (temperature < jnp.inf)
        return jnp.where(right, temperature, jnp.nan).astype(dtype)
    try:
        known = float(temperature)
    except (TypeError, ValueError):
        raise InputError(f"temperature is {temperature!r}: it is one number") from None
    if not 0 < known < jnp.inf:
        raise InputError(f"temperature is {temperature}: it must be positive and finite")
    return jnp.asarray(known, dtype)


def check_no_nan(**arrays: Float[Array, "..."] | None) -> None:
    """Raises `InputError` if one that is known holds a NaN. It reads them all."""
    for name, array in arrays.items():
        if array is not None and is_true(jnp.isnan(array).any()):
            where = np.argwhere(np.isnan(np.asarray(array, np.float32)))[0].tolist()
            raise InputError(f"{name}{where} is NaN: did training diverge?")
