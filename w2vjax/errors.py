"""Mistakes in what the user gave: one exception, one message, no traceback at the command line."""

import sys
from collections.abc import Iterable
from difflib import get_close_matches
from numbers import Integral
from typing import Any

LARGEST = sys.float_info.max


class InputError(ValueError):
    """An input is wrong. The message names the input, what is wrong with it, and what to do.

    The command line prints the message alone and exits with code 2.
    """


class InputWarning(UserWarning):
    """Something of an input is left out, or read in one of several ways; the message says what.

    The command line prints the message on a line of its own and goes on.
    """


class Stopped(KeyboardInterrupt):
    """Training was asked to stop, by a signal, and has left a checkpoint to go on from."""

    def __init__(self, message: str, signal_number: int) -> None:
        super().__init__(message)
        self.signal_number = signal_number


class Lost(RuntimeError):
    """Another process of the same run is gone, or does not answer.

    The command line prints the message alone and exits with code 1.
    """


def unknown(kind: str, name: str, options: Iterable[str]) -> InputError:
    """The error for a `name` that is not among the `options`, with the nearest of them first."""
    options = list(options)
    near = get_close_matches(name, options, n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    return InputError(f"unknown {kind} {name!r}: {hint}known: {', '.join(options)}")


def in_range(name: str, value: float, low: float, high: float = LARGEST) -> None:
    """Raises `InputError` unless `low <= value <= high`; NaN and, by default, infinity fail."""
    if low <= value <= high:
        return
    bounds = f"between {low:g} and {high:g}"
    if high == LARGEST:
        bounds = f"at least {low:g}" if value < low else "finite"
    raise InputError(f"{name} is {value}: it must be {bounds}")


def whole(name: str, value: Any, low: int, high: float = LARGEST) -> None:
    """Raises `InputError` unless it is a whole number with `low <= value <= high`."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise InputError(f"{name} is {value!r}: give a whole number")
    in_range(name, int(value), low, high)


def of_kind(name: str, value: Any, kind: type, wanted: str) -> None:
    """Raises `InputError` unless the value is of the class or protocol; says what is `wanted`."""
    if not isinstance(value, kind):
        raise InputError(f"{name} is of type {type(value).__name__}: give {wanted}")
