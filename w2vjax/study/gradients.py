"""Gradients of sampled losses beside the full softmax's: bias, variance and angle, by word rank.

All are gradients by the output matrix of the mean loss of one batch of pairs, at fixed embeddings,
and come from the layers' textbook losses. With g* the full softmax's and g a sampled
loss's gradient for one draw of the noise:

    relative bias      ‖E g - g*‖ / ‖g*‖
    relative variance  E‖g - E g‖² / ‖g*‖²
    cosine of the mean cos(E g, g*)
    cosine of a draw   E cos(g, g*)

over all rows of the matrix, and over those of one tenth of the vocabulary only. Bengio & Senécal
2008, section 3; Rawat et al. 2019, theorem 1; Blanc & Rendle 2018, theorem 2.1.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Float, Int, Key

from w2vjax.errors import InputError
from w2vjax.losses.exact_layer import FullSoftmax
from w2vjax.losses.layer import OutputLayer
from w2vjax.losses.negative_layers import NegativeSampling
from w2vjax.losses.partition import log_partition

TENTHS = 10
SLICES = TENTHS + 1
"""tenths of the vocabulary, the most frequent words first, and then all of it"""


@struct.dataclass
class EmbeddedPairs:
    """A batch of pairs at fixed embeddings."""

    hidden: Float[Array, "p d"]
    targets: Int[Array, " p"]
    output: Float[Array, "v d"]


APART = 1_000.0
"""coordinate by which `normalised` scores are moved: large, for its own gradient to be nothing"""


@jax.jit
def normalised(pairs: EmbeddedPairs) -> EmbeddedPairs:
    """The same probabilities, with scores that are their logarithms: Z = 1 for every hidden vector.

    By one more coordinate, of which `APART` in the outputs and -log Z / `APART` in the hidden
    vectors make -log Z.
    """
    log_z = log_partition(pairs.hidden, pairs.output)
    apart = jnp.full((pairs.output.shape[0], 1), APART)
    return EmbeddedPairs(
        hidden=jnp.concatenate([pairs.hidden, -log_z[:, None] / APART], axis=1),
        targets=pairs.targets,
        output=jnp.concatenate([pairs.output, apart], axis=1),
    )


def gradient(
    pairs: EmbeddedPairs, layer: OutputLayer, shared: Int[Array, "g k"]
) -> Float[Array, "v d"]:
    """By the output matrix, of the mean loss of the pairs, nats; `g` groups of them share noise."""
    groups = shared.shape[0]
    hidden = pairs.hidden.reshape(groups, -1, pairs.hidden.shape[1])
    targets = pairs.targets.reshape(groups, -1)

    def loss(output: Float[Array, "v d"]) -> Float[Array, ""]:
        own = jnp.einsum("gpd,gpd->gp", hidden, output[targets])[:, :, None]
        others = jnp.einsum("gpd,gkd->gpk", hidden, output[shared])
        example = jax.vmap(jax.vmap(layer.example, (0, 0, 0, None)))
        return jnp.mean(example(own, others, targets, shared))

    return jax.grad(loss)(pairs.output)


@jax.jit
def exact_gradient(pairs: EmbeddedPairs) -> Float[Array, "v d"]:
    """The full softmax's: Σ_p (softmax(output · h_p) - 1 at the target) h_pᵀ, over their number."""
    return gradient(pairs, FullSoftmax(), jnp.arange(pairs.output.shape[0])[None])


