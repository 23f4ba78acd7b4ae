"""Standard output and error, which may be closed, full, or read by nobody any more."""

import os
import sys
from io import TextIOWrapper
from typing import TextIO


def ready() -> None:
    """What the streams cannot show becomes ?; those that are closed lead nowhere.

    Else the next file to be opened would take the place of a closed one, and what other libraries
    print there.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115  # until the end
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def failure() -> OSError | None:
    """Why what was printed could not all be written; None if it could. Asked at the end.

    What is left of it is given up: Python would try again, and print a traceback.
    """
    _given_up(sys.stderr)
    return _given_up(sys.stdout)


def _given_up(stream: TextIO) -> OSError | None:
    try:
        stream.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return error
    return None
