"""How curved a step's loss is in every row: what gradient steps may go by without overshooting."""

from functools import partial
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from w2vjax.engine.step import Logits, Rows, Step
from w2vjax.engine.windows import Batch, frame, overlap_add
from w2vjax.losses.arithmetic import squared_norms
from w2vjax.losses.layer import Labels


class RowValues(NamedTuple):
    """A number for every row that a step meets, in the places where it meets it."""

    input: Float[Array, " n"]
    target: Float[Array, "m l"]
    shared: Float[Array, "g k"]

    def times(self, factor: Array) -> "RowValues":
        """All of them times the factor."""
        return RowValues(factor * self.input, factor * self.target, factor * self.shared)


def row_curvature(step: Step, rows: Rows, logits: Logits, labels: Labels) -> RowValues:
    """Every row's curvature, Σ curvature in its logits · ‖the other vector‖².

    No step along the row's gradient meets more: ‖v‖² is the whole length of the other vector, but
    for its bias where the row is one of the input.
    """
    batch = step.batch
    of_target, of_shared = step.layer.loss.curvatures(
        logits.blocks, step.counts(labels), step.log_z(logits)
    )
    hidden = batch.hidden(rows.input)
    inputs = batch.group_hidden(rows.input, hidden, step.num_groups)
    norms = partial(squared_norms, arithmetic=step.arithmetic)
    to_target = jnp.einsum("bms,bs->bm", of_target, norms(hidden))
    target_norms = batch.target_frames(norms(rows.target, taken=step.moving))
    by_target = jnp.einsum("bms,bm->bs", of_target, target_norms)
    by_shared = jnp.einsum("gkn,gk->gn", of_shared, norms(rows.shared, taken=step.moving))
    lines = to_target.reshape(batch.num_blocks, batch.block_targets, -1)
    return RowValues(
        input=input_curvature(batch, by_target, by_shared),
        target=overlap_add(lines, rows.target.shape[0]),
        shared=jnp.einsum("gkn,gn->gk", of_shared, norms(inputs)),
    )


def output_bounds(
    step: Step, rows: Rows, labels: Labels
) -> tuple[Float[Array, "m l"], Float[Array, "g k"]]:
    """The most that target and shared rows' curvature can be, at any logits: ¼ Σ ‖hidden‖².

    Vectors shorter than one count as of length one: both matrices begin near zero, and grow
    tenfold in a large step before their lengths tell.
    """
    batch = step.batch
    hidden = batch.hidden(rows.input)

    def norms(vectors: Float[Array, "... d"]) -> Float[Array, "..."]:
        return jnp.maximum(1.0, squared_norms(vectors, step.arithmetic))

    lengths = jnp.einsum("bts,bs->bt", batch.weight, norms(hidden))
    target = (labels.pull + jnp.abs(labels.push)) * lengths[:, :, None]
    counts = step.counts(labels)
    shared = counts.shared_pull + counts.shared_push
    once = norms(batch.group_hidden(rows.input, hidden, step.num_groups))
    to_shared = jnp.einsum("gkn,gn->gk", shared, once)
    return (
        0.25 * overlap_add(target, step.target_rows.shape[0]),
        0.25 * jnp.broadcast_to(to_shared, step.shared_rows.shape),
    )


def input_pairs(batch: Batch) -> Float[Array, " n"]:
    """How many pairs have every input row."""
    pairs = jnp.sum(batch.weight, axis=1)
    if batch.averaging is not None:
        taken = (batch.averaging > 0).astype(jnp.float32)
        pairs = jnp.einsum("bs,bsc->bc", pairs.reshape(taken.shape[:2]), taken)
    return overlap_add(pairs, batch.inputs.shape[0])


def input_curvature(
    batch: Batch, by_target: Float[Array, "b s"], by_shared: Float[Array, "g n"]
) -> Float[Array, " rows"]:
    """Curvatures in hidden vectors as those in the input rows that make them."""
    num_rows = batch.inputs.shape[0]
    if not batch.disjoint and by_shared.shape[0] != batch.num_blocks:
        return overlap_add(by_target, num_rows) + by_shared[0]
    each = by_target + batch.to_blocks(by_shared)
    averaging = batch.averaging
    if averaging is not None:
        # A word that stands twice in a mean moves it twice: (m + m)² and not m² + m².
        words = frame(batch.inputs, *batch.reads)
        same = (words[:, :, None] == words[:, None, :]).astype(jnp.float32)
        weight = (averaging > 0).astype(jnp.float32) if batch.sum_gradient else averaging
        times = weight * (averaging @ same)
        each = jnp.einsum("bs,bsc->bc", each.reshape(times.shape[:2]), times)
    return overlap_add(each, num_rows)