@jax.jit
def expected_gradient(pairs: EmbeddedPairs, layer: NegativeSampling) -> Float[Array, "v d"]:
    """The mean over all noise, exactly: NEG and NCE are linear in the counts of noise words.

    It is the mean, by every word's share of the noise, of the losses with it as the only noise.
    Where words do not repeat, that share is what `expected_tries` gives, near enough.
    """
    words = jnp.arange(pairs.output.shape[0])
    law = jnp.exp(layer.log_expected(words)) / layer.draws

    def loss(output: Float[Array, "v d"]) -> Float[Array, ""]:
        own = jnp.einsum("pd,pd->p", pairs.hidden, output[pairs.targets])[:, None]
        others = pairs.hidden @ output.T
        by_noise = jax.vmap(layer.example, (None, 0, None, 0))
        losses = jax.vmap(by_noise, (0, 0, 0, None))
        each = losses(own, others[:, :, None], pairs.targets, words[:, None])
        return jnp.mean(each @ law)

    return jax.grad(loss)(pairs.output)


class Moments(NamedTuple):
    """What batches `b` of draws say of a sampled gradient, by slice `s` of the rows."""

    norm: Float[np.ndarray, " s"]
    """‖g*‖²"""
    error: Float[np.ndarray, "b s"]
    """mean of ‖g - g*‖²"""
    products: Float[np.ndarray, "b b s"]
    """<mean of g - g*, mean of g - g*> between batches; of the same batch it is biased"""
    along: Float[np.ndarray, "b s"]
    """<mean of g - g*, g*>"""
    cosine: Float[np.ndarray, "b s"]
    """mean of cos(g, g*)"""


def moments(
    pairs: EmbeddedPairs,
    layer: OutputLayer,
    key: Key[Array, ""],
    num_draws: int,
    batches: int,
    num_groups: int,
    exact: Float[Array, "v d"],
) -> Moments:
    """Of `batches` times `num_draws` draws of noise, shared by the pairs of each of the groups.

    Where the layer is linear in its noise, the mean is exact and the same for every batch.
    Raises `InputError` if the pairs cannot be divided among the groups.
    """
    number = pairs.targets.shape[0]
    if number % num_groups:
        raise InputError(f"{number} pairs in {num_groups} groups: give as many to each")
    linear = isinstance(layer, NegativeSampling)
    centre = expected_gradient(pairs, layer) if linear else exact
    drawn = [
        _drawn(pairs, layer, jax.random.fold_in(key, b), (exact, centre), num_draws, num_groups)
        for b in range(batches)
    ]
    means, spread, cosine = (np.asarray(part) for part in zip(*drawn, strict=True))
    away = [np.asarray(centre - exact)] * batches if linear else [*means]
    products = _products(away)
    error = spread.astype(np.float64)
    if linear:
        error = error + products[0, 0]
    star = np.asarray(exact, np.float64)
    along = np.stack([by_slice(np.sum(part * star, axis=1)) for part in away])
    norm = by_slice(np.sum(np.square(star), axis=1))
    return Moments(norm, error, products, along, cosine.astype(np.float64))


@partial(jax.jit, static_argnames=("num_draws", "num_groups"))
def _drawn(
    pairs: EmbeddedPairs,
    layer: OutputLayer,
    key: Key[Array, ""],
    about: tuple[Array, Array],
    num_draws: int,
    num_groups: int,
) -> tuple[Float[Array, "v d"], Float[Array, " s"], Float[Array, " s"]]:
    """Means over the draws, with (g*, c) = `about`: of g - c, of ‖g - c‖² and of cos(g, g*)."""
    exact, centre = about
    norm = _by_slice(jnp.sum(jnp.square(exact), axis=1))

    def draw(total: Array, key: Array) -> tuple[Array, tuple[Array, Array]]:
        drawn = gradient(pairs, layer, layer.shared_rows(key, (num_groups,)))
        error = drawn - centre
        inner = _by_slice(jnp.sum(drawn * exact, axis=1))
        length = _by_slice(jnp.sum(jnp.square(drawn), axis=1))
        # Without noise and targets in a slice there is no direction: its cosine is zero.
        cosine = inner * jax.lax.rsqrt(jnp.maximum(length * norm, 1e-30))
        return total + error, (_by_slice(jnp.sum(jnp.square(error), axis=1)), cosine)

    keys = jax.random.split(key, num_draws)
    total, (spread, cosine) = jax.lax.scan(draw, jnp.zeros_like(exact), keys)
    return total / num_draws, jnp.mean(spread, axis=0), jnp.mean(cosine, axis=0)


