"""Rows as lines of text, and back: flat JSON objects."""

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from w2vjax.errors import InputError

PROTOCOL = 2
"""version of the schema"""
Row = dict[str, Any]
"""a line of the records"""


def written(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """A line a row; `protocol` is added where absent.

    Raises `InputError` if a row is not flat or lacks `metric` or `value`.
    """
    return b"".join(map(_line, rows))


def parsed(line: bytes) -> Row | None:
    """The row of a line; None: it is no record."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if _is_record(row) else None


def _line(row: Mapping[str, Any]) -> bytes:
    for name in ("metric", "value"):
        if name not in row:
            raise InputError(f"a record has no {name!r}: {dict(row)!r:.200}")
    flat = {"protocol": PROTOCOL} | {name: _plain(name, value) for name, value in row.items()}
    return json.dumps(flat, allow_nan=False).encode() + b"\n"


def _plain(name: str, value: Any) -> Any:
    """A JSON scalar: numpy's scalars become Python's, and numbers that are not finite null."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise InputError(f"record field {name!r} is {value!r:.100}: it must be a number, text or null")


def _is_record(row: Any) -> bool:
    if not isinstance(row, dict) or not {"protocol", "metric", "value"} <= row.keys():
        return False
    flat = not any(isinstance(value, dict | list) for value in row.values())
    return flat and isinstance(row["metric"], str) and isinstance(row.get("run", ""), str | None)
