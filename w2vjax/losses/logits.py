"""Logits of labels and candidates, corrected for the sampler: what the sampled losses share."""

import math
from typing import Any, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32, Integer

from w2vjax.errors import InputError, unknown
from w2vjax.losses.arguments import (
    Labels,
    check_no_nan,
    checked_biases,
    checked_inputs,
    checked_labels,
    checked_matrix,
    checked_temperature,
)
from w2vjax.losses.weights import Rows, array_or_function, num_words_of, rows_of
from w2vjax.samplers.candidates import Candidates, accidental_hits, check_candidates
from w2vjax.samplers.ids import are_words, is_true

Hits = Literal["mask", "keep"]
LogQ = Literal["both", "negatives", "none"]


class CandidateLogits(NamedTuple):
    """Logits of a batch, float32 (float64 where the inputs are); -inf where one does not count.

    NaN for labels of a row with one that is out of range.
    """

    labels: Float[Array, "b t"]
    noise: Float[Array, "b s"]
    checked: Labels
    """which labels count, and which rows have none out of range"""


class Touched(NamedTuple):
    """The words that a batch reads, in one go: labels row by row, then candidates."""

    ids: Int32[Array, " r"]
    shapes: tuple[tuple[int, ...], tuple[int, ...]]
    """of labels, [B, T], and of candidates, [S] or [B, S]"""

    @classmethod
    def by(cls, labels: Int32[Array, "b t"], candidates: Candidates) -> "Touched":
        """Raises `InputError` for candidates that are not of this batch."""
        shape = candidates.ids.shape
        if len(shape) not in (1, 2) or (len(shape) == 2 and shape[0] != len(labels)):
            raise InputError(
                f"candidates.ids have shape {shape}: {len(labels)} inputs need (S,), or "
                f"({len(labels)}, S) if every row has its own"
            )
        ids = jnp.concatenate([labels.ravel(), candidates.ids.ravel()])
        return cls(ids, (labels.shape, shape))

    def split(self, values: Float[Array, "r ..."]) -> tuple[Array, Array]:
        """Of labels `[B, T, …]` and of candidates `[S, …]` or `[B, S, …]`, from those of all."""
        of_labels, of_noise = self.shapes
        num_labels, rest = math.prod(of_labels), values.shape[1:]
        return (
            values[:num_labels].reshape(*of_labels, *rest),
            values[num_labels:].reshape(*of_noise, *rest),
        )


def candidate_logits(
    weights: Rows,
    inputs: Float[Array, "b d"],
    labels: Integer[Array, " b"] | Integer[Array, "b t"],
    candidates: Candidates,
    *,
    biases: Rows | None = None,
    label_mask: Bool[Array, " b"] | Bool[Array, "b t"] | None = None,
    hits: Hits = "mask",
    log_q: LogQ = "both",
    temperature: float | Float[Array, ""] = 1.0,
) -> CandidateLogits:
    """(h · w_v + b_v) / temperature - log E[count of v], of every label and every candidate v.

    For losses of one's own; the arguments are explained at `sampled_softmax_loss`, which takes the
    same ones and raises the same errors.
    """
    check_options(hits, log_q)
    inputs = checked_inputs(inputs)
    check_no_nan(inputs=inputs)
    num_words = common_num_words(weights, biases, candidates)
    checked = checked_labels(labels, len(inputs), num_words, label_mask)
    words = Touched.by(checked.ids, candidates)
    of_labels, of_noise = _products(
        inputs, *words.split(read_rows(weights, words.ids, width=inputs.shape[1]))
    )
    shifts = jnp.zeros(words.ids.shape) if biases is None else read_biases(biases, words.ids)
    shifts = shifts.astype(of_labels.dtype)
    temperature = checked_temperature(temperature, of_labels.dtype)
    label_shifts, noise_shifts = words.split(shifts / temperature)
    if log_q == "both":
        label_shifts -= _correction(candidates.log_expected_of(checked.ids), shifts.dtype)
    if log_q != "none":
        noise_shifts -= _correction(candidates.log_expected, shifts.dtype)
    left_out = jnp.broadcast_to(~candidates.present, of_noise.shape)
    if hits == "mask":
        left_out |= accidental_hits(jnp.where(checked.mask, checked.ids, -1), candidates)
    noise = of_noise / temperature + jnp.broadcast_to(noise_shifts, of_noise.shape)
    known = jnp.where(checked.in_range[:, None], of_labels / temperature + label_shifts, jnp.nan)
    return CandidateLogits(
        labels=jnp.where(checked.mask, known, -jnp.inf),
        noise=jnp.where(left_out, -jnp.inf, noise),
        checked=checked,
    )


