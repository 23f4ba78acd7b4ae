"""What jobs of the tests do: importable, so that their processes find it."""

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from w2vjax.records.attempts import look
from w2vjax.records.metrics import FINISHED
from w2vjax.study import loop


@dataclass(frozen=True)
class Cell:
    """Its name says what befalls it."""

    run_id: str


@dataclass(frozen=True)
class Work:
    """As a grid's job, but for the training."""

    folder: Path

    def __call__(self, cells: Sequence[Cell]) -> None:
        if cells[0].run_id == "broken":
            raise OSError("no such\ndevice")
        loop.turn(cells, self.execute, self.folder, (FloatingPointError,))

    def execute(self, cells: Sequence[Cell]) -> list[list[loop.Row]]:
        run = cells[0].run_id
        if run == "diverges":
            raise FloatingPointError("no longer finite")
        if run == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if run == "pre-empted" and look(self.folder, run).attempts == 1:
            os.kill(os.getpid(), signal.SIGUSR2)
            time.sleep(60)
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        told = {"cores": str(cores), "gpus": os.environ.get("CUDA_VISIBLE_DEVICES")}
        return [[{"run": cell.run_id, "metric": FINISHED, "value": None} | told] for cell in cells]

    def checkpoint(self, cells: Sequence[Cell]) -> Any:
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self, cells)
