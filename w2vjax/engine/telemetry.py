"""What a step tells of itself: the loss of its first blocks, for the curve, and its pairs."""

from typing import NamedTuple

from jaxtyping import Array, Float

from w2vjax.engine.step import Step
from w2vjax.engine.windows import Batch


class Telemetry(NamedTuple):
    """Sums over the blocks of a step that are watched, for the loss curve."""

    loss: Float[Array, "2"]
    """what their targets and their noise contribute, nats"""
    pairs: Float[Array, ""]
    """their pairs"""
    all_pairs: Float[Array, ""]
    """pairs in the whole step"""


def watched(step: Step) -> Step:
    """The first blocks of a step, a thirtieth of it at most: enough for the loss curve."""
    batch, groups = step.batch, step.num_groups
    reads, width = batch.reads
    first_reads = max(1, reads // 30)
    num_blocks = batch.num_blocks // reads * first_reads

    def first(values: Array, num_frames: int, whole: int, width: int) -> Array:
        spacing = (values.shape[0] - width) // max(1, whole - 1)
        return values[: (num_frames - 1) * spacing + width]

    targets = {"num_frames": num_blocks, "whole": batch.num_blocks, "width": batch.block_targets}
    return step._replace(
        batch=Batch(
            inputs=first(batch.inputs, num_frames=first_reads, whole=reads, width=width),
            averaging=None if batch.averaging is None else batch.averaging[:first_reads],
            targets=first(batch.targets, **targets),
            weight=batch.weight[:num_blocks],
            sum_gradient=batch.sum_gradient,
        ),
        target_rows=first(step.target_rows, **targets),
        shared_rows=step.shared_rows[: num_blocks if groups == batch.num_blocks else 1],
    )
