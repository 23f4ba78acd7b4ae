"""What a step has to compute and to move, counted by hand from its configuration.

With T kept words a step, w the window, s words a tile, d dimensions, l own rows a target (their
mean in the stream where targets have few or many), k shared rows a group, G groups, and n hidden
vectors a group:

| | tiles × (targets · l) × hidden vectors | input rows | targets |
|---|---|---|---|
| skip-gram, the word predicts its neighbours | T/s × (s + 2w)·l × s | T | T + 2w |
| skip-gram, its neighbours predict the word | T/s × s·l × (s + 2w) | T + 2w | T |
| CBOW | T × l × 1 | T + 2w | T |
| one by one, skip-gram | 2wT × l × 1 | 2wT | 2wT |

Matrix products: 2d a score, and as much again for the gradient of each of its two vectors: 6d. The
scores are those of the tiles, G·k·n of the shared rows, and n·V where all of the V rows are log_z.
Those n·V count once, though `partition` makes them twice where they are too many to keep.
CBOW's means are a product of their own, s × (s + 2w) × d a tile, forward and backward: 4d.

Rows: every input row, every target's l rows and all shared rows are read once (gathered), and read
and written once (scatter-added): 12d bytes a row. Where all rows are log_z, the matrix is read for
the scores on the way there and on the way back, and read and written by the update: 16dV bytes.
Scores and other temporaries, which may stay in a cache, are not counted.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from w2vjax.config.settings import Settings
from w2vjax.engine.program import num_groups, tile_size
from w2vjax.losses.layer import OutputLayer


class Work(NamedTuple):
    """Of one step of one device, or of those that share one copy of the matrices."""

    flops: float
    bytes: float


class Shape(NamedTuple):
    """The numbers of the table above."""

    tiles: int
    targets: int
    """of a tile"""
    hidden: int
    """vectors of a tile"""
    input_rows: int
    target_rows: int
    apart: bool
    """every hidden vector stands in one tile only"""


def work(config: Settings, layer: OutputLayer, num_rows: int, words: Int[Array, " n"]) -> Work:
    """Of a resolved configuration; `num_rows`: of the output matrix; `words`: some of the text."""
    shape, groups, dim = (
        shape_of(config, layer.candidate_scope),
        num_groups(config, layer.candidate_scope),
        config.dim,
    )
    own, shared = _rows(layer, groups, words)
    apart = shape.apart or groups == shape.tiles
    vectors = shape.tiles * shape.hidden if apart else shape.input_rows
    scores = shape.tiles * shape.targets * own * shape.hidden + shared * vectors
    rows = shape.input_rows + shape.target_rows * own + groups * shared
    flops, moved = 6.0 * dim * scores, 12.0 * dim * rows
    if layer.candidate_scope == "matrix":
        flops += 6.0 * dim * vectors * num_rows
        moved += 16.0 * dim * num_rows
    if config.architecture == "cbow":
        alone = config.grouping == "pair"
        width = (1 if alone else tile_size(config, layer.candidate_scope)) + 2 * config.window
        flops += 4.0 * dim * shape.tiles * shape.hidden * width
    return Work(flops, moved)


def shape_of(config: Settings, candidate_scope: str) -> Shape:
    """How a step's pairs are laid out."""
    size, wide = config.tokens_per_step, 2 * config.window
    if config.architecture == "cbow":
        return Shape(size, 1, 1, size + wide, size, apart=True)
    if config.grouping == "pair":
        return Shape(size * wide, 1, 1, size * wide, size * wide, apart=True)
    tile = tile_size(config, candidate_scope)
    if config.predicts == "centre":
        return Shape(-(-size // tile), tile, tile + wide, size + wide, size, apart=False)
    return Shape(-(-size // tile), tile + wide, tile, size, size + wide, apart=True)


def _rows(layer: OutputLayer, groups: int, words: Int[Array, " n"]) -> tuple[float, int]:
    """l and k."""
    own = jax.eval_shape(layer.target_rows, words)
    shared = jax.eval_shape(lambda: layer.shared_rows(jax.random.key(0), (groups,)))
    if not layer.packs_rows:
        return own.shape[-1], shared.shape[-1]
    asked = layer.labels(words, layer.shared_rows(jax.random.key(0), ()))
    used = jnp.sum((asked.pull + asked.push) > 0, axis=1)
    return float(np.mean(np.asarray(used))), shared.shape[-1]
