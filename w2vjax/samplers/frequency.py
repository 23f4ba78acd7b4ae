"""How frequent words are in a stream, learned while it is read, for noise from the batch."""

from typing import Self

import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Float32, Int32

from w2vjax.errors import InputError, whole
from w2vjax.pytrees import pytree
from w2vjax.samplers.random_words import multiply_high

NEVER = -1
"""step at which a bucket was last seen, before it was"""


@pytree
class FrequencyEstimate:
    """Streaming estimate from the steps between two sights of a word (Yi et al. 2019, Algorithm 2).

    At a step t that has the word y, with rate α, its bucket's interval B and last sight A become
    `B ← (1 - α) B + α (t - A)` and `A ← t`: 1/B estimates the chance to be in a batch, whatever
    the size of the vocabulary, and follows changes within 1/α sights. Here the first sight sets
    `B = t + 1`, so that nothing is left of a start value. Of several hash functions the longest
    interval counts: words that share a bucket only make it shorter.

    The law for `in_batch`: words `[b]` of a batch that come by q are seen with chance
    `1 - (1 - q)^b`, and `log_prob` is the log of that q. It knows no vocabulary: any id from 0 on
    is one. A step of training takes it from the last one and gives it to the next:

    >>> import jax
    >>> from w2vjax.samplers import in_batch
    >>> @jax.jit
    ... def noise_of(estimate, items):
    ...     estimate = estimate.update(items, estimate.step + 1)
    ...     return estimate, in_batch(items, estimate)
    >>> estimate = FrequencyEstimate.of(1_000, batch_size=4)
    >>> for items in jnp.array([[7, 1, 2, 3], [7, 4, 5, 6], [7, 2, 9, 8]]):
    ...     estimate, candidates = noise_of(estimate, items)
    >>> often, seldom = estimate.log_prob(jnp.array([7, 4]))
    >>> bool(often > seldom)
    True
    """

    last: Int32[Array, "h n"]
    """step of the last sight of each bucket; -1: none yet"""
    intervals: Float32[Array, "h n"]
    """mean steps between two sights"""
    rate: Float32[Array, ""]
    """weight of the newest interval, alpha"""
    step: Int32[Array, ""]
    """the last step; -1: none yet"""
    batch_size: int = struct.field(pytree_node=False)
    """b, words a step"""

    @classmethod
    def of(
        cls, num_buckets: int, rate: float = 0.01, *, batch_size: int, num_hashes: int = 2
    ) -> Self:
        """Before the first step. Buckets: some times as many as there are frequent words.

        Raises `InputError` for numbers below one, or a rate that is not in 0 … 1.
        """
        whole("num_buckets", num_buckets, 1, 2**31 - 1)
        whole("num_hashes", num_hashes, 1, len(MULTIPLIERS))
        whole("batch_size", batch_size, 1)
        if not 0 < rate <= 1:
            raise InputError(f"rate is {rate}: it must be above 0, and 1 at most")
        shape = num_hashes, num_buckets
        return cls(
            last=jnp.full(shape, NEVER, jnp.int32),
            intervals=jnp.ones(shape, jnp.float32),
            rate=jnp.float32(rate),
            step=jnp.int32(NEVER),
            batch_size=batch_size,
        )

    def update(self, ids: Int32[Array, " b"], step: Int32[Array, ""] | int) -> Self:
        """After a batch of words; steps rise by one from 0. A word that stands twice counts once.

        Raises `InputError` unless there are `batch_size` words.
        """
        if ids.shape != (self.batch_size,):
            raise InputError(f"ids have shape {ids.shape}: give [{self.batch_size}], a batch")
        step = jnp.asarray(step, jnp.int32)
        rows, buckets = self._buckets(ids)
        last, interval = self.last[rows, buckets], self.intervals[rows, buckets]
        gap = (step - last).astype(jnp.float32)
        after = jnp.where(last == NEVER, gap, interval + self.rate * (gap - interval))
        return self.replace(  # type: ignore[attr-defined]
            last=self.last.at[rows, buckets].set(step),
            intervals=self.intervals.at[rows, buckets].set(after),
            step=step,
        )

    def log_prob(self, ids: Int32[Array, "..."]) -> Float32[Array, "..."]:
        """log q of each id. One never seen has an interval as long as the stream so far."""
        rows, buckets = self._buckets(ids.reshape(-1))
        unseen = jnp.maximum(self.step, 0).astype(jnp.float32) + 2
        known = self.last[rows, buckets] != NEVER
        interval = jnp.where(known, self.intervals[rows, buckets], unseen).max(0)
        # to be in every batch says that q is large, not that it is one
        absent = jnp.log1p(-1 / jnp.maximum(interval, 1 + LEAST_ABSENCE))
        return jnp.log(-jnp.expm1(absent / self.batch_size)).reshape(ids.shape)

    def _buckets(self, ids: Int32[Array, " m"]) -> tuple[Int32[Array, "h 1"], Int32[Array, "h m"]]:
        """Where each hash function leads."""
        num_hashes, num_buckets = self.last.shape
        multipliers = jnp.asarray(MULTIPLIERS[:num_hashes])[:, None]
        mixed = (ids.astype(jnp.uint32)[None] + 1) * multipliers
        mixed = (mixed ^ (mixed >> 16)) * multipliers
        buckets = multiply_high(mixed, jnp.uint32(num_buckets)).astype(jnp.int32)
        return jnp.arange(num_hashes)[:, None], buckets


LEAST_ABSENCE = 1e-3
"""least share of steps without a word that is told from none"""
MULTIPLIERS = np.array([0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F], np.uint32)
"""of the hash functions: odd numbers without pattern"""
