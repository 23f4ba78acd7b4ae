"""What an output layer is: which rows a target pulls, and which it pushes away."""

from typing import ClassVar, Literal, NamedTuple, Protocol, runtime_checkable

from jaxtyping import Array, Float, Int, Key

from w2vjax.losses.elementwise import Sigmoid

Kind = Literal["logistic", "categorical"]
CandidateScope = Literal["block", "step", "matrix"]


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
    """times that a target is its own rival, the shared rows apart (categorical loss)"""


@runtime_checkable
class OutputLayer(Protocol):
    """How targets become candidates. A frozen pytree: tables are arrays, choices are static."""

    loss: ClassVar[Kind]
    """one of the two in `losses`"""
    candidate_scope: ClassVar[CandidateScope]
    """who shares rows: the targets of a block, of a step, or every target every row there is"""

    @property
    def sigmoid(self) -> Sigmoid:
        """Of the logistic loss."""
        ...

    ragged: ClassVar[bool]
    """whether targets have different numbers of own rows, first in their line, without a shift"""

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
        """What is subtracted from the scores of rows: log of their expected noise counts."""
        ...

    def labels(self, targets: Int[Array, " t"], shared: Int[Array, " k"]) -> Labels:
        """The labels of one block."""
        ...
