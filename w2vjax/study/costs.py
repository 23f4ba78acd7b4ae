"""What runs cost before they start: time, a guess that timed runs correct, and memory."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from w2vjax.config.layers import LAYERS, layer_class
from w2vjax.config.schema import CorpusConfig, RunConfig
from w2vjax.engine.transformations import state_bytes
from w2vjax.text.encoding import EncodedCorpus

WORDS_PER_SECOND = {
    "matrix": 6e4,
    "step": 1.4e6,
    "block": 4e6,
}
"""a first guess for two cores, 100 dimensions and `VOCABULARY` words, by the candidates' scope"""
CLOSED_FORM_WORDS_PER_SECOND = 5e5
VOCABULARY = 10_000
OVERHEAD = 2.0
"""seconds a run to compile and to evaluate"""
GIB = 1 << 30
PROCESS = 0.6 * GIB
"""of Python, JAX and a compiled program"""
FLOAT = 4


class Clock:
    """Times runs, and tells how long others will take."""

    def __init__(self, corpora: Mapping[CorpusConfig, EncodedCorpus]) -> None:
        self._corpora = corpora
        self._timed: dict[RunConfig, list[float]] = {}
        self._spent: dict[str, float] = {}
        self._guessed: dict[str, float] = {}
        """seconds by the kind of layer, and what they were guessed to be"""

    def took(self, config: RunConfig, seconds: float) -> None:
        """A run has been timed."""
        self._timed.setdefault(cell(config), []).append(seconds)
        kind = _kind(config)
        self._spent[kind] = self._spent.get(kind, 0.0) + seconds
        self._guessed[kind] = self._guessed.get(kind, 0.0) + self._guess(config)

    def left(self, configs: Iterable[RunConfig]) -> float:
        """Seconds that the runs take: as their like took before, else by the corrected guess.

        It is corrected by runs of its own kind of layer, or else by all.
        """
        total = 0.0
        for config in configs:
            known = self._timed.get(cell(config))
            guess = self._guess(config) * self._scale(_kind(config))
            total += sum(known) / len(known) if known else guess
        return total

    def _scale(self, kind: str) -> float:
        """Seconds for each that was guessed."""
        if kind in self._guessed:
            return self._spent[kind] / self._guessed[kind]
        return sum(self._spent.values()) / sum(self._guessed.values()) if self._guessed else 1.0

    def _guess(self, config: RunConfig) -> float:
        vocabulary = self._corpora[config.corpus].vocabulary
        layer, speed = _layer(config), CLOSED_FORM_WORDS_PER_SECOND
        if layer is not None:
            speed = WORDS_PER_SECOND[layer.candidate_scope]
            if layer.candidate_scope == "matrix":
                speed *= VOCABULARY / len(vocabulary)
        return (
            OVERHEAD + vocabulary.num_words * config.train.epochs / speed * config.train.dim / 100
        )


def memory(config: RunConfig, corpus: EncodedCorpus, num_devices: int, replicas: int = 1) -> float:
    """Bytes that a run holds at its peak, roughly, for V words and D dimensions on a host.

    Two matrices `[V, D]` of float32: for every copy of the model, and twice more for exchanging
    changes; and three times on the host, as they come from the devices, as vectors, and scaled to
    length 1. Every copy has an optimizer's state. The layer's tables are on every device, and on
    the host while they are made. Runs on one and two devices, V = 76,000 and D = 100 and 300, took
    from 0.3 GiB less to 0.2 GiB more. In replicas every one has all of that.
    """
    num_words = len(corpus.vocabulary)
    copies = num_devices // config.train.model_devices
    matrices = 2 * FLOAT * num_words * config.train.dim
    layer, tables = _layer(config), 0.0
    if layer is not None:
        tables = layer.table_bytes(config.output, num_words)
    state = 2 * state_bytes(config.train.optimizer, num_words, config.train.dim)
    each = (3 + 3 * copies) * matrices + copies * state + (num_devices + 1) * tables
    return PROCESS + replicas * each


def _kind(config: RunConfig) -> str:
    """Layers of a kind are about equally far from their guess: by their candidates' scope."""
    layer = _layer(config)
    return config.output.layer if layer is None else layer.candidate_scope


def _layer(config: RunConfig) -> Any | None:
    """The class of its output layer; None for a closed form."""
    name = config.output.layer
    return layer_class(name) if name in LAYERS else None


def cell(config: RunConfig) -> RunConfig:
    """What is compared: the same for every seed."""
    return replace(config, train=replace(config.train, seed=0))
