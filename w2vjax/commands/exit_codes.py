"""How a command ends: its exit code, and what is told of a mistake."""

import os
import signal
import sys
import warnings
from collections.abc import Callable
from functools import partial
from io import TextIOWrapper

from w2vjax import progress
from w2vjax.errors import InputError, Stopped

INTERRUPTED = 130
STOPPED = 75
"""by a signal, with a checkpoint: the same command goes on from there (EX_TEMPFAIL, sysexits.h)"""
MOST_LETTERS = 2_000
"""of a message"""
UNREAD = 141
"""whoever read the output has closed it: `w2vjax … | head`"""


def guarded(command: Callable[[], int]) -> int:
    """The exit code of a command that may fail.

    Its own; 1: a run failed; 2: wrong input, told in one line; 130: interrupted; 141: nobody reads
    its output any more; 75: a signal has stopped it, and the same command goes on from there.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # what its letters cannot show becomes ?
            stream.reconfigure(errors="replace")
    try:
        with warnings.catch_warnings():
            warnings.showwarning = partial(_warn, set())
            code = command()
            sys.stdout.flush()
            return code
    except InputError as error:
        say(_shortened(str(error)))
        return 2
    except FloatingPointError as error:
        say(str(error))
        return 1
    except Stopped as error:
        say(str(error))
        return INTERRUPTED if error.signal_number == signal.SIGINT else STOPPED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the end tries again
        return UNREAD


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
