"""Word ids → the pairs of a step: which rows make the hidden vectors, and which targets they have.

Skip-gram and CBOW differ only here. So do the two groupings of the same pairs: by block of
consecutive words, and one by one.

The words of a step stand in a row, and every matrix is read and written once for each of them:
`frame` makes blocks of what was read, `overlap_add` adds up what blocks have to write.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Float, Int


@struct.dataclass
class Batch:
    """The (hidden vector, target) pairs of one step, in `b` blocks.

    A block has `s` hidden vectors and `t` targets: those that `frame` gives it. CBOW's means are
    made in `m` blocks of their own, of `h` means: in the same order, m · h = b · s.
    """

    inputs: Int[Array, " n"]
    """rows of the input matrix"""
    averaging: Float[Array, "m h c"] | None
    """hidden = averaging @ a block's input rows (CBOW's mean); None: each row is a hidden vector"""
    targets: Int[Array, " m"]
    """words to predict"""
    weight: Float[Array, "b t s"]
    """how many times hidden vector s has target t"""
    sum_gradient: bool = struct.field(pytree_node=False, default=False)
    """every input row of a mean gets all of the mean's gradient"""

    @property
    def num_blocks(self) -> int:
        """b."""
        return self.weight.shape[0]

    @property
    def block_targets(self) -> int:
        """t: targets of a block."""
        return self.weight.shape[1]

    @property
    def reads(self) -> tuple[int, int]:
        """In how many frames the input rows are taken, and how many rows each takes."""
        shape = self.weight.shape if self.averaging is None else self.averaging.shape
        return shape[0], shape[2]

    @property
    def disjoint(self) -> bool:
        """Whether every hidden vector stands in one block only."""
        return self.averaging is not None or self.inputs.shape[0] == self.weight[:, 0].size

    def hidden(self, input_rows: Float[Array, "rows d"]) -> Float[Array, "b s d"]:
        """Hidden vectors of every block: the input rows, or CBOW's means of them."""
        words = frame(input_rows, *self.reads)
        if self.averaging is None:
            return words
        made = means(self.averaging, words)
        if self.sum_gradient:
            whole = means((self.averaging > 0).astype(jnp.float32), words)
            made = whole + jax.lax.stop_gradient(made - whole)
        return made.reshape(self.num_blocks, self.weight.shape[2], -1)

    def target_frames(self, values: Float[Array, "m l *d"]) -> Float[Array, "b tl *d"]:
        """What target rows have, block by block: those of one target stand side by side."""
        num_rows = values.shape[1]
        # As one line a target: frames and their transpose move whole lines.
        lines = values.reshape(values.shape[0], math.prod(values.shape[1:]))
        lines = frame(lines, self.num_blocks, self.block_targets)
        return lines.reshape(self.num_blocks, self.block_targets * num_rows, *values.shape[2:])

    def _apart(self, num_groups: int) -> bool:
        return self.disjoint or num_groups == self.num_blocks

    def to_groups(
        self, values: Float[Array, "b s ..."], num_groups: int
    ) -> Float[Array, "g n ..."]:
        """From hidden vectors by blocks to those of every group, added up where blocks overlap."""
        if self._apart(num_groups):
            size = self.num_blocks // num_groups * values.shape[1]
            return values.reshape(num_groups, size, *values.shape[2:])
        return overlap_add(values, self.inputs.shape[0])[None]

    def to_blocks(self, values: Float[Array, "g n"]) -> Float[Array, "b s"]:
        """The way back."""
        size = self.weight.shape[2]
        if self._apart(values.shape[0]):
            return values.reshape(self.num_blocks, size)
        return frame(values[0], self.num_blocks, size)

    def group_hidden(
        self, input_rows: Float[Array, "rows d"], hidden: Float[Array, "b s d"], num_groups: int
    ) -> Float[Array, "g n d"]:
        """Hidden vectors of every group, each of them once; `hidden` are those of the blocks."""
        if self._apart(num_groups):
            return self.to_groups(hidden, num_groups)
        return input_rows[None]


def _spacing(length: int, num_frames: int, width: int) -> int:
    return (length - width) // (num_frames - 1) if num_frames > 1 else width


def frame(rows: Array, num_frames: int, width: int) -> Array:
    """`num_frames` frames of `width` rows that cover all `[n, …]` of them, evenly spaced.

    They follow one another (n = num_frames · width) or overlap. Returns `[num_frames, width, …]`.
    """
    spacing = _spacing(rows.shape[0], num_frames, width)
    pieces = []
    for start in range(0, width, spacing):
        piece = rows[start : start + num_frames * spacing]
        missing = num_frames * spacing - piece.shape[0]
        piece = jnp.pad(piece, ((0, missing), *((0, 0),) * (rows.ndim - 1)))
        pieces.append(
            piece.reshape(num_frames, spacing, *rows.shape[1:])[:, : min(spacing, width - start)]
        )
    return jnp.concatenate(pieces, axis=1)


