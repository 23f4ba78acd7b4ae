"""The partition function of the exact softmax, over a whole matrix, in little memory."""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from w2vjax.losses.arithmetic import PLAIN, Arithmetic, dot, squared_norms

SCORES = 1 << 19
"""scores that are made at a time: 2 MiB, which stay in a core's cache"""
KEPT = 1 << 24
"""scores that are kept for the gradient, at most: 64 MiB"""


def log_partition(
    hidden: Float[Array, "s d"],
    matrix: Float[Array, "v d"],
    probes: tuple[Float[Array, " s"], Float[Array, " v"]] | None = None,
    arithmetic: Arithmetic = PLAIN,
) -> Float[Array, " s"]:
    """log Σ_v exp(v_v · h) for every hidden vector, exactly.

    A stretch of the matrix at a time. The way there takes E_p[v], the gradient in the hidden
    vectors, along with the sum. The way back, for that in the matrix, takes the scores that were
    kept, or, where they would be more than `KEPT`, makes them once more: then a fourth product
    costs no more than to write all scores to memory and to read them again.

    `probes` are zeros `[S]` and `[V]`, added to the scores as `probe_s · ‖v‖² + ‖h‖² · probe_v`:
    their gradients, E_p‖v‖² and Σ_s p_v ‖h_s‖², bound the loss's curvature.
    """
    if probes is not None:
        of_hidden, of_matrix = jax.lax.stop_gradient(
            (squared_norms(hidden, arithmetic), squared_norms(matrix, arithmetic))
        )
        hidden = jnp.concatenate([hidden, probes[0][:, None], of_hidden[:, None]], axis=1)
        matrix = jnp.concatenate([matrix, of_matrix[:, None], probes[1][:, None]], axis=1)
    return _log_partition(hidden, matrix, arithmetic)


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def _log_partition(
    hidden: Float[Array, "s d"], matrix: Float[Array, "v d"], arithmetic: Arithmetic
) -> Float[Array, " s"]:
    return _forward(hidden, matrix, arithmetic)[0]


class _Stretches:
    """Rows of the matrix, a stretch at a time, against all hidden vectors; the last overlap."""

    def __init__(self, hidden: Array, matrix: Array, arithmetic: Arithmetic) -> None:
        self.matrix, self.arithmetic = matrix, arithmetic
        # A transposed copy of the vectors is cheap; the product with a transposed matrix is not.
        self.hidden = jax.lax.optimization_barrier(hidden.T)
        self.length = min(len(matrix), max(1, SCORES // len(hidden)))
        self.numbers = jnp.arange(-(-len(matrix) // self.length))

    def at(self, number: Int[Array, ""]) -> tuple[Array, Array, Array]:
        """Where a stretch begins, its rows, and their scores."""
        start = jnp.minimum(number * self.length, len(self.matrix) - self.length)
        rows = jax.lax.dynamic_slice_in_dim(self.matrix, start, self.length)
        scores = dot("vd,ds->vs", rows, self.hidden, self.arithmetic)
        return start, rows, self.arithmetic.across(scores)


def _forward(hidden: Array, matrix: Array, arithmetic: Arithmetic) -> tuple[Array, tuple]:
    """The sum grows with the stretches, relative to the largest score so far."""
    stretches = _Stretches(hidden, matrix, arithmetic)
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

    none = jnp.full(len(hidden), -jnp.inf), jnp.zeros(len(hidden)), jnp.zeros(hidden.T.shape)
    (top, total, of_rows), kept = jax.lax.scan(more, none, stretches.numbers)
    log_total = jnp.log(total) + top
    return log_total, (log_total, (of_rows / total[None]).T, hidden, matrix, kept)


def _backward(arithmetic: Arithmetic, residual: tuple, slope: Array) -> tuple[Array, Array]:
    """E_p[v] of every hidden vector, Σ_s p_v h_s of every row."""
    log_total, means, hidden, matrix, kept = residual
    stretches = _Stretches(hidden, matrix, arithmetic)
    sloped = slope[:, None] * hidden

    def more(to_matrix: Array, stretch: tuple) -> tuple[Array, None]:
        number, kept = stretch
        start, _, scores = stretches.at(number)
        odds, top = kept or (jnp.exp(scores - log_total[None]), log_total)
        weighted = sloped * jnp.exp(top - log_total)[:, None]
        made = dot("vs,sd->vd", odds, weighted, arithmetic)
        return jax.lax.dynamic_update_slice_in_dim(to_matrix, made, start, axis=0), None

    # From the last: of the rows where it overlaps with the one before, it has kept none.
    of_all = stretches.numbers, kept
    to_matrix, _ = jax.lax.scan(more, jnp.zeros(matrix.shape), of_all, reverse=True)
    return means * slope[:, None], to_matrix


_log_partition.defvjp(_forward, _backward)
