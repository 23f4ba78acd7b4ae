"""Compiled programs, and what XLA says of them."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.monitoring

from w2vjax.engine.replicas import Run

SAVED = "/jax/compilation_cache/compile_time_saved_sec"
"""what JAX reports when it finds a program in the cache"""


class Compiled(NamedTuple):
    """A program ready to run."""

    program: Any
    seconds: float
    """to trace and to compile; of a program in the cache, as it took when it was put there"""
    cached_seconds: float | None
    """to trace and to fetch it from the cache, if it was there"""


def compiled(lower: Callable[[], jax.stages.Lowered]) -> Compiled:
    """The program, and how long it takes to make."""
    saved: list[float] = []

    def listen(event: str, duration_secs: float, **kwargs: str | int) -> None:
        if event == SAVED:
            saved.append(duration_secs)

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        start = time.perf_counter()
        program = lower().compile()
        elapsed = time.perf_counter() - start
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)
    if not saved:
        return Compiled(program, elapsed, None)
    return Compiled(program, elapsed + sum(saved), elapsed)


class Counted(NamedTuple):
    """What XLA counts in one step of all devices."""

    flops: float
    bytes: float


def counted(run: Run, arguments: tuple) -> Counted:
    """Floating-point operations and bytes of one step, as XLA counts them.

    XLA counts the body of a loop once, however often it runs: a segment's count says nothing of its
    steps. So the same program is compiled for a segment of one step. Loops inside the step are
    still counted once: the rounds of the random numbers, and the stretches of the matrix in which
    the full softmax takes it (`partition`). Bytes are those of every fused operation's
    operands and results, in a cache or not; a gather counts as reading the whole matrix, and a
    scatter as reading and writing it, of which they touch a few rows. The count by hand does not.
    """
    tokens, documents, rates, key = arguments
    single = replace(run, layout=replace(run.layout, steps=1))
    length = single.layout.shard + 2 * single.layout.window
    step = (tokens[..., :length], documents[..., :length], rates[..., :1], key)
    return _counts(single.lower(step).compile(), run.mesh.size)


def _counts(program: Any, devices: int) -> Counted:
    analysis = program.cost_analysis() or {}
    return Counted(
        devices * float(analysis.get("flops", 0.0)),
        devices * float(analysis.get("bytes accessed", 0.0)),
    )


def memory(program: Any) -> int | None:
    """Bytes that the program holds on each device while it runs; None where XLA does not tell.

    Arguments, results and temporaries, donated buffers once.
    """
    held = program.memory_analysis()
    if held is None:
        return None
    return int(
        held.argument_size_in_bytes
        + held.output_size_in_bytes
        + held.temp_size_in_bytes
        - held.alias_size_in_bytes
    )