def common_num_words(weights: Rows, biases: Rows | None, candidates: Candidates) -> int | None:
    """V, where one of them tells.

    Raises `InputError` if two tell different numbers, or known candidates lie beyond, or what is
    given for them are none.
    """
    check_candidates(candidates)
    told = {
        "weights": num_words_of(weights),
        "biases": num_words_of(biases),
        "the candidates' sampler": num_words_of(candidates.law),
    }
    told = {name: number for name, number in told.items() if number is not None}
    if len(set(told.values())) > 1:
        numbers = ", ".join(f"{name} of {number}" for name, number in told.items())
        raise InputError(f"numbers of words differ: {numbers}")
    num_words = next(iter(told.values()), None)
    if num_words and is_true(~are_words(candidates.ids, num_words).all()):
        raise InputError(f"candidates.ids are not all words, from 0 to {num_words - 1}")
    return num_words


def check_options(hits: str, log_q: str) -> None:
    """Raises `InputError` for options that are not known."""
    for name, value, options in (("hits", hits, Hits), ("log_q", log_q, LogQ)):
        if value not in get_args(options):
            raise unknown(name, str(value), get_args(options))


def read_rows(weights: Rows, ids: Int32[Array, " r"], width: int) -> Float[Array, "r d"]:
    """Rows of the words; raises `InputError` unless floating-point, of this width and not NaN."""
    weights = array_or_function(weights)
    if not callable(weights):
        checked_matrix("weights", weights, width)
    rows = checked_matrix("rows of weights", rows_of(weights, ids), width, len(ids))
    check_no_nan(**{"weights, in the rows of labels and candidates": rows})
    return rows


def read_biases(biases: Rows, ids: Int32[Array, " r"]) -> Float[Array, " r"]:
    """Biases of the words; raises `InputError` unless floating-point, one a word and not NaN."""
    biases = array_or_function(biases)
    if not callable(biases):
        checked_biases(biases, len(biases))
    values = rows_of(biases, ids)
    if values.shape != ids.shape or not jnp.issubdtype(values.dtype, jnp.floating):
        raise InputError(
            f"biases give {values.dtype} {values.shape} for ids {ids.shape}: they are "
            "floating-point numbers, one a word"
        )
    check_no_nan(**{"biases, of labels and candidates": values})
    return values


def _products(
    inputs: Float[Array, "b d"],
    label_rows: Float[Array, "b t d"],
    noise_rows: Float[Array, "s d"] | Float[Array, "b s d"],
) -> tuple[Float[Array, "b t"], Float[Array, "b s"]]:
    """h · w, multiplied in the wider type of both and summed in float32 at least."""
    with jax.numpy_dtype_promotion("standard"):
        narrow = jnp.promote_types(inputs.dtype, label_rows.dtype)
        wide = jnp.promote_types(narrow, jnp.float32)
    of_labels = jnp.sum(inputs[:, None].astype(wide) * label_rows.astype(wide), axis=-1)
    of_noise = jnp.einsum(
        "bd,sd->bs" if noise_rows.ndim == 2 else "bd,bsd->bs",
        inputs.astype(narrow),
        noise_rows.astype(narrow),
        preferred_element_type=wide,
    )
    return of_labels, of_noise


def _correction(log_expected: Float[Array, "*n"], dtype: Any) -> Float[Array, "*n"]:
    """What the sampler's law takes off a logit: nothing of a word that it never draws."""
    log_expected = jax.lax.stop_gradient(log_expected)
    return jnp.where(jnp.isneginf(log_expected), 0.0, log_expected).astype(dtype)
