"""JAX made ready: devices, and the cache of compiled programs."""

import os
import subprocess
import sys
import zlib

import pytest

from w2vjax.compressed import zstd
from w2vjax.engine import devices
from w2vjax.engine.compiled import remove_damaged
from w2vjax.errors import InputError, InputWarning

PROGRAM = """
import jax
from w2vjax.engine import devices
from w2vjax import machine
devices.prepare({arguments})
jax.jit(lambda x: jax.lax.sort(x @ x.T))(jax.numpy.ones((64, 8))).block_until_ready()
print(len(jax.devices()), machine.cores(), jax.config.jax_persistent_cache_min_compile_time_secs)
"""


def prepared(cache, arguments: str = "", **environment: str) -> list[float]:
    """Devices, cores, and seconds from which programs are kept, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(arguments=arguments)],
        env={"PATH": "", "JAX_PLATFORMS": "cpu", "W2VJAX_CACHE": str(cache), **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return [float(part) for part in done.stdout.split()]


def test_one_device_a_core_unless_told_otherwise(tmp_path):
    found, cores, kept_from = prepared(tmp_path)
    assert found == cores and kept_from == devices.COMPILED_IN
    assert prepared(tmp_path, "'cpu', 3")[0] == 3
    assert prepared(tmp_path, JAX_NUM_CPU_DEVICES="5")[0] == 5


def test_more_devices_than_cores_are_told_and_far_more_refused(monkeypatch):
    monkeypatch.setattr("jax.config.update", lambda name, value: None)
    monkeypatch.setattr(devices.machine, "cores", lambda: 2)
    devices.prepare("cpu", 2)
    with pytest.warns(InputWarning, match="devices is 3: this machine has 2 cores, .* share"):
        devices.prepare("cpu", 3)
    with pytest.raises(InputError, match="devices is 1000: this machine has 2 cores, and more"):
        devices.prepare("cpu", 1000)


def test_compiled_programs_have_a_folder_a_processor(tmp_path, monkeypatch):
    monkeypatch.setenv("W2VJAX_CACHE", str(tmp_path))
    folder = devices.compiled_folder()
    assert folder.parent == tmp_path / "compiled" and folder == devices.compiled_folder()
    monkeypatch.setattr(devices.machine, "instructions", lambda: "another")
    assert devices.compiled_folder() != folder


def test_a_platform_that_is_not_there_is_refused(monkeypatch):
    def none():
        raise RuntimeError("Unable to initialize backend 'tpu'\nand much more")

    monkeypatch.setattr("jax.devices", none)
    monkeypatch.setattr("jax.config.update", lambda name, value: None)
    with pytest.raises(InputError, match=r"platform tpu is not available: Unable.*'tpu'$"):
        devices.prepare("tpu")


def test_programs_that_are_not_whole_are_removed(tmp_path):
    """Each is looked at once; what is not known to be damaged stays."""
    programs = {"a-cache": zlib.compress(b"program"), "b-cache": zstd.compress(b"program")}
    for cut in (0, 6, None):
        for name, data in programs.items():
            (tmp_path / name).write_bytes(data[:cut])
        (tmp_path / "other-cache").write_bytes(b"of another form")
        remove_damaged(tmp_path)
        left = {path.name for path in tmp_path.glob("*-cache")}
        assert left == {"other-cache", *(programs if cut is None else ())}
    (tmp_path / "a-cache").write_bytes(b"")
    os.utime(tmp_path / "a-cache", (0, 0))
    remove_damaged(tmp_path)
    assert (tmp_path / "a-cache").exists()


def test_where_programs_cannot_be_kept_it_is_told_once(tmp_path, monkeypatch):
    set_to = {}
    monkeypatch.setattr("jax.config.update", set_to.__setitem__)
    (tmp_path / "cache").write_bytes(b"a file")
    monkeypatch.setenv("W2VJAX_CACHE", str(tmp_path / "cache"))
    with pytest.warns(InputWarning, match="compiled programs are not kept: cannot write"):
        devices.prepare("cpu")
    assert set_to["jax_persistent_cache_min_compile_time_secs"] == float("inf")
    assert "jax_compilation_cache_dir" not in set_to
