"""One step's pairs against their candidate rows: logits and loss, block by block."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from w2vjax.engine.windows import Batch, frame
from w2vjax.losses.arithmetic import PLAIN, Arithmetic, dot
from w2vjax.losses.elementwise import BlockLogits, LabelCounts, LogZ
from w2vjax.losses.layer import Labels, OutputLayer
from w2vjax.losses.partition import log_partition


class Rows(NamedTuple):
    """What a step reads of the two matrices, and what it changes."""

    input: Float[Array, "n d"]
    target: Float[Array, "m l d"]
    """every target's own candidates"""
    shared: Float[Array, "g k d"]
    """candidates that the targets of a group share"""


class Logits(NamedTuple):
    """Candidates by hidden vectors, corrected for the sampler; or the loss's slopes in them."""

    target: Float[Array, "b m s"]
    shared: Float[Array, "g k n"]
    log_z: Float[Array, "b s"] | None
    """log of the sum over the whole matrix; None: over the shared rows"""

    @property
    def blocks(self) -> BlockLogits:
        """Those of single rows."""
        return BlockLogits(self.target, self.shared)


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def products(
    rows: Float[Array, "b m d"], hidden: Float[Array, "b s d"], arithmetic: Arithmetic
) -> Float[Array, "b m s"]:
    """rows · hidden, block by block."""
    return arithmetic.across(dot("bmd,bsd->bms", rows, hidden, arithmetic))


def _products_forward(rows: Array, hidden: Array, arithmetic: Arithmetic) -> tuple[Array, tuple]:
    return products(rows, hidden, arithmetic), (rows, hidden)


def _products_backward(arithmetic: Arithmetic, vectors: tuple, slope: Array) -> tuple[Array, Array]:
    rows, hidden = vectors
    # A transposed copy of the slopes is cheap; the product of a transposed matrix on a CPU is not.
    transposed = jax.lax.optimization_barrier(jnp.swapaxes(slope, 1, 2))
    to_rows = dot("bms,bsd->bmd", slope, hidden, arithmetic)
    return to_rows, dot("bsm,bmd->bsd", transposed, rows, arithmetic)


products.defvjp(_products_forward, _products_backward)


class Step(NamedTuple):
    """One step's pairs and the rows that take part."""

    batch: Batch
    layer: OutputLayer
    target_rows: Int[Array, "m l"]
    """rows of the output matrix: every target's own"""
    shared_rows: Int[Array, "g k"]
    """and those that the targets of a group of blocks share"""
    arithmetic: Arithmetic = PLAIN
    moving: Float[Array, " d"] | None = None
    """1 for the numbers of an input row that training moves, 0 for the one that stands before the
    biases. None: it moves all"""

    @property
    def num_groups(self) -> int:
        """g."""
        return self.shared_rows.shape[0]

    def moved(self, changes: Float[Array, "n d"]) -> Float[Array, "n d"]:
        """Changes of input rows, none where training moves nothing."""
        return changes if self.moving is None else changes * self.moving[None]

    def without_target_rows(self, labels: Labels) -> tuple["Step", Labels]:
        """The same pairs and the rows that they share alone."""
        none = jnp.zeros((*labels.pull.shape[:2], 0))
        step = self._replace(target_rows=self.target_rows[:, :0])
        return step, labels._replace(pull=none, push=none)

    def labels(self) -> Labels:
        """The labels of every block."""
        num_blocks = self.batch.num_blocks
        targets = frame(self.batch.targets, num_blocks, self.batch.block_targets)
        shared = jnp.repeat(self.shared_rows, num_blocks // self.num_groups, axis=0)
        return jax.vmap(self.layer.labels)(targets, shared)

    def counts(self, labels: Labels) -> LabelCounts:
        """The labels of every pair, added up by rows and hidden vectors."""
        in_partition = jnp.asarray(labels.target_in_partition)
        return LabelCounts(
            pull=self._target_counts(labels.pull),
            push=self._target_counts(labels.push),
            shared_pull=self._shared_counts(jnp.asarray(labels.shared_pull)),
            shared_push=self._shared_counts(jnp.asarray(labels.shared_push)),
            target_in_partition=in_partition.reshape(in_partition.shape[0], -1, 1),
        )

    def _target_counts(self, times: Float[Array, "b t l"]) -> Float[Array, "b m s"]:
        each = times[:, :, :, None] * self.batch.weight[:, :, None, :]
        return each.reshape(each.shape[0], each.shape[1] * each.shape[2], each.shape[3])

    def _shared_counts(self, times: Array) -> Array:
        """How often every hidden vector of a group has its shared rows, `[g, k or 1, n]`."""
        if times.ndim == 1:  # the same for all
            count = times[:, None] * jnp.sum(self.batch.weight, axis=1)
            return self.batch.to_groups(count, self.num_groups)[:, None, :]
        each = jnp.einsum("bkt,bts->bsk", times, self.batch.weight)
        return jnp.swapaxes(self.batch.to_groups(each, self.num_groups), 1, 2)

    def logits(
        self, rows: Rows, matrix: Float[Array, "v d"] | None, probes: tuple[Array, Array] | None
    ) -> Logits:
        """Every block's logits; `matrix` with its `probes`, where all its rows are candidates."""
        batch = self.batch
        hidden = batch.hidden(rows.input)
        shift = batch.target_frames(self.layer.shift(self.target_rows))
        target = products(batch.target_frames(rows.target), hidden, self.arithmetic)
        target = target - shift[:, :, None]
        once = batch.group_hidden(rows.input, hidden, self.num_groups)
        shared = products(rows.shared, once, self.arithmetic)
        shared = shared - self.layer.shift(self.shared_rows)[:, :, None]
        if matrix is None:
            return Logits(target, shared, None)
        log_z = log_partition(once[0], matrix, probes, self.arithmetic, moving=self.moving)
        return Logits(target, shared, batch.to_blocks(log_z[None]))

    def log_z(self, logits: Logits) -> LogZ:
        """Log of the sum over the rows that targets share, or over the whole matrix."""

        def of_all(shared: Float[Array, "g k n"]) -> Float[Array, "b 1 s"]:
            found = logits.log_z
            if found is None:
                found = self.batch.to_blocks(jax.nn.logsumexp(shared, axis=1))
            return found[:, None, :]

        return of_all

    def loss(self, logits: Logits, labels: Labels) -> Float[Array, "2"]:
        """What targets and what the others contribute, in nats."""
        return self.layer.loss.total(logits.blocks, self.counts(labels), self.log_z(logits))

    def at_step_sizes(self, slopes: Logits, target: Float[Array, "m l"], shared: Array) -> Logits:
        """Slopes times the step sizes of their rows: the rows' gradients come out as changes."""
        sizes = self.batch.target_frames(target)[:, :, None]
        return Logits(slopes.target * sizes, slopes.shared * shared[:, :, None], None)
