"""Closed forms: distributions drawn by arithmetic alone, in constant memory."""

import math
from typing import Self

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Float32, Int32, Key
from numpy.polynomial import Chebyshev, Polynomial

from w2vjax.errors import InputError
from w2vjax.pytrees import pytree
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
        """`-log V`, of the shape of `ids`."""
        return jnp.full(ids.shape, -math.log(self.num_words), jnp.float32)


# 2^(30 + f) for f in [0, 1], lowest power first: within 2e-14 of it, relatively
_EXP2 = Chebyshev.interpolate(lambda f: 2.0 ** (30 + f), 9, domain=[0, 1])
_EXP2_TERMS: list[float] = _EXP2.convert(kind=Polynomial).coef.tolist()


@pytree
class LogUniform:
    """TensorFlow's log-uniform, `floor((V+1)^u) - 1`, in double as there, and without a table.

    `(V+1)^u = 2^j · 2^f` with `j + f = u·log2(V+1)`, `u` of 53 bits and more. The polynomial for
    `2^f` costs a third of a double `exp`. Ids differ from the ideal only where `(V+1)^u` is
    within 1e-13 of a whole number: total variation from the formula is below 1e-8 at V = 3 M.
    Needs double arithmetic on the device (draw through `alias` where there is none).
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
        high, low = random_words(key, (2, *shape))
        with jax.enable_x64(True):
            double = jnp.float64
            scale = math.log2(self.num_words + 1) * 2.0**-WORD
            exponent = (high.astype(double) + low.astype(double) * 2.0**-WORD) * scale
            octave = jnp.floor(exponent)
            fraction = exponent - octave
            mantissa = jnp.full_like(fraction, _EXP2_TERMS[-1])
            for term in _EXP2_TERMS[-2::-1]:
                mantissa = mantissa * fraction + term
            ids = (mantissa.astype(jnp.int32) >> (30 - octave.astype(jnp.int32))) - 1
        # rounding can reach one id too far at either end of the line
        return jnp.clip(ids, 0, self.num_words - 1)

    def log_prob(self, ids: Int32[Array, "..."]) -> Float32[Array, "..."]:
        """`log(log((k+2)/(k+1)) / log(V+1))` for every id `k`."""
        rank = ids.astype(jnp.float32) + 1.0
        return jnp.log(jnp.log1p(1 / rank)) - math.log(math.log1p(self.num_words))
