"""Small trainings by several processes, and what becomes of them.

As a program it is one of these processes; started by hand with their number alone, all of them, for
every layer: `python tests/in_processes.py 4`.
"""

import hashlib
import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import numpy as np

from w2vjax.commands import cli
from w2vjax.config.layers import LAYERS
from w2vjax.config.schema import OutputConfig, RunConfig, SamplerConfig, TrainConfig
from w2vjax.engine.devices import prepare
from w2vjax.engine.processes import Job
from w2vjax.engine.train import Trained, train, train_replicas
from w2vjax.engine.watch import Watch
from w2vjax.errors import InputError
from w2vjax.text.encoding import EncodedCorpus
from w2vjax.text.vocab import Vocabulary

SMALL = TrainConfig(
    dim=12,
    window=2,
    subsample=1e-2,
    epochs=1,
    tokens_per_step=32,
    block_size=16,
    tile_size=4,
    sync_words=256,
    frequent_rows=4,
)
LEARNED = OutputConfig("negative-sampling", SamplerConfig("learned-unigram"))
IN_BATCH = OutputConfig("sampled-softmax", SamplerConfig("in-batch"))
FEW = {
    "learned-unigram": RunConfig(output=LEARNED, train=SMALL),
    "biases, divided": RunConfig(
        output=OutputConfig("nce", biases="unigram"),
        train=replace(SMALL, model_devices=2, optimizer="adagrad"),
    ),
}
EVERY = {
    **{layer: RunConfig(output=OutputConfig(layer), train=SMALL) for layer in LAYERS},
    **{
        f"{layer}, divided": RunConfig(
            output=OutputConfig(layer), train=replace(SMALL, model_devices=2)
        )
        for layer in LAYERS
    },
    **FEW,
    "in-batch": RunConfig(output=IN_BATCH, train=SMALL),
    "adam": RunConfig(train=replace(SMALL, optimizer="adam")),
}


def text(seed: int = 0) -> EncodedCorpus:
    """Documents of 1 to 30 words, from a vocabulary of 60."""
    generator = np.random.default_rng(seed)
    weights = 1 / np.arange(1, 61)
    ids = generator.choice(60, 3_000, p=weights / weights.sum()).astype(np.int32)
    ends = np.cumsum(generator.integers(1, 31, len(ids)))
    starts = np.concatenate([[0], ends[ends < len(ids)], [len(ids)]])
    counts = np.bincount(ids, minlength=60)
    vocabulary = Vocabulary(tuple(f"w{number}" for number in range(60)), counts, len(ids))
    return EncodedCorpus(vocabulary, ids, starts, f"{seed}" * 64, "text")


def digest(trained: Trained) -> str:
    """Of every bit of the vectors, the biases and the curve of the loss."""
    parts = [*jax.tree.leaves(trained.parameters), trained.biases, repr(trained.curve).encode()]
    joined = b"".join(np.asarray(part).tobytes() for part in parts if part is not None)
    return hashlib.sha256(joined).hexdigest()


def digests(configs: dict[str, RunConfig], devices: int) -> dict[str, str]:
    """Of every one trained on so many devices, and of two replicas of the first."""
    on = {
        name: replace(config, train=replace(config.train, devices=devices))
        for name, config in configs.items()
    }
    found = {name: digest(train(text(), config, show=False)) for name, config in on.items()}
    first = next(iter(on.values()))
    other = replace(first, train=replace(first.train, seed=7))
    both = train_replicas(text(), [first, other], show=False)
    return found | {f"replica {number}": digest(one) for number, one in enumerate(both)}


def refusal(process: int, **changes: Any) -> str:
    """What this process is told that trains with another text or other settings than process 0."""
    config = RunConfig(train=replace(SMALL, **changes))
    try:
        train(text(process), config, show=False)
    except InputError as error:
        return str(error)
    return "nothing"


def free_port() -> int:
    """One that nobody listens to."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def start(number: int, folder: Path, what: str, environment: dict) -> list[subprocess.Popen]:
    """So many processes of this program, which meet at a free port."""
    at = f"127.0.0.1:{free_port()}"
    return [
        subprocess.Popen(
            [sys.executable, __file__, what, at, str(number), str(index)],
            env=environment,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for index in range(number)
    ]


def dies(config: RunConfig, words: int, numbers: object) -> None:
    """After the first segment, in the second process."""
    if jax.process_index() == 1:
        os._exit(9)


def act(what: str, at: str, number: int, index: int) -> None:
    """One process: `w2vjax train`, all that is to be compared, refusals, and a death."""
    if what == "few":
        who = ["--coordinator", at, "--num-processes", f"{number}", "--process-id", f"{index}"]
        small = ["--dim", "8", "--epochs", "1", "--min-count", "1", "--devices", f"{number}"]
        files = ["--corpus", "text.txt", "--out", "vectors.npz"]
        assert cli.main(["train", *files, *small, *who, "--log-to", "jsonl:log.jsonl"]) == 0
    else:
        prepare("cpu", number, Job(at, number, index))
    found = digests(FEW if what == "few" else EVERY, number)
    told = {"settings": refusal(0, seed=index), "text": refusal(index)}
    print(json.dumps({"digests": found, "told": told}), flush=True)
    train(text(), RunConfig(train=SMALL), watch=Watch(tell=dies))


def main() -> None:
    """Compares so many processes with one that has as many devices; in all layers."""
    number = int(sys.argv[1])
    running = start(number, Path.cwd(), "every", dict(os.environ))
    outputs = [process.communicate()[0].splitlines() for process in running]
    jax.config.update("jax_num_cpu_devices", number)
    alone = digests(EVERY, number)
    for name, bits in alone.items():
        same = [json.loads(lines[-1])["digests"][name] == bits for lines in outputs]
        print(f"{name:32}{'the same' if all(same) else same}")
    print("exit codes", [process.returncode for process in running])


if __name__ == "__main__":
    if len(sys.argv) == 2:
        main()
    else:
        act(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
