"""TensorFlow's candidate sampling: noise with its expected counts, with or without repeats.

What its `*_candidate_sampler` ops return and its `nce_loss` and `sampled_softmax_loss` subtract
the logarithm of. `range_max` is the sampler's vocabulary, `distortion` the power of unigram, and
`remove_accidental_hits` the output layers' collision `mask`.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float32, Int32, Key

from w2vjax.errors import InputError, in_range
from w2vjax.samplers.contract import Sampler, probabilities

MOST_TRIES = 1 << 30
"""Draws after which a set that is still not full is given up."""
LEAST_CHUNK = 64
"""Draws made at once, at least."""


class Candidates(NamedTuple):
    """A set of noise words, and what a loss needs to correct for how it came about."""

    ids: Int32[Array, " n"]
    """in the order of their draws. Without repeats: -1 where `MOST_TRIES` draws found no other"""
    tries: Int32[Array, ""]
    """draws that it took: `n`, or more where repeats were thrown away"""
    log_expected: Float32[Array, " n"]
    """log of the expected count of each id (`log_expected_count`)"""


def candidates(
    sampler: Sampler, key: Key[Array, ""], num_sampled: int, *, unique: bool
) -> Candidates:
    """`num_sampled` noise words, with repeats or, if `unique`, without.

    Without repeats: words are drawn one after the other, those already in the set are thrown away,
    and all draws are counted, up to the one that fills the set. Static shapes: it can be jitted
    and vmapped. `check_unique` tells beforehand whether there are words enough.
    Raises `InputError` if `num_sampled` is not positive.
    """
    in_range("num_sampled", num_sampled, 1)
    if unique:
        ids, tries = _distinct(sampler, key, num_sampled)
    else:
        ids, tries = sampler.sample(key, (num_sampled,)), jnp.int32(num_sampled)
    log_prob = sampler.log_prob(jnp.maximum(ids, 0))
    return Candidates(ids, tries, log_expected_count(log_prob, tries, unique=unique))


def log_expected_count(
    log_prob: Float32[Array, "*n"], tries: Int32[Array, ""], *, unique: bool
) -> Float32[Array, "*n"]:
    """Log of how often words of this log-probability are expected among the candidates.

    `tries · p` with repeats, `1 - (1 - p)^tries` without: the chance to be in the set, as if the
    number of tries were fixed beforehand (TensorFlow's `range_sampler.cc`, which takes the first
    form for a set that happened to need no more tries than its size; the two differ there by
    `tries² p² / 2`). For noise as well as for targets, whose count is that of being noise.
    """
    count = tries.astype(jnp.float32)
    if not unique:
        return jnp.log(count) + log_prob
    return jnp.log(-jnp.expm1(count * jnp.log1p(-jnp.exp(log_prob))))


def check_unique(sampler: Sampler, num_words: int, num_sampled: int) -> None:
    """Raises `InputError` if the sampler reaches fewer than `num_sampled` different words."""
    reachable = int(np.count_nonzero(probabilities(sampler, num_words)))
    if num_sampled > reachable:
        raise InputError(
            f"{num_sampled} different noise words are asked for and only {reachable} can be "
            "drawn: ask for fewer, or let them repeat"
        )


def _distinct(
    sampler: Sampler, key: Key[Array, ""], num_sampled: int
) -> tuple[Int32[Array, " n"], Int32[Array, ""]]:
    """Different words in the order of their first draws, and the draws until the last of them."""
    chunk = max(num_sampled, LEAST_CHUNK)
    State = tuple[Int32[Array, " n"], Int32[Array, ""], Int32[Array, ""]]

    def short(state: State) -> Bool[Array, ""]:
        _, filled, tries = state
        return (filled < num_sampled) & (tries < MOST_TRIES)

    def extend(state: State) -> State:
        ids, filled, tries = state
        drawn = sampler.sample(jax.random.fold_in(key, tries), (chunk,))
        new = _first(jnp.concatenate([ids, drawn]))[num_sampled:]
        place = filled + jnp.cumsum(new, dtype=jnp.int32) - 1
        ids = ids.at[jnp.where(new, place, num_sampled)].set(drawn, mode="drop")
        full = new & (place == num_sampled - 1)
        used = jnp.where(full.any(), jnp.argmax(full).astype(jnp.int32) + 1, chunk)
        return ids, filled + jnp.sum(new, dtype=jnp.int32), tries + used

    start = jnp.full(num_sampled, -1, jnp.int32), jnp.int32(0), jnp.int32(0)
    ids, _, tries = jax.lax.while_loop(short, extend, start)
    return ids, tries


def _first(ids: Int32[Array, " m"]) -> Bool[Array, " m"]:
    """Where an id stands for the first time."""
    order = jnp.argsort(ids, stable=True)
    ordered = ids[order]
    starts = jnp.concatenate([jnp.ones(1, bool), ordered[1:] != ordered[:-1]])
    return jnp.zeros(ids.shape, bool).at[order].set(starts)
