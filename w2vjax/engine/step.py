"""One step's pairs against their candidate rows: scores, loss and curvature, block by block."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from w2vjax.engine.windows import Batch, frame, overlap_add
from w2vjax.losses.arithmetic import PLAIN, Arithmetic, dot, squared_norms
from w2vjax.losses.elementwise import BlockLogits, LabelCounts, LogZ
from w2vjax.losses.layer import Labels, OutputLayer
from w2vjax.losses.partition import log_partition


class Rows(NamedTuple):
    """What a step reads of the two matrices, and what it changes."""

    input: Float[Array, "n d"]
    own: Float[Array, "m l d"]
    """the targets' own candidates"""
    shared: Float[Array, "g k d"]
    """candidates that the targets of a group share"""


class Scores(NamedTuple):
    """Candidates by hidden vectors, corrected for the sampler."""

    own: Float[Array, "b m s"]
    shared: Float[Array, "g k n"]
    log_z: Float[Array, "b s"] | None
    """log of the sum over the log_z, where the whole matrix is; else they are the shared rows"""


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def score(
    rows: Float[Array, "b m d"], hidden: Float[Array, "b s d"], arithmetic: Arithmetic
) -> Float[Array, "b m s"]:
    """rows · hidden, block by block."""
    return arithmetic.across(dot("bmd,bsd->bms", rows, hidden, arithmetic))


def _score_forward(rows: Array, hidden: Array, arithmetic: Arithmetic) -> tuple[Array, tuple]:
    return score(rows, hidden, arithmetic), (rows, hidden)


def _score_backward(arithmetic: Arithmetic, vectors: tuple, slope: Array) -> tuple[Array, Array]:
    rows, hidden = vectors
    # A transposed copy of the slopes is cheap; the product of a transposed matrix on a CPU is not.
    turned = jax.lax.optimization_barrier(jnp.swapaxes(slope, 1, 2))
    to_rows = dot("bms,bsd->bmd", slope, hidden, arithmetic)
    return to_rows, dot("bsm,bmd->bsd", turned, rows, arithmetic)


score.defvjp(_score_forward, _score_backward)


@jax.custom_vjp
def means(mix: Float[Array, "b s c"], words: Float[Array, "b c d"]) -> Float[Array, "b s d"]:
    """mix · words, block by block; no gradient for the mix."""
    return mix @ words


def _means_forward(mix: Array, words: Array) -> tuple[Array, Array]:
    return means(mix, words), mix


def _means_backward(mix: Array, slope: Array) -> tuple[None, Array]:
    return None, jax.lax.optimization_barrier(jnp.swapaxes(mix, 1, 2)) @ slope


means.defvjp(_means_forward, _means_backward)


