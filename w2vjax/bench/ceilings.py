"""What these devices can do at best: multiply large matrices, and copy."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array

from w2vjax.bench.settings import CeilingConfig
from w2vjax.losses.partition import log_partition
from w2vjax.records.metrics import COPY, FULL_SOFTMAX, MATMUL, PRODUCTS


class Call(NamedTuple):
    """Something to time."""

    run: Callable[[], Any]
    amount: float
    """floating-point operations, or bytes read and written, by all devices together"""


def ceilings(mesh: Mesh, config: CeilingConfig) -> dict[str, Call]:
    """A product of two matrices and a copy, on every device of the mesh at the same time."""
    devices, size = mesh.size, config.matmul_size
    matrices = _filled(mesh, (size, size))
    long = _filled(mesh, (config.copy_mebibytes << 18, 1))
    product = _everywhere(mesh, lambda matrix: matrix @ matrix)
    copy = _everywhere(mesh, jnp.copy)
    return {
        MATMUL: Call(partial(product, matrices), devices * 2.0 * size**3),
        COPY: Call(partial(copy, long), devices * 2.0 * 4 * (config.copy_mebibytes << 18)),
    }


def softmax_calls(mesh: Mesh, tokens: int, words: int, dim: int) -> dict[str, Call]:
    """The exact softmax's loss and gradients, and the three products in it, on every device.

    Scores `[tokens, words]`, and the gradients of both factors, in plain XLA and all at once.
    """
    hidden, matrix = _filled(mesh, (tokens, dim)), _filled(mesh, (words, dim))

    def loss(hidden: Array, matrix: Array) -> Array:
        return jnp.sum(log_partition(hidden, matrix))

    def products(hidden: Array, matrix: Array) -> tuple[Array, Array]:
        scores = hidden @ matrix.T
        return scores @ matrix, scores.T @ hidden

    flops = mesh.size * 6.0 * tokens * words * dim
    return {
        name: Call(partial(_everywhere(mesh, function), hidden, matrix), flops)
        for name, function in ((FULL_SOFTMAX, jax.grad(loss, (0, 1))), (PRODUCTS, products))
    }


def _filled(mesh: Mesh, shape: tuple[int, int]) -> Array:
    """Small numbers, a matrix `shape` for every device."""
    rows, width = shape
    there = NamedSharding(mesh, PartitionSpec(mesh.axis_names))
    fill = jax.jit(
        lambda: jnp.full((rows * mesh.size, width), 0.01, jnp.float32), out_shardings=there
    )
    return fill()


def _everywhere(mesh: Mesh, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function on each device's own part of the rows."""
    rows = PartitionSpec(mesh.axis_names)
    program = jax.shard_map(function, mesh=mesh, in_specs=rows, out_specs=rows, check_vma=False)
    return jax.jit(program)
