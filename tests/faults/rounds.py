"""Rounds: a scenario without a fault, then with one after another."""

import random
import shutil
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from faults.disk import taken
from faults.disturbances import FAULTS
from faults.scenarios import SCENARIOS
from faults.trial import Trial


@dataclass
class Arena:
    """A scenario and a folder for its rounds."""

    name: str
    folder: Path

    @cached_property
    def undisturbed(self) -> tuple[Trial, Any]:
        """The scenario without a fault, begun as rounds are, and what it tells."""
        cold = self._begun("cold")
        cold.ended(cold.started())
        trial = self._begun("undisturbed", warm=cold.folder)
        process, begin = trial.started(), time.monotonic()
        trial.ended(process)
        trial.seconds = time.monotonic() - begin
        trial.size, trial.expected = taken(trial.folder), trial.digests()
        assert trial.expected and not [*cold.wrong, *trial.wrong], [*cold.wrong, *trial.wrong]
        assert trial.expected == cold.digests(), "it is not the same every time"
        return trial, trial.scenario.told(trial.folder)

    def play(self, fault: str, number: int) -> Trial:
        """A round. What was found wrong stands in it, and its folder is left in that case."""
        before, told = self.undisturbed
        trial = self._begun(f"{fault}-{number}", warm=before.folder)
        trial.seconds, trial.size, trial.expected = before.seconds, before.size, before.expected
        FAULTS[fault](trial)
        trial.ended(trial.started())
        trial.check_end(told)
        if not trial.wrong:
            shutil.rmtree(trial.folder)
        return trial

    def _begun(self, name: str, warm: Path | None = None) -> Trial:
        scenario = SCENARIOS[self.name]
        folder = self.folder / f"{self.name}-{name}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        scenario.start(folder)
        for part in scenario.warm if warm else ():
            shutil.copytree(warm / part, folder / part)
        return Trial(scenario, folder, random.Random(f"{self.name} {name}"))
