"""Checkpoints on disk: arrays and facts in a folder, the last two kept. Orbax writes them."""

import gc
import json
import logging
import os
import re
import shutil
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from w2vjax import files
from w2vjax.errors import InputError

KEPT = 2
"""checkpoints: should one be damaged, there is the one before"""
FACTS = "_CHECKPOINT_METADATA"
"""Orbax's file with what is told of a checkpoint beside its arrays"""
SUMS = "checksums"
"""of the arrays, among the facts"""
STRAGGLING = 0.2
"""seconds that tasks may take to fail after the first"""


class CheckpointFolder:
    """A run's checkpoints, by number, each with arrays and with facts that JSON can hold.

    They are written beside the run, by threads, and appear whole or not at all.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._orbax: Any = None

    def latest(self) -> int | None:
        """The number of the last one; None: there is none."""
        if not self.path.is_dir():
            return None
        names = [entry.name for entry in self.path.iterdir() if entry.is_dir()]
        return max((int(name) for name in names if name.isdecimal()), default=None)

    def facts(self, number: int) -> dict[str, Any]:
        """What is told of a checkpoint. Raises `InputError` if it is damaged."""
        with self._undamaged(number):
            facts = json.loads((self.path / str(number) / FACTS).read_bytes())["custom_metadata"]
            return dict(facts)

    def arrays(self, number: int) -> dict[str, np.ndarray]:
        """A checkpoint's arrays by name. Raises `InputError` if it is damaged."""
        sums = self.facts(number).get(SUMS)
        with self._undamaged(number), _stragglers_silenced():
            found = self._checkpointer().load(number)
            arrays = {name: np.asarray(array) for name, array in found.items()}
            if _sums(arrays) != sums:
                raise ValueError("its numbers are not those that were written")
            return arrays

    def write(self, number: int, arrays: dict[str, np.ndarray], facts: dict[str, Any]) -> None:
        """Starts to write a checkpoint, once the one before is written.

        The arrays are the writer's from now on. Raises `InputError` if this one or the one before
        cannot be written.
        """
        facts = facts | {SUMS: _sums(arrays)}
        with self._written():
            self._checkpointer().save_async(number, arrays, force=True, custom_metadata=facts)

    def close(self) -> None:
        """Waits until all is written. Raises `InputError` if it cannot be."""
        if self._orbax is not None:
            with self._written():
                self._orbax.close()
            self._orbax = None

    def remove(self) -> None:
        """Removes all checkpoints, and the folder: the run has ended."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _checkpointer(self) -> Any:
        """Orbax's, at work in the folder."""
        if self._orbax is None:
            # Runs that end before their first checkpoint do without: it takes a second.
            from orbax.checkpoint import v1 as orbax

            files.make_folder(self.path)
            _silence()
            self._orbax = orbax.training.Checkpointer(
                self.path.resolve(),
                preservation_policy=orbax.training.preservation_policies.LatestN(KEPT),
                cleanup_tmp_directories=True,
            )
        return self._orbax

    @contextmanager
    def _written(self) -> Iterator[None]:
        try:
            yield
        except InputError:
            raise
        except Exception as error:  # whatever the libraries below raise: a full disk, say
            raise InputError(
                f"cannot write checkpoints to {self.path}: {_reason(error)}; free the disk, "
                "or choose another place"
            ) from None

    @contextmanager
    def _undamaged(self, number: int) -> Iterator[None]:
        try:
            yield
        except InputError:
            raise
        except Exception as error:  # the libraries below know many kinds of damage
            raise InputError(
                f"the checkpoint {self.path / str(number)} is damaged ({_first_line(error)}): "
                "remove it, and the one before it is taken, or else the run starts anew"
            ) from None


def _sums(arrays: dict[str, np.ndarray]) -> dict[str, int]:
    """The CRC-32 of every array."""
    return {name: zlib.crc32(np.ascontiguousarray(array)) for name, array in arrays.items()}


@contextmanager
def _stragglers_silenced() -> Iterator[None]:
    """Where a load fails, Orbax's other tasks fail beside it, and each would print a traceback."""
    logger, hook = logging.getLogger("asyncio"), sys.unraisablehook
    level, sys.unraisablehook = logger.level, lambda _: None
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    except Exception:
        time.sleep(STRAGGLING)
        gc.collect()
        raise
    finally:
        logger.setLevel(level)
        sys.unraisablehook = hook


def _silence() -> None:
    """What Orbax's threads fail with is raised in ours, too: each would print it by itself."""
    logging.getLogger("absl").setLevel(logging.CRITICAL + 1)
    of_threads, of_callbacks = threading.excepthook, sys.unraisablehook

    def thread(failed: threading.ExceptHookArgs) -> None:
        if not type(failed.thread).__module__.startswith("orbax"):
            of_threads(failed)

    def callback(failed: Any) -> None:
        if "Event loop is closed" not in str(failed.exc_value):  # whoever waited has failed
            of_callbacks(failed)

    threading.excepthook, sys.unraisablehook = thread, callback


def _reason(error: Exception) -> str:
    """What the operating system says, if it is told; TensorStore tells all that it has tried."""
    if code := re.search(r"os_error_code='(\d+)'", str(error)):
        return os.strerror(int(code[1]))
    return _first_line(error)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or repr(error)).splitlines()[0]
