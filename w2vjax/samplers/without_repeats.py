"""Draws without repeats, in bounded time, with the number of tries that they stand for.

Words are drawn and repeats thrown away (rejection). Where that goes on for too long, the rest of
the set is drawn at once, by the same law (`_complete`).
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float32, Int32, Key, UInt32

from w2vjax.samplers.distributions import Probabilities
from w2vjax.samplers.random_words import WORD, random_words

FEW = 128
"""words of a set whose draws are compared one by one, which is sooner than a hash table"""
SPARE = 32
"""draws of such a set at once, beyond one and a half times its words: most need no more"""
LEAST_CHUNK = 64
"""draws of a larger set at once, at least"""
MOST_CHUNKS = 16
"""Chunks drawn before the rest of the set is drawn at once; and as many draws more as words."""
LARGEST = 1 << 30
"""beyond the number of any chunk"""
EMPTY = (1 << 31) - 1
"""slot of a table with no place in it"""
LEAST_RATE = 1e-30
"""of a success; rarer ones take as many tries as such"""
MOST_TRIES = 1e30
"""beyond the number of tries of any word that is drawn at all, and yet finite"""

Drawn = tuple[Int32[Array, " n"], Int32[Array, ""], Float32[Array, ""]]
"""words in the order of their draws, how many there are, and how many draws it took"""


@partial(jax.jit, static_argnames=("num", "num_words"))
def distinct(
    sampler: Any, keys: Key[Array, " r"], num: int, num_words: int
) -> tuple[Int32[Array, "r n"], Float32[Array, " r"], Bool[Array, "r n"]]:
    """`num` different words of `num_words` for each key, in the order of their first draws.

    With the number of draws until the last of them, and where there was a word at all; the id is
    0 where there was none.
    """
    ids, filled, tries = jax.vmap(lambda key: _reject(sampler, key, num, num_words))(keys)
    State = tuple[Int32[Array, "r n"], Int32[Array, " r"], Float32[Array, " r"], Int32[Array, " r"]]

    def short(state: State) -> Bool[Array, ""]:
        return (state[1] < num).any()

    def complete(state: State) -> State:
        """One row at a time: each needs memory for the whole vocabulary."""
        ids, filled, tries, found = state
        row = jnp.argmax(filled < num)
        key = jax.random.fold_in(keys[row], LARGEST + filled[row])
        rest = ids[row], filled[row], tries[row]
        whole, took, there = _complete(sampler, key, *rest, num_words=num_words)
        return (
            ids.at[row].set(whole),
            filled.at[row].set(num),
            tries.at[row].set(took),
            found.at[row].set(there),
        )

    start = ids, filled, tries, jnp.full(len(keys), num, jnp.int32)
    ids, _, tries, found = jax.lax.while_loop(short, complete, start)
    return ids, tries, jnp.arange(num)[None] < found[:, None]


def expected_tries(law: Probabilities, num: int) -> float:
    """T, the draws after which `num` different words are expected: `Σ_v 1 - (1 - p_v)^T = num`.

    A word is then in a set of `num` different ones with a chance of about `1 - (1 - p)^T`, the
    nearer, the more words there are (Rosén 1997, Asymptotic theory for order sampling). The sum is
    concave in T: Newton's steps from below never go too far. `MOST_TRIES` where all words that are
    drawn at all, those with `p > 0` of the law `[V]`, are in the set.
    """
    log_absent = np.log1p(-np.minimum(law[law > 0], 1))
    if num >= len(log_absent):
        return MOST_TRIES
    tries = float(num)
    while True:
        present = -np.expm1(tries * log_absent)
        step = (num - present.sum()) / -(log_absent @ (1 - present))
        tries += step
        if step <= 1e-9 * tries:
            return tries


def _reject(sampler: Any, key: Key[Array, ""], num: int, num_words: int) -> Drawn:
    """Draws until the set is full, or too many: then the rest is cheaper drawn at once.

    Chunks of draws are laid behind the words of the set and looked up in a hash table of places;
    those of few words are compared with all before them.
    """
    few = num <= FEW
    chunk = num + num // 2 + SPARE if few else max(num // 2, LEAST_CHUNK)
    most_chunks = MOST_CHUNKS + min(num_words, LARGEST) // chunk
    State = tuple[
        Int32[Array, " m"], Int32[Array, " c"], Int32[Array, ""], Int32[Array, ""], Int32[Array, ""]
    ]

    def short(state: State) -> Bool[Array, ""]:
        _, _, filled, _, number = state
        return (filled < num) & (number < most_chunks)

    def extend(state: State) -> State:
        ids, table, filled, tries, number = state
        drawn = sampler.sample(jax.random.fold_in(key, number), (chunk,))
        ids = jax.lax.dynamic_update_slice(ids, drawn, (filled,))
        if few:
            new = _first_sights(ids[:num], drawn, filled)
        else:
            table, slots = _look_up(table, ids, drawn, filled)
            new = slots < len(table)
        place = filled + jnp.cumsum(new, dtype=jnp.int32) - 1
        if not few:
            table = table.at[slots].set(place, mode="drop")
        ids = ids.at[jnp.where(new, place, len(ids))].set(drawn, mode="drop")
        full = new & (place == num - 1)
        used = jnp.where(full.any(), jnp.argmax(full).astype(jnp.int32) + 1, chunk)
        filled = jnp.minimum(filled + jnp.sum(new, dtype=jnp.int32), num)
        return ids, table, filled, tries + used, number + 1

    zero = jnp.int32(0)
    size = 0 if few else 1 << (4 * (num + chunk)).bit_length()
    table = jnp.full(size, EMPTY, jnp.int32)
    start = jnp.zeros(num + chunk, jnp.int32), table, zero, zero, zero
    ids, _, filled, tries, _ = jax.lax.while_loop(short, extend, start)
    return ids[:num], filled, tries.astype(jnp.float32)


def _first_sights(
    ids: Int32[Array, " n"], drawn: Int32[Array, " c"], filled: Int32[Array, ""]
) -> Bool[Array, " c"]:
    """Which draws are neither among the first `filled` ids nor among the draws before them."""
    num, chunk = len(ids), len(drawn)
    held = jnp.where(jnp.arange(num) < filled, ids, -1)
    line = jnp.concatenate([jnp.full(chunk - 1, -1, jnp.int32), held, drawn])

    def compare(start: Int32[Array, ""], again: Bool[Array, " c"]) -> Bool[Array, " c"]:
        return again | (drawn == jax.lax.dynamic_slice(line, (start,), (chunk,)))

    # unrolled as a whole it takes four times as long to compile and is no faster
    nothing = jnp.zeros(chunk, bool)
    return ~jax.lax.fori_loop(0, num + chunk - 1, compare, nothing, unroll=8)


def _look_up(
    table: Int32[Array, " c"],
    ids: Int32[Array, " m"],
    drawn: Int32[Array, " n"],
    filled: Int32[Array, ""],
) -> tuple[Int32[Array, " c"], Int32[Array, " n"]]:
    """Enters what is drawn for the first time; with its slots, and `c` for repeats.

    `ids` hold what is drawn from `filled` on. Open addressing, all draws in step: whoever meets a
    free slot claims it, and the first of them has it. Others with the same id see theirs there,
    and the rest go on to their next slot. Each id has its own odd stride, so that it meets every
    slot of the table, which is never more than a quarter full.
    """
    size = len(table)
    own = filled + jnp.arange(len(drawn), dtype=jnp.int32)
    word = drawn.astype(jnp.uint32)
    stride = ((word * jnp.uint32(0x9E3779B1)) >> 7) | 1
    State = tuple[Int32[Array, " c"], Int32[Array, " n"], UInt32[Array, " n"], Bool[Array, " n"]]

    def searching(state: State) -> Bool[Array, ""]:
        return state[3].any()

    def probe(state: State) -> State:
        table, slots, word, looking = state
        slot = (word & jnp.uint32(size - 1)).astype(jnp.int32)
        free = looking & (table[slot] == EMPTY)
        table = table.at[jnp.where(free, slot, size)].min(own, mode="drop")
        there = table[slot]
        slots = jnp.where(looking & (there == own), slot, slots)
        return table, slots, word + stride, looking & (ids[there] != drawn)

    start = table, jnp.full(len(drawn), size, jnp.int32), word, jnp.ones(len(drawn), bool)
    table, slots, _, _ = jax.lax.while_loop(searching, probe, start)
    return table, slots


def _complete(
    sampler: Any,
    key: Key[Array, ""],
    ids: Int32[Array, " n"],
    filled: Int32[Array, ""],
    tries: Float32[Array, ""],
    *,
    num_words: int,
) -> tuple[Int32[Array, " n"], Float32[Array, ""], Int32[Array, ""]]:
    """The set filled up, its tries, and how many words it has if the sampler has no more.

    The next words of draws without repeats come in the order of `E / p`, with independent
    exponential `E`, over the words not yet in the set (Efraimidis & Spirakis 2006). With mass `R`
    outside of the set, the next new word takes a geometric number of tries of success `R`.
    """
    num = len(ids)
    # what does not change, XLA would take out of the loop, which is seldom entered: add 0
    words = jnp.arange(num_words, dtype=jnp.int32) + jnp.minimum(filled, 0)
    held = jnp.where(jnp.arange(num) < filled, ids, len(words))
    log_prob = sampler.log_prob(words).at[held].set(-jnp.inf, mode="drop")
    of_order, of_tries = jax.random.split(key)
    keys, order = jax.lax.top_k(log_prob - jnp.log(_exponential(of_order, words.shape)), num)
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
