"""Several processes, one run: which they are, and what they tell each other besides arrays.

What is told goes through JAX's coordinator, which process 0 runs: without a device, so that it may
take as long as it takes. A process that dies is missed by its heartbeats, and the others end.
"""

import itertools
import json
import os
import socket
import sys
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from w2vjax import machine
from w2vjax.errors import LARGEST, InputError, InputWarning, Lost, in_range
from w2vjax.progress import say

T = TypeVar("T")
HEARTBEAT = 20
"""seconds without a sign of life after which a process counts as dead"""
LEAVE = 10
"""seconds for which one that ends waits for the others to do so"""
PATIENCE = 500
"""milliseconds between two looks whether another has failed"""
_rounds = itertools.count()
"""of exchanges: all processes have the same ones, in the same order"""


@dataclass(frozen=True)
class Job:
    """The processes that train together, and which of them this one is."""

    coordinator: str | None = None
    """HOST:PORT of process 0, as the others reach it"""
    num_processes: int | None = None
    process_id: int | None = None
    """from 0"""
    distributed: bool = False
    """take what is not given from srun or mpirun"""
    start_timeout: int = 120
    """seconds for which processes wait for each other at the start"""

    def __post_init__(self) -> None:
        given = (self.coordinator, self.num_processes, self.process_id)
        if not self.distributed and 0 < sum(each is not None for each in given) < len(given):
            raise InputError(
                "--coordinator, --num-processes and --process-id go together: give all three, or "
                "--distributed under srun or mpirun"
            )
        if self.num_processes is not None:
            in_range("--num-processes", self.num_processes, 1)
        if self.process_id is not None:
            last = LARGEST if self.num_processes is None else self.num_processes - 1
            in_range("--process-id", self.process_id, 0, last)
        if self.coordinator is not None:
            host, _, port = self.coordinator.rpartition(":")
            if not (host and port.isdecimal() and 0 < int(port) < 1 << 16):
                raise InputError(f"--coordinator is {self.coordinator}: give HOST:PORT")
        in_range("--start-timeout", self.start_timeout, 1)

    @property
    def asked_for(self) -> bool:
        """Whether there are to be several processes."""
        return self.distributed or self.coordinator is not None


ALONE = Job()


def join(job: Job) -> None:
    """Meets the other processes, before JAX has touched any device.

    Raises `InputError` where they do not come in time, and outside of srun and mpirun if these
    should tell who they are.
    """
    if not job.asked_for:
        return
    import jax

    os.environ.setdefault("grpc_proxy", "")  # no proxy stands between the processes
    jax.config.update("jax_check_proxy_envs", False)
    jax.config.update("jax_enable_preemption_service", False)  # it takes SIGTERM for itself
    # JAX aborts the process in this case, with a stack trace.
    alarm = threading.Timer(job.start_timeout, _nobody_came, [job])
    alarm.start()
    try:
        jax.distributed.initialize(
            coordinator_address=job.coordinator,
            num_processes=job.num_processes,
            process_id=job.process_id,
            cluster_detection_method=None if job.distributed else "deactivate",
            initialization_timeout=2 * job.start_timeout,
            heartbeat_timeout_seconds=HEARTBEAT,
            shutdown_timeout_seconds=LEAVE,
        )
    except ValueError:
        raise InputError(
            "--distributed finds neither srun nor mpirun: start the processes by one of them, or "
            "give --coordinator, --num-processes and --process-id"
        ) from None
    except RuntimeError as error:
        raise InputError(
            f"the processes cannot meet at {job.coordinator or 'the first node'}: "
            f"{str(error).splitlines()[0]}"
        ) from None
    finally:
        alarm.cancel()
    _without_noise()
    if not leads():
        warnings.simplefilter("ignore", InputWarning)  # process 0 tells


def _nobody_came(job: Job) -> None:
    """Ends the process as wrong input does: nothing else ends the wait."""
    where = job.coordinator or "the first node"
    say(
        f"w2vjax: not all processes have met at {where} within {job.start_timeout} s: start all of "
        f"them, {job.num_processes or 'as many as srun or mpirun tells'}, and see that they reach "
        "this address; --start-timeout waits longer"
    )
    os._exit(2)


def _without_noise() -> None:
    """Gloo, by which CPU devices exchange, tells on standard output of every connection."""
    sys.stdout.flush()
    own = open(os.dup(1), "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors)  # noqa: SIM115
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.stdout = own


def _state() -> Any:
    from jax._src.distributed import global_state  # what is public needs devices

    return global_state


def count() -> int:
    """The number of processes."""
    return _state().num_processes


def index() -> int:
    """Which of them this one is."""
    return _state().process_id


def leads() -> bool:
    """Whether this is process 0, which alone reports, records and writes."""
    return index() == 0


def exchange(value: str) -> list[str]:
    """What every process has to say, in their order. It waits for all of them."""
    if count() == 1:
        return [value]
    number = next(_rounds)
    _state().client.key_value_set(f"w2vjax/{number}/{index()}", value)
    return [_heard(f"w2vjax/{number}/{other}") for other in range(count())]


def _heard(key: str) -> str:
    """What another process says, whenever it does. Raises `InputError` if one fails meanwhile."""
    from jax.errors import JaxRuntimeError

    client = _state().client
    while True:
        try:
            return client.blocking_key_value_get(key, PATIENCE)
        except JaxRuntimeError as error:
            if "DEADLINE_EXCEEDED" not in str(error):
                raise
        for where, message in client.key_value_dir_get("w2vjax/failed/"):
            raise InputError(f"process {where.rpartition('/')[2]} has failed: {message}")


def wait() -> None:
    """Until all processes are here."""
    exchange("")


def first(make: Callable[[], T]) -> T:
    """What `make` gives, called in process 0 before the others: they find what it has left."""
    made = [make()] if leads() else []
    wait()
    return made[0] if made else make()


def together(command: Callable[[T], int]) -> Callable[[T], int]:
    """A command whose processes end together: with the largest exit code, or if one fails, all."""

    @wraps(command)
    def ended(options: T) -> int:
        from jax.errors import JaxRuntimeError

        try:
            return max(map(int, exchange(str(command(options)))))
        except BaseException as error:
            if count() == 1:
                raise
            line = (str(error).strip() or type(error).__name__).splitlines()[0]
            with suppress(JaxRuntimeError):  # the coordinator may be gone
                _state().client.key_value_set(f"w2vjax/failed/{index()}", line)
            if not isinstance(error, JaxRuntimeError):
                raise
            raise Lost(
                f"process {index()} of {count()} has lost the others ({line}): see what they say, "
                "and start all of them again"
            ) from None

    return ended


def devices_each(devices: int | None) -> int:
    """A process's share of the CPU devices: of so many, or one a core, the same for each.

    Processes on one machine that may use the same cores share them. Raises `InputError` where
    devices cannot be shared out evenly.
    """
    if devices is not None:
        if devices % count():
            raise InputError(
                f"devices is {devices}, and there are {count()} processes: each has as many, so "
                "give a multiple of their number"
            )
        return devices // count()
    allowed = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    seats = exchange(json.dumps([socket.gethostname(), allowed, machine.cores()]))
    return max(1, min(json.loads(seat)[2] // seats.count(seat) for seat in seats))