class Step(NamedTuple):
    """One step's pairs and the rows that take part; its methods are the textbook loss."""

    batch: Batch
    layer: OutputLayer
    own: Int[Array, "m l"]
    """rows of the output matrix: every target's own"""
    shared: Int[Array, "g k"]
    """and those that the targets of a group of blocks share"""
    arithmetic: Arithmetic = PLAIN

    @property
    def number(self) -> int:
        """b: blocks."""
        return self.batch.weight.shape[0]

    def without_own(self, labels: Labels) -> tuple["Step", Labels]:
        """The same pairs and the rows that they share alone."""
        none = jnp.zeros((*labels.pull.shape[:2], 0))
        return self._replace(own=self.own[:, :0]), labels._replace(pull=none, push=none)

    def hidden(self, inputs: Float[Array, "n d"]) -> Float[Array, "b s d"]:
        """Hidden vectors of every block: the input rows, or CBOW's means of them."""
        batch = self.batch
        words = frame(inputs, *batch.reads)
        if batch.averaging is None:
            return words
        made = means(batch.averaging, words)
        if batch.sum_gradient:
            whole = means((batch.averaging > 0).astype(jnp.float32), words)
            made = whole + jax.lax.stop_gradient(made - whole)
        return made.reshape(self.number, self.batch.weight.shape[2], -1)

    def to_groups(self, values: Float[Array, "b s ..."]) -> Float[Array, "g n ..."]:
        """From hidden vectors by blocks to those of every group, added up where blocks overlap."""
        groups = self.shared.shape[0]
        if self.batch.disjoint or groups == self.number:
            size = self.number // groups * values.shape[1]
            return values.reshape(groups, size, *values.shape[2:])
        return overlap_add(values, self.batch.inputs.shape[0])[None]

    def to_blocks(self, values: Float[Array, "g n"]) -> Float[Array, "b s"]:
        """The way back."""
        size = self.batch.weight.shape[2]
        if self.batch.disjoint or self.shared.shape[0] == self.number:
            return values.reshape(self.number, size)
        return frame(values[0], self.number, size)

    def grouped(self, inputs: Float[Array, "n d"], hidden: Array) -> Float[Array, "g n d"]:
        """Hidden vectors of every group, each of them once; `hidden` are those of the blocks."""
        if self.batch.disjoint or self.shared.shape[0] == self.number:
            return self.to_groups(hidden)
        return inputs[None]

    def labels(self) -> Labels:
        """The labels of every block."""
        targets = frame(self.batch.targets, self.number, self.batch.weight.shape[1])
        shared = jnp.repeat(self.shared, self.number // self.shared.shape[0], axis=0)
        return jax.vmap(self.layer.labels)(targets, shared)

    def _of_own(self, times: Float[Array, "b t l"]) -> Float[Array, "b m s"]:
        each = times[:, :, :, None] * self.batch.weight[:, :, None, :]
        return each.reshape(self.number, each.shape[1] * each.shape[2], each.shape[3])

    def _of_shared(self, times: Array) -> Array:
        """How often every hidden vector of a group has its shared rows, `[g, k or 1, n]`."""
        if times.ndim == 1:  # the same for all
            count = times[:, None] * jnp.sum(self.batch.weight, axis=1)
            return self.to_groups(count)[:, None, :]
        each = jnp.einsum("bkt,bts->bsk", times, self.batch.weight)
        return jnp.swapaxes(self.to_groups(each), 1, 2)

    def counts(self, labels: Labels) -> LabelCounts:
        """The labels of every pair, added up by rows and hidden vectors."""
        in_partition = jnp.asarray(labels.target_in_partition)
        return LabelCounts(
            pull=self._of_own(labels.pull),
            push=self._of_own(labels.push),
            shared_pull=self._of_shared(jnp.asarray(labels.shared_pull)),
            shared_push=self._of_shared(jnp.asarray(labels.shared_push)),
            target_in_partition=in_partition.reshape(in_partition.shape[0], -1, 1),
        )

    def scores(
        self, rows: Rows, matrix: Float[Array, "v d"] | None, probes: tuple[Array, Array] | None
    ) -> Scores:
        """Every block's scores; `matrix`, with its `probes`, where all of its rows are log_z."""
        hidden = self.hidden(rows.input)
        dim = hidden.shape[-1]
        # Rows of one target side by side: `cut` and its transpose move whole lines.
        targets, length = self.batch.weight.shape[1], self.own.shape[1]
        own = frame(rows.own.reshape(len(rows.own), length * dim), self.number, targets)
        own = own.reshape(self.number, targets * length, dim)
        shift = frame(self.layer.shift(self.own), self.number, targets)
        own = score(own, hidden, self.arithmetic) - shift.reshape(*own.shape[:2], 1)
        once = self.grouped(rows.input, hidden)
        shared = score(rows.shared, once, self.arithmetic)
        shared = shared - self.layer.shift(self.shared)[:, :, None]
        if matrix is None:
            return Scores(own, shared, None)
        log_z = log_partition(once[0], matrix, probes, self.arithmetic)
        return Scores(own, shared, self.to_blocks(log_z[None]))

    def log_z(self, scores: Scores) -> LogZ:
        """Log of the sum over the rows that targets share, or over the whole matrix."""

        def of_all(shared: Float[Array, "g k n"]) -> Float[Array, "b 1 s"]:
            found = scores.log_z
            if found is None:
                found = self.to_blocks(jax.nn.logsumexp(shared, axis=1))
            return found[:, None, :]

        return of_all

    def loss(self, scores: Scores, labels: Labels) -> Float[Array, "2"]:
        """What targets and what the others contribute, in nats."""
        logits = BlockLogits(scores.own, scores.shared)
        return self.layer.loss.total(logits, self.counts(labels), self.log_z(scores))

    def curvature(self, scores: Scores, labels: Labels) -> BlockLogits:
        """The loss's second derivative in every logit, or just above."""
        logits = BlockLogits(scores.own, scores.shared)
        return self.layer.loss.curvatures(logits, self.counts(labels), self.log_z(scores))

    def row_curvature(self, rows: Rows, curvature: BlockLogits) -> Rows:
        """Every row's curvature, Σ curvature of its scores · ‖the other vector‖²; without `d`.

        No step along the row's gradient meets more: ‖v‖² is the whole length of the other vector.
        """
        own, shared = curvature
        hidden = self.hidden(rows.input)
        inputs = self.grouped(rows.input, hidden)
        width, length = self.batch.weight.shape[1], rows.own.shape[:2]
        norms = partial(squared_norms, arithmetic=self.arithmetic)
        to_own = jnp.einsum("bms,bs->bm", own, norms(hidden))
        own_norms = frame(norms(rows.own), self.number, width).reshape(self.number, -1)
        of_own = jnp.einsum("bms,bm->bs", own, own_norms)
        of_shared = jnp.einsum("gkn,gk->gn", shared, norms(rows.shared))
        return Rows(
            input=self.to_inputs(of_own, of_shared),
            own=overlap_add(to_own.reshape(self.number, width, -1), length[0]),
            shared=jnp.einsum("gkn,gn->gk", shared, norms(inputs)),
        )

    def output_bounds(
        self, rows: Rows, labels: Labels
    ) -> tuple[Float[Array, "m l"], Float[Array, "g k"]]:
        """The most that output rows' curvature can be, whatever their scores: ¼ Σ ‖hidden‖².

        Vectors shorter than one count as of length one: both matrices begin near zero, and grow
        tenfold in a large step before their lengths tell.
        """
        hidden = self.hidden(rows.input)

        def norms(vectors: Float[Array, "... d"]) -> Float[Array, "..."]:
            return jnp.maximum(1.0, squared_norms(vectors, self.arithmetic))

        lengths = jnp.einsum("bts,bs->bt", self.batch.weight, norms(hidden))
        own = (labels.pull + jnp.abs(labels.push)) * lengths[:, :, None]
        counts = self.counts(labels)
        shared = counts.shared_pull + counts.shared_push
        once = norms(self.grouped(rows.input, hidden))
        to_shared = jnp.einsum("gkn,gn->gk", shared, once)
        return (
            0.25 * overlap_add(own, self.own.shape[0]),
            0.25 * jnp.broadcast_to(to_shared, self.shared.shape),
        )

    def input_pairs(self) -> Float[Array, " n"]:
        """How many pairs have every input row."""
        pairs = jnp.sum(self.batch.weight, axis=1)
        if self.batch.averaging is not None:
            taken = (self.batch.averaging > 0).astype(jnp.float32)
            pairs = jnp.einsum("bs,bsc->bc", pairs.reshape(taken.shape[:2]), taken)
        return overlap_add(pairs, self.batch.inputs.shape[0])

    def at_rates(self, slopes: Scores, own: Float[Array, "m l"], shared: Array) -> Scores:
        """Slopes times the rates of their rows, so that rows' gradients come out as their steps."""
        rates = frame(own, self.number, self.batch.weight.shape[1])
        rates = rates.reshape(*slopes.own.shape[:2], 1)
        return slopes._replace(own=slopes.own * rates, shared=slopes.shared * shared[:, :, None])

    def to_inputs(
        self, of_own: Float[Array, "b s"], of_shared: Float[Array, "g n"]
    ) -> Float[Array, " n"]:
        """Curvatures of hidden vectors as those of the input rows that make them."""
        number = self.batch.inputs.shape[0]
        if not self.batch.disjoint and self.shared.shape[0] != self.number:
            return overlap_add(of_own, number) + of_shared[0]
        each = of_own + self.to_blocks(of_shared)
        mix = self.batch.averaging
        if mix is not None:
            # A word that stands twice in a mean moves it twice: (m + m)² and not m² + m².
            words = frame(self.batch.inputs, *self.batch.reads)
            same = (words[:, :, None] == words[:, None, :]).astype(jnp.float32)
            share = (mix > 0).astype(jnp.float32) if self.batch.sum_gradient else mix
            times = share * (mix @ same)
            each = jnp.einsum("bs,bsc->bc", each.reshape(times.shape[:2]), times)
        return overlap_add(each, number)
