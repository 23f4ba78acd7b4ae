"""Records as a data frame, and its cells: what was compared, in a fixed order, named for people.

A cell is every run that shares a configuration but for its seed. What is not known here by name:
layers come in the order in which the records first name them, samplers by name and power.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from w2vjax.config.identity import later_defaults
from w2vjax.config.schema import RunConfig
from w2vjax.records import file
from w2vjax.records.metrics import FINISHED

OLDER_TITLES = {
    "full-softmax": "full softmax",
    "hierarchical-softmax": "hierarchical softmax (Huffman)",
    "balanced-softmax": "hierarchical softmax (balanced)",
    "negative-sampling": "NEG",
    "nce": "NCE",
    "sampled-softmax": "sampled softmax",
    "sppmi-svd": "SPPMI-SVD",
}
"""of layers by name, for records that do not say them: those of protocol 1, the first of 2"""
NO_SAMPLER = "\N{EN DASH}"
SEED = "config.train.seed"
SHARING = ("config.train.noise_per_block", "config.train.block_size", "config.train.grouping")
"""the settings by which words share noise"""
Name = tuple[str, str, tuple]
"""layer, sampler, and the settings that tell it from cells of the same label"""


def load(*paths: Path | str) -> pd.DataFrame:
    """A row a measurement of records files or folders, with what describes its run.

    There are columns `run`, `label`, `seed` and `x` always; numbers are numbers. A run that stands
    in several counts as in the first that holds its end. Raises `InputError` as
    `records.file.rows` does.
    """
    found = [file.rows(path) for path in paths]
    homes: dict[Any, int] = {}
    for ended in (True, False):
        for place, rows in enumerate(found):
            for row in rows:
                if not ended or row["metric"] == FINISHED:
                    homes.setdefault(row.get("run"), place)
    frame = pd.DataFrame.from_records(
        [
            row
            for place, rows in enumerate(found)
            for row in rows
            if row.get("run") is None or homes[row["run"]] == place
        ]
    )
    for name in ("run", "label", "seed", "x"):
        if name not in frame:
            frame[name] = None
    for name in ("value", "x", "seed"):
        frame[name] = pd.to_numeric(frame[name])
    _fill_later(frame)
    return frame


def _fill_later(frame: pd.DataFrame) -> None:
    """Settings that runs of before do not have: what they were, so that new runs are no cells of
    their own."""
    for setting, default in later_defaults(RunConfig()).items():
        name = f"config.{setting}"
        if name in frame and default is not None:
            group = name.rpartition(".")[0]
            others = [other for other in map(str, frame) if other.rpartition(".")[0] == group]
            frame.loc[frame[name].isna() & frame[others].notna().any(axis=1), name] = default


def with_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """The records with four more columns, ordered categories for people.

    `layer`, `sampler` ("–" where the layer has none), `variant` (the sampler with the settings that
    tell cells of one label apart: "unigram^0.75, num_noise=5") and `cell` ("NEG, unigram^0.75, …").
    Rows without a label, such as those of the corpus, have no cell. Records that have these columns
    are returned as they are.
    """
    if "cell" in frame:
        return frame
    details = _details(frame)
    pairs = zip(*titles(frame), strict=True)
    names = [(*pair, detail) for pair, detail in zip(pairs, details, strict=True)]
    layers = list(dict.fromkeys(layer for layer, _, _ in names if layer))
    places = {layer: place for place, layer in enumerate(layers)}
    known = sorted(
        {name for name in names if name[0]},
        key=lambda name: (places[name[0]], sampler_order(name[1]), name[2]),
    )
    variants = sorted({name[1:] for name in known}, key=lambda name: (sampler_order(name[0]), name))
    samplers = sorted({name[1] for name in known}, key=sampler_order)
    return frame.assign(
        layer=_ordered((name[0] for name in names), layers),
        sampler=_ordered((name[1] for name in names), samplers),
        variant=_ordered(map(_variant, names), (_joined(*variant) for variant in variants)),
        cell=_ordered(map(_cell, names), map(_cell, known)),
    )


def titles(frame: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Layer and sampler of every row, empty where it has no label.

    The columns `layer` and `sampler` say them, or else the label.
    """
    labels = [label if isinstance(label, str) else "" for label in frame["label"]]
    parts = [label.partition(" / ") for label in labels]
    samplers = frame["sampler"] if "sampler" in frame else [None] * len(frame)
    others = (part[2] or NO_SAMPLER * bool(part[0]) for part in parts)
    return (
        layer_titles(frame, [part[0] for part in parts]),
        [_told(known, other) for known, other in zip(samplers, others, strict=True)],
    )


