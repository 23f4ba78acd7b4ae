"""The cells of an experiment: what was compared, in a fixed order, under names for people.

A cell is every run that shares a configuration but for its seed.
"""

import re
from collections.abc import Iterable
from typing import Any

import pandas as pd

from w2vjax.records.metrics import FINISHED

LAYERS = {
    "full-softmax": "full softmax",
    "hierarchical-softmax": "hierarchical softmax (Huffman)",
    "balanced-softmax": "hierarchical softmax (balanced)",
    "negative-sampling": "NEG",
    "nce": "NCE",
    "sampled-softmax": "sampled softmax",
    "sppmi-svd": "SPPMI-SVD",
}
"""display names, in the order of tables and figures"""
DISTRIBUTIONS = ("uniform", "unigram", "log-uniform", "zipf")
NO_SAMPLER = "\N{EN DASH}"
SEED = "config.train.seed"
Name = tuple[str, str, tuple]
"""layer, sampler, and the settings that tell it from cells of the same label"""


def with_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """The records with four more columns, ordered categories for people.

    `layer`, `sampler` ("–" where the layer has none), `variant` (the sampler with the settings that
    tell cells of one label apart: "unigram^0.75, num_noise=5") and `cell` ("NEG, unigram^0.75, …").
    Rows without a label, such as those of the corpus, have no cell. Records that have these columns
    are returned as they are.
    """
    if "cell" in frame:
        return frame
    frame = frame.copy()
    names = [
        (*_names(label), detail)
        for label, detail in zip(frame["label"], _details(frame), strict=True)
    ]
    known = sorted({name for name in names if name[0]}, key=_cell_order)
    layers, samplers, _ = zip(*names, strict=True)
    frame["layer"] = _ordered(layers, [name[0] for name in known])
    frame["sampler"] = _ordered(samplers, sorted({name[1] for name in known}, key=sampler_order))
    variants = sorted({name[1:] for name in known}, key=lambda name: (sampler_order(name[0]), name))
    frame["variant"] = _ordered(map(_variant, names), [_joined(*variant) for variant in variants])
    frame["cell"] = _ordered(map(_cell, names), map(_cell, known))
    return frame


def complete(frame: pd.DataFrame) -> pd.DataFrame:
    """Only rows of finished runs, and rows of no run; categories of cells are kept."""
    done = frame.loc[frame["metric"] == FINISHED, "run"]
    return frame[frame["run"].isna() | frame["run"].isin(done)]


def sampler_order(name: str) -> tuple[int, str, float, str]:
    """Sorts sampler names: none first, then by distribution, power and mechanism."""
    distribution = re.split(r"[\^+:]", name)[0]
    power = re.search(r"\^(-?[\d.]+)", name)
    known = name == NO_SAMPLER or distribution in DISTRIBUTIONS
    rank = DISTRIBUTIONS.index(distribution) if distribution in DISTRIBUTIONS else -1
    return (rank if known else len(DISTRIBUTIONS), distribution, _power(power), name)


def _power(match: re.Match[str] | None) -> float:
    return float(match[1]) if match else 1.0


def _names(label: Any) -> tuple[str, str]:
    if not isinstance(label, str):
        return "", ""
    layer, _, sampler = label.partition(" / ")
    return LAYERS.get(layer, layer), sampler or NO_SAMPLER


def _cell(name: Name) -> str:
    layer, sampler, detail = name
    return _joined(layer if sampler in ("", NO_SAMPLER) else f"{layer}, {sampler}", detail)


def _variant(name: Name) -> str:
    return _joined(name[1], name[2]) if name[0] else ""


def _joined(first: str, detail: tuple) -> str:
    return ", ".join([first, *(f"{setting}={value}" for setting, _, value in detail)])


def _cell_order(name: Name) -> tuple:
    layer, sampler, detail = name
    order = list(LAYERS.values())
    rank = order.index(layer) if layer in order else len(order)
    return rank, layer, sampler_order(sampler), detail


def _ordered(values: Iterable[str], names: Iterable[str]) -> pd.Categorical:
    """The values as an ordered category; an empty one is missing."""
    filled = pd.Series([value or None for value in values], dtype=object)
    return pd.Categorical(filled, categories=list(dict.fromkeys(names)), ordered=True)


def _details(frame: pd.DataFrame) -> list[tuple]:
    """For every row, the settings `(name, sort key, value)` that tell it from namesakes."""
    columns = [name for name in map(str, frame) if name.startswith("config.") and name != SEED]
    columns = [name for name in columns if _varies(frame[name])]
    configs = frame[columns].astype(object).where(frame[columns].notna(), None)
    details: list[tuple] = [()] * len(frame)
    for _, rows in frame.reset_index(drop=True).groupby("label", sort=False):
        group = configs.iloc[rows.index]
        varying = [name for name in columns if _varies(group[name])]
        for index, values in zip(rows.index, group[varying].to_numpy(), strict=True):
            details[index] = tuple(
                (name.rpartition(".")[2], _value_order(value), value_text(value))
                for name, value in zip(varying, values, strict=True)
            )
    return details


def _varies(values: pd.Series) -> bool:
    return values.map(repr).nunique() > 1


def series(runs: pd.DataFrame, names: pd.Series, setting: str) -> pd.Series:
    """The line of a sweep over `setting` that each run belongs to: its name, by default.

    A setting that differs between runs of one name at one value of the swept setting makes lines of
    their own ("…, grouping=pair"); one that goes with the swept setting does not.
    """
    columns = [name for name in map(str, runs) if name.startswith("config.")]
    columns = [name for name in columns if name not in (SEED, setting) and _varies(runs[name])]
    told = names.astype(str)
    for _, group in runs.groupby(told):
        values = group[columns].map(value_text)
        apart = values.groupby(group[setting]).nunique().max() > 1
        for column in apart.index[apart]:
            told.loc[group.index] += f", {column.rpartition('.')[2]}=" + values[column]
    return told


def value_text(value: Any) -> str:
    """A setting's value for people: `5` also where a table has made it `5.0`."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return f"{value:.0f}"
    return str(value)


def _value_order(value: Any) -> tuple[int, float, str]:
    """Numbers by size before anything else, by name."""
    if isinstance(value, int | float):
        return (0, float(value), "")
    return (1, 0.0, str(value))
