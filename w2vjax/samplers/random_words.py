"""Uniform 32-bit words, and whole-number arithmetic on them."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Key, UInt32

WORD = 32
"""bits of a random word"""


def random_words(key: Key[Array, ""], shape: tuple[int, ...]) -> UInt32[Array, "..."]:
    """Uniform 32-bit words.

    A threefry block makes two words. JAX's partitionable order, which lets one array of draws be
    split over devices, folds them into one; here each device has its own key, so both are used:
    twice as many words in the same time.
    """
    with jax.threefry_partitionable(False):
        return jax.random.bits(key, shape, jnp.uint32)


def multiply_high(a: UInt32[Array, "..."], b: UInt32[Array, "..."]) -> UInt32[Array, "..."]:
    """`floor(a·b / 2^32)` in 16-bit limbs: JAX has no 64-bit integers by default."""
    low = jnp.uint32(0xFFFF)
    a_low, a_high, b_low, b_high = a & low, a >> 16, b & low, b >> 16
    middle = a_high * b_low + ((a_low * b_low) >> 16)
    other = a_low * b_high + (middle & low)
    return a_high * b_high + (middle >> 16) + (other >> 16)
