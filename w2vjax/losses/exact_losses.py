"""The exact softmax of a batch, for any model: loss, probabilities, predictions, perplexity.

    log P(v|h) = s_v - log Σ_u exp(s_u),   s_v = (w_v · h + b_v) / temperature

`textbook.full_softmax` of every row, without the logits `[B, V]` where they are not the result.
Computed in float32 whatever the types of the arguments. A bias of -inf is a word that never comes.
"""

from functools import partial
from typing import NamedTuple, Self

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Float32, Int, Int32, Integer, Shaped

from w2vjax.errors import whole
from w2vjax.losses.arguments import (
    Labels,
    check_no_nan,
    checked_biases,
    checked_inputs,
    checked_labels,
    checked_matrix,
    checked_temperature,
)
from w2vjax.losses.arithmetic import AMBIENT, dot
from w2vjax.losses.partition import LEAST_ROWS, log_partition

LOGITS_AT_A_TIME = 1 << 21
"""of a prediction: 8 MiB"""
ROWS_AT_A_TIME = 2048
"""of a perplexity"""
LOWEST = float(jnp.finfo(jnp.float32).min)


def softmax_loss(
    weights: Float[Array, "v d"],
    inputs: Float[Array, "b d"],
    labels: Integer[Array, "..."],
    *,
    biases: Float[Array, " v"] | None = None,
    label_mask: Bool[Array, "..."] | None = None,
    temperature: float | Float[Array, ""] = 1.0,
) -> Float32[Array, " b"]:
    """The exact softmax over the vocabulary, without its logits in memory.

        -Σ_t log P(t|h) / T   over the T labels of a row

    Bengio et al. 2003; the partition function and its gradient by stretches of the vocabulary
    (`partition.log_partition`): a fourth product in place of B · V numbers. Nats, not reduced.

    Args:
        weights: a row for every word
        inputs: hidden vectors
        labels: `[B]`, or `[B, T]` where a row has several, which then count 1/T each. One out of
            range that is traced makes its row's loss NaN; gradients stay finite, those of the rest
        biases: of the words; None: 0
        label_mask: of the labels' shape; False: padding, which counts nothing. A row of padding
            alone has loss 0
        temperature: what logits are divided by. One that is traced and not positive makes all
            losses NaN

    Raises `InputError` for shapes or types that do not fit, and for known values that are wrong:
    NaN, labels out of range, a temperature that is not positive.
    """
    words = _Words.of(weights, inputs, biases, temperature)
    return words.losses(checked_labels(labels, len(words.inputs), len(words.weights), label_mask))


def log_probs(
    weights: Float[Array, "v d"],
    inputs: Float[Array, "b d"],
    *,
    biases: Float[Array, " v"] | None = None,
    temperature: float | Float[Array, ""] = 1.0,
) -> Float32[Array, "b v"]:
    """log P(v|h) of all words. Raises `InputError` as `softmax_loss` does."""
    words = _Words.of(weights, inputs, biases, temperature)
    return jax.nn.log_softmax(words.logits(words.weights, words.biases))


def predict(
    weights: Float[Array, "v d"],
    inputs: Float[Array, "b d"],
    k: int,
    *,
    biases: Float[Array, " v"] | None = None,
    temperature: float | Float[Array, ""] = 1.0,
) -> tuple[Int32[Array, "b k"], Float32[Array, "b k"]]:
    """The k most probable words, the best first, and their log P(v|h). Of equals the lower id.

    By stretches of the vocabulary. Raises `InputError` as `softmax_loss` does, and for a `k`
    below 1 or above V.
    """
    words = _Words.of(weights, inputs, biases, temperature)
    whole("k", k, 1, len(words.weights))
    ids, logits = words.best(k)
    return ids, jnp.where(logits == LOWEST, -jnp.inf, logits - words.log_partition()[:, None])


