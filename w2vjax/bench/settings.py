"""Benchmarks as data: what is measured, and how carefully."""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

from w2vjax.config.layers import LAYERS as KNOWN
from w2vjax.config.layers import layer_class
from w2vjax.config.overrides import override
from w2vjax.config.schema import OutputConfig, RunConfig, TrainConfig
from w2vjax.errors import InputError, in_range, unknown

LAYERS, SCALING, PEERS = "bench layers", "bench scaling", "bench peers"
"""the benchmarks, as records name them"""


@dataclass(frozen=True)
class Care:
    """How carefully a program is timed."""

    repeats: int = 15
    """measurements of each program, in turn with the others' (A B A B)"""
    seconds: float = 20.0
    """a program that has run as long as this is measured no more, twice at least"""

    def __post_init__(self) -> None:
        in_range("repeats", self.repeats, 2, 10_000)
        in_range("seconds", self.seconds, 0)


@dataclass(frozen=True)
class CeilingConfig:
    """What a device's ceilings are measured with: far larger than its caches."""

    matmul_size: int = 2048
    """n of the product of two matrices [n, n], on every device"""
    copy_mebibytes: int = 128
    """MiB that every device copies"""

    def __post_init__(self) -> None:
        in_range("matmul_size", self.matmul_size, 1, 65_536)
        in_range("copy_mebibytes", self.copy_mebibytes, 1, 65_536)


Variable = Literal["vocabulary", "dim", "num_noise", "noise_per_block", "block_size"]
SWEEPS: dict[Variable, tuple[int, ...]] = {
    "vocabulary": (1_000, 3_000, 10_000, 30_000, 100_000, 1_000_000),
    "dim": (25, 50, 100, 200, 400),
    "num_noise": (1, 2, 5, 10, 20),
    "noise_per_block": (16, 32, 64, 128, 256),
    "block_size": (16, 32, 64, 128, 256),
}
"""V, d, k, K and words a block: the values of each, all else at its usual value"""
NOISE_ONLY = ("num_noise", "noise_per_block", "block_size")
"""variables that say nothing to layers without noise"""
VOCABULARY = 10_000
"""words, while another variable grows"""
LARGEST_FULL = 30_000
"""vocabulary up to which the full softmax, whose cost is proportional to it, takes part"""
SYNC_WORDS = 100 * 512
"""kept words of all devices in one measurement"""


@dataclass(frozen=True)
class Point:
    """One program of the scaling benchmark."""

    variable: Variable
    value: int
    words: int
    """V"""
    config: RunConfig


def points(
    base: RunConfig,
    layers: tuple[str, ...],
    sweeps: dict[Variable, tuple[int, ...]],
    words: int,
    largest_full: int,
) -> list[list[Point]]:
    """The programs, those of one variable and value together.

    Without any layer: the first of each `growth`. Raises `InputError` for unknown layers and for
    values that a configuration refuses.
    """
    layers = layers or tuple({growth(layer): layer for layer in reversed(KNOWN)}.values())[::-1]
    for layer in layers:
        if layer not in KNOWN:
            raise unknown("output layer", layer, KNOWN)
    together = []
    for variable, values in sweeps.items():
        for value in values:
            size = value if variable == "vocabulary" else words
            in_range("vocabulary", size, 2, 1 << 26)
            together.append(
                [
                    Point(variable, value, size, _varied(base, layer, variable, value))
                    for layer in layers
                    if layer_class(layer).draws_noise or variable not in NOISE_ONLY
                    if layer_class(layer).candidate_scope != "matrix" or size <= largest_full
                ]
            )
    return [some for some in together if some]


def growth(layer: str) -> Literal["flat", "logarithmic", "linear"]:
    """How a step's cost grows with the vocabulary: by who shares candidates, and along trees."""
    found = layer_class(layer)
    if found.candidate_scope == "matrix":
        return "linear"
    return "logarithmic" if found.is_tree else "flat"


def _varied(base: RunConfig, layer: str, variable: Variable, value: int) -> RunConfig:
    # Resolved first: a layer's usual words a step would follow its dimensions.
    base = override(base, {"output.layer": layer}).resolved()
    if variable == "vocabulary":
        return base
    part = "output" if variable == "num_noise" else "train"
    return override(base, {f"{part}.{variable}": value})


PROGRAMS = ("gensim", "fasttext", "word2vec")
"""the peers, by the packages that bring them"""
OURS = "w2vjax"
LADDER = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0)
"""epochs that our runs try, until they are as accurate as the peers'"""


@dataclass(frozen=True)
class PeerConfig:
    """What all programs are asked to do."""

    corpus: str
    """a data set or the path of a text"""
    layer: Literal["negative-sampling", "hierarchical-softmax"] = "negative-sampling"
    architecture: Literal["skip-gram", "cbow"] = "skip-gram"
    dim: int = TrainConfig.dim
    window: int = TrainConfig.window
    subsample: float = TrainConfig.subsample
    num_noise: int = OutputConfig.num_noise
    min_count: int = 5
    epochs: int = 3
    max_words: int | None = None
    """words read from the start of the text"""

    def __post_init__(self) -> None:
        in_range("epochs", self.epochs, 1, 10_000)


def installed(names: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Those of the peers that are installed, and those that are not.

    Raises `InputError` for unknown names, names that come twice, and if none is installed.
    """
    for name in names:
        if name not in PROGRAMS:
            raise unknown("peer", name, PROGRAMS)
    if not names or len(set(names)) < len(names):
        raise InputError(f"peers must be different names, one at least: {', '.join(names)}")
    there = [name for name in names if find_spec(name) is not None]
    if not there:
        raise InputError(
            f"none of {', '.join(names)} is installed: pip install 'w2vjax[peers]' (needs a C++ "
            "compiler)"
        )
    return there, [name for name in names if name not in there]


def check_peers(repeats: int, ladder: tuple[float, ...]) -> None:
    """Raises `InputError` unless there is something to run."""
    in_range("repeats", repeats, 1, 10_000)
    for epochs in ladder:
        in_range("ladder", epochs, 1e-3, 10_000)
