"""Word ids → the pairs of a step: which rows make the hidden vectors, and which targets they have.

Skip-gram and CBOW differ only here. So do the two groupings of the same pairs: by block of
consecutive words, and one by one.

The words of a step stand in a row, and every matrix is read and written once for each of them:
`cut` makes blocks of what was read, `fold` adds up what blocks have to write.
"""

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Float, Int


@struct.dataclass
class Batch:
    """The (hidden vector, target) pairs of one step, in `b` blocks.

    A block has `s` hidden vectors and `t` targets: those that `cut` gives it. CBOW's means are made
    in `m` blocks of their own, of `h` means: in the same order, m · h = b · s.
    """

    inputs: Int[Array, " n"]
    """rows of the input matrix"""
    averaging: Float[Array, "m h c"] | None
    """hidden = mix @ a block's input rows (CBOW's mean); None: each row is a hidden vector"""
    targets: Int[Array, " m"]
    """words to predict"""
    weight: Float[Array, "b t s"]
    """how many times hidden vector s has target t"""
    sum_gradient: bool = struct.field(pytree_node=False, default=False)
    """every input row of a mean gets all of the mean's gradient"""

    @property
    def reads(self) -> tuple[int, int]:
        """In how many blocks the input rows are taken, and how many rows each takes."""
        shape = self.weight.shape if self.averaging is None else self.averaging.shape
        return shape[0], shape[2]

    @property
    def disjoint(self) -> bool:
        """Whether every hidden vector stands in one block only."""
        return self.averaging is not None or self.inputs.shape[0] == self.weight[:, 0].size


def _spacing(length: int, number: int, width: int) -> int:
    return (length - width) // (number - 1) if number > 1 else width


def frame(rows: Array, number: int, width: int) -> Array:
    """`number` stretches of `width` rows that cover all `[n, …]` of them, evenly spaced.

    They follow one another (n = number · width) or overlap. Returns `[number, width, …]`.
    """
    spacing = _spacing(rows.shape[0], number, width)
    pieces = []
    for start in range(0, width, spacing):
        piece = rows[start : start + number * spacing]
        missing = number * spacing - piece.shape[0]
        piece = jnp.pad(piece, ((0, missing), *((0, 0),) * (rows.ndim - 1)))
        pieces.append(
            piece.reshape(number, spacing, *rows.shape[1:])[:, : min(spacing, width - start)]
        )
    return jnp.concatenate(pieces, axis=1)


def overlap_add(parts: Array, length: int) -> Array:
    """The transpose of `cut`: adds parts `[number, width, …]` up where they overlap, `[n, …]`."""
    number, width = parts.shape[:2]
    spacing = _spacing(length, number, width)
    rest = ((0, 0),) * (parts.ndim - 2)
    total = jnp.zeros((), parts.dtype)
    last = (width - 1) // spacing * spacing
    for start in range(0, width, spacing):
        piece = parts[:, start : start + spacing]
        piece = jnp.pad(piece, ((0, 0), (0, spacing - piece.shape[1]), *rest))
        piece = piece.reshape(number * spacing, *parts.shape[2:])
        total = total + jnp.pad(piece, ((start, last - start), *rest))
    return total[:length]


def window_batch(
    tokens: Int[Array, " length"],
    documents: Int[Array, " length"],
    reach: Int[Array, " tokens"],
    architecture: str,
    size: int,
    predicts: str = "neighbours",
) -> Batch:
    """All window pairs of a stretch of words, in blocks of `size` consecutive centres.

    `tokens` and `documents` hold as many more words on each side as a window can reach. A centre's
    neighbours stand within its `reach`, in its document. A last block that is not full is filled
    with centres that have no neighbours.

    Skip-gram: a centre predicts each of its neighbours (the paper), or each of them predicts the
    centre (word2vec.c; fewer rows where a target has many candidates). CBOW: the mean of the
    neighbours predicts the centre, and its gradient is that of the mean (word2vec.c leaves out the
    division by their number; İrsoy et al. 2021, section 3).
    """
    window, missing = (tokens.shape[0] - reach.shape[0]) // 2, -reach.shape[0] % size
    tokens, documents, reach = (jnp.pad(of, (0, missing)) for of in (tokens, documents, reach))
    number = reach.shape[0] // size
    centres = tokens[window : window + reach.shape[0]]
    offset = np.arange(size + 2 * window)[:, None] - np.arange(size)[None, :] - window
    near = (np.abs(offset)[None] <= reach.reshape(number, 1, size)) & (offset != 0)[None]
    own = documents[window : window + reach.shape[0]].reshape(number, 1, size)
    same = frame(documents, number, size + 2 * window)[:, :, None] == own
    weight = (near & same).astype(jnp.float32)
    if architecture == "skip-gram" and predicts == "centre":
        return Batch(tokens, None, centres, jnp.swapaxes(weight, 1, 2))
    if architecture == "skip-gram":
        return Batch(centres, None, tokens, weight)
    counts = jnp.sum(weight, axis=1)
    # Turned in memory too: the product of a matrix turned in name alone is slow on a CPU.
    mix = jax.lax.optimization_barrier(jnp.swapaxes(weight, 1, 2))
    mix = mix / jnp.maximum(counts, 1.0)[:, :, None]
    return Batch(tokens, mix, centres, jnp.minimum(counts, 1.0).reshape(-1, 1, 1))


def pair_batch(
    tokens: Int[Array, " length"],
    documents: Int[Array, " length"],
    reach: Int[Array, " tokens"],
    architecture: str,
    predicts: str = "neighbours",
) -> Batch:
    """The same pairs one by one: every block has one hidden vector and one target."""
    batch = window_batch(tokens, documents, reach, architecture, 1)
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
