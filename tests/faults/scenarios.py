"""What is disturbed: a command, what it must come to, and which faults it must bear."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faults import server

ALWAYS = ("kill", "terminate", "stop", "clock", "full", "disk", "together")
"""faults that every command must bear"""
BY_THE_CLOCK = (
    *("seconds", "compile_seconds", "evaluation_seconds", "peak_memory", "time"),
    *("commit", "dirty"),
)
"""fields of records that no two runs have in common, or that work on the package changes"""


def nothing(folder: Path) -> None:
    """A scenario that needs no more than an empty folder."""


@dataclass(frozen=True)
class Scenario:
    """A command that ends with exit code 0 in an empty folder."""

    command: tuple[str, ...]
    """a program of `child.PROGRAMS` and its arguments; `{address}` is that of the server"""
    same: tuple[str, ...]
    """patterns of files: the same bytes whenever they are there, and all there at the end"""
    gone: tuple[str, ...] = ()
    """patterns of what is not there at the end: checkpoints"""
    faults: tuple[str, ...] = ALWAYS
    start: Callable[[Path], None] = nothing
    """makes what the command reads"""
    stops: tuple[str, ...] = ()
    """faults that may end it with a line, as checkpoints that take longer than is believed"""
    warm: tuple[str, ...] = ()
    """folders that rounds take over from the run without a fault, to be shorter"""
    cut: tuple[str, ...] = ()
    """patterns of files that may be found cut short, and are made again"""
    told: Callable[[Path], Any] = nothing
    """what else must be the same at the end"""


def records(folder: Path) -> list[tuple]:
    """What the records say, but for what depends on the clock."""
    from w2vjax.records.file import rows
    from w2vjax.records.metrics import FAILED

    told = [
        {name: value for name, value in row.items() if name not in BY_THE_CLOCK}
        for row in rows(folder / "results")
        if not row["metric"].startswith("speed/") and row["metric"] != FAILED
    ]
    return sorted(tuple(sorted(map(repr, row.items()))) for row in told)


def imagined_records(folder: Path) -> None:
    """Records of two cells, for a report."""
    from synthetic import CELLS, experiment

    from w2vjax.records.file import Records

    Records(folder / "results").append(experiment(CELLS[:2], num_seeds=1))


GRID = """
seeds = 2
[base]
corpus.source = "planted"
corpus.max_words = 120000
train.dim = 16
train.epochs = 1.0
[product]
output.layer = ["nce", "negative-sampling"]
"""


def grid_file(folder: Path) -> None:
    """Four short runs."""
    (folder / "grid.toml").write_text(GRID)


TRAINED = ("--corpus", "planted", "--dim", "16", "--epochs", "4", "--out", "out.npz")
SCENARIOS: dict[str, Scenario] = {
    "encoding": Scenario(
        ("encode", "600000"),
        same=("cache/encoded/*/*",),
        faults=(*ALWAYS, "cut"),
        cut=("cache/encoded/*/*",),
    ),
    "download": Scenario(
        ("download", "{address}", str(len(server.DATA)), server.SHA256),
        same=("cache/data/*",),
        faults=(*ALWAYS, "connection"),
    ),
    "report": Scenario(
        ("w2vjax", "report", "results"),
        same=("results/*",),
        start=imagined_records,
    ),
    "train": Scenario(
        ("w2vjax", "train", *TRAINED, "--checkpoint-every", "0.3"),
        same=("out.npz", "cache/encoded/*/*"),
        gone=("out.npz.checkpoints", "out.npz.checkpoints/*"),
        faults=(*ALWAYS[:-1], "cut"),
        stops=("clock",),
        warm=("cache",),
        cut=("cache/encoded/*/*", "cache/compiled/*/*"),
    ),
    "grid": Scenario(
        ("w2vjax", "grid", "grid.toml", "--out", "results", "--checkpoint-every", "0.3"),
        same=("cache/encoded/*/*",),
        gone=("results/checkpoints/*",),
        stops=("clock",),
        faults=(*ALWAYS, "cut"),
        start=grid_file,
        warm=("cache",),
        cut=("cache/encoded/*/*", "cache/compiled/*/*"),
        told=records,
    ),
}
