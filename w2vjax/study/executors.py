"""What calls functions for a loop: this process, or whatever works as `concurrent.futures` does."""

import re
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Future(Protocol):
    """A call that goes on somewhere."""

    def done(self) -> bool:
        """Whether it is over, one way or another."""


@runtime_checkable
class Executor(Protocol):
    """What calls functions elsewhere: those of submitit, Dask, Ray or `concurrent.futures`.

    It may have `at_once`, how many calls it takes at a time (None: any number), and, as submitit's
    have, `batch()`, a context in which calls are collected to be submitted together. Futures may
    have `exception()`, and, as submitit's jobs, `job_id` and `paths`.
    """

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Future:
        """Calls the function, in another process or on another machine."""


class Here:
    """Calls functions in this process, one after the other; what they raise, it raises."""

    at_once = 1

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> "Here":
        """Calls it, and is over."""
        function(*arguments)
        return self

    def done(self) -> bool:
        """It is."""
        return True


def trouble(future: Future) -> str:
    """Why a call that is over did not end well, on one line; empty: it did."""
    paths: Any = getattr(future, "paths", None)
    log = f": see {paths.stderr}" if paths else ""
    if paths and paths.submitted_pickle.exists() and not paths.result_pickle.exists():
        return f"its job ended without a result{log}"
    error = future.exception() if hasattr(future, "exception") else None
    return f"its job ended in an error, {_told(error)}{log}" if error else ""


def _told(error: BaseException) -> str:
    """Of a traceback, the line that tells the error."""
    raised = re.findall(r"^\w[\w.]*: .+$", str(error), re.MULTILINE)
    return raised[-1] if raised else repr(error).splitlines()[0]
