"""A reader of the pages: types their commands, writes their programs and runs them.

All in the test's own process, which has imported everything already: a process a command took most
of the suite's time. What a shell must understand goes to a shell.
"""

import os
import re
import runpy
import shlex
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jax
import pytest
from pages import quickly

from w2vjax.commands import cli
from w2vjax.config.layers import LAYERS
from w2vjax.errors import InputWarning
from w2vjax.evaluation.own import OWN as METRICS
from w2vjax.report import picture
from w2vjax.samplers import OWN as SAMPLERS
from w2vjax.study.plugins import LOADED

FOR_A_SHELL = re.compile(r"[|<>&;$`*?]")
REGISTRIES: tuple[dict, ...] = (LAYERS, LOADED, METRICS, SAMPLERS)


@contextmanager
def as_users() -> Iterator[None]:
    """JAX without the tests' settings; nothing registered stays; figures are not rendered."""
    before = [dict(registry) for registry in REGISTRIES]
    try:
        with (
            jax.numpy_dtype_promotion("standard"),
            jax.numpy_rank_promotion("allow"),
            warnings.catch_warnings(),
            pytest.MonkeyPatch.context() as patch,
        ):
            warnings.simplefilter("default", InputWarning)
            patch.setattr(picture, "render", lambda *_: bytes(24))
            yield
    finally:
        for registry, entries in zip(REGISTRIES, before, strict=True):
            registry.clear()
            registry.update(entries)


def run(file: str, *arguments: str) -> None:
    """A Python program, which may end by `sys.exit(0)`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", [file, *arguments])
        try:
            runpy.run_path(file, run_name="__main__")
        except SystemExit as stop:
            assert not stop.code, f"{file} {arguments}: {stop.code}"


def in_a_shell(lines: str) -> None:
    """Lines of bash, which must end well."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    command = ["bash", "-euo", "pipefail", "-c", lines]
    subprocess.run(command, check=True, env=quickly() | {"PATH": path})


def enter(line: str) -> None:
    """A line at the prompt, which must end well."""
    words = shlex.split(line, comments=True)
    with as_users():
        if words[0] == "w2vjax" and not FOR_A_SHELL.search(line):
            assert cli.main(words[1:]) == 0, line
        elif words[0] == "python":
            run(*words[1:])
        else:
            in_a_shell(line)
