"""The two losses of word2vec's output layers, elementwise and without reduction. Nats.

Scores stand as `[M, S]`: candidate rows by hidden vectors. A cell's `pull` says how often the
hidden vector has the row as a true target, its `push` how often as a false one. Each loss returns
two parts of the same shape, what targets and what the others contribute; their sum is the loss.
Each has a curvature bound: the size of the slope in every score, never less than the second
derivative, close to it where the score is right, and does not vanish where it is wrong by far.
"""

from functools import partial
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Parts = tuple[Float[Array, "..."], Float[Array, "..."]]


class Sigmoid(NamedTuple):
    """How slopes of the logistic loss are computed: exactly, or as programs with a table do."""

    limit: float | None = None
    """the score on both sides of 0 where the table ends; None: there is none"""
    beyond: Literal["saturate", "skip"] = "saturate"
    """from there on the sigmoid is 0 or 1, or scores are left alone"""


EXACT = Sigmoid()


@partial(jax.custom_jvp, nondiff_argnums=(1,))
def softplus(x: Float[Array, "..."], limit: float | None = None) -> Float[Array, "..."]:
    """log(1 + exp(x)), whose derivative is one sigmoid: 0 or 1 from `limit` on."""
    return jax.nn.softplus(x)


@softplus.defjvp
def _softplus_jvp(
    limit: float | None, primals: tuple[Array], tangents: tuple[Array]
) -> tuple[Array, Array]:
    (x,), slope = primals, jax.nn.sigmoid(*primals)
    if limit is not None:
        slope = jnp.where(jnp.abs(x) < limit, slope, (x > 0).astype(slope.dtype))
    return softplus(x, limit), slope * tangents[0]


def logistic_target(logits: Float[Array, "..."], limit: float | None = None) -> Float[Array, "..."]:
    """-log σ(logit) = softplus(logit) - logit: what a target costs."""
    return softplus(logits, limit) - logits


def logistic_noise(logits: Float[Array, "..."], limit: float | None = None) -> Float[Array, "..."]:
    """-log σ(-logit) = softplus(logit): what a word of noise costs."""
    return softplus(logits, limit)


def logistic(
    scores: Float[Array, "..."],
    pull: Float[Array, "..."],
    push: Float[Array, "..."],
    sigmoid: Sigmoid = EXACT,
) -> Parts:
    """-pull · log σ(score) and -push · log σ(-score): is the row a target or noise?

    Mikolov et al. 2013b, eq. 4 (negative sampling) and eq. 3 (a turn in a tree). `sigmoid` changes
    slopes, not values.
    """
    if sigmoid.limit is not None and sigmoid.beyond == "skip":
        there = jnp.abs(scores) < sigmoid.limit
        scores = jnp.where(there, scores, jax.lax.stop_gradient(scores))
    limit = sigmoid.limit
    return pull * logistic_target(scores, limit), push * logistic_noise(scores, limit)


def logistic_curvature(
    scores: Float[Array, "..."], pull: Float[Array, "..."], push: Float[Array, "..."]
) -> Float[Array, "..."]:
    """pull · σ(-score) + push · σ(score), at least (pull + push) · σ(score) · σ(-score)."""
    chance = jax.nn.sigmoid(scores)
    return pull * (1.0 - chance) + jnp.abs(push) * chance


def categorical(
    scores: Float[Array, "..."],
    pull: Float[Array, "..."],
    own: Float[Array, "..."],
    log_z: Float[Array, "... s"],
) -> Parts:
    """-pull · score and pull · log Z: which of the rows is the target?

    A target's partition function is Z = own · exp(score) + exp(log_z): `log_z` is log of the sum
    over the rows that all targets share, and `own` says how often the target is to be counted
    besides. Bengio & Senécal 2003, eq. 4; Jean et al. 2015, eq. 8 when the scores are corrected by
    the log of the expected counts.
    """
    top = jax.lax.stop_gradient(jnp.maximum(scores, log_z))
    odds = own * jnp.exp(scores - top) + jnp.exp(log_z - top)
    log_partition = jnp.log(jnp.where(pull > 0, odds, 1.0)) + top
    return -pull * scores, pull * log_partition


def categorical_curvature(
    scores: Float[Array, "..."],
    pull: Float[Array, "..."],
    own: Float[Array, "..."],
    log_z: Float[Array, "... s"],
) -> tuple[Float[Array, "..."], Float[Array, "... s"]]:
    """pull · (1 - p) of the targets' own scores, p their chance; and of `log_z` the slope.

    Rival j's own bound is the second times exp(score_j - log_z): Σ_t pull_t · p_j(t).
    """

    def loss(scores: Array, log_z: Array) -> Array:
        return jnp.sum(sum(categorical(scores, pull, own, log_z)))

    slope, share = jax.grad(loss, (0, 1))(scores, log_z)
    return jnp.abs(slope), share
