"""An optax transformation at the cost of a step's rows: its state lies beside the matrix's rows.

A dense transformation reads and writes all rows and all of its state. Here a step gathers the state
of the rows that it meets, lets the transformation see them as a small matrix, and scatters what has
changed. Rows without a gradient in a step are left alone, and so is their state: what decays in a
dense optimizer (Adam's means, decayed weights) waits until the row is met again ("lazy" Adam).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int

from w2vjax.errors import InputError


class RowState(NamedTuple):
    """A transformation's state for one matrix, by how its arrays lie."""

    elements: tuple[Array, ...] = ()
    """`[rows, d]`, a number for every number"""
    rows: tuple[Array, ...] = ()
    """`[rows]` or `[rows, 1]`"""
    scalars: tuple[Array, ...] = ()
    """of all rows together, such as the number of steps"""


class OptimizerState(NamedTuple):
    """For both matrices; empty where steps have no optimizer."""

    input: RowState = RowState()
    output: RowState = RowState()


class RowsInTraining(NamedTuple):
    """A matrix, and what training carries of its rows from step to step."""

    matrix: Float[Array, "rows d"]
    positions: Int[Array, " rows"]
    """where a step met each row (`damping.RowPositions`)"""
    progress: Float[Array, " rows"]
    """since the last sync (`damping.RowProgress`)"""
    state: RowState


@dataclass(frozen=True)
class RowOptimizer:
    """A transformation of gradients `[n, width]`, and where the arrays of its state lie."""

    transformation: optax.GradientTransformation
    structure: Any
    """of its state, as a tree"""
    kinds: tuple[int, ...]
    """of every array of the state, in which field of `RowState` it is"""
    widths: tuple[int | None, int | None]
    """numbers of an input row and of an output row that are trained: the first so many, the rest
    fills rows up. None: all of a row's, some of which others may have"""

    @classmethod
    def of(
        cls,
        transformation: optax.GradientTransformation,
        num_rows: int,
        dim: int,
        widths: tuple[int | None, int | None],
    ) -> "RowOptimizer":
        """Raises `InputError` for what is no transformation, and for a state not by rows."""
        if not isinstance(transformation, optax.GradientTransformation):
            raise InputError(
                f"the optimizer is {transformation!r}: it must be an optax.GradientTransformation, "
                "such as optax.adagrad(0.1); those that have names are set by train.optimizer"
            )
        sizes = (num_rows, dim), (num_rows + 1, dim + 2)
        trees = [_state_shapes(transformation, size) for size in sizes]
        leaves = zip(*map(jax.tree.leaves, trees), strict=True)
        kinds = tuple(_kind([leaf.shape for leaf in both], sizes) for both in leaves)
        return cls(transformation, jax.tree.structure(trees[0]), kinds, widths)

    def start(self, *matrices: Float[Array, "_ d"]) -> OptimizerState:
        """The state at the start of the two matrices, its arrays as wide as they are."""
        states = []
        for matrix, width in zip(matrices, self.widths, strict=True):
            with as_optax_expects():
                state = self._parted(self.transformation.init(matrix[:, :width]))
            wide = tuple(_as_wide(matrix, leaf) for leaf in state.elements)
            states.append(state._replace(elements=wide))
        return OptimizerState(*states)

    def step(
        self,
        trained: RowsInTraining,
        rows: Int[Array, " n"],
        values: Float[Array, "n d"],
        gradients: Float[Array, "n d"],
        rate: Float[Array, ""],
        width: int | None,
    ) -> RowsInTraining:
        """The rows that a step meets, with their `values` and gradients; those of one are summed.

        A row that is met `n` times has its sum where it is met last, and zeros elsewhere.
        """
        matrix, positions, progress, state = trained
        places = jnp.arange(len(rows), dtype=positions.dtype)
        positions = positions.at[rows].set(places, mode="promise_in_bounds")
        last = positions.at[rows].get(mode="promise_in_bounds")
        summed = jnp.zeros_like(gradients).at[last].add(gradients, mode="promise_in_bounds")
        there = jnp.where((last == places) & jnp.any(summed != 0, axis=1), rows, len(matrix))

        def taken(leaf: Array) -> Array:
            return leaf.at[rows].get(mode="promise_in_bounds")

        def put(leaf: Array, values: Array) -> Array:
            return leaf.at[there].set(values, mode="drop")

        here = state._replace(
            elements=tuple(map(taken, state.elements)), rows=tuple(map(taken, state.rows))
        )
        updates, here = self._transformed(summed, here, values, width)
        state = here._replace(
            elements=tuple(map(put, state.elements, here.elements)),
            rows=tuple(map(put, state.rows, here.rows)),
        )
        matrix = matrix.at[there].add(rate * updates, mode="drop")
        return RowsInTraining(matrix, positions, progress.at[there].add(rate, mode="drop"), state)

    def step_all(
        self,
        trained: RowsInTraining,
        gradient: Float[Array, "rows d"],
        rate: Float[Array, ""],
        width: int | None,
    ) -> RowsInTraining:
        """All rows of a matrix: dense optax."""
        updates, state = self._transformed(gradient, trained.state, trained.matrix, width)
        return trained._replace(
            matrix=trained.matrix + rate * updates,
            state=state,
            progress=trained.progress + rate,
        )

    def _transformed(
        self,
        gradients: Float[Array, "n d"],
        state: RowState,
        values: Float[Array, "n d"],
        width: int | None,
    ) -> tuple[Float[Array, "n d"], RowState]:
        """What is added at rate 1, and the new state."""
        tree = self._joined(state._replace(elements=tuple(x[:, :width] for x in state.elements)))
        with as_optax_expects():
            found, tree = self.transformation.update(gradients[:, :width], tree, values[:, :width])
        after = self._parted(tree)
        after = after._replace(elements=tuple(_as_wide(gradients, x) for x in after.elements))
        return _as_wide(gradients, jnp.asarray(found)), after

    def _parted(self, tree: Any) -> RowState:
        parts: tuple[list[Array], ...] = [], [], []
        for kind, leaf in zip(self.kinds, jax.tree.leaves(tree), strict=True):
            parts[kind].append(leaf)
        return RowState(*map(tuple, parts))

    def _joined(self, state: RowState) -> Any:
        parts = [iter(part) for part in state]
        return jax.tree.unflatten(self.structure, [next(parts[kind]) for kind in self.kinds])


