"""Where the runs of a grid go: onto this machine, side by side, or to a cluster with Slurm.

By submitit, which writes each job's function to a file, runs it, and keeps its log beside.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from w2vjax.errors import InputError, in_range, whole
from w2vjax.study.executors import Executor, Future

FOLDER = "jobs"
"""of the results, with a log a job"""
MINUTES = 60
LONG = 60 * 24 * 365
"""minutes that a job on this machine may take"""


@dataclass(frozen=True)
class Slurm:
    """What each job asks of Slurm; None: what the cluster gives."""

    partition: str | None = None
    """of the cluster"""
    minutes: int | None = None
    """that a job may take before it is queued again. None: 60"""
    memory: float | None = None
    """GB of a job"""
    cpus: int | None = None
    """cores of a job"""
    gpus: int | None = None
    """GPUs of a job; with local:N too"""
    array: int | None = None
    """jobs that run at a time. None: 256"""
    sbatch: tuple[str, ...] = field(default=())
    """more options of sbatch, NAME=VALUE: account=me qos=long"""

    def __post_init__(self) -> None:
        for name in ("minutes", "cpus", "gpus", "array"):
            if (value := getattr(self, name)) is not None:
                whole(name, value, 1)
        if self.memory is not None:
            if type(self.memory) not in (int, float):
                raise InputError(f"memory is {self.memory!r}: it must be a number of GB")
            in_range("memory", self.memory, 0.001, 1e6)
        if not isinstance(self.partition, str | None):
            raise InputError(f"partition is {self.partition!r}: it must be text")
        for option in self.sbatch:
            if not (isinstance(option, str) and option.partition("=")[2]):
                raise InputError(f"sbatch has {option!r}: give NAME=VALUE, account=me say")

    def over(self, other: "Slurm") -> "Slurm":
        """What is asked for here, and else there."""
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        return replace(other, **{name: value for name, value in given.items() if value})

    def parameters(self) -> dict[str, Any]:
        """As submitit names them."""
        asked = {
            "job_name": "w2vjax",
            "partition": self.partition,
            "time": self.minutes or MINUTES,
            "mem": self.memory and f"{round(1024 * self.memory)}M",
            "cpus_per_task": self.cpus,
            "gpus_per_node": self.gpus,
            "array_parallelism": self.array,
            "additional_parameters": dict(option.split("=", 1) for option in self.sbatch),
        }
        return {name: value for name, value in asked.items() if value}


def executor(launch: str, slurm: Slurm, folder: Path) -> Executor:
    """What executes runs: `local:N`, N at a time on this machine, or `slurm`.

    Raises `InputError` for anything else, without submitit, and without Slurm.
    """
    kind, _, number = launch.partition(":")
    local = kind == "local" and number.isdecimal() and int(number) > 0
    if not (local or launch == "slurm"):
        raise InputError(
            f"launch is {launch!r}: give local:N, N runs at a time on this machine, or slurm"
        )
    try:
        import submitit  # noqa: F401
    except ImportError:
        raise InputError(
            f"launch is {launch!r} and submitit is not installed: pip install 'w2vjax[cluster]'"
        ) from None
    jobs = folder.absolute() / FOLDER
    if local:
        return Local(jobs, int(number), slurm.gpus or 0)
    if not (shutil.which("srun") and shutil.which("sbatch")):
        raise InputError(
            "Slurm is not installed here (there is no sbatch): start the grid where jobs are "
            "submitted from, or take local:N for N runs at a time on this machine"
        )
    return Cluster(jobs, slurm)


class Local:
    """A number of jobs at a time on this machine, each with its share of the cores and GPUs."""

    def __init__(self, folder: Path, at_once: int, gpus: int) -> None:
        self.at_once = at_once
        self._folder, self._gpus = folder, gpus
        self._jobs: list[Future | None] = [None] * at_once

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Future:
        """Calls it in a process of its own. At most `at_once` may go on."""
        place = next(n for n, job in enumerate(self._jobs) if job is None or job.done())
        first = place * self._gpus
        gpus = tuple(range(first, first + self._gpus))
        self._submitit.update_parameters(gpus_per_node=self._gpus, visible_gpus=gpus)
        with _on_cores(place, self.at_once):
            job: Future = self._submitit.submit(function, *arguments)
        self._jobs[place] = job
        return job

    @cached_property
    def _submitit(self) -> Any:
        import submitit

        made = submitit.LocalExecutor(self._folder)
        made.update_parameters(timeout_min=LONG, stderr_to_stdout=False)
        return made


class Cluster:
    """Jobs of Slurm: an array for those that are submitted together."""

    def __init__(self, folder: Path, slurm: Slurm) -> None:
        self._folder, self._slurm = folder, slurm

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Future:
        """Queues it."""
        job: Future = self._submitit.submit(function, *arguments)
        return job

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Submits at the end. Raises `InputError` if Slurm refuses the jobs."""
        try:
            with self._submitit.batch():
                yield
        except (RuntimeError, OSError) as error:
            told = [line for line in str(error).splitlines() if line.strip()] or [repr(error)]
            raise InputError(f"Slurm takes no jobs: {told[-1].strip()}") from None

    @cached_property
    def _submitit(self) -> Any:
        import submitit

        made = submitit.SlurmExecutor(self._folder)
        made.update_parameters(**self._slurm.parameters())
        return made


@contextmanager
def _on_cores(place: int, places: int) -> Iterator[None]:
    """What this thread starts meanwhile runs on a share of its cores, where Linux can do that."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    mine = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, mine[place::places] or [mine[place % len(mine)]])
    try:
        yield
    finally:
        os.sched_setaffinity(0, mine)
