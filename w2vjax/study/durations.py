"""How long runs take: a guess, corrected by those that have been timed."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from w2vjax.config.layers import LAYERS, layer_class
from w2vjax.config.schema import CorpusConfig, RunConfig
from w2vjax.text.encoding import EncodedCorpus

WORDS_PER_SECOND = {
    "matrix": 1e5,
    "step": 1.4e6,
    "block": 4e6,
}
"""a first guess for two cores, 100 dimensions and `VOCABULARY` words, by the candidates' scope"""
CLOSED_FORM_WORDS_PER_SECOND = 5e5
VOCABULARY = 10_000
OVERHEAD = 5.0
"""seconds a run to compile and to evaluate"""


class Clock:
    """Times runs, and tells how long others will take."""

    def __init__(self, corpora: Mapping[CorpusConfig, EncodedCorpus]) -> None:
        self._corpora = corpora
        self._timed: dict[RunConfig, list[float]] = {}
        self._spent = self._guessed = 0.0

    def took(self, config: RunConfig, seconds: float) -> None:
        """A run has been timed."""
        self._timed.setdefault(cell(config), []).append(seconds)
        self._spent += seconds
        self._guessed += self._guess(config)

    def left(self, configs: Iterable[RunConfig]) -> float:
        """Seconds that the runs take: as their like took before, else by the corrected guess."""
        scale = self._spent / self._guessed if self._guessed else 1.0
        total = 0.0
        for config in configs:
            known = self._timed.get(cell(config))
            total += sum(known) / len(known) if known else scale * self._guess(config)
        return total

    def _guess(self, config: RunConfig) -> float:
        vocabulary = self._corpora[config.corpus].vocabulary
        speed = CLOSED_FORM_WORDS_PER_SECOND
        if config.output.layer in LAYERS:
            scope = layer_class(config.output.layer).candidate_scope
            speed = WORDS_PER_SECOND[scope]
            if scope == "matrix":
                speed *= VOCABULARY / len(vocabulary)
        return (
            OVERHEAD + vocabulary.num_words * config.train.epochs / speed * config.train.dim / 100
        )


def cell(config: RunConfig) -> RunConfig:
    """What is compared: the same for every seed."""
    return replace(config, train=replace(config.train, seed=0))


def duration(seconds: float) -> str:
    """For people: `45 s`, `12 min`, `2.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"