def layer_titles(frame: pd.DataFrame, names: Iterable[str]) -> list[str]:
    """What people call the layer of every row: as its run says, or else by the layer's name."""
    layers = frame["layer"] if "layer" in frame else [None] * len(frame)
    return [
        _told(known, OLDER_TITLES.get(name, name))
        for known, name in zip(layers, names, strict=True)
    ]


def complete(frame: pd.DataFrame) -> pd.DataFrame:
    """Only rows of finished runs, and rows of no run; categories of cells are kept."""
    done = frame.loc[frame["metric"] == FINISHED, "run"]
    return frame[frame["run"].isna() | frame["run"].isin(done)]


def sampler_order(name: str) -> tuple[bool, str, float, str]:
    """Sorts sampler names: none first, then by distribution, power and mechanism."""
    power = re.search(r"\^(-?[\d.]+)", name)
    return (
        name != NO_SAMPLER,
        re.split(r"[\^+:]", name)[0],
        float(power[1]) if power else 1.0,
        name,
    )


def value_text(value: Any) -> str:
    """A setting's value for people: `5` and `None` also where a table has made them `5.0`, NaN."""
    if value != value:
        return str(None)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return f"{value:.0f}"
    return str(value)


def varies(values: pd.Series) -> bool:
    """Whether a setting has several values."""
    return values.map(repr).nunique() > 1


def _told(known: Any, otherwise: str) -> str:
    return known if isinstance(known, str) and otherwise else otherwise


def _cell(name: Name) -> str:
    layer, sampler, detail = name
    return _joined(layer if sampler in ("", NO_SAMPLER) else f"{layer}, {sampler}", detail)


def _variant(name: Name) -> str:
    return _joined(name[1], name[2]) if name[0] else ""


def _joined(first: str, detail: tuple) -> str:
    return ", ".join([first, *(f"{setting}={value}" for setting, _, value in detail)])


def _ordered(values: Iterable[str], names: Iterable[str]) -> pd.Categorical:
    """The values as an ordered category; an empty one is missing."""
    filled = pd.Series([value or None for value in values], dtype=object)
    return pd.Categorical(filled, categories=list(dict.fromkeys(names)), ordered=True)


def _details(frame: pd.DataFrame) -> list[tuple]:
    """For every row, the settings `(name, sort key, value)` that tell it from namesakes."""
    columns = [name for name in map(str, frame) if name.startswith("config.") and name != SEED]
    columns = [name for name in columns if varies(frame[name])]
    configs = frame[columns].astype(object).where(frame[columns].notna(), None)
    details: list[tuple] = [()] * len(frame)
    for _, rows in frame.reset_index(drop=True).groupby("label", sort=False):
        group = configs.iloc[rows.index]
        varying = [name for name in columns if varies(group[name])]
        for index, values in zip(rows.index, group[varying].to_numpy(), strict=True):
            details[index] = tuple(
                (name.rpartition(".")[2], _value_order(value), value_text(value))
                for name, value in zip(varying, values, strict=True)
            )
    return details


def _value_order(value: Any) -> tuple[int, float, str]:
    """Numbers by size before anything else, by name."""
    if isinstance(value, int | float):
        return (0, float(value), "")
    return (1, 0.0, str(value))
