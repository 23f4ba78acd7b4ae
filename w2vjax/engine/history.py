"""What a run has done so far: words, pairs and the loss, averaged honestly."""

from dataclasses import dataclass

import numpy as np

from w2vjax.engine.telemetry import Telemetry


@dataclass(frozen=True)
class LossPoint:
    """One point of the loss curve: means over a sample of the pairs since the last point, nats."""

    words: int
    positive: float
    noise: float


class History:
    """What a run has done so far."""

    def __init__(self, words: int, expected_kept_words: float) -> None:
        self.words = words
        self.curve: list[LossPoint] = []
        self.kept_words = self.pairs = self.steps = 0
        self._expected = expected_kept_words

    def add(self, kept_words: int, telemetry: Telemetry) -> float:
        """Takes in one segment; returns the words it stands for.

        Raises `FloatingPointError` if the loss is not finite any more.
        """
        loss, sampled, pairs = (np.asarray(part, np.float64) for part in telemetry)
        broken = np.flatnonzero(~np.isfinite(loss.sum(axis=(0, 2))))
        if len(broken):
            step = self.steps + int(broken[0])
            raise FloatingPointError(
                f"the loss is no longer finite at step {step:,}: lower learning_rate, "
                "or raise damping"
            )
        before = self._words()
        self.kept_words += kept_words
        self.pairs += int(pairs.sum())
        self.steps += loss.shape[1]
        positive, noise = loss.sum(axis=(0, 1)) / max(1.0, sampled.sum())
        self.curve.append(LossPoint(round(self._words()), float(positive), float(noise)))
        return self._words() - before

    def _words(self) -> float:
        return self.words * min(1.0, self.kept_words / self._expected)