def tenths(num_words: int) -> Int[np.ndarray, " v"]:
    """The tenth of the vocabulary, from 0, that every word is in, by rank of frequency."""
    return np.arange(num_words) * TENTHS // num_words


def by_slice(values: Float[np.ndarray, " v"]) -> Float[np.ndarray, " s"]:
    """Sums of the rows' values over every tenth of the vocabulary, and over all of it."""
    parts = np.bincount(tenths(len(values)), values, minlength=TENTHS)
    return np.append(parts, parts.sum())


def _by_slice(values: Float[Array, " v"]) -> Float[Array, " s"]:
    parts = jax.ops.segment_sum(values, jnp.asarray(tenths(values.shape[0])), TENTHS)
    return jnp.append(parts, jnp.sum(parts))


def _products(means: list[Float[np.ndarray, "v d"]]) -> Float[np.ndarray, "b b s"]:
    held = np.stack(means).astype(np.float64)
    return np.array([[by_slice(np.sum(one * other, axis=1)) for other in held] for one in held])


class Estimate(NamedTuple):
    """A number by slice of the rows, and the standard error that the draws leave."""

    value: Float[np.ndarray, " s"]
    error: Float[np.ndarray, " s"]


def estimates(moments: Moments) -> dict[str, Estimate]:
    """By name, each with its standard error by the jackknife over batches.

    `squared-bias` and `variance` are relative to ‖g*‖² and unbiased: the squared bias is the mean
    of products of different batches, and may come out below zero where it is too small to tell
    (there its standard error is half as large again as it should be).
    """
    batches = np.arange(len(moments.error))
    return {name: _jackknife(of, moments, batches) for name, of in STATISTICS.items()}


def squared_bias(moments: Moments, kept: Int[np.ndarray, " n"]) -> Float[np.ndarray, " s"]:
    """‖E g - g*‖², from the batches `kept`: the mean of <·, ·> over two different ones."""
    chosen = moments.products[np.ix_(kept, kept)]
    same = np.einsum("bbs->s", chosen)
    return (chosen.sum(axis=(0, 1)) - same) / (len(kept) * (len(kept) - 1))


def _mean_cosine(moments: Moments, kept: np.ndarray) -> Float[np.ndarray, " s"]:
    along = moments.along[kept].mean(axis=0)
    length = moments.norm + 2 * along + squared_bias(moments, kept)
    # A mean that is all noise can have a squared length, without its bias, below zero.
    return (moments.norm + along) / np.sqrt(np.maximum(length, 1e-12) * moments.norm)


Statistic = Callable[[Moments, Int[np.ndarray, " n"]], Float[np.ndarray, " s"]]
STATISTICS: dict[str, Statistic] = {
    "squared-bias": lambda moments, kept: squared_bias(moments, kept) / moments.norm,
    "variance": lambda moments, kept: (
        (moments.error[kept].mean(axis=0) - squared_bias(moments, kept)) / moments.norm
    ),
    "cosine-of-mean": _mean_cosine,
    "cosine-of-draw": lambda moments, kept: moments.cosine[kept].mean(axis=0),
}


def _jackknife(of: Statistic, moments: Moments, batches: np.ndarray) -> Estimate:
    left_out = np.stack([of(moments, np.delete(batches, place)) for place in batches])
    number, value = len(batches), of(moments, batches)
    deviation = np.square(left_out - left_out.mean(axis=0)).sum(axis=0)
    error = np.sqrt(deviation * (number - 1) / number)
    # What is exact differs between batches by rounding alone.
    return Estimate(value, np.where(error > 1e-12 * np.abs(value), error, 0.0))
