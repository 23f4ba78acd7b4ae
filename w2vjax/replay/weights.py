"""The vectors of a run of word2vec.c, in float32, every operation in its order.

Sums of products are added from the first dimension to the last. A compiler that is allowed to
reorder them or to fuse products and sums (`-Ofast`, `-march=native`) agrees to rounding only.
"""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32

from w2vjax.replay.events import Event, Pair, Rate
from w2vjax.replay.generator import LOW_BITS, Generator
from w2vjax.replay.paths import Path

LIMIT = 6
"""scores beyond ±6 have no entry in the table: `MAX_EXP`"""
ENTRIES = 1000
"""of the table of sigmoids: `EXP_TABLE_SIZE`"""
STEPS = ENTRIES // LIMIT // 2
"""entries a unit of score: 83, for word2vec.c divides integers. With 83.3 it would read the right
ones; as it is they are up to five too low, and sigmoids up to 0.015"""

Row = Float32[np.ndarray, " d"]
ONE, ZERO = np.float32(1), np.float32(0)


class Weights:
    """Both matrices. The rows of `outputs` are words, or inner nodes for hierarchical softmax."""

    inputs: Float32[np.ndarray, "v d"]
    """word2vec.c's `syn0`: what it writes out"""
    outputs: Float32[np.ndarray, "v d"]
    """`syn1neg`, or `syn1`; zeros at the start"""

    def __init__(self, num_words: int, dim: int, paths: Sequence[Path] | None = None) -> None:
        """With paths for hierarchical softmax, without for negative sampling."""
        generator = Generator(1)
        shares = [generator.next() & LOW_BITS for _ in range(num_words * dim)]
        start = (np.array(shares) / (LOW_BITS + 1) - 0.5) / dim
        self.inputs = start.astype(np.float32).reshape(num_words, dim)
        self.outputs = np.zeros((num_words, dim), np.float32)
        self.rate = ZERO
        self._paths = paths
        self._sigmoids = _sigmoids()

    def learn(self, event: Event) -> None:
        """Takes a new learning rate, or one step of gradient descent; other events change nothing.

        In CBOW every input gets the gradient of their mean undivided, as in word2vec.c. Raises
        `FloatingPointError` where numbers leave float32; word2vec.c goes on with them.
        """
        if isinstance(event, Rate):
            self.rate = np.float32(event.value)
        elif isinstance(event, Pair):
            learn = self._tree if self._paths else self._noise
            try:
                with np.errstate(over="raise", invalid="raise"):
                    change = learn(event, self._hidden(event.inputs))
                    for word in event.inputs:
                        self.inputs[word] += change
            except FloatingPointError:
                raise FloatingPointError(
                    "the vectors grow beyond float32: lower the learning rate"
                ) from None

    def _hidden(self, inputs: tuple[int, ...]) -> Row:
        if len(inputs) == 1:
            return self.inputs[inputs[0]].copy()
        total = np.zeros_like(self.inputs[0])
        for word in inputs:
            total += self.inputs[word]
        return total / np.float32(len(inputs))

    def _noise(self, pair: Pair, hidden: Row) -> Row:
        change = np.zeros_like(hidden)
        for word in (pair.target, *pair.noise):
            if word is None:
                continue
            label = ONE if word == pair.target else ZERO
            score = _dot(hidden, self.outputs[word])
            self._step((label - self._sigmoid(score)) * self.rate, word, hidden, change)
        return change

    def _tree(self, pair: Pair, hidden: Row) -> Row:
        change = np.zeros_like(hidden)
        path = self._paths[pair.target] if self._paths else Path((), ())
        for turn, node in zip(path.turns, path.nodes, strict=True):
            score = _dot(hidden, self.outputs[node])
            if abs(score) < LIMIT:  # others are passed over
                label = np.float32(1 - turn)
                self._step((label - self._sigmoid(score)) * self.rate, node, hidden, change)
        return change

    def _step(self, step: np.float32, row: int, hidden: Row, change: Row) -> None:
        change += step * self.outputs[row]
        self.outputs[row] += step * hidden

    def _sigmoid(self, score: np.float32) -> np.float32:
        if abs(score) > LIMIT:
            return ONE if score > 0 else ZERO
        return self._sigmoids[int((score + np.float32(LIMIT)) * np.float32(STEPS))]


def _dot(left: Row, right: Row) -> np.float32:
    return np.cumsum(left * right)[-1]  # cumsum adds in order; sum and dot do not


def _sigmoids() -> Float32[np.ndarray, " entries"]:
    """`e^x / (e^x + 1)` at the 1,000 places from -6, `x` and `e^x` in float32."""
    places = (np.arange(ENTRIES, dtype=np.float32) / np.float32(ENTRIES)) * np.float32(2) - ONE
    # math.exp is the C library's
    powers = np.array([math.exp(x) for x in places * np.float32(LIMIT)], np.float32)
    return powers / (powers + ONE)
