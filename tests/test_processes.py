"""Laws of several processes: the same bits as one, the same mistakes in all, and an end for all."""

import json
import os
from collections.abc import Iterator
from types import SimpleNamespace

import jax
import numpy as np
import pytest
from conftest import QUICK
from in_processes import FEW, digests, start

from w2vjax.config.schema import TrainConfig
from w2vjax.engine import placement, processes
from w2vjax.engine.processes import Job
from w2vjax.engine.update import Parameters
from w2vjax.errors import InputError
from w2vjax.text import planted


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """Two processes that have trained, disagreed, and of which the second has died."""
    folder = tmp_path_factory.mktemp("processes")
    (folder / "text.txt").write_bytes(b"".join(planted.text(5_000)))
    environment = os.environ | {
        "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
        "XLA_FLAGS": " ".join(QUICK),
        "http_proxy": "http://127.0.0.1:9",
    }
    del environment["JAX_NUM_CPU_DEVICES"]
    both = start(2, folder, "few", environment)
    try:
        outputs = [process.communicate(timeout=120) for process in both]
    finally:
        for process in both:
            process.kill()
    found = [json.loads(out.splitlines()[-1]) for out, _ in outputs]
    codes = [process.returncode for process in both]
    yield SimpleNamespace(folder=folder, outputs=outputs, found=found, codes=codes)


def test_they_train_to_the_same_bits_as_one_process_with_as_many_devices(ended):
    alone = digests(FEW, 2)
    assert [found["digests"] for found in ended.found] == [alone, alone]


def test_the_first_one_alone_tells_records_and_writes(ended):
    first, second = (out.splitlines() for out, _ in ended.outputs)
    assert first[0].startswith("words ") and first[5].endswith("8 numbers each: vectors.npz")
    assert len(first) == 7 and len(second) == 1, "nothing of Gloo's"
    assert {*os.listdir(ended.folder)} == {"text.txt", "vectors.npz", "log.jsonl"}
    log = (ended.folder / "log.jsonl").read_text().splitlines()
    words = [json.loads(line)["step"] for line in log]
    assert words == sorted(words), "one process has written it"


def test_all_of_them_name_what_differs(ended):
    """Settings by their names; the text, which comes first of what follows from it."""
    told = [found["told"] for found in ended.found]
    assert told[0] == told[1]
    assert told[0]["settings"].startswith("process 1 has the train.seed 1, and process 0 has 0: ")
    assert told[0]["text"].startswith(f"process 1 has the text of SHA-256 {'1' * 64}, and")


def test_when_one_dies_the_other_ends(ended):
    assert ended.codes[1] == 9 and ended.codes[0] != 0
    assert "Gloo" in ended.outputs[0][1], "it has noticed while it trained"


@pytest.mark.parametrize(
    ("job", "message"),
    [
        ({"coordinator": "here:1", "num_processes": 2}, "go together: give all three, or --dist"),
        ({"process_id": 0}, "go together"),
        ({"coordinator": "here:1", "num_processes": 2, "process_id": 2}, "-id is 2.*0 and 1$"),
        ({"coordinator": "here:1", "num_processes": 2, "process_id": -1}, "-id is -1"),
        ({"coordinator": "here:1", "num_processes": 0, "process_id": 0}, "-processes is 0"),
        ({"coordinator": "here", "num_processes": 2, "process_id": 0}, "is here: give HOST:PORT"),
        ({"coordinator": "here:x", "num_processes": 2, "process_id": 0}, "is here:x: give HOST"),
        ({"distributed": True, "start_timeout": 0}, "--start-timeout is 0"),
    ],
)
def test_who_cannot_be_there_is_refused(job, message):
    with pytest.raises(InputError, match=message):
        Job(**job)


def test_whom_srun_and_mpirun_do_not_know_is_told(monkeypatch):
    for name in [name for name in os.environ if name.startswith(("SLURM_", "OMPI_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setattr("jax._src.xla_bridge.backends_are_initialized", lambda: False)
    with pytest.raises(InputError, match=r"finds neither srun nor mpirun: .* give --coordinator"):
        processes.join(Job(distributed=True))


def test_who_waits_for_nobody_ends_with_one_line(monkeypatch, capsys):
    codes: list[int] = []
    monkeypatch.setattr(processes.os, "_exit", codes.append)
    processes._nobody_came(Job("here:1", 2, 1, start_timeout=3))
    assert codes == [2]
    line = capsys.readouterr().err
    assert (
        line.count("\n") == 1 and "have met at here:1 within 3 s: start all of them, 2, a" in line
    )


def test_processes_share_the_cores_of_a_machine(monkeypatch):
    """Unless each has cores of its own; and each gets as many devices as any other."""
    monkeypatch.setattr(processes, "count", lambda: 3)
    monkeypatch.setattr(processes.machine, "cores", lambda: 8)
    monkeypatch.setattr(processes, "exchange", lambda seat: [seat, seat, json.dumps(["x", [], 7])])
    assert processes.devices_each(None) == 4
    assert processes.devices_each(6) == 2
    with pytest.raises(InputError, match="devices is 4, and there are 3 processes"):
        processes.devices_each(4)


def test_every_process_has_as_many_devices_of_the_mesh(monkeypatch):
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    halves = {0: jax.devices()[:4], 1: jax.devices()[4:]}
    monkeypatch.setattr(jax, "local_devices", lambda process: halves[process])
    chosen = placement.mesh_of(TrainConfig(devices=4)).devices.ravel().tolist()
    assert chosen == [*halves[0][:2], *halves[1][:2]]
    with pytest.raises(InputError, match="devices is 1, and there are 2 processes"):
        placement.mesh_of(TrainConfig(devices=1))


def test_a_copy_is_fetched_whole_from_the_devices_that_share_it(monkeypatch):
    """Whether a process has all of its columns, or must gather them, some rows at a time."""
    mesh = placement.mesh_of(TrainConfig(dim=12, devices=4, model_devices=2))
    values = np.arange(7 * 12, dtype=np.float32).reshape(7, 12)

    def start(matrix: np.ndarray) -> Parameters:
        return Parameters(input=matrix, output=matrix)

    matrix = placement.place(start, {"matrix": values}, mesh).parameters.input
    assert matrix.shape == (2, 7, 16), "filled up with zeros"
    for columns in (slice(0, 12), slice(5, 11), slice(11, 12)):
        found = placement.fetched(matrix, columns, mesh)
        np.testing.assert_array_equal(found, values[:, columns])
        for stretch in (1, 3 * 16, 7 * 16, 1 << 20):
            monkeypatch.setattr(placement, "STRETCH", stretch)
            found = placement._gathered(matrix, columns, mesh)
            np.testing.assert_array_equal(found, values[:, columns])
