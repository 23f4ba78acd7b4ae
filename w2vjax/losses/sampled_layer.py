"""Sampled softmax: the softmax over the target and noise."""

from typing import ClassVar, Self

import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Float, Int

from w2vjax.config.defaults import LayerDefaults
from w2vjax.config.schema import OutputConfig
from w2vjax.errors import InputError
from w2vjax.losses.elementwise import CATEGORICAL, Categorical
from w2vjax.losses.layer import Counts, Kept, Labels, Probabilities
from w2vjax.losses.sampled import SampledLayer, block_noise, hits
from w2vjax.losses.textbook import sampled_softmax
from w2vjax.pytrees import pytree
from w2vjax.samplers import Sampler


@pytree
class SampledSoftmax(SampledLayer):
    """The softmax over the target and the noise, logits less log of their expected counts.

    Bengio & Senécal 2008; Jean et al. 2015, section 3.2. Every pair of a block uses all its K noise
    words; their expected counts are K q, or `1 - (1 - q)^tries` where no word repeats. `mask`
    counts a target that is also noise once in its partition (TensorFlow's `remove_accidental_hits`,
    which leaves all copies but the last of a word that repeats), `keep` counts every occurrence.
    """

    sampler: Sampler
    draws: int = struct.field(pytree_node=False)
    collision: str = struct.field(pytree_node=False, default="mask")
    tries: Float[Array, ""] | None = None
    loss: ClassVar[Categorical] = CATEGORICAL
    title: ClassVar[str] = "sampled softmax"
    help: ClassVar[str] = "the softmax over the target and noise, logits corrected"
    probabilities: ClassVar[Probabilities] = "softmax"
    defaults: ClassVar[LayerDefaults] = LayerDefaults(
        learning_rate=0.0375, noise_per_block=40, cbow_rate=5.0
    )

    @classmethod
    def build(
        cls, config: OutputConfig, draws: int, counts: Counts, kept: Kept | None = None
    ) -> Self:
        """The layer of a configuration. Raises `InputError` for policies it does not know."""
        if config.collision in ("redraw", "expect"):
            raise InputError(
                f"collision is {config.collision}: {config.layer} knows mask and keep only"
            )
        collision = "mask" if config.collision == "auto" else config.collision
        return cls(collision=collision, **block_noise(config, draws, counts, kept, corrected=True))

    def shift(self, rows: Int[Array, "*n"]) -> Float[Array, "*n"]:
        return self.log_expected(rows)

    def example(
        self,
        target_logits: Float[Array, " l"],
        shared_logits: Float[Array, " k"],
        target: Int[Array, ""],
        shared: Int[Array, " k"],
    ) -> Float[Array, ""]:
        return sampled_softmax(
            target_logit=target_logits[0],
            noise_logits=shared_logits,
            target_log_expected=self.shift(target),
            noise_log_expected=self.shift(shared),
            hits=None if self.collision == "keep" else shared == target,
        )

    def labels(self, targets: Int[Array, " t"], shared: Int[Array, " k"]) -> Labels:
        once = jnp.ones((targets.shape[0], 1))
        in_partition: Array | float = 1.0
        if self.collision != "keep":
            in_partition = 1.0 - jnp.sum(hits(targets, shared), axis=0)
        return Labels(once, 0.0 * once, 0.0, 1.0, in_partition)
