"""What layers with a sampler have in common."""

import math
import warnings
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from w2vjax.config.schema import OutputConfig
from w2vjax.errors import InputError
from w2vjax.losses.layer import CandidateScope, Counts, Kept, WordRows
from w2vjax.samplers import (
    build,
    distinct,
    expected_tries,
    log_expected_count,
    mechanism,
    noise,
    probabilities,
)
from w2vjax.samplers.distributions import Probabilities

BYTES_A_WORD = {"closed-form": 0, "alias": 20, "cdf": 16, "table": 4}
"""of the mechanisms' tables, at most; and `table_size` slots of 4 bytes"""
NAMED = 3
"""words that a message names"""


class SampledLayer(WordRows):
    """Layers whose targets share noise words, drawn for each block.

    With repeats, or all different: TensorFlow's `unique`. It corrects logits by the tries that each
    set happened to need; here by those that a set needs in expectation (`expected_tries`), so that
    a word's correction is the same in every block, and expected counts still add up to K.
    """

    sampler: Any
    draws: Any
    """K"""
    tries: Any = None
    """that a set of K different words stands for; None: words may repeat"""
    candidate_scope: ClassVar[CandidateScope] = "block"
    draws_noise: ClassVar[bool] = True

    @classmethod
    def table_bytes(cls, config: OutputConfig, num_words: int) -> float:
        """Of the sampler's tables."""
        kind = mechanism(config.sampler)
        slots = 4 * config.sampler.table_size if kind == "table" else 0
        ranks = 8 if config.sampler.reserved else 0
        return (BYTES_A_WORD.get(kind, 0) + ranks) * num_words + slots

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
        if self.tries is None:
            return noise(self.sampler, key, (*shape, self.draws), words)
        keys, sampler = jax.random.split(key, math.prod(shape)), self.sampler
        ids, _, _ = distinct(sampler, keys, self.draws, sampler.num_words)
        return ids.reshape(*shape, self.draws)

    def log_expected(self, rows: Int[Array, "*n"]) -> Float[Array, "*n"]:
        """Log of how often a block's noise is expected to have each row.

        `K q` with repeats, `1 - (1 - q)^tries` without: the one place that tells. -inf for rows
        that are never noise.
        """
        unique = self.tries is not None
        tries = self.tries if unique else jnp.float32(self.draws)
        return log_expected_count(self.sampler.log_prob(rows), tries, unique=unique)


def block_noise(
    config: OutputConfig, draws: int, counts: Counts, kept: Kept | None, *, corrected: bool
) -> dict[str, Any]:
    """The fields of a `SampledLayer`: what each block draws.

    Raises `InputError` if there are fewer words than are to be different, and for a layer with
    corrected logits if some words are never drawn: these have no correction, and would stay
    untrained in silence. Warns of such words where logits are as they are.
    """
    sampler = build(config.sampler, counts, kept)
    law = probabilities(sampler, len(counts))
    _check_never_drawn(config, law, corrected)
    if not config.sampler.unique:
        return {"sampler": sampler, "draws": draws, "tries": None}
    reachable = int((law > 0).sum())
    if draws > reachable:
        raise InputError(
            f"{draws} different noise words are asked for and {config.sampler.name} draws only "
            f"{reachable}: lower noise_per_block, or let them repeat"
        )
    tries = jnp.float32(expected_tries(law, draws))
    return {"sampler": sampler, "draws": draws, "tries": tries}


def _check_never_drawn(config: OutputConfig, law: Probabilities, corrected: bool) -> None:
    never = np.flatnonzero(law == 0)
    if not len(never):
        return
    some = ", ".join(map(str, never[:NAMED])) + ", …" * (len(never) > NAMED)
    told = (
        f"{config.sampler.name} never draws {len(never):,} of the {len(law):,} words (ids {some})"
    )
    if corrected:
        raise InputError(
            f"{told}: {config.layer} cannot correct their logits. Set reserved to 0, enlarge the "
            "table, add a share of uniform noise, or use negative-sampling"
        )
    warnings.warn(f"{told}: as noise they are never pushed away", stacklevel=2)


def hits(targets: Int[Array, " t"], noise: Int[Array, " k"]) -> Float[Array, "k t"]:
    """1 where a noise word is a target."""
    return (noise[:, None] == targets[None, :]).astype(jnp.float32)
