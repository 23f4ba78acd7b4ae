"""Numbers for programs that draw them while they come in: TensorBoard, trackio, W&B, MLflow, JSON.

A target is written `KIND:PLACE`, `tensorboard:runs` say; `BACK_ENDS` has the kinds. The packages
are extras: only the one that is asked for is imported.
"""

import importlib.util
import json
import re
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from w2vjax import files
from w2vjax.errors import InputError, unknown


class Writer(Protocol):
    """Takes the numbers of one run."""

    def scalar(self, name: str, value: float, step: int) -> None:
        """A number's value at a step."""

    def close(self) -> None:
        """After the last number."""


class TensorBoard:
    """A folder a run, which `tensorboard --logdir FOLDER` reads."""

    def __init__(self, place: str, run: str) -> None:
        from tensorboardX import SummaryWriter

        folder = Path(place) / re.sub(r"[^\w.^+-]+", "_", run)
        self._writer = SummaryWriter(str(folder), flush_secs=5)

    def scalar(self, name: str, value: float, step: int) -> None:
        self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        self._writer.close()


class Tracker:
    """A run of a project, in trackio or in Weights & Biases, which speak alike."""

    def __init__(self, start: Callable[[], Any]) -> None:
        self._run = start()

    def scalar(self, name: str, value: float, step: int) -> None:
        self._run.log({name: value}, step=step)

    def close(self) -> None:
        self._run.finish()

    @classmethod
    def trackio(cls, place: str, run: str) -> "Tracker":
        """In a project of this machine, which `trackio show` draws."""
        import trackio

        return cls(lambda: trackio.init(project=place, name=run))

    @classmethod
    def wandb(cls, place: str, run: str) -> "Tracker":
        """In a project of the account that is logged in; `WANDB_MODE=offline` needs none."""
        import wandb

        # Runs that train as one program are open side by side.
        return cls(lambda: wandb.init(project=place, name=run, reinit="create_new"))


class MLflow:
    """A run of the experiment `w2vjax` on a tracking server, or in a file."""

    def __init__(self, place: str, run: str) -> None:
        from mlflow import MlflowClient

        self._client = MlflowClient(tracking_uri=place)
        known = self._client.get_experiment_by_name("w2vjax")
        where = known.experiment_id if known else self._client.create_experiment("w2vjax")
        self._run = self._client.create_run(where, run_name=run).info.run_id

    def scalar(self, name: str, value: float, step: int) -> None:
        self._client.log_metric(self._run, name, value, step=step)

    def close(self) -> None:
        self._client.set_terminated(self._run)


class JsonLines:
    """A line a number, appended to a file: `{"run": …, "name": …, "value": …, "step": …}`."""

    def __init__(self, place: str, run: str) -> None:
        self._path, self._run = Path(place), run
        files.make_folder(self._path.parent)

    def scalar(self, name: str, value: float, step: int) -> None:
        row = {"run": self._run, "name": name, "value": value, "step": step}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True)
class BackEnd:
    """What takes numbers, by the name that targets give it."""

    open: Callable[[str, str], Writer]
    """of a place and a run's name"""
    place: str
    """what the place is, for messages"""
    package: str | None = None
    """the module that it needs; its extra has the back end's name"""


BACK_ENDS = {
    "tensorboard": BackEnd(TensorBoard, "FOLDER", "tensorboardX"),
    "trackio": BackEnd(Tracker.trackio, "PROJECT", "trackio"),
    "wandb": BackEnd(Tracker.wandb, "PROJECT", "wandb"),
    "mlflow": BackEnd(MLflow, "URI", "mlflow"),
    "jsonl": BackEnd(JsonLines, "FILE"),
}
"""by name: one more line here, one more back end"""


def check(target: str) -> tuple[BackEnd, str]:
    """The back end and the place of a target.

    Raises `InputError` for an unknown kind, a target without a place, and a package that is not
    installed.
    """
    kind, _, place = target.partition(":")
    if kind not in BACK_ENDS:
        raise unknown("place to log to", kind, BACK_ENDS)
    back_end = BACK_ENDS[kind]
    if not place:
        raise InputError(
            f"log_to is {target!r}: it must say where, {kind}:{back_end.place.lower()}"
        )
    if back_end.package and importlib.util.find_spec(back_end.package) is None:
        raise InputError(
            f"log_to is {target!r} and {back_end.package} is not installed: "
            f"pip install 'w2vjax[{kind}]'"
        )
    return back_end, place


class Writers:
    """All the targets of one run, served by a thread: a slow network does not hold training up.

    A target that fails is told of once, and left alone then.
    """

    def __init__(self, targets: Iterable[str], run: str) -> None:
        """Raises `InputError` as `check` does."""
        known = {target: check(target) for target in targets}
        self._writers: dict[str, Writer] = {}
        self._failures: list[str] = []
        self._thread = ThreadPoolExecutor(1, "scalars")
        for target, (back_end, place) in known.items():
            self._thread.submit(self._open, target, partial(back_end.open, place, run))

    def scalar(self, name: str, value: float, step: int) -> None:
        """Hands the number to every target."""
        self._thread.submit(self._each, lambda writer: writer.scalar(name, value, step))
        self._tell()

    def close(self) -> None:
        """Closes every target, once it has taken all numbers."""
        self._thread.submit(self._each, lambda writer: writer.close())
        self._thread.shutdown()
        self._tell()

    def _open(self, target: str, start: Callable[[], Writer]) -> None:
        try:
            self._writers[target] = start()
        except Exception as error:
            self._failed(target, error)

    def _each(self, act: Callable[[Writer], None]) -> None:
        for target, writer in [*self._writers.items()]:
            try:
                act(writer)
            except Exception as error:
                del self._writers[target]
                self._failed(target, error)

    def _failed(self, target: str, error: Exception) -> None:
        reason = (str(error).strip() or repr(error)).splitlines()[0]
        self._failures.append(f"{target} takes no more numbers ({reason}); training goes on")

    def _tell(self) -> None:
        """Of what has failed since, where people are told of it: not in the thread."""
        while self._failures:
            warnings.warn(self._failures.pop(0), stacklevel=3)
