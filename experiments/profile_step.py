"""Where the time of a training step goes: XLA's operations, by kind and one by one.

Claim: products and rows read and written are most of a step. Protocol: the program that training
runs, compiled as for training, two segments to warm up; then `repeats` segments under JAX's
profiler. An operation's time is the sum over the devices and over the segments, divided by the
steps they took; what waits for others is left out. Kinds are told by what an operation holds: a
product; else a scatter; else a gather; else the rest (slopes, sums, counts, copies). Cost: about
half a minute.
"""

import re
import tempfile
from collections import Counter
from pathlib import Path
from typing import Literal

import jax
import pandas as pd
import tyro
from jax.profiler import ProfileData

from w2vjax.bench.subject import Subject
from w2vjax.config.schema import CorpusConfig, OutputConfig, RunConfig, TrainConfig
from w2vjax.engine import devices
from w2vjax.text.encoding import encode

KINDS = {"product": r" (dot|convolution)\(", "scatter": r" scatter\(", "gather": r" gather\("}
COMPUTATION = re.compile(r"^%?([\w.\-]+) \([^\n]*\{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
OPERATION = re.compile(r"^\s+(?:ROOT )?%([\w.\-]+) = (\S+) (\S+)\((.*)$", re.MULTILINE)


def operations(program: str) -> dict[str, tuple[str, str]]:
    """Kind and shape of a program's operations, by name. Inside of fusions none is timed."""
    bodies = dict(COMPUTATION.findall(program))
    found = {}
    for body in bodies.values():
        for name, shape, operation, rest in OPERATION.findall(body):
            called = re.search(r"calls=%([\w.\-]+)", rest)
            text = bodies.get(called[1], "") if called else f" {operation}("
            if operation not in ("while", "call", "conditional"):
                kinds = (kind for kind, pattern in KINDS.items() if re.search(pattern, text))
                found[name] = next(kinds, "rest"), re.sub(r"\{[^}]*\}", "", shape)
    return found


def times(folder: Path, known: dict[str, tuple[str, str]]) -> Counter[str]:
    """Nanoseconds of every operation, all devices together."""
    spent: Counter[str] = Counter()
    for path in folder.rglob("*.xplane.pb"):
        for plane in ProfileData.from_file(str(path)).planes:
            for line in plane.lines:
                for event in line.events:
                    if event.name in known:
                        spent[event.name] += event.duration_ns
    return spent


def main(
    corpus: str = "almanac",
    layer: str = OutputConfig.layer,
    architecture: Literal["skip-gram", "cbow"] = "skip-gram",
    dim: int = TrainConfig.dim,
    repeats: int = 3,
    most: int = 15,
) -> None:
    """Prints the kinds' shares and the `most` expensive operations."""
    print(__doc__)
    devices.prepare()
    settings = TrainConfig(architecture=architecture, dim=dim)
    config = RunConfig(CorpusConfig(corpus), OutputConfig(layer), settings)
    subject = Subject(encode(config.corpus), config)
    steps = 0
    for _ in range(2):
        subject.measure()
    with tempfile.TemporaryDirectory() as name:
        with jax.profiler.trace(name):
            for _ in range(repeats):
                subject.measure()
                steps += subject.amounts().steps
        known = operations(subject.made.program.as_text())
        spent = times(Path(name), known)
    rows = [
        (*known[name], name, time / steps / subject.run.mesh.size / 1e3)
        for name, time in spent.items()
    ]
    frame = pd.DataFrame(rows, columns=["kind", "shape", "operation", "us a step"])
    frame["share (%)"] = 100 * frame["us a step"] / frame["us a step"].sum()
    print(f"{corpus}, {layer}, {architecture}, d = {dim}, {subject.run.mesh.size} devices\n")
    kinds = frame.groupby("kind")[["us a step", "share (%)"]].sum()
    print(kinds.sort_values("us a step", ascending=False).round(1).to_string(), "\n")
    top = frame.sort_values("us a step", ascending=False).head(most)
    print(top.round(1).to_string(index=False))


if __name__ == "__main__":
    tyro.cli(main)
