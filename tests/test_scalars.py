"""Where numbers go: every back end gets them all, and none can stop a training."""

import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from test_train import SMALL, short

from w2vjax import scalars
from w2vjax.config.schema import RunConfig
from w2vjax.errors import InputError
from w2vjax.scalars import BACK_ENDS, Writers
from w2vjax.study.run import train_watched
from w2vjax.study.watching import Watching

NUMBERS = [("loss/total", 2.5, 100), ("loss/total", 2.25, 200), ("speed/words", 1e6, 200)]
Numbers = list[tuple[str, float, int]]


class StandIn(ModuleType):
    """A package that keeps what it is told; `closed` says of each run whether it was ended."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.told: Numbers = []
        self.closed = False
        self.asked: dict[str, Any] = {}
        self.__spec__ = importlib.util.spec_from_loader(name, loader=None)

    def init(self, **asked: Any) -> "StandIn":
        self.asked = asked
        return self

    def log(self, numbers: dict[str, float], step: int) -> None:
        self.told += [(name, value, step) for name, value in numbers.items()]

    def finish(self) -> None:
        self.closed = True

    def MlflowClient(self, tracking_uri: str) -> Any:
        self.asked = {"project": tracking_uri}

        def started(experiment: str, run_name: str) -> Any:
            self.asked["name"] = run_name
            return SimpleNamespace(info=SimpleNamespace(run_id="7"))

        def log(run: str, name: str, value: float, step: int) -> None:
            self.told.append((name, value, step))

        return SimpleNamespace(
            get_experiment_by_name=lambda name: None,
            create_experiment=lambda name: "3",
            create_run=started,
            log_metric=log,
            set_terminated=lambda run: self.finish(),
        )


def write(target: str) -> None:
    writers = Writers([target], "nce / uniform, seed 1")
    for number in NUMBERS:
        writers.scalar(*number)
    writers.close()


def from_events(folder: Path) -> Numbers:
    """What the files of TensorBoard hold, read without it."""
    from tensorboardX.proto.event_pb2 import Event

    found = []
    for path in sorted(folder.rglob("events*")):
        data = path.read_bytes()
        while data:  # length (8 bytes), its checksum (4), the event, its checksum (4)
            size = int.from_bytes(data[:8], "little")
            event, data = Event.FromString(data[12 : 12 + size]), data[16 + size :]
            found += [(v.tag, v.simple_value, event.step) for v in event.summary.value]
    return found


@pytest.mark.parametrize("kind", BACK_ENDS)
def test_every_back_end_takes_all_numbers(kind, tmp_path, monkeypatch):
    place = str(tmp_path / "place" / "numbers")
    package = BACK_ENDS[kind].package
    if kind in ("tensorboard", "jsonl"):
        write(f"{kind}:{place}")
    else:
        stand_in = StandIn(package)
        monkeypatch.setitem(sys.modules, package, stand_in)
        write(f"{kind}:{place}")
    if kind == "jsonl":
        rows = [json.loads(line) for line in Path(place).read_text().splitlines()]
        assert {row["run"] for row in rows} == {"nce / uniform, seed 1"}
        found = [(row["name"], row["value"], row["step"]) for row in rows]
    elif kind == "tensorboard":
        found = from_events(Path(place) / "nce_uniform_seed_1")
    else:
        assert stand_in.closed and stand_in.asked["name"] == "nce / uniform, seed 1"
        assert stand_in.asked["project"] == place
        found = stand_in.told
    assert found == NUMBERS


@pytest.mark.parametrize(
    "target, message",
    [
        ("tensorbord:runs", "unknown place to log to 'tensorbord': did you mean tensorboard"),
        ("wandb", r"log_to is 'wandb': it must say where, wandb:project"),
        ("mlflow:", r"it must say where, mlflow:uri"),
    ],
)
def test_wrong_targets_are_refused(target, message):
    with pytest.raises(InputError, match=message):
        Watching(log_to=(target,))


@pytest.mark.parametrize("kind", [kind for kind, end in BACK_ENDS.items() if end.package])
def test_a_missing_package_is_told_with_its_cure(kind, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=rf"not installed: pip install 'w2vjax\[{kind}\]'"):
        Watching(log_to=(f"{kind}:x",))


@pytest.mark.parametrize("fails", ["open", "scalar", "close"])
def test_what_fails_is_told_of_once_and_training_goes_on(fails, tmp_path, monkeypatch):
    class Broken:
        def __init__(self, place: str, run: str) -> None:
            self.act("open")

        def act(self, name: str) -> None:
            if name == fails:
                raise OSError("no network\nat all")

        def scalar(self, name: str, value: float, step: int) -> None:
            self.act("scalar")

        def close(self) -> None:
            self.act("close")

    monkeypatch.setitem(BACK_ENDS, "broken", scalars.BackEnd(Broken, "HERE"))
    config = RunConfig(train=replace(SMALL, epochs=1))
    good = tmp_path / "good.jsonl"
    watching = Watching(log_to=("broken:x", f"jsonl:{good}"))
    with pytest.warns(UserWarning, match=r"broken:x takes no more numbers \(no network\)") as told:
        trained = train_watched(short(), config, watching)
    assert len(told) == 1
    steps = [json.loads(line)["step"] for line in good.read_text().splitlines()]
    assert sorted(set(steps)) == [point.words for point in trained.curve]
