"""What a run has done so far: words, pairs and the loss, averaged honestly."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np

from w2vjax.engine.telemetry import Telemetry


@dataclass(frozen=True)
class LossPoint:
    """One point of the loss curve: means over a sample of the pairs since the last point, nats.

    NaN where there was no pair.
    """

    words: int
    positive: float
    noise: float


@dataclass(frozen=True)
class Look:
    """What the vectors were worth at one moment of the training."""

    words: int
    """raw words read by then"""
    seconds: float
    """of training by then, without the looks themselves"""
    scores: Mapping[str, float]
    """by the names that records give them"""


class History:
    """What a run has done so far."""

    def __init__(self, words: int, expected_kept_words: float) -> None:
        self.words = words
        self.curve: list[LossPoint] = []
        self.looks: list[Look] = []
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
        before = self.words_after()
        self.kept_words += kept_words
        self.pairs += int(pairs.sum())
        self.steps += loss.shape[1]
        positive, noise = loss.sum(axis=(0, 1)) / (sampled.sum() or np.nan)
        self.curve.append(LossPoint(round(self.words_after()), float(positive), float(noise)))
        return self.words_after() - before

    def saved(self) -> dict[str, Any]:
        """All of it, as JSON has it."""
        return {
            "kept_words": self.kept_words,
            "pairs": self.pairs,
            "steps": self.steps,
            "curve": [[*map(float, astuple(point))] for point in self.curve],
            "looks": [[look.words, look.seconds, dict(look.scores)] for look in self.looks],
        }

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Goes on from what `saved` gave."""
        self.kept_words, self.pairs = saved["kept_words"], saved["pairs"]
        self.steps = saved["steps"]
        self.curve = [LossPoint(int(words), *losses) for words, *losses in saved["curve"]]
        self.looks = [Look(*look) for look in saved["looks"]]

    def words_after(self, kept_words: int = 0) -> float:
        """Raw words that stand for the kept words so far, and these more."""
        return self.words * min(1.0, (self.kept_words + kept_words) / self._expected)
