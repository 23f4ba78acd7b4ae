"""The partition function of the exact softmax, over a whole matrix, in little memory."""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from w2vjax.losses.arithmetic import PLAIN, Arithmetic, dot, squared_norms

SCORES = 1 << 19
"""scores that are made at a time: 2 MiB, which stay in a core's cache"""
LEAST_ROWS = 128
"""rows of the matrix at a time, at least: products with fewer are slow"""
KEPT = 1 << 24
"""scores that are kept for the gradient, at most: 64 MiB"""


def log_partition(
    hidden: Float[Array, "s d"],
    matrix: Float[Array, "v d"],
    probes: tuple[Float[Array, " s"], Float[Array, " v"]] | None = None,
    arithmetic: Arithmetic = PLAIN,
    biases: Float[Array, " v"] | None = None,
    moving: Float[Array, " d"] | None = None,
) -> Float[Array, " s"]:
    """log Σ_v exp(v_v · h + b_v) for every hidden vector, exactly. A bias may be -inf.

    A stretch of the matrix at a time. The way there takes E_p[v], the gradient in the hidden
    vectors, along with the sum. The way back, for that in the matrix, takes the scores that were
    kept, or, where they would be more than `KEPT`, makes them once more: then a fourth product
    costs no more than to write all scores to memory and to read them again.

    `probes` are zeros `[S]` and `[V]`, added to the scores as `probe_s · ‖v‖² + ‖h‖² · probe_v`:
    their gradients, E_p‖v‖² and Σ_s p_v ‖h_s‖², bound the loss's curvature. Hidden vectors may be
    constant but for the dimensions that are 1 in `moving`: ‖v‖² is then over these.
    """
    if probes is not None:
        of_hidden, of_matrix = jax.lax.stop_gradient(
            (squared_norms(hidden, arithmetic), squared_norms(matrix, arithmetic, moving))
        )
        hidden = jnp.concatenate([hidden, probes[0][:, None], of_hidden[:, None]], axis=1)
        matrix = jnp.concatenate([matrix, of_matrix[:, None], probes[1][:, None]], axis=1)
    return _log_partition(hidden, matrix, biases, arithmetic)


@partial(jax.custom_vjp, nondiff_argnums=(3,))
def _log_partition(
    hidden: Float[Array, "s d"],
    matrix: Float[Array, "v d"],
    biases: Float[Array, " v"] | None,
    arithmetic: Arithmetic,
) -> Float[Array, " s"]:
    return _forward(hidden, matrix, biases, arithmetic)[0]


class _Stretches:
    """Rows of the matrix, a stretch at a time, against all hidden vectors; the last overlap."""

    def __init__(
        self, hidden: Array, matrix: Array, biases: Array | None, arithmetic: Arithmetic
    ) -> None:
        self.matrix, self.biases, self.arithmetic = matrix, biases, arithmetic
        # A transposed copy of the vectors is cheap; the product with a transposed matrix is not.
        self.hidden = jax.lax.optimization_barrier(hidden.T)
        self.length = min(len(matrix), max(LEAST_ROWS, SCORES // max(1, len(hidden))))
        self.numbers = jnp.arange(-(-len(matrix) // self.length))

    def at(self, number: Int[Array, ""]) -> tuple[Array, Array, Array]:
        """Where a stretch begins, its rows, and their scores."""
        start = jnp.minimum(number * self.length, len(self.matrix) - self.length)
        rows = jax.lax.dynamic_slice_in_dim(self.matrix, start, self.length)
        scores = self.arithmetic.across(dot("vd,ds->vs", rows, self.hidden, self.arithmetic))
        if self.biases is not None:
            scores += jax.lax.dynamic_slice_in_dim(self.biases, start, self.length)[:, None]
        return start, rows, scores


def _forward(
    hidden: Array, matrix: Array, biases: Array | None, arithmetic: Arithmetic
) -> tuple[Array, tuple]:
    """The sum grows with the stretches, relative to the largest score so far."""
    stretches = _Stretches(hidden, matrix, biases, arithmetic)
    keeps = len(hidden) * len(matrix) <= KEPT

    def more(sums: tuple[Array, Array, Array], number: Array) -> tuple[tuple, tuple | None]:
        top, total, of_rows = sums
        start, rows, scores = stretches.at(number)
        higher = jnp.maximum(top, jnp.max(scores, axis=0))
        fresh = start + jnp.arange(len(rows)) >= number * stretches.length
        odds = jnp.exp(jnp.where(fresh[:, None], scores, -jnp.inf) - higher[None])
        before = jnp.exp(top - higher)
        of_rows = of_rows * before[None] + dot("vd,vs->ds", rows, odds, arithmetic)
        sums = higher, total * before + jnp.sum(odds, axis=0), of_rows
        return sums, (odds, higher) if keeps else None

    lowest = jnp.finfo(jnp.float32).min  # a score of -inf less this is -inf, and not NaN
    none = jnp.full(len(hidden), lowest), jnp.zeros(len(hidden)), jnp.zeros(hidden.T.shape)
    (top, total, of_rows), kept = jax.lax.scan(more, none, stretches.numbers)
    log_total = jnp.log(total) + top
    return log_total, (log_total, (of_rows / total[None]).T, hidden, matrix, biases, kept)


def _backward(
    arithmetic: Arithmetic, residual: tuple, slope: Array
) -> tuple[Array, Array, Array | None]:
    """E_p[v] of every hidden vector, Σ_s p_v h_s of every row, Σ_s p_v of every bias."""
    log_total, means, hidden, matrix, biases, kept = residual
    stretches = _Stretches(hidden, matrix, biases, arithmetic)
    sloped = slope[:, None] * hidden

    def more(gradients: tuple, stretch: tuple) -> tuple[tuple, None]:
        number, kept = stretch
        start, _, scores = stretches.at(number)
        odds, top = kept or (jnp.exp(scores - log_total[None]), log_total)
        rest = jnp.exp(top - log_total)
        made = dot("vs,sd->vd", odds, sloped * rest[:, None], arithmetic)
        of_biases = None if biases is None else dot("vs,s->v", odds, slope * rest, arithmetic)
        return jax.tree.map(partial(_put, start), gradients, (made, of_biases)), None

    # From the last: of the rows where it overlaps with the one before, it has kept none.
    of_all = stretches.numbers, kept
    none = jax.tree.map(jnp.zeros_like, (matrix, biases))
    (to_matrix, to_biases), _ = jax.lax.scan(more, none, of_all, reverse=True)
    return means * slope[:, None], to_matrix, to_biases


def _put(start: Int[Array, ""], whole: Array, part: Array) -> Array:
    return jax.lax.dynamic_update_slice_in_dim(whole, part.astype(whole.dtype), start, axis=0)


_log_partition.defvjp(_forward, _backward)
