"""Settings that fit together: of one run, and of runs that share a program."""

from collections.abc import Sequence

from w2vjax.config.optimizers import SGD
from w2vjax.config.schema import RunConfig, flatten
from w2vjax.config.settings import Settings
from w2vjax.engine import program
from w2vjax.errors import InputError
from w2vjax.losses.layer import OutputLayer

REPLICAS_DIFFER_IN = (
    "train.seed",
    "train.learning_rate",
    "train.learning_rate_floor",
    "output.sampler.distribution",
    "output.sampler.power",
    "output.sampler.uniform_share",
)
"""settings that do not change the program"""


def alike(configs: Sequence[RunConfig]) -> None:
    """Replicas share one program."""
    if not configs:
        raise InputError("there is no replica to train: give at least one configuration")
    first = flatten(configs[0])
    for config in configs[1:]:
        for name, value in flatten(config).items():
            if value != first[name] and name not in REPLICAS_DIFFER_IN:
                raise InputError(
                    f"replicas differ in {name} ({first[name]} and {value}): they share a program, "
                    f"and may differ in {', '.join(REPLICAS_DIFFER_IN)} only"
                )


def check(config: Settings, layer: OutputLayer) -> None:
    """Settings that contradict each other, before anything starts."""
    if config.optimizer != SGD and (config.damping or config.pair_cap is not None):
        name = "damping" if config.damping else "pair_cap"
        raise InputError(
            f"{name} is {getattr(config, name)} and optimizer {config.optimizer}: only sgd is "
            "damped. Leave it out"
        )
    size = config.tokens_per_step
    tile = program.tile_size(config, layer.candidate_scope)
    if config.grouping == "block" and layer.candidate_scope == "block":
        if size % config.block_size:
            raise InputError(
                f"tokens_per_step is {size}: it must be a multiple of block_size, which is "
                f"{config.block_size}"
            )
        if config.block_size % tile:
            raise InputError(
                f"block_size is {config.block_size}: it must be a multiple of tile_size, "
                f"which is {tile}"
            )
