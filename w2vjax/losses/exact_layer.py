"""The exact softmax over the vocabulary."""

from typing import ClassVar, Self

import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from w2vjax.config.defaults import LayerDefaults
from w2vjax.config.schema import OutputConfig
from w2vjax.losses.elementwise import CATEGORICAL, Categorical
from w2vjax.losses.layer import (
    CandidateScope,
    Counts,
    Exact,
    Kept,
    Labels,
    Probabilities,
    WordRows,
)
from w2vjax.losses.textbook import full_softmax
from w2vjax.pytrees import pytree


@pytree
class FullSoftmax(WordRows, Exact):
    """-log exp(v_t·h) / Σ_v exp(v_v·h), exactly. Mikolov et al. 2013b, eq. 2.

    The target is pulled; its partition is of the whole matrix, which `candidate_scope` says and
    `partition.log_partition` computes.
    """

    loss: ClassVar[Categorical] = CATEGORICAL
    candidate_scope: ClassVar[CandidateScope] = "matrix"
    title: ClassVar[str] = "full softmax"
    help: ClassVar[str] = "the exact softmax over the vocabulary"
    probabilities: ClassVar[Probabilities] = "softmax"
    defaults: ClassVar[LayerDefaults] = LayerDefaults(
        learning_rate=0.03, step_fits_cache=False, epochs=2.0
    )

    @classmethod
    def build(
        cls, config: OutputConfig, draws: int, counts: Counts, kept: Kept | None = None
    ) -> Self:
        """The layer, which nothing in the configuration changes."""
        return cls()

    def shared_rows(
        self,
        key: Key[Array, ""],
        shape: tuple[int, ...],
        words: Int[Array, "*steps n"] | None = None,
    ) -> Int[Array, "*shape k"]:
        del key, words
        return jnp.zeros((*shape, 0), jnp.int32)

    def example(
        self,
        target_logits: Float[Array, " l"],
        shared_logits: Float[Array, " k"],
        target: Int[Array, ""],
        shared: Int[Array, " k"],
    ) -> Float[Array, ""]:
        del target_logits, shared
        return full_softmax(shared_logits, target)

    def labels(self, targets: Int[Array, " t"], shared: Int[Array, " k"]) -> Labels:
        del shared
        once = jnp.ones((targets.shape[0], 1))
        return Labels(once, 0.0 * once, 0.0, 0.0, 0.0)
