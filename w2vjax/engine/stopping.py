"""Signals that ask training to stop, where it can go on later."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from w2vjax.errors import Stopped
from w2vjax.progress import say

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)
"""of Ctrl-C, of systems that shut down or take a machine back, of clusters before a time limit"""


class Asked:
    """Whether a signal has asked to stop."""

    def __init__(self) -> None:
        self.by: signal.Signals | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Takes a signal. A second Ctrl-C stops at once."""
        if self.by is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.by = signal.Signals(number)
        say(f"{self.by.name}: stops after this segment of the text, with a checkpoint")

    def stopped(self, share: float) -> Stopped:
        """What to raise once the checkpoint is written, after this share of the training."""
        assert self.by is not None
        message = f"stopped by {self.by.name} after {share:.0%} of the training"
        return Stopped(f"{message}; the same command goes on from there", self.by)


@contextmanager
def asked_to_stop(heeded: bool = True) -> Iterator[Asked]:
    """Takes signals until the end, if they are to be heeded and this thread is the one to get them.

    Afterwards they do what they did before.
    """
    asked = Asked()
    if not heeded or threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = {number: signal.signal(number, asked) for number in SIGNALS}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
