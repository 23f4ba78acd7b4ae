"""What is told of the machine."""

import platform
import subprocess
import sys

import pytest

from w2vjax import machine

LINUX = "processor\t: 0\nmodel name\t: Fast: 3 GHz\nflags\t\t: fpu avx2\n\nmodel name\t: Slow\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd\n"


@pytest.mark.parametrize(
    ("text", "name", "parts"),
    [
        (LINUX, "Fast: 3 GHz", "fpu avx2"),
        (ARM, platform.processor() or platform.machine(), "fp asimd"),
        (None, platform.processor() or platform.machine(), platform.processor()),
    ],
)
def test_the_processor_is_the_first_one_that_linux_describes(monkeypatch, text, name, parts):
    def read_text(path):
        if text is None:
            raise FileNotFoundError(path)
        return text

    monkeypatch.setattr(machine.Path, "read_text", read_text)
    assert machine.processor() == name
    assert machine.instructions() == f"{platform.machine()} {parts}"


def test_cores_are_those_that_may_be_used(monkeypatch):
    monkeypatch.setattr(machine.os, "sched_getaffinity", lambda _: {1, 5, 7}, raising=False)
    assert machine.cores() == 3
    monkeypatch.delattr(machine.os, "sched_getaffinity")
    monkeypatch.setattr(machine.os, "cpu_count", lambda: None)
    assert machine.cores() == 1


def test_peak_memory_is_of_this_process_and_not_of_the_one_that_started_it():
    program = (
        "import subprocess, sys; from w2vjax import machine; held = b'x' * 300_000_000; "
        "child = [sys.executable, '-c', 'from w2vjax import machine; print(machine.peak_memory())']"
        "; print(machine.peak_memory(), subprocess.check_output(child, text=True))"
    )
    own, child = map(int, subprocess.check_output([sys.executable, "-c", program]).split())
    assert own > 300e6
    assert child < 100e6


@pytest.mark.parametrize(
    ("meminfo", "limits", "expected"),
    [
        ("MemFree: 9 kB\nMemAvailable:    2048 kB\n", [], 2 << 20),
        ("MemAvailable: 2048 kB\n", ["max\n", "1000000\n"], 1_000_000),
        ("MemAvailable: 2048 kB\n", ["9000000\n"], 2 << 20),
        (None, ["1000000\n"], None),
    ],
)
def test_available_memory_is_what_both_machine_and_container_allow(
    tmp_path, monkeypatch, meminfo, limits, expected
):
    read_text = machine.Path.read_text
    for number, limit in enumerate(limits):
        (tmp_path / str(number)).write_text(limit)

    def told(path):
        if str(path) != "/proc/meminfo":
            return read_text(path)
        if meminfo is None:
            raise FileNotFoundError(path)
        return meminfo

    monkeypatch.setattr(machine.Path, "read_text", told)
    files = [tmp_path / "absent", *(tmp_path / str(number) for number in range(len(limits)))]
    monkeypatch.setattr(machine, "CONTAINER_LIMITS", files)
    assert machine.available_memory() == expected