def overlap_add(parts: Array, length: int) -> Array:
    """The transpose of `frame`: adds `[num_frames, width, …]` up where they overlap, `[n, …]`."""
    num_frames, width = parts.shape[:2]
    spacing = _spacing(length, num_frames, width)
    rest = ((0, 0),) * (parts.ndim - 2)
    total = jnp.zeros((), parts.dtype)
    last = (width - 1) // spacing * spacing
    for start in range(0, width, spacing):
        piece = parts[:, start : start + spacing]
        piece = jnp.pad(piece, ((0, 0), (0, spacing - piece.shape[1]), *rest))
        piece = piece.reshape(num_frames * spacing, *parts.shape[2:])
        total = total + jnp.pad(piece, ((start, last - start), *rest))
    return total[:length]


@jax.custom_vjp
def means(averaging: Float[Array, "b s c"], words: Float[Array, "b c d"]) -> Float[Array, "b s d"]:
    """averaging · words, block by block; no gradient for the averaging."""
    return averaging @ words


def _means_forward(averaging: Array, words: Array) -> tuple[Array, Array]:
    return means(averaging, words), averaging


def _means_backward(averaging: Array, slope: Array) -> tuple[None, Array]:
    # A transposed copy is cheap; the product of a transposed matrix on a CPU is not.
    return None, jax.lax.optimization_barrier(jnp.swapaxes(averaging, 1, 2)) @ slope


means.defvjp(_means_forward, _means_backward)


def window_batch(
    tokens: Int[Array, " length"],
    documents: Int[Array, " length"],
    radius: Int[Array, " tokens"],
    architecture: str,
    size: int,
    predicts: str = "neighbours",
) -> Batch:
    """All window pairs of consecutive words, in blocks of `size` consecutive centres.

    `tokens` and `documents` hold as many more words on each side as a window can reach. A centre's
    neighbours stand within its `radius`, in its document. A last block that is not full is filled
    with centres that have no neighbours.

    Skip-gram: a centre predicts each of its neighbours (the paper), or each of them predicts the
    centre (word2vec.c; fewer rows where a target has many candidates). CBOW: the mean of the
    neighbours predicts the centre, and its gradient is that of the mean (word2vec.c leaves out the
    division by their number; İrsoy et al. 2021, section 3).
    """
    window, missing = (tokens.shape[0] - radius.shape[0]) // 2, -radius.shape[0] % size
    tokens, documents, radius = (jnp.pad(of, (0, missing)) for of in (tokens, documents, radius))
    num_blocks = radius.shape[0] // size
    centres = tokens[window : window + radius.shape[0]]
    offset = np.arange(size + 2 * window)[:, None] - np.arange(size)[None, :] - window
    near = (np.abs(offset)[None] <= radius.reshape(num_blocks, 1, size)) & (offset != 0)[None]
    own_document = documents[window : window + radius.shape[0]].reshape(num_blocks, 1, size)
    same = frame(documents, num_blocks, size + 2 * window)[:, :, None] == own_document
    weight = (near & same).astype(jnp.float32)
    if architecture == "skip-gram" and predicts == "centre":
        return Batch(tokens, None, centres, jnp.swapaxes(weight, 1, 2))
    if architecture == "skip-gram":
        return Batch(centres, None, tokens, weight)
    counts = jnp.sum(weight, axis=1)
    # Transposed in memory too: a product with a lazily transposed matrix is slow on a CPU.
    averaging = jax.lax.optimization_barrier(jnp.swapaxes(weight, 1, 2))
    averaging = averaging / jnp.maximum(counts, 1.0)[:, :, None]
    return Batch(tokens, averaging, centres, jnp.minimum(counts, 1.0).reshape(-1, 1, 1))


def pair_batch(
    tokens: Int[Array, " length"],
    documents: Int[Array, " length"],
    radius: Int[Array, " tokens"],
    architecture: str,
    predicts: str = "neighbours",
) -> Batch:
    """The same pairs one by one: every block has one hidden vector and one target."""
    batch = window_batch(tokens, documents, radius, architecture, 1)
    if architecture != "skip-gram":
        return batch
    # A lone centre has 2·window candidate targets (and itself, never a target): one block each.
    width = batch.weight.shape[1]
    others = np.delete(np.arange(width), width // 2)
    inputs = jnp.repeat(batch.inputs, width - 1)
    targets = frame(batch.targets, len(batch.inputs), width)[:, others].reshape(-1)
    if predicts == "centre":
        inputs, targets = targets, inputs
    return Batch(inputs, None, targets, batch.weight[:, others].reshape(-1, 1, 1))