@contextmanager
def as_optax_expects() -> Iterator[None]:
    """JAX's usual promotions, where a program has forbidden them: optax has powers of integers."""
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield


def _as_wide(as_this: Array, leaf: Array) -> Array:
    """The same filled up with zeros."""
    return jnp.pad(leaf, ((0, 0), (0, as_this.shape[1] - leaf.shape[1])))


def _state_shapes(transformation: optax.GradientTransformation, size: tuple[int, int]) -> Any:
    """Of a matrix of this size. The state that a step leaves must be like the one it began with."""
    matrix = jax.ShapeDtypeStruct(size, jnp.float32)
    try:
        with as_optax_expects():
            state = jax.eval_shape(transformation.init, matrix)
            _, after = jax.eval_shape(transformation.update, matrix, state, matrix)
    except (TypeError, ValueError) as error:
        raise InputError(
            "the optimizer does not take gradients, a state and parameters alone: "
            f"{str(error).splitlines()[0]}"
        ) from None
    if _described(state) != _described(after):
        raise InputError("the optimizer's state changes its shape in a step: it must keep it")
    return state


def _described(tree: Any) -> tuple:
    leaves, structure = jax.tree.flatten(tree)
    return structure, [(leaf.shape, leaf.dtype) for leaf in leaves]


def _kind(shapes: list[tuple[int, ...]], sizes: tuple[tuple[int, int], ...]) -> int:
    """In which field of `RowState` an array is, from its shapes for matrices of these sizes."""
    kinds: tuple[list[list[tuple[int, ...]]], ...] = (
        [[(rows, dim)] for rows, dim in sizes],
        [[(rows,), (rows, 1)] for rows, _ in sizes],
        [[()]] * len(sizes),
    )
    for kind, known in enumerate(kinds):
        if all(shape in right for shape, right in zip(shapes, known, strict=True)):
            return kind
    raise InputError(
        f"the optimizer's state has an array of shape {shapes[0]} for a matrix {sizes[0]}: rows "
        "are updated a few at a time, and so it must have a line a row, (rows, d), (rows, 1) or "
        "(rows,), or be a scalar"
    )
