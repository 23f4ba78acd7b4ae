"""What layers with a sampler have in common."""

from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from w2vjax.config.schema import OutputConfig
from w2vjax.losses.layer import CandidateScope, WordRows
from w2vjax.samplers import Sampler, mechanism, noise

LEAST = -40.0
"""log-probability of words that the sampler never draws: beyond doubt, and yet finite"""
BYTES_A_WORD = {"closed-form": 0, "alias": 20, "cdf": 16, "table": 4}
"""of the mechanisms' tables, at most; and `table_size` slots of 4 bytes"""


class SampledLayer(WordRows):
    """Layers whose targets share noise words, drawn for each block."""

    sampler: Any
    draws: Any
    candidate_scope: ClassVar[CandidateScope] = "block"
    draws_noise: ClassVar[bool] = True

    @classmethod
    def table_bytes(cls, config: OutputConfig, num_words: int) -> float:
        """Of the sampler's tables."""
        kind = mechanism(config.sampler)
        slots = 4 * config.sampler.table_size if kind == "table" else 0
        return BYTES_A_WORD.get(kind, 0) * num_words + slots

    @classmethod
    def pair_draws(cls, config: OutputConfig, noise_per_block: int) -> int:
        """As many for a pair by itself as for a block."""
        return noise_per_block

    def shared_rows(
        self,
        key: Key[Array, ""],
        shape: tuple[int, ...],
        words: Int[Array, "*steps n"] | None = None,
    ) -> Int[Array, "*shape k"]:
        return noise(self.sampler, key, (*shape, self.draws), words)


def log_expected(sampler: Sampler, draws: int, rows: Int[Array, "*n"]) -> Float[Array, "*n"]:
    """log(draws · q) of every row."""
    return np.log(draws) + jnp.maximum(sampler.log_prob(rows), LEAST)


def hits(targets: Int[Array, " t"], noise: Int[Array, " k"]) -> Float[Array, "k t"]:
    """1 where a noise word is a target."""
    return (noise[:, None] == targets[None, :]).astype(jnp.float32)
