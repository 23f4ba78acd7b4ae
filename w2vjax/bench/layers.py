"""The output layers on this device: how fast they train, and how near to its ceilings."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from jax.sharding import Mesh

from w2vjax import machine
from w2vjax.bench.ceilings import Call, ceilings, softmax_calls
from w2vjax.bench.ledger import Ledger
from w2vjax.bench.settings import Care, CeilingConfig
from w2vjax.bench.subject import Subject
from w2vjax.clock import Lap, Laps, interleaved, seconds
from w2vjax.config.schema import RunConfig, flatten
from w2vjax.progress import track
from w2vjax.text.encoding import EncodedCorpus


def layers(
    corpus: EncodedCorpus,
    configs: Sequence[RunConfig],
    care: Care,
    ceiling: CeilingConfig,
    ledger: Ledger,
) -> None:
    """Times a segment of each configuration's training, the ceilings in between, into the ledger.

    With the full softmax among them, its forward and backward pass against the matrix products in
    it. Raises `InputError`, before anything is timed, for impossible settings.
    """
    subjects: dict[str, Subject] = {}
    with track("compiling", len(configs), "programs") as advance:
        for config in configs:
            name = config.output.label
            subjects[name] = Subject(corpus, config)
            ledger.describe(name, **_about(subjects[name], corpus))
            advance(1, 1)
    mesh = next(iter(subjects.values())).run.mesh
    calls = ceilings(mesh, ceiling) | _softmax(subjects, corpus, mesh)
    for name, call in calls.items():
        ledger.describe(name, amount=call.amount, num_devices=mesh.size)
    measures: dict[str, Callable[[], Laps]] = {n: partial(_timed, c) for n, c in calls.items()}
    measures |= {name: subject.measure for name, subject in subjects.items()}
    with track("measuring", care.repeats, "rounds") as advance:
        for lap in interleaved(measures, care.repeats, care.seconds, lambda: advance(1, 1)):
            if lap.name in subjects:
                _record(ledger, lap, subjects[lap.name])
            else:
                ledger.measured(lap.name, "seconds", lap.seconds["call"], lap.repeat)
    ledger.measured("process", "memory/peak", machine.peak_memory(), 0)


def _softmax(subjects: dict[str, Subject], corpus: EncodedCorpus, mesh: Mesh) -> dict[str, Call]:
    for subject in subjects.values():
        settings = subject.run.configs[0].train
        if subject.run.layer.candidate_scope == "matrix" and settings.tokens_per_step:
            return softmax_calls(
                mesh, settings.tokens_per_step, len(corpus.vocabulary), settings.dim
            )
    return {}


def _timed(call: Call) -> Laps:
    return {"call": seconds(call.run)}


def _about(subject: Subject, corpus: EncodedCorpus) -> dict[str, Any]:
    config = subject.run.configs[0]
    return {
        **{f"config.{name}": value for name, value in flatten(config).items()},
        **subject.facts(),
        "layer": subject.run.layer.title,
        "corpus": corpus.name,
        "corpus_sha256": corpus.sha256,
        "vocabulary": len(corpus.vocabulary),
        "num_devices": subject.run.mesh.size,
    }


def _record(ledger: Ledger, lap: Lap, subject: Subject) -> None:
    ledger.measured(
        name=lap.name,
        metric="seconds",
        value=lap.seconds["program"] + lap.seconds["exchange"],
        repeat=lap.repeat,
        exchange_seconds=lap.seconds["exchange"],
        **subject.amounts()._asdict(),
    )
