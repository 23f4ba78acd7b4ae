"""JAX made ready, once, before its first use: devices, and the cache of compiled programs."""

import hashlib
import math
import os
import warnings
from contextlib import suppress
from pathlib import Path

from w2vjax import machine
from w2vjax.engine import processes
from w2vjax.engine.compiled import remove_damaged
from w2vjax.engine.processes import ALONE, Job
from w2vjax.errors import InputError, InputWarning
from w2vjax.files import cache_folder, make_folder

COMPILED_IN = 0.3
"""seconds of compiling from which a program is kept"""
MOST_A_CORE = 32
"""CPU devices: each is a thread, and waits for all others at every exchange"""


def prepare(platform: str | None = None, devices: int | None = None, job: Job = ALONE) -> None:
    """Chooses the platform (`cpu`, `gpu`, `tpu`; None: JAX's choice) and keeps compiled programs.

    On CPU there is one XLA device a core, unless the environment sets their number: the threads of
    a single device wait for each other at every small operation, several devices do not. `devices`
    asks for another number of them. The processes of a `job` meet here, and share these devices.
    Settings that come too late, because JAX is already in use, are left as they are. Raises
    `InputError` for a platform that is not there, for processes that do not meet, and for so many
    CPU devices that they end nothing; an `InputWarning` tells of more than there are cores.
    """
    import jax

    processes.join(job)

    if platform is not None:
        jax.config.update("jax_platforms", platform)
    flags = os.environ.get("XLA_FLAGS", "")
    chosen = "JAX_NUM_CPU_DEVICES" in os.environ or "host_platform_device_count" in flags
    if not chosen:
        each = processes.devices_each(devices)
        with suppress(RuntimeError):  # JAX is already in use
            jax.config.update("jax_num_cpu_devices", each)
    _keep_programs()
    try:
        jax.devices()
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"platform {platform or 'of JAX'} is not available: {reason}") from None
    if devices is not None and jax.default_backend() == "cpu":
        _check_cores(processes.devices_each(devices))


def _keep_programs() -> None:
    """Programs that are there are used, even where others cannot be kept, which is told."""
    import jax

    folder, least = compiled_folder(), COMPILED_IN
    try:
        make_folder(folder)
        remove_damaged(folder)
    except InputError as error:
        warnings.warn(f"compiled programs are not kept: {error}", InputWarning, stacklevel=3)
        least = math.inf
    if folder.is_dir():
        jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", least)


def _check_cores(devices: int) -> None:
    """Raises `InputError` for more devices than can ever work, warns where they share cores."""
    cores = machine.cores()
    here = f"devices is {devices}: this machine has {cores} core{'s' if cores > 1 else ''}"
    if devices > MOST_A_CORE * cores:
        raise InputError(f"{here}, and more than {MOST_A_CORE} devices a core end nothing")
    if devices > cores:
        warnings.warn(
            f"{here}, which the devices share: {cores} would be faster", InputWarning, stacklevel=3
        )


def described() -> dict[str, str]:
    """What JAX computes on, as flat fields of a record."""
    import jax

    first = jax.devices()[0]
    return {"platform": first.platform, "device": first.device_kind}


def compiled_folder() -> Path:
    """Where compiled programs are kept: one folder a kind of processor, for they need its parts."""
    kind = hashlib.sha256(machine.instructions().encode()).hexdigest()[:12]
    return cache_folder() / "compiled" / kind
