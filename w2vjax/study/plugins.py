"""Files of one's own: executed, so that they register samplers, output layers and metrics."""

import hashlib
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from inspect import isfunction
from pathlib import Path
from types import ModuleType
from typing import Any

from w2vjax.config import layers
from w2vjax.errors import InputError, unknown
from w2vjax.files import opened
from w2vjax.records.metrics import PLUGIN


@dataclass(frozen=True)
class Plugin:
    """A file that has been executed."""

    path: Path
    sha256: str
    module: ModuleType


LOADED: dict[Path, Plugin] = {}
"""by their paths, links followed"""
METRICS: list[str] = []
"""functions of files that have been registered as metrics, `FILE.py:function`"""
_LOADING: list[Path] = []


class Ended(BaseException):
    """A file that is being executed starts the command line itself: it has registered its own."""


def fields() -> dict[str, str]:
    """What records say of the files: `plugin.NAME`, the SHA-256 of each."""
    return {PLUGIN + plugin.path.name: plugin.sha256 for plugin in LOADED.values()}


def end_if_loading() -> None:
    """For whatever a script calls at its end: a file that is executed as a plugin ends there."""
    if _LOADING:
        raise Ended


def load_all(plugins: Sequence[str | Path], metrics: Sequence[str] = ()) -> None:
    """`load` of every file, then `load_metric` of every `FILE.py:function`."""
    for path in plugins:
        load(path)
    for metric in metrics:
        load_metric(metric)


def load(path: str | Path) -> ModuleType:
    """Executes a Python file, once; gives its module. Modules beside it can be imported by it.

    What it registers can be used by name from then on. It may end by calling the command line, as
    `python FILE.py` needs it. Raises `InputError`, with the file and its line, for a file that
    cannot be read, that raises, or that registers a name that is taken.
    """
    path = Path(path).resolve()
    if path in LOADED:
        return LOADED[path].module
    if any(plugin.path.name == path.name for plugin in LOADED.values()):
        raise InputError(f"two files are called {path.name}, and records name them so: rename one")
    with opened(path) as file:
        source = file.read()
    digest = hashlib.sha256(source).hexdigest()
    module = _running(path) or _executed(path)
    LOADED[path] = Plugin(path, digest, module)
    return module


def load_metric(told: str) -> None:
    """Registers a function of a file, `FILE.py:function`, as a metric by the function's name.

    Raises `InputError`, before anything is trained, for a file without such a function, with the
    nearest names, and for one that does not take the vectors alone; and as `load`.
    """
    file, colon, name = told.rpartition(":")
    if not (colon and file and name):
        raise InputError(f"metric {told!r}: give a file and its function, metric.py:hubness")
    module = load(file)
    measure = getattr(module, name, None)
    if not callable(measure):
        own = [
            key
            for key, value in vars(module).items()
            if isfunction(value) and value.__module__ == module.__name__ and key[0] != "_"
        ]
        raise unknown(f"function of {file}", name, own)
    from w2vjax.evaluation.own import OWN, register_metric

    if any(metric.measure is measure for metric in OWN.values()):
        return  # the file has registered it, under a name of its choice
    if name in OWN:
        raise InputError(f"metric {told}: there is a metric {name} already, {OWN[name].origin}")
    register_metric(name)(measure)
    METRICS.append(f"{Path(file).resolve()}:{name}")


def _running(path: Path) -> ModuleType | None:
    """The program itself, if it is this file: it has run already."""
    program = sys.modules["__main__"]
    started = getattr(program, "__file__", None)
    return program if started and Path(started).resolve() == path else None


def _executed(path: Path) -> ModuleType:
    name = f"w2vjax_plugin_{len(LOADED)}_{path.stem}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError(f"{path} is no Python file: its name must end in .py")
    module = sys.modules[name] = module_from_spec(spec)
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    with _named(path):
        spec.loader.exec_module(module)
    return module


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Names the file and the line in whatever goes wrong in it."""
    before = _registered()
    _LOADING.append(path)
    try:
        yield
    except Ended:
        pass
    except KeyboardInterrupt:
        raise
    except SystemExit as error:
        raise InputError(f"{_place(path, error)}: it ends the program ({error})") from None
    except InputError as error:
        raise InputError(f"{_place(path, error)}: {error}") from None
    except Exception as error:  # whatever the user's file raises
        reason = (str(error).strip() or repr(error)).splitlines()[0]
        told = f"{_place(path, error)}: {type(error).__name__}: {reason}"
        raise InputError(told) from None
    finally:
        _LOADING.pop()
    for kind, name, value in before:
        now = _REGISTRIES[kind]().get(name)
        if now is not value:
            _REGISTRIES[kind]()[name] = value
            raise InputError(
                f"{path.name}: the name of the {kind} {name!r} is taken: choose another"
            )


def _place(path: Path, error: BaseException) -> str:
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename) == path
    ]
    if isinstance(error, SyntaxError) and Path(error.filename or "") == path:
        lines.append(error.lineno or 1)
    line = lines[-1] if lines else None
    return f"{path.name} line {line}" if line else path.name


def _samplers() -> dict[str, Any]:
    # what has not been imported has nothing registered in it
    registry = sys.modules.get("w2vjax.samplers.registry")
    return registry.OWN if registry else {}


def _metrics() -> dict[str, Any]:
    own = sys.modules.get("w2vjax.evaluation.own")
    return own.OWN if own else {}


_REGISTRIES: dict[str, Callable[[], dict[str, Any]]] = {
    "sampler": _samplers,
    "output layer": lambda: layers.LAYERS,
    "metric": _metrics,
}


def _registered() -> list[tuple[str, str, Any]]:
    return [
        (kind, name, value)
        for kind, names in _REGISTRIES.items()
        for name, value in names().items()
    ]
