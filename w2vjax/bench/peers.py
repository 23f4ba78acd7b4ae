"""Other programs on the same text and cores: speed, accuracy, and the time to be as accurate."""

import json
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from w2vjax.bench.ledger import Ledger
from w2vjax.bench.settings import OURS, PeerConfig
from w2vjax.bench.worker import Task
from w2vjax.config.layers import layer_class
from w2vjax.config.schema import CorpusConfig
from w2vjax.errors import InputError
from w2vjax.files import written
from w2vjax.progress import track
from w2vjax.text.datasets import source
from w2vjax.text.encoding import encode
from w2vjax.text.notes import Notes

Found = dict[str, Any]


class Failed(Exception):
    """A program ended without vectors."""


def peers(
    settings: PeerConfig,
    programs: Sequence[str],
    repeats: int,
    ladder: Sequence[float],
    ledger: Ledger,
) -> list[str]:
    """Every program `repeats` times, in turn, ours first, each run a process of its own.

    Then our runs with the epochs of the ladder, from the fewest, until their mean accuracy has
    reached that of every peer. Returns what failed. Raises `InputError` for settings that a program
    does not take, before anything runs.
    """
    if (given := source(CorpusConfig(settings.corpus))).identity is None:
        raise InputError(f"every program reads the text anew, and {given.name} once: give a file")
    text = CorpusConfig(settings.corpus, min_count=settings.min_count, max_words=settings.max_words)
    corpus = encode(text)
    words = corpus.vocabulary.num_words
    failed: list[str] = []
    accuracy: dict[tuple[str, float], list[float]] = {}
    about = {f"config.{name}": value for name, value in asdict(settings).items()}
    about |= {"corpus": corpus.name, "corpus_sha256": corpus.sha256, "words": words}
    about |= {"vocabulary": len(corpus.vocabulary), "layer": _title(settings)}
    with (
        tempfile.TemporaryDirectory() as folder,
        track("peers", repeats * (1 + len(programs)), "runs") as advance,
    ):
        plain = _plain_text(settings, Path(folder) / "text.txt")

        def run(program: str, epochs: float, seed: int) -> None:
            name = f"{program}, {epochs:g} epochs"
            if seed == 0:
                ledger.describe(
                    name, program=program, version=version(program), epochs=epochs, **about
                )
            try:
                found = _run(Task(program, settings, str(plain), epochs, seed, time.time()))
            except Failed as error:
                ledger.failed(name, seed, str(error))
                failed.append(f"{name}: {error}")
                return
            found["speed"] = words * epochs / found["seconds"]
            accuracy.setdefault((program, epochs), []).append(found["value"] or 0.0)
            _record(ledger, name, found, seed)

        epochs = float(settings.epochs)
        for seed in range(repeats):
            for program in (OURS, *programs):
                run(program, epochs, seed)
                advance(1, 1)
        goals = [statistics.mean(runs) for (who, _), runs in accuracy.items() if who != OURS]
        for rung in sorted(set(ladder)):
            for seed in range(repeats):
                if rung != epochs:
                    run(OURS, rung, seed)
            ours = accuracy.get((OURS, rung))
            if not goals or (ours and statistics.mean(ours) >= max(goals)):
                break
    return failed


def _title(settings: PeerConfig) -> str:
    """What papers call the layer: NEG-5 with five noise words a pair."""
    layer = layer_class(settings.layer)
    return f"{layer.title}-{settings.num_noise}" if layer.draws_noise else str(layer.title)


def _plain_text(settings: PeerConfig, path: Path) -> Path:
    """The corpus as the peers read it, a document a line; `max_words` cut as the encoding does."""
    left = settings.max_words
    blocks = source(CorpusConfig(settings.corpus)).blocks(lambda _: None, Notes())
    with written(path) as file:
        for block in blocks:
            if left is not None:
                block, left = _first_words(block, left)
            file.write(block)
            if left == 0:
                break
        file.write(b"\n")
    return path


def _first_words(block: bytes, number: int) -> tuple[bytes, int]:
    """The block up to its `number`-th word, and how many are left to come."""
    lines, left = [], number
    for line in block.split(b"\n"):
        words = line.split()[:left]
        left -= len(words)
        lines.append(b" ".join(words))
        if not left:
            break
    # A block may end within a line, and the next one goes on there.
    return b"\n".join(lines) + (b" " if left and not block.endswith(b"\n") else b""), left


def _run(task: Task) -> Found:
    """One process' run. Raises `Failed` with its last words."""
    command = [sys.executable, "-m", "w2vjax.bench.worker", json.dumps(asdict(task))]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            output, errors = process.communicate()
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)
            process.wait()
            raise
    if process.returncode:
        last = (errors.strip().splitlines() or [f"exit code {process.returncode}"])[-1]
        raise Failed(last)
    found: Found = json.loads(output.splitlines()[-1])
    return found


def _record(ledger: Ledger, name: str, found: Found, seed: int) -> None:
    for metric, field in (
        ("seconds", "seconds"),
        ("speed/words", "speed"),
        ("seconds/whole", "whole_seconds"),
        ("seconds/start", "start_seconds"),
        ("seconds/compile", "compile_seconds"),
        ("memory/peak", "peak_memory"),
    ):
        if found[field] is not None:
            ledger.measured(name, metric, found[field], seed, seed=seed)
    ledger.measured(
        name=name,
        metric="analogy/total",
        value=found["value"],
        repeat=seed,
        covered=found["covered"],
        total=found["total"],
        evaluation=found["protocol"],
        seed=seed,
    )
