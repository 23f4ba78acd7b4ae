"""Probability against rank, as records: at ranks spread evenly on a logarithmic axis."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from w2vjax.config.schema import SamplerConfig
from w2vjax.samplers import STREAMED, build
from w2vjax.samplers.laws import law

POINTS = 60


def rank_curves(laws: Mapping[str, NDArray], experiment: str) -> list[dict[str, Any]]:
    """A row a law and rank, metric `distribution/NAME`, for laws `[V]` by falling frequency."""
    num_words = len(next(iter(laws.values())))
    ranks = np.unique(np.geomspace(1, num_words, POINTS).round().astype(int))
    return [
        {
            "experiment": experiment,
            "metric": f"distribution/{name}",
            "x": int(rank),
            "value": float(held[rank - 1]),
        }
        for name, held in laws.items()
        for rank in ranks
    ]


def distributions(
    samplers: Iterable[SamplerConfig], counts: NDArray, experiment: str
) -> list[dict[str, Any]]:
    """The curve of each sampler's law, and of the corpus' own words, `[V]` counts.

    That is of single draws: noise without repeats has the curve of the same noise with. Samplers
    of the stream have none: what they draw is for the training to say.
    """
    single = dict.fromkeys(replace(config, unique=False) for config in samplers)
    laws = {
        config.name: law(build(config, counts), len(counts))
        for config in single
        if config.distribution not in STREAMED
    }
    return rank_curves({"corpus": counts / counts.sum()} | laws, experiment)
