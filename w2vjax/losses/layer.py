"""What an output layer is: which rows a target pulls, and which it pushes away."""

from typing import ClassVar, Literal, NamedTuple, Protocol, runtime_checkable

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from w2vjax.config.defaults import LayerDefaults
from w2vjax.config.schema import OutputConfig
from w2vjax.losses.elementwise import Categorical, Logistic

CandidateScope = Literal["block", "step", "matrix"]
Probabilities = Literal["none", "paths", "softmax", "normalised"]
Counts = Int[np.ndarray, " v"]
Kept = Float[np.ndarray, " v"]


class Labels(NamedTuple):
    """What the targets of one block ask of the candidate rows."""

    pull: Float[Array, "t l"]
    """times that a target has its own row as true"""
    push: Float[Array, "t l"]
    """times that it has its own row as false, a wrong turn"""
    shared_pull: Float[Array, "k t"] | float
    """times that a target has a shared row as true"""
    shared_push: Float[Array, "k t"] | float
    """times that a target has it as false (logistic loss)"""
    target_in_partition: Float[Array, " t"] | float = 1.0
    """times that a target is counted in its partition, shared rows apart (categorical loss)"""


@runtime_checkable
class OutputLayer(Protocol):
    """How targets become candidates. A frozen pytree: tables are arrays, choices are static."""

    title: ClassVar[str]
    """its name for people, in tables and figures"""
    help: ClassVar[str]
    """what it is, in a line"""
    draws_noise: ClassVar[bool]
    """whether it has a `sampler`"""
    is_tree: ClassVar[bool]
    """whether its rows are nodes on paths: presets set trees up otherwise"""
    probabilities: ClassVar[Probabilities]
    """whether exp(-loss) is P(target | hidden), product of the turns (paths); or the softmax of the
    logits is, of which its loss is an estimate (softmax), or once normalised; or neither (none)"""
    defaults: ClassVar[LayerDefaults]
    """training settings that suit it"""
    candidate_scope: ClassVar[CandidateScope]
    """who shares rows: the targets of a block, of a step, or every target every row there is"""
    usual_biases: ClassVar[str | None]
    """where its biases start unless told: a value of `OutputConfig.biases`. None: it has none"""
    packs_rows: ClassVar[bool]
    """whether targets have different numbers of own rows, first in their line, without a shift: the
    engine then leaves out the padding (`engine.packed`)"""

    @property
    def loss(self) -> Logistic | Categorical:
        """Which of the two elementwise losses."""
        ...

    @classmethod
    def table_bytes(cls, config: OutputConfig, num_words: int) -> float:
        """Bytes of its tables, for the estimate of memory."""
        ...

    @classmethod
    def pair_draws(cls, config: OutputConfig, noise_per_block: int) -> int:
        """Words to draw for a pair, where no block shares them (`grouping` pair)."""
        ...

    def num_rows(self, num_words: int) -> int:
        """Rows of the output matrix for a vocabulary of `num_words`."""
        ...

    def shared_rows(
        self,
        key: Key[Array, ""],
        shape: tuple[int, ...],
        words: Int[Array, "*steps n"] | None = None,
    ) -> Int[Array, "*shape k"]:
        """Rows that targets share, drawn afresh for each of `shape`; k may be 0.

        `words` are those of every step, for `shape` `[*steps, …]`, with -1 where a step has none
        left: only samplers that go by them look at them.
        """
        ...

    def target_rows(self, targets: Int[Array, " m"]) -> Int[Array, "m l"]:
        """Rows of each target's own."""
        ...

    def shift(self, rows: Int[Array, "*n"]) -> Float[Array, "*n"]:
        """What is subtracted from the logits of rows: log of their expected noise counts."""
        ...

    def labels(self, targets: Int[Array, " t"], shared: Int[Array, " k"]) -> Labels:
        """The labels of one block."""
        ...

    def example(
        self,
        target_logits: Float[Array, " l"],
        shared_logits: Float[Array, " k"],
        target: Int[Array, ""],
        shared: Int[Array, " k"],
    ) -> Float[Array, ""]:
        """The textbook's loss of one pair, nats: what the engine's loss is a sum of.

        `target_logits` are of the target's own rows, `shared_logits` of the `shared` ones (all rows
        where every row is a candidate), not yet shifted.
        """
        ...


class WordRows:
    """Layers with one row a word, which is its target's own."""

    packs_rows: ClassVar[bool] = False
    is_tree: ClassVar[bool] = False
    usual_biases: ClassVar[str | None] = "none"

    def num_rows(self, num_words: int) -> int:
        return num_words

    def target_rows(self, targets: Int[Array, " m"]) -> Int[Array, "m l"]:
        return targets[:, None]


class Exact:
    """Layers without a sampler."""

    draws_noise: ClassVar[bool] = False

    @classmethod
    def table_bytes(cls, config: OutputConfig, num_words: int) -> float:
        return 0.0

    @classmethod
    def pair_draws(cls, config: OutputConfig, noise_per_block: int) -> int:
        return noise_per_block

    def shift(self, rows: Int[Array, "*n"]) -> Float[Array, "*n"]:
        return jnp.zeros(rows.shape)
