"""Draws without repeats, in bounded time, with the number of tries that they stand for.

Words are drawn and repeats thrown away (rejection). Where that goes on for too long, the rest of
the set is drawn at once, by the same law (`_complete`).
"""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float32, Int32, Key

from w2vjax.samplers.random_words import WORD, random_words

LEAST_CHUNK = 64
"""Draws made at once, at least."""
MOST_CHUNKS = 8
"""Chunks drawn before the rest of the set is drawn at once."""
LEAST_RATE = 1e-30
"""of a success; rarer ones take as many tries as such"""

Drawn = tuple[Int32[Array, " n"], Int32[Array, ""], Float32[Array, ""]]
"""words in the order of their draws, how many there are, and how many draws it took"""


def distinct(
    sampler: Any, keys: Key[Array, " r"], num: int
) -> tuple[Int32[Array, "r n"], Float32[Array, " r"], Bool[Array, "r n"]]:
    """`num` different words for each key, in the order of their first draws.

    With the number of draws until the last of them, and where there was a word at all; the id is
    0 where there was none.
    """
    ids, filled, tries = jax.vmap(lambda key: _reject(sampler, key, num))(keys)
    State = tuple[Int32[Array, "r n"], Int32[Array, " r"], Float32[Array, " r"], Int32[Array, " r"]]

    def short(state: State) -> Bool[Array, ""]:
        return (state[1] < num).any()

    def complete(state: State) -> State:
        """One row at a time: each needs memory for the whole vocabulary."""
        ids, filled, tries, found = state
        row = jnp.argmax(filled < num)
        key = jax.random.fold_in(keys[row], MOST_CHUNKS)
        whole, took, there = _complete(sampler, key, ids[row], filled[row], tries[row])
        return (
            ids.at[row].set(whole),
            filled.at[row].set(num),
            tries.at[row].set(took),
            found.at[row].set(there),
        )

    start = ids, filled, tries, jnp.full(len(keys), num, jnp.int32)
    ids, _, tries, found = jax.lax.while_loop(short, complete, start)
    return ids, tries, jnp.arange(num)[None] < found[:, None]


def _reject(sampler: Any, key: Key[Array, ""], num: int) -> Drawn:
    """Draws until the set is full, `MOST_CHUNKS` chunks at most."""
    chunk = max(num, LEAST_CHUNK)
    State = tuple[Int32[Array, " n"], Int32[Array, ""], Int32[Array, ""], Int32[Array, ""]]

    def short(state: State) -> Bool[Array, ""]:
        _, filled, _, number = state
        return (filled < num) & (number < MOST_CHUNKS)

    def extend(state: State) -> State:
        ids, filled, tries, number = state
        drawn = sampler.sample(jax.random.fold_in(key, number), (chunk,))
        new = _first(jnp.concatenate([ids, drawn]))[num:]
        place = filled + jnp.cumsum(new, dtype=jnp.int32) - 1
        ids = ids.at[jnp.where(new, place, num)].set(drawn, mode="drop")
        full = new & (place == num - 1)
        used = jnp.where(full.any(), jnp.argmax(full).astype(jnp.int32) + 1, chunk)
        filled = jnp.minimum(filled + jnp.sum(new, dtype=jnp.int32), num)
        return ids, filled, tries + used, number + 1

    zero = jnp.int32(0)
    ids, filled, tries, _ = jax.lax.while_loop(
        short, extend, (jnp.full(num, -1, jnp.int32), zero, zero, zero)
    )
    return ids, filled, tries.astype(jnp.float32)


def _first(ids: Int32[Array, " m"]) -> Bool[Array, " m"]:
    """Where an id stands for the first time."""
    order = jnp.argsort(ids, stable=True)
    ordered = ids[order]
    starts = jnp.concatenate([jnp.ones(1, bool), ordered[1:] != ordered[:-1]])
    return jnp.zeros(ids.shape, bool).at[order].set(starts)


def _complete(
    sampler: Any,
    key: Key[Array, ""],
    ids: Int32[Array, " n"],
    filled: Int32[Array, ""],
    tries: Float32[Array, ""],
) -> tuple[Int32[Array, " n"], Float32[Array, ""], Int32[Array, ""]]:
    """The set filled up, its tries, and how many words it has if the sampler has no more.

    The next words of draws without repeats come in the order of `E / p`, with independent
    exponential `E`, over the words not yet in the set (Efraimidis & Spirakis 2006). With mass `R`
    outside of the set, the next new word takes a geometric number of tries of success `R`.
    """
    num, key, of_tries = len(ids), *jax.random.split(key)
    words = jnp.arange(sampler.num_words, dtype=jnp.int32)
    held = jnp.where(jnp.arange(num) < filled, ids, len(words))
    log_prob = sampler.log_prob(words).at[held].set(-jnp.inf, mode="drop")
    keys, order = jax.lax.top_k(log_prob - jnp.log(_exponential(key, (len(words),))), num)
    further = jnp.arange(num) < num - filled
    further &= keys > -jnp.inf
    # the mass outside of the set before each further word: what no one takes, and what is to come
    taken = jnp.where(further, jnp.exp(log_prob[order]), 0)
    left = log_prob.at[jnp.where(further, order, len(words))].set(-jnp.inf, mode="drop")
    outside = jnp.sum(jnp.exp(left)) + jnp.cumsum(taken[::-1])[::-1]
    rate = jnp.maximum(-jnp.log1p(-jnp.minimum(outside, 1)), LEAST_RATE)
    waits = 1 + jnp.floor(_exponential(of_tries, (num,)) / rate)
    place = jnp.where(further, filled + jnp.arange(num), num)
    ids = jnp.where(jnp.arange(num) < filled, ids, 0).at[place].set(order, mode="drop")
    tries += jnp.sum(jnp.where(further, waits, 0))
    return ids, tries, filled + jnp.sum(further, dtype=jnp.int32)


def _exponential(key: Key[Array, ""], shape: tuple[int, ...]) -> Float32[Array, "..."]:
    """Exponential numbers: `-log u` of a 64-bit `u`, from whichever of `u` and `1 - u` is small."""
    words = random_words(key, (2, *shape))
    low_half = words[0] < jnp.uint32(1 << (WORD - 1))
    high, low = jnp.where(low_half, words, ~words).astype(jnp.float32)
    small = (high + (low + 0.5) * 2.0**-WORD) * 2.0**-WORD
    return jnp.where(low_half, -jnp.log(small), -jnp.log1p(-small))
