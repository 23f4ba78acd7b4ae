"""Checkpoints of runs in training: when they are due, what they hold, and how runs go on from one.

After a sync of all rows every device's copy of the matrices is the same, and is what was agreed on:
one copy is the whole state. That is when checkpoints are written, unless it takes too long until
then.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, cast

import jax
import numpy as np
from jaxtyping import Array

from w2vjax.config.schema import RunConfig, flatten
from w2vjax.config.settings import Settings
from w2vjax.engine.checkpoint_folder import CheckpointFolder
from w2vjax.engine.history import History
from w2vjax.engine.kept_words import Cuts, Place
from w2vjax.engine.placement import mesh_of
from w2vjax.engine.replicas import Run
from w2vjax.engine.start import digest
from w2vjax.engine.stream import Position
from w2vjax.engine.sync import Sync
from w2vjax.engine.update import TrainState
from w2vjax.errors import InputError, in_range
from w2vjax.losses.layer import OutputLayer
from w2vjax.samplers import Learning
from w2vjax.text.encoding import EncodedCorpus
from w2vjax.vectors.embeddings import Embeddings

EVERY = 300.0
"""seconds from one checkpoint to the next, unless told otherwise"""
PATIENCE = 2.0
"""times as long as that a checkpoint may wait for a sync of all rows"""
FORMAT = 1
VERSIONS = ("w2vjax", "jax", "jaxlib")


@dataclass(frozen=True)
class Checkpoints:
    """Where runs in training leave checkpoints, and go on from one that is there.

    A run that went on from a checkpoint ends with the same numbers as one that was never stopped,
    to the last bit, on the same devices.
    """

    folder: Path | None = None
    """None: there are none"""
    every: float | None = EVERY
    """seconds; None: one is written only when a signal stops the run"""

    def __post_init__(self) -> None:
        if self.every is not None:
            in_range("checkpoint_every", self.every, 0)

    def any_there(self) -> bool:
        """Whether there is one to go on from."""
        return self.folder is not None and CheckpointFolder(self.folder).latest() is not None

    def remove(self) -> None:
        """Removes them all: what the run has come to is kept elsewhere."""
        if self.folder is not None:
            CheckpointFolder(self.folder).remove()


NO_CHECKPOINTS = Checkpoints()


class Saved(NamedTuple):
    """A checkpoint that is there, without its arrays."""

    number: int
    """segments trained"""
    positions: list[Position | None]
    """where every replica's stream goes on"""
    cuts: list[Cuts]
    """of every replica's text"""
    histories: list[dict[str, Any]]
    seconds: float
    """of training"""
    agreed: bool
    """whether all copies were the same, so that there is one of each array"""


class Keeper:
    """Writes the checkpoints of runs in training, and restores the one there is."""

    def __init__(
        self,
        checkpoints: Checkpoints,
        configs: Sequence[RunConfig],
        corpus: EncodedCorpus,
        start: Embeddings | None = None,
    ) -> None:
        """Raises `InputError` if the checkpoint there is damaged, or is not of these runs."""
        self._every = checkpoints.every
        self._folder = CheckpointFolder(checkpoints.folder) if checkpoints.folder else None
        self._identity = _identity(configs, corpus, start) if self._folder else {}
        self._last = time.monotonic()
        self.saved: Saved | None = None
        number = self._folder.latest() if self._folder else None
        if self._folder is not None and number is not None:
            facts = self._folder.facts(number)
            self._check(facts.get("identity", {}), self._folder.path)
            self.saved = _saved(number, facts)

    def due(self, sync: Sync) -> bool:
        """Whether one is to be written, after a sync."""
        if self._folder is None or self._every is None:
            return False
        waited = time.monotonic() - self._last
        return waited >= self._every * (1 if sync.whole else PATIENCE)

    def write(
        self,
        run: Run,
        state: TrainState,
        layer: OutputLayer,
        sync: Sync,
        histories: Sequence[History],
        number: int,
        positions: Sequence[Position | None],
        seconds: float,
    ) -> None:
        """Starts to write one, of what runs have come to after so many segments.

        Raises `InputError` if it cannot be written.
        """
        if self._folder is None:
            return
        arrays = _arrays(run, state, sync) | _named("sampler", _learned(layer))
        facts = {
            "identity": self._identity,
            "positions": [position and [*position] for position in positions],
            "cuts": [[[*cut] for cut in stream.parts.cuts] for stream in run.streams],
            "histories": [history.saved() for history in histories],
            "seconds": seconds,
            "agreed": sync.whole,
        }
        self._folder.write(number, arrays, facts)
        self._last = time.monotonic()

    def restore(self, run: Run) -> tuple[Run, Sync]:
        """The runs as they were when the checkpoint was written, or as they are if there is none.

        Raises `InputError` if it is damaged.
        """
        if self.saved is None or self._folder is None:
            return run, Sync(run)
        arrays = self._folder.arrays(self.saved.number)
        state = _restored(run, arrays, self.saved.agreed)
        run = replace(run, state=state, layer=_with_learned(run.layer, arrays))
        sync = Sync(run, self.saved.number)
        if not self.saved.agreed:
            sync.restore(_filled(sync.before, "before", arrays))
        self._last = time.monotonic()
        return run, sync

    def close(self) -> None:
        """Waits until all is written. Raises `InputError` if it cannot be."""
        if self._folder is not None:
            self._folder.close()

    def _check(self, there: dict[str, Any], path: Path) -> None:
        """Raises `InputError`, with what differs first, unless the checkpoint is of these runs."""
        for name in {**self._identity, **there}:
            here, other = self._identity.get(name), there.get(name)
            if here != other:
                raise InputError(
                    f"the checkpoint in {path} is of another run: {name} is {other} there and "
                    f"{here} here. Give the settings it was made with, or remove the folder"
                )


