"""How vectors are multiplied: the precision of products, and dimensions divided among devices."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


class Arithmetic(NamedTuple):
    """How the products of a step are computed. Sums and parameters are float32 always."""

    dtype: str = "float32"
    """in which vectors are multiplied"""
    precision: str | None = "default"
    """XLA's precision, on devices that round float32; None: `jax.default_matmul_precision`"""
    axis: str | None = None
    """mesh axis over which the dimensions are divided"""

    def across(self, partial: Array) -> Array:
        """The sum over all dimensions, of the sum over this device's."""
        return partial if self.axis is None else jax.lax.psum(partial, self.axis)


PLAIN = Arithmetic()
AMBIENT = Arithmetic(precision=None)
"""of losses for any model, which do not choose"""


def dot(formula: str, left: Array, right: Array, arithmetic: Arithmetic) -> Array:
    """`einsum` of this device's dimensions."""
    left, right = left.astype(arithmetic.dtype), right.astype(arithmetic.dtype)
    return jnp.einsum(
        formula,
        left,
        right,
        precision=arithmetic.precision,
        preferred_element_type=jnp.float32,
    )


def squared_norms(
    rows: Float[Array, "*n d"], arithmetic: Arithmetic, taken: Float[Array, " d"] | None = None
) -> Float[Array, "*n"]:
    """‖row‖² over all dimensions, or over those that are 1 in `taken` and not 0."""
    squares = jnp.square(rows)
    if taken is None:
        return arithmetic.across(jnp.sum(squares, axis=-1))
    return arithmetic.across(squares @ taken)
