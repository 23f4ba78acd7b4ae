"""Negative sampling, and noise-contrastive estimation: targets told from noise."""

import math
from typing import ClassVar, Self

import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Float, Int

from w2vjax.config.defaults import STANDARD_DEFAULTS, LayerDefaults
from w2vjax.config.schema import OutputConfig
from w2vjax.errors import InputError
from w2vjax.losses.elementwise import LOGISTIC, Logistic, logistic_noise
from w2vjax.losses.layer import Counts, Kept, Labels, Probabilities
from w2vjax.losses.sampled import SampledLayer, block_noise, hits
from w2vjax.losses.textbook import negative_sampling
from w2vjax.pytrees import pytree
from w2vjax.samplers import Sampler


@pytree
class NegativeSampling(SampledLayer):
    """log σ(v_t·h - c_t) + Σ_k E_q log σ(c_j - v_j·h): targets told from noise.

    Plain, c = 0: negative sampling, Mikolov et al. 2013b, eq. 4. The noise q is part of the
    objective: its optimum is v_t·h = log P(t|h)/q(t) - log k (Levy & Goldberg 2014, eq. 11).
    Corrected, c = log(k q): NCE, whose optimum is v_t·h = log P(t|h) for every q (Gutmann &
    Hyvärinen 2012, eq. 8; Mnih & Teh 2012, eq. 8, with the normaliser fixed at one).

    Every pair has `num_noise` noise words, so each of the K that a block shares counts k/K. Where
    the K are all different, `1 - (1 - q)^tries` of each are expected among them in place of K q.

    A noise word that hits a pair's target is kept; left out for that pair (mask: all its copies;
    TensorFlow's `remove_accidental_hits` leaves all but the last); left out in expectation (expect:
    k·q(target) is taken off the target's own push, which has the mask's mean, no variance and no
    cost); or left out with the rest weighted by 1/(1 - q(target)), as if drawn until it is another
    (redraw; where words may repeat only).
    """

    sampler: Sampler
    draws: int = struct.field(pytree_node=False)
    num_noise: int = struct.field(pytree_node=False)
    collision: str = struct.field(pytree_node=False)
    loss: Logistic = struct.field(pytree_node=False, default=LOGISTIC)
    tries: Float[Array, ""] | None = None
    corrected: ClassVar[bool] = False
    usual_collision: ClassVar[str] = "expect"  # word2vec.c skips noise that hits the target
    title: ClassVar[str] = "NEG"
    help: ClassVar[str] = "negative sampling: the target told from noise, logits as they are"
    probabilities: ClassVar[Probabilities] = "none"
    defaults: ClassVar[LayerDefaults] = STANDARD_DEFAULTS

    @classmethod
    def build(
        cls, config: OutputConfig, draws: int, counts: Counts, kept: Kept | None = None
    ) -> Self:
        """The layer of a configuration; a block shares `draws` noise words. Raises `InputError`."""
        if config.collision == "redraw" and config.sampler.unique:
            raise InputError(
                f"collision is redraw and the sampler {config.sampler.name}: words that are all "
                "different are not drawn again; choose mask or expect"
            )
        return cls(
            **block_noise(config, draws, counts, kept, corrected=cls.corrected),
            num_noise=config.num_noise,
            collision=cls.usual_collision if config.collision == "auto" else config.collision,
            loss=Logistic(config.sigmoid_limit, config.sigmoid_beyond),
        )

    @classmethod
    def pair_draws(cls, config: OutputConfig, noise_per_block: int) -> int:
        """A pair by itself has its own k words."""
        return config.num_noise

    def shift(self, rows: Int[Array, "*n"]) -> Float[Array, "*n"]:
        if not self.corrected:
            return jnp.zeros(rows.shape)
        return self.log_pair_noise(rows)

    def log_pair_noise(self, rows: Int[Array, "*n"]) -> Float[Array, "*n"]:
        """Log of how often each row is expected among the k noise words of a pair."""
        return math.log(self.num_noise / self.draws) + self.log_expected(rows)

    def example(
        self,
        target_logits: Float[Array, " l"],
        shared_logits: Float[Array, " k"],
        target: Int[Array, ""],
        shared: Int[Array, " k"],
    ) -> Float[Array, ""]:
        (target_logit,) = target_logits - self.shift(target)
        noise_logits = shared_logits - self.shift(shared)
        weights = jnp.full(shared.shape, self.num_noise / shared.shape[0])
        if self.collision == "keep":
            return negative_sampling(target_logit, noise_logits, weights)
        if self.collision == "expect":
            expected_hits = jnp.exp(self.log_pair_noise(target)) * logistic_noise(target_logit)
            return negative_sampling(target_logit, noise_logits, weights) - expected_hits
        weights = jnp.where(shared == target, 0.0, weights)
        if self.collision == "redraw":
            weights = weights / (1.0 - jnp.exp(self.sampler.log_prob(target)))
        return negative_sampling(target_logit, noise_logits, weights)

    def labels(self, targets: Int[Array, " t"], shared: Int[Array, " k"]) -> Labels:
        once, share = jnp.ones((targets.shape[0], 1)), self.num_noise / shared.shape[0]
        if self.collision == "keep":
            return Labels(once, 0.0 * once, 0.0, share)
        if self.collision == "expect":
            return Labels(once, -jnp.exp(self.log_pair_noise(targets))[:, None], 0.0, share)
        others = share * (1.0 - hits(targets, shared))
        if self.collision == "redraw":
            others = others / (1.0 - jnp.exp(self.sampler.log_prob(targets)))[None, :]
        return Labels(once, 0.0 * once, 0.0, others)


@pytree
class NoiseContrastive(NegativeSampling):
    """Negative sampling with corrected logits, whose optimum does not depend on the noise."""

    corrected: ClassVar[bool] = True
    usual_collision: ClassVar[str] = "keep"  # the classifier sees noise as it is drawn
    usual_biases: ClassVar[str | None] = "unigram"  # without any it is far from normalised
    title: ClassVar[str] = "NCE"
    help: ClassVar[str] = "noise-contrastive estimation: negative sampling, logits corrected"
    probabilities: ClassVar[Probabilities] = "normalised"
    defaults: ClassVar[LayerDefaults] = LayerDefaults(learning_rate=0.05, cbow_rate=6.0)
