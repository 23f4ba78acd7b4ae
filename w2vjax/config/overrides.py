"""Configurations changed by dotted names: `{"train.dim": 300}`."""

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from w2vjax.config.json import from_dict
from w2vjax.config.schema import flatten
from w2vjax.errors import unknown

T = TypeVar("T")


def override(config: T, fields: Mapping[str, Any]) -> T:
    """The configuration with these fields, named as `flatten` names them; the others stay.

    Raises `InputError` for an unknown field, with the nearest names, a value of the wrong type, or
    one that is out of range.
    """
    known = flatten(config)
    data: dict[str, Any] = dataclasses.asdict(config)  # type: ignore[call-overload]
    for path, value in fields.items():
        if path not in known:
            raise unknown("field", path, known)
        *rooms, last = path.split(".")
        inner = data
        for room in rooms:
            inner = inner[room]
        inner[last] = value
    return from_dict(type(config), data)
