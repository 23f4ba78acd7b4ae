"""How a command ends: its exit code, and what is told of a mistake."""

import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Any

from w2vjax import progress
from w2vjax.commands import outputs
from w2vjax.errors import InputError, Lost, Stopped

INTERRUPTED = 130
STOPPED = 75
"""by a signal, with a checkpoint: the same command goes on from there (EX_TEMPFAIL, sysexits.h)"""
MOST_LETTERS = 2_000
"""of a message"""
UNREAD = 141
"""whoever read the output has closed it: `w2vjax … | head`"""
SIGNALS = ("SIGTERM", "SIGHUP")
"""requests to end, as those that run commands for others send them"""
AGAIN = 0.05
"""seconds after which one that came to nothing is sent again"""
BY_SIGNAL = 128
"""and the signal's number: the exit code of a command that a signal has ended"""


class Terminated(KeyboardInterrupt):
    """A signal asks the command to end: files in the making are removed on the way."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
        self.name, self.code = signal.Signals(number).name, BY_SIGNAL + number


def guarded(command: Callable[[], int]) -> int:
    """The exit code of a command that may fail.

    Its own; 1: a run failed; 2: wrong input, or output that cannot be written, told in one line;
    75: a signal has stopped it, and the same command goes on from there; 130: interrupted; 141:
    nobody reads its output any more; 143: ended by SIGTERM.
    """
    outputs.ready()
    try:
        code = _code(command)
    except SystemExit:  # the options were asked for, or are wrong
        if (lost := outputs.failure()) is None:
            raise
        return _of_lost(lost)
    lost = outputs.failure()
    return code if lost is None or code not in (0, 1) else _of_lost(lost)


def _code(command: Callable[[], int]) -> int:
    """What it returns or, told, what its exception means."""
    try:
        with warnings.catch_warnings(), _ended_by_signals():
            warnings.showwarning = partial(_warn, set())
            return command()
    except InputError as error:
        say(_shortened(str(error)))
        return 2
    except (FloatingPointError, Lost) as error:
        say(str(error))
        return 1
    except Stopped as error:
        say(str(error))
        return INTERRUPTED if error.signal_number == signal.SIGINT else STOPPED
    except Terminated as ended:
        say(f"ended by {ended.name}")
        return ended.code
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:  # the output's, or else of the system as a whole
        outputs.failure()
        if error.filename is None and error.errno is not None:
            return _of_lost(error)
        say(_shortened(f"{error.filename}: {error.strerror}" if error.filename else str(error)))
        return 2


def _of_lost(error: OSError) -> int:
    if isinstance(error, BrokenPipeError):
        return UNREAD
    say(f"cannot write: {error.strerror}; free the disk, or send the output elsewhere")
    return 2


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Signals that would end the process raise `Terminated`; those that are ignored stay so.

    Where Python is in a callback of the garbage collector, say, the exception comes to nothing: the
    signal is then sent again.
    """
    told = sys.unraisablehook

    def end(number: int, frame: FrameType | None) -> None:
        raise Terminated(number)

    def lost(failed: Any) -> None:
        if isinstance(failed.exc_value, Terminated):
            number = failed.exc_value.number
            threading.Timer(AGAIN, os.kill, (os.getpid(), number)).start()
        else:
            told(failed)

    numbers = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
    mine = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    if threading.current_thread() is not threading.main_thread():
        mine = []
    for number in mine:
        signal.signal(number, end)
    sys.unraisablehook = lost if mine else told
    try:
        yield
    finally:
        sys.unraisablehook = told
        for number in mine:
            signal.signal(number, signal.SIG_DFL)


def _shortened(message: str) -> str:
    """Without the middle of what it quotes, if that is long."""
    half = MOST_LETTERS // 2
    return message if len(message) <= MOST_LETTERS else f"{message[:half]} … {message[-half:]}"


say = partial(progress.say, prefix="w2vjax: ")
"""A line on standard error, in the program's name."""


def _warn(told: set[str], message: Warning | str, *_: object, **__: object) -> None:
    """Once a command: what is read for every run, say, is told of once."""
    if str(message) not in told:
        told.add(str(message))
        say(f"warning: {message}")
