"""The two losses of word2vec's output layers, elementwise and without reduction. Nats.

Scores stand as `[M, S]`: candidate rows by hidden vectors. A cell's `pull` says how often the
hidden vector has the row as a true target, its `push` how often as noise. Each loss returns two
parts of the same shape, what targets contribute and what noise contributes; their sum is the loss.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Parts = tuple[Float[Array, "m s"], Float[Array, "m s"]]
Loss = Callable[[Array, Array, Array, Array], Parts]
"""(scores [M, S], pull [M, S], push [M, S], own [M]) -> parts"""


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


SCORES = 1 << 23
"""scores that `log_partition` holds at a time, at most: 32 MiB"""


def log_partition(hidden: Float[Array, "s d"], matrix: Float[Array, "v d"]) -> Float[Array, " s"]:
    """log Σ_v exp(v_v · h) for every hidden vector, exactly.

    Where the scores would not fit, a few vectors at a time, and once more for the gradient: memory
    grows with the vocabulary alone.
    """
    batch = max(1, SCORES // matrix.shape[0])
    if batch >= hidden.shape[0]:
        return jax.nn.logsumexp(hidden @ matrix.T, axis=1)
    one = jax.checkpoint(lambda vector: jax.nn.logsumexp(matrix @ vector))
    return jax.lax.map(one, hidden, batch_size=batch)
