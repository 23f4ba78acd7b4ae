"""Watching runs while they train: what every segment tells, and scores every so many words."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan

import jax

from w2vjax.config.schema import RunConfig
from w2vjax.config.settings import Settings
from w2vjax.engine import processes
from w2vjax.engine.history import History, Look
from w2vjax.engine.replicas import Run
from w2vjax.engine.stream import Segment
from w2vjax.engine.sync import Sync
from w2vjax.engine.trained import Trained, trained_runs
from w2vjax.engine.update import TrainState


def no_scores(config: RunConfig, trained: Trained) -> Mapping[str, float]:
    """Of nobody who looks."""
    return {}


def silent(config: RunConfig, words: int, numbers: Mapping[str, float]) -> None:
    """To nobody who listens."""


@dataclass(frozen=True)
class Watch:
    """What is asked of runs while they train. Nothing of it changes them, to the last bit."""

    every: float = math.inf
    """raw words from one look to the next: at the first end of a segment after so many"""
    score: Callable[[RunConfig, Trained], Mapping[str, float]] = no_scores
    """of the vectors as they were if training ended now; its time is none of training"""
    tell: Callable[[RunConfig, int, Mapping[str, float]], None] = silent
    """takes numbers by name, after so many raw words: every segment's, and scores"""


UNWATCHED = Watch()


class WatchedRuns:
    """Runs in training, watched, and the clock of their training."""

    def __init__(self, watch: Watch, run: Run, histories: Sequence[History]) -> None:
        self._watch, self._run, self._histories = watch, run, histories
        self._compile_seconds = self._paused = 0.0
        self._start = time.perf_counter()
        self._last = [(0.0, 0.0, 0)] * len(histories)
        """seconds, raw and kept words of each at its last segment"""

    def start(self, compile_seconds: float, before: float = 0.0) -> None:
        """The program is compiled: the clock of training starts, or goes on after some seconds."""
        self._compile_seconds = compile_seconds
        self._start = time.perf_counter() - before

    def seconds(self) -> float:
        """Of training so far."""
        return time.perf_counter() - self._start - self._paused

    def segment(self, parts: Sequence[Segment]) -> None:
        """Tells of a segment that the histories have taken in."""
        if self._watch.tell is silent:
            return
        now = self.seconds()
        places = zip(self._run.configs, self._histories, parts, strict=True)
        for number, (config, history, part) in enumerate(places):
            if not part.kept_words:  # this one is done, and waits for the others
                continue
            before, raw, kept = self._last[number]
            words, point = history.words_after(), history.curve[-1]
            settings = Settings.of(config)
            decay = max(settings.learning_rate_floor, 1 - float(part.progress[-1]))
            numbers = {
                "loss/total": point.positive + point.noise,
                "loss/positive": point.positive,
                "loss/noise": point.noise,
                "learning-rate": settings.learning_rate * decay,
                "speed/words": (words - raw) / (now - before),
                "speed/kept-words": (history.kept_words - kept) / (now - before),
            }
            self._last[number] = now, words, history.kept_words
            told = {name: number for name, number in numbers.items() if not isnan(number)}
            self._watch.tell(config, point.words, told)

    def due(self, parts: Sequence[Segment]) -> bool:
        """Whether a look is due once the histories have taken in this segment."""
        history, every = self._histories[0], self._watch.every
        seen = history.looks[-1].words if history.looks else 0
        return bool(history.words_after(parts[0].kept_words) // every > seen // every)

    def look(self, state: TrainState, sync: Sync) -> None:
        """Scores every run's vectors; the clock of training stands still."""
        jax.block_until_ready(state)
        begin, seconds = time.perf_counter(), self.seconds()
        run, histories = self._run, self._histories
        found = trained_runs(run, sync.agreed(state), histories, seconds, self._compile_seconds)
        for config, history, trained in zip(run.configs, histories, found, strict=True):
            words = round(history.words_after())
            scores = self._watch.score(config, replace(trained, words=words))
            history.looks.append(Look(words, seconds, scores))
            self._watch.tell(config, words, scores)
        processes.wait()  # for the one that scores
        self._paused += time.perf_counter() - begin
