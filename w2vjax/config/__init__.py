"""Configuration as data: schema, the layers by name and their defaults, presets, JSON."""

from w2vjax.config.schema import (
    CorpusConfig,
    EvalConfig,
    OutputConfig,
    RunConfig,
    SamplerConfig,
    TrainConfig,
)

__all__ = [
    "CorpusConfig",
    "EvalConfig",
    "OutputConfig",
    "RunConfig",
    "SamplerConfig",
    "TrainConfig",
]
