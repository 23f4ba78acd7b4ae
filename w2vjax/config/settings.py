"""Training settings that are all known: what the engine works with."""

import dataclasses
from typing import Any, Literal

from w2vjax.config.layers import layer_class
from w2vjax.config.schema import RunConfig, TrainConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(TrainConfig):
    """The settings of one run, its layer's own values in place of None.

    What is None still has a meaning: `devices`, all there are; `sync_words` and `frequent_rows`,
    what the length of the run and the devices ask for; `pair_cap`, none.
    """

    predicts: Literal["neighbours", "centre"]
    learning_rate: float
    block_size: int
    noise_per_block: int
    tile_size: int
    tokens_per_step: int
    damping: float

    @classmethod
    def of(cls, config: RunConfig) -> "Settings":
        """Those of an experiment with an output layer."""
        train = config.resolved().train
        values: dict[str, Any] = {
            item.name: getattr(train, item.name) for item in dataclasses.fields(train)
        }
        return cls(**values)


def num_draws(config: RunConfig) -> int:
    """K: noise words that a block shares, or that each pair has by itself."""
    settings = Settings.of(config)
    if settings.grouping == "block":
        return settings.noise_per_block
    draws: int = layer_class(config.output.layer).pair_draws(
        config.output, settings.noise_per_block
    )
    return draws