def _identity(
    configs: Sequence[RunConfig], corpus: EncodedCorpus, start: Embeddings | None
) -> dict[str, Any]:
    """What must be the same for a run to go on, as JSON has it."""
    mesh = mesh_of(Settings.of(configs[0].resolved()))
    found: dict[str, Any] = {"format": FORMAT, "text": corpus.sha256, "replicas": len(configs)}
    found |= {f"version of {name}": version(name) for name in VERSIONS}
    found["vectors to continue from"] = digest(start)
    found["kind of device"] = mesh.devices.flat[0].device_kind
    found["devices"] = " by ".join(map(str, mesh.devices.shape))
    for number, config in enumerate(configs):
        prefix = f"replica {number}: " if number else ""
        flat = flatten(config.resolved())
        found |= {f"{prefix}{name}": _plain(value) for name, value in flat.items()}
    return found


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)


def _saved(number: int, facts: dict[str, Any]) -> Saved:
    """What the facts of a checkpoint say."""
    positions = [
        position and Position(number, position[1], tuple(Place(*place) for place in position[2]))
        for position in facts["positions"]
    ]
    found = (facts[name] for name in ("cuts", "histories", "seconds", "agreed"))
    return Saved(number, positions, *found)


def _arrays(run: Run, state: TrainState, sync: Sync) -> dict[str, np.ndarray]:
    """Copies of what training carries: one of each array where all devices agree."""
    if not sync.whole:
        return _named("state", state) | _named("before", sync.before)
    axis = int(run.several)
    return {name: _first_copy(leaf, axis) for name, leaf in _carried(state).items()}


def _restored(run: Run, arrays: dict[str, np.ndarray], agreed: bool) -> TrainState:
    """The state on the devices, as it was."""
    if not agreed:
        state: TrainState = _filled(run.state, "state", arrays)
        return state
    axis = int(run.several)
    leaves = [_copies(arrays[name], leaf, axis) for name, leaf in _carried(run.state).items()]
    there = jax.tree.structure((run.state.parameters, run.state.optimizer))
    parameters, optimizer = jax.tree.unflatten(there, leaves)
    return TrainState(parameters, run.state.progress, optimizer)


def _carried(state: TrainState) -> dict[str, Array]:
    """What is not 0 where all devices agree: all but the rows' progress."""
    return _leaves("state", (state.parameters, state.optimizer))


def _first_copy(leaf: Array, axis: int) -> np.ndarray:
    """What the first device along an axis has, `[…, devices, …]`: each has a copy."""
    copy = np.empty(leaf.shape[:axis] + leaf.shape[axis + 1 :], leaf.dtype)
    for shard in leaf.addressable_shards:
        if not shard.index[axis].start:
            there = shard.index[:axis] + shard.index[axis + 1 :]
            copy[there] = np.asarray(shard.data).take(0, axis)
    return copy


def _copies(copy: np.ndarray, leaf: Array, axis: int) -> Array:
    """An array like `leaf` that has the copy for every device along an axis."""

    def of_device(index: tuple[slice, ...] | None) -> np.ndarray:
        assert index is not None
        return np.expand_dims(copy[index[:axis] + index[axis + 1 :]], axis)

    return jax.make_array_from_callback(leaf.shape, leaf.sharding, of_device)


def _leaves(name: str, tree: Any) -> dict[str, Any]:
    """A tree's leaves by where they are in it."""
    found = jax.tree_util.tree_leaves_with_path(tree)
    return {f"{name}{jax.tree_util.keystr(path)}": leaf for path, leaf in found}


def _named(name: str, tree: Any) -> dict[str, np.ndarray]:
    """Copies of a tree's arrays by where they are in it."""
    return {name: np.array(leaf) for name, leaf in _leaves(name, tree).items()}


def _filled(tree: Any, name: str, arrays: dict[str, np.ndarray]) -> Any:
    """The tree with the arrays that `_named` gave, placed as its own are."""
    leaves = [
        jax.device_put(arrays[path], leaf.sharding) for path, leaf in _leaves(name, tree).items()
    ]
    return jax.tree.unflatten(jax.tree.structure(tree), leaves)


def _learned(layer: OutputLayer) -> Any:
    """The sampler, if it learns; or nothing."""
    sampler = getattr(layer, "sampler", None)
    return sampler if isinstance(sampler, Learning) else None


def _with_learned(layer: OutputLayer, arrays: dict[str, np.ndarray]) -> OutputLayer:
    """The layer with what its sampler had learned, if it learns."""
    sampler = _learned(layer)
    if sampler is None:
        return layer
    learned = _filled(sampler, "sampler", arrays)
    return cast(OutputLayer, replace(cast(Any, layer), sampler=learned))
