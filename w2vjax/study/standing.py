"""How far a grid is, from its folder alone: nothing is written, and JAX is not started."""

import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from w2vjax.errors import InputError
from w2vjax.records import attempts
from w2vjax.records import file as records
from w2vjax.records.attempts import SILENCE, State
from w2vjax.records.metrics import FAILED, FINISHED, PLANNED
from w2vjax.report.cells import load, with_cells
from w2vjax.report.runs import ACCURACY, SPEED, runs

SPENT = ("seconds", "compile_seconds", "evaluation_seconds")
"""what a run took, by the fields of its last row"""


@dataclass(frozen=True)
class Place:
    """One run of the grid."""

    run: str
    cell: str
    seed: int
    accuracy: float | None = None
    """%, of the analogies, once it is finished"""
    speed: float | None = None
    """million words a second, once it is finished"""
    spent: float | None = None
    """seconds that it took, once it is finished"""
    failure: str | None = None
    """why it failed, if it did and has not been finished since"""

    @property
    def done(self) -> bool:
        """Whether it is finished."""
        return self.spent is not None


@dataclass(frozen=True)
class Standing:
    """All runs of a grid, and who is at which."""

    places: tuple[Place, ...]
    claimed: Mapping[str, State]
    """the runs that are being done, and who is at them; not those of which there is no sign of life
    for long"""

    @classmethod
    def of(cls, folder: Path) -> "Standing":
        """Reads the records. None there yet: no places.

        Raises `InputError` as `records.rows` does, and if the records plan no runs.
        """
        if records.is_empty(folder):
            return cls((), {})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a line that is being written
            frame = with_cells(load(folder))
        plans = frame[frame["metric"] == PLANNED]
        if plans.empty:
            raise InputError(f"{folder} plans no runs: only grids of training runs can be watched")
        ends = frame[frame["metric"] == FINISHED].set_index("run")
        failures = frame[frame["metric"] == FAILED].set_index("run")
        spent = ends.reindex(columns=[*SPENT]).fillna(0.0).sum(axis=1).to_dict()
        why = failures["message"].to_dict() if len(failures) else {}
        scores = runs(frame).set_index("run")[[ACCURACY, SPEED]].to_dict("index")
        places = []
        for run, name, seed in plans[["run", "cell", "seed"]].itertuples(index=False):
            score = scores.get(run, {})
            failure = None if run in spent else why.get(run)
            accuracy, speed = score.get(ACCURACY), score.get(SPEED)
            places.append(Place(run, name, int(seed), accuracy, speed, spent.get(run), failure))
        return cls(tuple(places), {}).looked_at(folder)

    def looked_at(self, folder: Path) -> "Standing":
        """The same records, and who is at what now."""
        waiting = [place.run for place in self.places if not place.done]
        found = {run: attempts.look(folder, run) for run in waiting}
        longest = time.time() - 2 * SILENCE
        at_work = {r: s for r, s in found.items() if s.taken and s.touched / 1e9 > longest}
        return Standing(self.places, at_work)

    @property
    def over(self) -> bool:
        """Whether all runs are finished or have failed, and nobody is at one."""
        ended = all(place.done or place.failure is not None for place in self.places)
        return bool(self.places) and ended and not self.claimed

    @property
    def failed(self) -> list[Place]:
        """The runs that have failed, and that nobody is trying again."""
        failed = [place for place in self.places if place.failure is not None]
        return [place for place in failed if place.run not in self.claimed]

    def seconds_left(self) -> float | None:
        """Of the runs still to be done, as long as others of their cell; None: not known yet.

        Shared by the processes that are at work now.
        """
        known: dict[str, list[float]] = {}
        for place in self.places:
            if place.spent is not None:
                known.setdefault(place.cell, []).append(place.spent)
        if not known:
            return None
        means = {cell: sum(spent) / len(spent) for cell, spent in known.items()}
        usual = sum(means.values()) / len(means)
        waiting = [
            p for p in self.places if not p.done and (p.run in self.claimed or not p.failure)
        ]
        total = sum(means.get(place.cell, usual) for place in waiting)
        return total / max(1, len({state.who for state in self.claimed.values()}))
