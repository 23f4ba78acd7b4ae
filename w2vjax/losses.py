"""The two losses of word2vec's output layers, elementwise and without reduction. Nats.

Scores stand as `[M, S]`: candidate rows by hidden vectors. A cell's `pull` says how often the
hidden vector has the row as a true target, its `push` how often as noise. Each loss returns two
parts of the same shape, what targets contribute and what noise contributes; their sum is the loss.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

Parts = tuple[Float[Array, "m s"], Float[Array, "m s"]]
Loss = Callable[
    [Float[Array, "m s"], Float[Array, "m s"], Float[Array, "m s"], Float[Array, " m"]], Parts
]


@jax.custom_jvp
def softplus(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """log(1 + exp(x)), whose derivative is one sigmoid."""
    return jax.nn.softplus(x)


@softplus.defjvp
def _softplus_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    return softplus(*primals), jax.nn.sigmoid(*primals) * tangents[0]


def logistic(
    scores: Float[Array, "m s"],
    pull: Float[Array, "m s"],
    push: Float[Array, "m s"],
    own: Float[Array, " m"],
) -> Parts:
    """-pull · log σ(score) and -push · log σ(-score): is the row a target or noise?

    Mikolov et al. 2013b, eq. 4 (negative sampling) and eq. 3 (a turn in a tree). `own` is unused.
    """
    del own
    plus = softplus(scores)
    return pull * (plus - scores), push * plus


def categorical(
    scores: Float[Array, "m s"],
    pull: Float[Array, "m s"],
    push: Float[Array, "m s"],
    own: Float[Array, " m"],
) -> Parts:
    """-pull · score and pull · log Z: which of the rows is the target?

    A target `m`'s partition function is Z = own[m] · exp(score[m]) + Σ_j push[j] · exp(score[j]):
    the pushed rows, and the target itself as often as it is not among them. Bengio & Senécal 2003,
    eq. 4; Jean et al. 2015, eq. 8 when the scores are corrected by the log of the expected counts.
    """
    top = jax.lax.stop_gradient(jnp.max(scores, axis=0, keepdims=True))
    odds = jnp.exp(scores - top)
    shared = jnp.sum(push * odds, axis=0, keepdims=True)
    log_partition = jnp.log(jnp.where(pull > 0, own[:, None] * odds + shared, 1.0)) + top
    return -pull * scores, pull * log_partition


CHUNK = 1024
"""rows of the matrix scored at a time by `log_partition`, so that the scores stay in the cache"""


def _chunks(
    hidden: Float[Array, "s d"], matrix: Float[Array, "v d"]
) -> tuple[Int[Array, " chunks"], Callable[[Int[Array, ""]], tuple[Array, Array]]]:
    """Where chunks start, and the rows and scores of one (-inf for a row of the chunk before)."""
    size = min(CHUNK, matrix.shape[0])
    starts = np.arange(0, matrix.shape[0], size, dtype=np.int32)

    def chunk(start: Int[Array, ""]) -> tuple[Array, Array]:
        begin = jnp.minimum(start, matrix.shape[0] - size)
        rows = jax.lax.dynamic_slice_in_dim(matrix, begin, size)
        new = begin + jnp.arange(size) >= start
        return rows, jnp.where(new[None, :], hidden @ rows.T, -jnp.inf)

    return jnp.asarray(starts), chunk


@jax.custom_vjp
def log_partition(hidden: Float[Array, "s d"], matrix: Float[Array, "v d"]) -> Float[Array, " s"]:
    """log Σ_v exp(v_v · h), exactly, in memory that does not grow with the vocabulary.

    Chunks of the vocabulary are scored one by one, and again for the gradient.
    """
    starts, chunk = _chunks(hidden, matrix)

    def step(total: Float[Array, " s"], start: Int[Array, ""]) -> tuple[Array, None]:
        return jnp.logaddexp(total, jax.nn.logsumexp(chunk(start)[1], axis=1)), None

    return jax.lax.scan(step, jnp.full(hidden.shape[0], -jnp.inf), starts)[0]


def _log_partition_forward(hidden: Array, matrix: Array) -> tuple[Array, tuple[Array, ...]]:
    total = log_partition(hidden, matrix)
    return total, (hidden, matrix, total)


def _log_partition_backward(
    residuals: tuple[Array, ...], weight: Float[Array, " s"]
) -> tuple[Float[Array, "s d"], Float[Array, "v d"]]:
    """Σ_v p_v v_v for every hidden vector, and Σ_s p_v h_s for every row."""
    hidden, matrix, total = residuals
    starts, chunk = _chunks(hidden, matrix)

    def step(state: tuple[Array, Array], start: Int[Array, ""]) -> tuple[tuple[Array, Array], None]:
        to_hidden, to_matrix = state
        rows, scores = chunk(start)
        share = jnp.exp(scores - total[:, None]) * weight[:, None]
        begin = jnp.minimum(start, matrix.shape[0] - rows.shape[0])
        old = jax.lax.dynamic_slice_in_dim(to_matrix, begin, rows.shape[0])
        to_matrix = jax.lax.dynamic_update_slice_in_dim(
            to_matrix, old + share.T @ hidden, begin, axis=0
        )
        return (to_hidden + share @ rows, to_matrix), None

    return jax.lax.scan(step, (jnp.zeros_like(hidden), jnp.zeros_like(matrix)), starts)[0]


log_partition.defvjp(_log_partition_forward, _log_partition_backward)
