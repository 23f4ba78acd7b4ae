"""Closed forms: distributions drawn by arithmetic alone, in constant memory."""

import math
from typing import Any, Self

import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Float32, Int32, Key, UInt32
from numpy.polynomial import Chebyshev, Polynomial

from w2vjax.errors import InputError
from w2vjax.pytrees import pytree
from w2vjax.samplers.ids import are_words
from w2vjax.samplers.random_words import WORD, multiply_high, random_words


@pytree
class Uniform:
    """`floor(u·V)` of a 64-bit uniform `u`: every id has probability `1/V` within `2^-64`."""

    num_words: int = struct.field(pytree_node=False)
    """V"""

    @classmethod
    def of(cls, num_words: int) -> Self:
        """The uniform distribution over `num_words` ids."""
        return cls(num_words)

    def sample(self, key: Key[Array, ""], shape: tuple[int, ...]) -> Int32[Array, "..."]:
        """Ids of the given shape."""
        high, low = random_words(key, (2, *shape))
        size = jnp.uint32(self.num_words)
        product = high * size
        carry = product + multiply_high(low, size) < product
        return (multiply_high(high, size) + carry.astype(jnp.uint32)).astype(jnp.int32)

    def log_prob(self, ids: Int32[Array, "..."]) -> Float32[Array, "..."]:
        """`-log V` for every id; -inf where it is none."""
        log_prob = jnp.float32(-math.log(self.num_words))
        return jnp.where(are_words(ids, self.num_words), log_prob, -jnp.inf)


ONE = 30
"""bits after the point of lengths q, up to 1"""
_MOST_ROOT = 0.63
"""beyond, q is above 1"""


def _length(root: Any) -> Any:
    """The q that solves `log(1 + q) - q / (1 + q) = root² / 2`, by Newton's method, in double."""
    length = root
    for _ in range(50):
        excess = np.log1p(length) - length / (1 + length) - root**2 / 2
        length = length - excess * (1 + length) ** 2 / length
    return length


# q / root for roots in (0, 0.63], lowest power first: within 4e-8 of it, relatively
_LENGTH = Chebyshev.interpolate(lambda root: _length(root) / root, 6, domain=[0, _MOST_ROOT])
_LENGTH_TERMS: list[float] = _LENGTH.convert(kind=Polynomial).coef.tolist()


@pytree
class LogUniform:
    """TensorFlow's log-uniform, `floor((V+1)^u) - 1`, without a table and without double.

    `x = (V+1)^u` has density `1 / (x log(V+1))` on `1 … V+1`, and the id is `floor(x) - 1`. Whole
    numbers cannot hold x itself to the many digits that a large vocabulary needs; but within an
    octave `x = 2^j m` the density `1 / m` is a mixture of uniform ones over `1 … 1 + q`: q is 1
    (or where the last octave ends) for 0.72 of the mass, and `log(1 + q) - q / (1 + q)` is uniform
    for the rest. So one random word tells octave and q; a second a place in `0 … q`, and its
    `2^j` is cut into ids in whole numbers, exactly. Rounding of q, in float32, changes how often
    ids come by some 1e-7 of it.
    """

    num_words: int = struct.field(pytree_node=False)
    """V"""

    @classmethod
    def of(cls, num_words: int) -> Self:
        """The log-uniform distribution over `num_words` ids, the most frequent first."""
        if num_words >= 2**29:
            raise InputError(f"log-uniform over {num_words} words: the closed form ends at 2^29")
        return cls(num_words)

    def sample(self, key: Key[Array, ""], shape: tuple[int, ...]) -> Int32[Array, "..."]:
        """Ids of the given shape."""
        first, place = random_words(key, (2, *shape))
        # the lowest bits of a place decide nothing where q is large, and q needs them where small
        fine = (place & jnp.uint32(0xFFF)).astype(jnp.float32) * 2.0**-12
        octave, length = self.parts(first, fine)
        point = multiply_high(length.astype(jnp.uint32), place).astype(jnp.int32)
        return (1 << octave) - 1 + (point >> (ONE - octave))

    def parts(
        self, first: UInt32[Array, "..."], fine: Float32[Array, "..."]
    ) -> tuple[Int32[Array, "..."], Int32[Array, "..."]]:
        """j, and `2^30 q`, of a random word and what comes after it, in 0 … 1."""
        end, bits = self.num_words + 1, WORD - 5
        octaves = math.log2(end)
        scale = jnp.uint32(int(octaves * 2**bits))
        # log2 x = j + f, with 27 bits of f in a word, and what is below them as float32
        log_x = multiply_high(first, scale)
        octave = (log_x >> bits).astype(jnp.int32)
        below = ((first * scale).astype(jnp.float32) + fine * (octaves * 2**bits)) * 2.0**-WORD
        f = (log_x & jnp.uint32(2**bits - 1)).astype(jnp.float32) + below
        root = jnp.minimum(jnp.sqrt(f * (2 * math.log(2) * 2.0**-bits)), _MOST_ROOT)
        ratio = jnp.full_like(root, _LENGTH_TERMS[-1])
        for term in _LENGTH_TERMS[-2::-1]:
            ratio = ratio * root + term
        # of the octave: all, or as much as the last one has
        last = end.bit_length() - 1
        whole = jnp.where(octave < last, 1 << ONE, ((end << ONE) >> last) - (1 << ONE))
        return octave, jnp.minimum((ratio * root * 2.0**ONE).astype(jnp.int32), whole)

    def log_prob(self, ids: Int32[Array, "..."]) -> Float32[Array, "..."]:
        """`log(log((k+2)/(k+1)) / log(V+1))` for every id `k`; -inf where it is none."""
        known = are_words(ids, self.num_words)
        rank = jnp.where(known, ids, 0).astype(jnp.float32) + 1.0
        log_prob = jnp.log(jnp.log1p(1 / rank)) - math.log(math.log1p(self.num_words))
        return jnp.where(known, log_prob, -jnp.inf)
