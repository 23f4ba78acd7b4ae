"""The two losses of word2vec's output layers, elementwise and without reduction. Nats.

Logits stand as `[M, S]`: candidate rows by hidden vectors. A cell's `pull` says how often the
hidden vector has the row as a true target, its `push` how often as a false one. Each loss returns
two parts of the same shape, what targets and what the others contribute; their sum is the loss.
Each has a curvature bound: the size of the slope in every logit, never less than the second
derivative, close to it where the logit is right, and does not vanish where it is wrong by far.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Parts = tuple[Float[Array, "..."], Float[Array, "..."]]


class BlockLogits(NamedTuple):
    """Logits, or numbers that belong to them, of all blocks of a step."""

    target: Float[Array, "b m s"]
    """of targets' own rows"""
    shared: Float[Array, "g k n"]
    """of the rows that groups of blocks share"""


class LabelCounts(NamedTuple):
    """How often hidden vectors have rows as true and as false, over all pairs of a step."""

    pull: Float[Array, "b m s"]
    push: Float[Array, "b m s"]
    shared_pull: Float[Array, "g k n"]
    shared_push: Float[Array, "g k n"]
    target_in_partition: Float[Array, "b m 1"]
    """times that a target is counted in its partition, shared rows apart"""


LogZ = Callable[[Float[Array, "g k n"]], Float[Array, "b 1 s"]]
"""log of the sum over the shared rows, for every hidden vector, from their logits"""


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


def logistic_target(logits: Float[Array, "*n"], limit: float | None = None) -> Float[Array, "*n"]:
    """-log σ(logit) = softplus(logit) - logit: what a target costs."""
    return softplus(logits, limit) - logits


def logistic_noise(logits: Float[Array, "*n"], limit: float | None = None) -> Float[Array, "*n"]:
    """-log σ(-logit) = softplus(logit): what a word of noise costs."""
    return softplus(logits, limit)


@dataclass(frozen=True)
class Logistic:
    """Is a row a target or noise? Mikolov et al. 2013b, eq. 4 (noise) and eq. 3 (turns in a tree).

    `limit` and `beyond` change slopes, not values: as in programs with a table of the sigmoid.
    """

    limit: float | None = None
    """the logit on both sides of 0 where the table ends; None: there is none"""
    beyond: Literal["saturate", "skip"] = "saturate"
    """from there on the sigmoid is 0 or 1, or logits are left alone"""

    def parts(
        self, logits: Float[Array, "..."], pull: Float[Array, "..."], push: Float[Array, "..."]
    ) -> Parts:
        """-pull · log σ(logit) and -push · log σ(-logit)."""
        if self.limit is not None and self.beyond == "skip":
            there = jnp.abs(logits) < self.limit
            logits = jnp.where(there, logits, jax.lax.stop_gradient(logits))
        return pull * logistic_target(logits, self.limit), push * logistic_noise(logits, self.limit)

    def total(self, logits: BlockLogits, counts: LabelCounts, log_z: LogZ) -> Float[Array, "2"]:
        """What targets and what the others contribute. There is no partition function."""
        own = self.parts(logits.target, counts.pull, counts.push)
        shared = self.parts(logits.shared, counts.shared_pull, counts.shared_push)
        return jnp.stack([jnp.sum(a) + jnp.sum(b) for a, b in zip(own, shared, strict=True)])

    def curvatures(self, logits: BlockLogits, counts: LabelCounts, log_z: LogZ) -> BlockLogits:
        """The bound in every logit."""
        return BlockLogits(
            self.curvature(logits.target, counts.pull, counts.push),
            self.curvature(logits.shared, counts.shared_pull, counts.shared_push),
        )

    def curvature(
        self, logits: Float[Array, "..."], pull: Float[Array, "..."], push: Float[Array, "..."]
    ) -> Float[Array, "..."]:
        """pull · σ(-logit) + push · σ(logit), at least (pull + push) · σ(logit) · σ(-logit)."""
        chance = jax.nn.sigmoid(logits)
        return pull * (1.0 - chance) + jnp.abs(push) * chance


@dataclass(frozen=True)
class Categorical:
    """Which of the rows is the target? Bengio & Senécal 2003, eq. 4; Jean et al. 2015, eq. 8.

    A target's partition function is Z = in_partition · exp(logit) + exp(log_z): `log_z` is log of
    the sum over the rows that all targets share, and `in_partition` says how often the target is to
    be counted besides.
    """

    def parts(
        self,
        logits: Float[Array, "..."],
        pull: Float[Array, "..."],
        in_partition: Float[Array, "..."],
        log_z: Float[Array, "... s"],
    ) -> Parts:
        """-pull · logit and pull · log Z."""
        top = jax.lax.stop_gradient(jnp.maximum(logits, log_z))
        odds = in_partition * jnp.exp(logits - top) + jnp.exp(log_z - top)
        log_partition = jnp.log(jnp.where(pull > 0, odds, 1.0)) + top
        return -pull * logits, pull * log_partition

    def total(self, logits: BlockLogits, counts: LabelCounts, log_z: LogZ) -> Float[Array, "2"]:
        """What targets and what log Z contributes."""
        parts = self.parts(
            logits.target, counts.pull, counts.target_in_partition, log_z(logits.shared)
        )
        return jnp.stack([jnp.sum(part) for part in parts])

    def curvatures(self, logits: BlockLogits, counts: LabelCounts, log_z: LogZ) -> BlockLogits:
        """The bound in every logit; of a shared one its share of all the partitions it is in."""
        found, to_shared = jax.vjp(log_z, logits.shared)
        own, share = self.curvature(logits.target, counts.pull, counts.target_in_partition, found)
        return BlockLogits(own, to_shared(share)[0])

    def curvature(
        self,
        logits: Float[Array, "..."],
        pull: Float[Array, "..."],
        in_partition: Float[Array, "..."],
        log_z: Float[Array, "... s"],
    ) -> tuple[Float[Array, "..."], Float[Array, "... s"]]:
        """pull · (1 - p) of the targets' own logits, p their chance; and of `log_z` the slope.

        Shared row j's own bound is the second times exp(logit_j - log_z): Σ_t pull_t · p_j(t).
        """

        def loss(logits: Array, log_z: Array) -> Array:
            return jnp.sum(sum(self.parts(logits, pull, in_partition, log_z)))

        slope, share = jax.grad(loss, (0, 1))(logits, log_z)
        return jnp.abs(slope), share


LOGISTIC, CATEGORICAL = Logistic(), Categorical()
