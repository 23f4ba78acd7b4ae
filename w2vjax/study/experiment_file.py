"""Experiments as files: TOML or JSON."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from w2vjax.errors import InputError, unknown
from w2vjax.files import read_text
from w2vjax.study.experiment import Experiment, Part
from w2vjax.study.launch import Slurm

PART = ("base", "product", "zip")
OWN = ("plugins", "metrics")
FIELDS = ("name", "seeds", "rates", "parts", "launch", "slurm", *OWN, *PART)


def read_experiment(path: Path) -> Experiment:
    """The experiment of a TOML or JSON file (by its suffix; TOML without `.json`).

    `name` (else the file's), `seeds` (a number, or a list), `rates`, and the tables `base`,
    `product` and `zip`; more blocks of cells, with the same three tables, as a list `parts`. Fields
    are dotted names of the configuration. Lists `plugins` and `metrics` name files of one's own,
    in the experiment's folder; `launch` and a table `slurm` say where the runs go. Raises
    `InputError` for what is none of this.
    """
    text = read_text(path)
    try:
        data = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # numbers too long, tables too deep
        kind = "JSON" if path.suffix == ".json" else "TOML"
        raise InputError(f"{path} is not {kind}: {error}") from None
    try:
        return _experiment(_table(data, "the file"), path)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def read_rates(path: Path) -> dict[str, float]:
    """Learning rates by label, from a JSON file. Raises `InputError` for anything else."""
    text = read_text(path)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON: {error}") from None
    try:
        return _rates(_table(data, "the file"))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _experiment(data: Mapping[str, Any], path: Path) -> Experiment:
    _only(data, FIELDS)
    parts = data.get("parts", [])
    if not isinstance(parts, list):
        raise InputError(f"parts is {parts!r}: it must be a list of tables ([[parts]] in TOML)")
    for part in parts:
        _only(_table(part, "each of parts"), PART)
    name = data.get("name", path.stem)
    launch = data.get("launch")
    for field, value in (("name", name), ("launch", launch or "")):
        if not isinstance(value, str):
            raise InputError(f"{field} is {value!r}: it must be text")
    head = _part(data)
    return Experiment(
        name=name,
        base=head.base,
        product=head.product,
        zip=head.zip,
        parts=tuple(map(_part, parts)),
        seeds=_seeds(data.get("seeds")),
        rates=_rates(_table(data.get("rates", {}), "rates")),
        plugins=_files(data, "plugins", path.parent),
        metrics=_files(data, "metrics", path.parent),
        launch=launch,
        slurm=_slurm(_table(data.get("slurm", {}), "slurm")),
        file=str(path),
    )


def _slurm(table: Mapping[str, Any]) -> Slurm:
    _only(table, tuple(each.name for each in fields(Slurm)))
    more = table.get("sbatch", [])
    if not isinstance(more, list):
        raise InputError(f"sbatch is {more!r}: it must be a list of texts, NAME=VALUE")
    return Slurm(**{**table, "sbatch": tuple(more)})


def _files(data: Mapping[str, Any], name: str, folder: Path) -> tuple[str, ...]:
    """Files, or functions in them, of the folder."""
    listed = data.get(name, [])
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise InputError(f"{name} is {listed!r}: it must be a list of texts")
    return tuple(str(folder / each) for each in listed)


def _part(data: Mapping[str, Any]) -> Part:
    tables = {name: _flat(_table(data.get(name, {}), name)) for name in PART}
    for kind in ("product", "zip"):
        for name, values in tables[kind].items():
            if not isinstance(values, list):
                raise InputError(f"{kind}.{name} is {values!r}: an axis must be a list of values")
    return Part(**tables)


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """One level of dotted names, whether they were written as such or as tables in tables."""
    flat: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _seeds(value: Any) -> int | tuple[int, ...] | None:
    listed = value if isinstance(value, list) else [] if value is None else [value]
    if any(type(seed) is not int for seed in listed):
        raise InputError(f"seeds is {value!r}: it must be a number of seeds, or a list of seeds")
    return tuple(value) if isinstance(value, list) else value


def _rates(table: Mapping[str, Any]) -> dict[str, float]:
    for label, rate in table.items():
        if type(rate) not in (int, float):
            raise InputError(f"the learning rate of {label!r} is {rate!r}: it must be a number")
    return {label: float(rate) for label, rate in table.items()}


def _table(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InputError(f"{name} is {value!r}: it must be a table of names and values")
    return value


def _only(table: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name in table:
        if name not in known:
            raise unknown("entry", name, known)