def perplexity(
    weights: Float[Array, "v d"],
    inputs: Float[Array, "b d"],
    labels: Integer[Array, "..."],
    *,
    biases: Float[Array, " v"] | None = None,
    label_mask: Bool[Array, "..."] | None = None,
    temperature: float | Float[Array, ""] = 1.0,
) -> Float32[Array, ""]:
    """exp of the mean `softmax_loss`, over the rows that have a label.

    By stretches of rows and of the vocabulary: any number of rows fits. Arguments and errors are
    those of `softmax_loss`. NaN without labels.
    """
    words = _Words.of(weights, inputs, biases, temperature)
    given = checked_labels(labels, len(words.inputs), len(words.weights), label_mask)

    size = max(1, min(len(given.ids), ROWS_AT_A_TIME))
    blocks = jax.tree.map(partial(_blocks, size), (words.inputs, given))
    losses = jax.lax.map(lambda block: words._replace(inputs=block[0]).losses(block[1]), blocks)
    labelled = jnp.any(blocks[1].mask, axis=-1)
    return jnp.exp(jnp.sum(jnp.where(labelled, losses, 0.0)) / jnp.sum(labelled, dtype=jnp.float32))


class _Words(NamedTuple):
    """Checked arguments: logits are `weights @ input + biases`."""

    weights: Float[Array, "v d"]
    """in their own type"""
    inputs: Float32[Array, "b d"]
    """divided by the temperature, as the biases"""
    biases: Float32[Array, " v"] | None

    @classmethod
    def of(
        cls,
        weights: Array,
        inputs: Array,
        biases: Array | None,
        temperature: float | Array,
    ) -> Self:
        inputs = checked_inputs(inputs).astype(jnp.float32)
        temperature = checked_temperature(temperature)
        weights = checked_matrix("weights", weights, width=inputs.shape[1])
        biases = checked_biases(biases, len(weights))
        check_no_nan(weights=weights, inputs=inputs, biases=biases)
        scaled = None if biases is None else biases.astype(jnp.float32) / temperature
        return cls(weights, inputs / temperature, scaled)

    def losses(self, labels: Labels) -> Float32[Array, " b"]:
        logits = dot("btd,bd->bt", self.weights[labels.ids], self.inputs, AMBIENT)
        if self.biases is not None:
            logits += self.biases[labels.ids]
        losses = labels.shares() * (self.log_partition()[:, None] - logits)
        return labels.or_nan(jnp.sum(jnp.where(labels.mask, losses, 0.0), axis=1))

    def log_partition(self) -> Float32[Array, " b"]:
        return log_partition(self.inputs, self.weights, arithmetic=AMBIENT, biases=self.biases)

    def logits(self, weights: Array, biases: Array | None) -> Float32[Array, "b n"]:
        """Of some of the words."""
        logits = dot("bd,vd->bv", self.inputs, weights, AMBIENT)
        return logits if biases is None else logits + biases[None]

    def best(self, k: int) -> tuple[Int32[Array, "b k"], Float32[Array, "b k"]]:
        """The words of the k largest logits, `LOWEST` in place of -inf."""
        num_words, num_rows = len(self.weights), len(self.inputs)
        length = min(num_words, max(LEAST_ROWS, LOGITS_AT_A_TIME // max(1, num_rows)))

        def more(best: tuple[Array, Array], number: Array) -> tuple[tuple[Array, Array], None]:
            start = jnp.minimum(number * length, num_words - length)
            ids = start + jnp.arange(length, dtype=jnp.int32)
            of_stretch = (self.weights, self.biases)
            logits = self.logits(
                *jax.tree.map(lambda part: _slice(part, start, length), of_stretch)
            )
            fresh = jnp.where((ids >= number * length)[None], jnp.maximum(logits, LOWEST), -jnp.inf)
            # The best so far stand in front, for their ids are lower.
            all_logits = jnp.concatenate([best[1], fresh], axis=1)
            all_ids = jnp.concatenate([best[0], jnp.broadcast_to(ids, logits.shape)], axis=1)
            top, place = jax.lax.top_k(all_logits, k)
            return (jnp.take_along_axis(all_ids, place, axis=1), top), None

        none = jnp.zeros((num_rows, k), jnp.int32), jnp.full((num_rows, k), -jnp.inf)
        return jax.lax.scan(more, none, jnp.arange(-(-num_words // length), dtype=jnp.int32))[0]


def _slice(part: Array, start: Int[Array, ""], length: int) -> Array:
    return jax.lax.dynamic_slice_in_dim(part, start, length)


def _blocks(size: int, rows: Shaped[Array, "n ..."]) -> Shaped[Array, "blocks size ..."]:
    """Rows in blocks, zeros behind the last of them."""
    num_blocks = -(-len(rows) // size)
    missing = num_blocks * size - len(rows)
    padded = jnp.pad(rows, [(0, missing)] + [(0, 0)] * (rows.ndim - 1))
    return padded.reshape(num_blocks, size, *rows.shape[1:])
