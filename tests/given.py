"""A small problem for the sampled losses: parameters, labels, candidates and their law."""

from functools import cache
from itertools import product
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float32, Int32, Key

from w2vjax.losses import nce_loss, negative_sampling_loss, sampled_softmax_loss
from w2vjax.pytrees import pytree
from w2vjax.samplers import Candidates, draw_candidates, in_batch


@pytree
class Table:
    """A sampler over log-probabilities that are given as they are."""

    log_law: Float32[Array, " v"]

    @classmethod
    def of(cls, probabilities: np.ndarray) -> "Table":
        with np.errstate(divide="ignore"):
            return cls(jnp.asarray(np.log(probabilities), jnp.float32))

    @property
    def num_words(self) -> int:
        return len(self.log_law)

    def sample(self, key: Key[Array, ""], shape: tuple[int, ...]) -> Int32[Array, "..."]:
        return jax.random.categorical(key, self.log_law, shape=shape).astype(jnp.int32)

    def log_prob(self, ids: Int32[Array, "..."]) -> Float32[Array, "..."]:
        return self.log_law[ids]


V, D, B, T, S = 16, 3, 4, 3, 6
SHARES = np.array([0, *range(2, V + 1)]) / np.arange(2, V + 1).sum()
"""of the words; the first is never drawn"""
LABELS = np.array([[0, 4, 9], [5, 5, 1], [15, 2, 7], [3, 0, 0]])
LABEL_IDS, BATCH_LABELS = jnp.asarray(LABELS, jnp.int32), jnp.asarray(LABELS[:, 0], jnp.int32)
MASK = np.array([[1, 1, 1], [1, 0, 1], [1, 0, 0], [0, 0, 0]], bool)
LOSSES = {
    "sampled-softmax": sampled_softmax_loss,
    "nce": nce_loss,
    "negative-sampling": negative_sampling_loss,
}
HITS, LOG_Q = ("mask", "keep"), ("both", "negatives", "none")
OPTIONS = [
    (name, hits, log_q)
    for name, hits, log_q in product(LOSSES, HITS, LOG_Q)
    if name != "negative-sampling" or log_q == "none"
]
SCOPES = ("batch", "row", "in-batch", "few", "repeats")


class Parameters(NamedTuple):
    """What the losses are differentiated in."""

    weights: Any
    inputs: Any
    biases: Any
    temperature: Any


def parameters(dtype: Any = np.float64, seed: int = 0) -> Parameters:
    draw = np.random.default_rng(seed)
    sizes = (V, D), (B, D), V
    return Parameters(
        *(jnp.asarray(draw.normal(size=size), dtype) for size in sizes), jnp.asarray(0.7, dtype)
    )


@cache
def candidates(scope: str = "batch") -> Candidates:
    """Of a batch, of each row, the batch's own labels, with fewer than there is room for."""
    law, key = Table.of(SHARES), jax.random.key(1)
    match scope:
        case "row":
            return draw_candidates(law, key, S, num_rows=B)
        case "in-batch":
            return in_batch(jnp.asarray(LABELS[:, 0], jnp.int32), law)
        case "few":
            return draw_candidates(law, key, S).replace(present=jnp.arange(S) != 2)
        case "repeats":
            return draw_candidates(law, key, S, unique=False)
    return draw_candidates(law, key, S)
