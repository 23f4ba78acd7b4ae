"""Configurations as JSON, both ways."""

import dataclasses
import json
import types
import typing
from typing import Any, TypeVar

from w2vjax.errors import InputError, unknown

T = TypeVar("T")


def to_json(config: Any) -> str:
    """The configuration as JSON text."""
    return json.dumps(dataclasses.asdict(config), indent=2)


def from_json(kind: type[T], text: str) -> T:
    """The configuration that `to_json` wrote.

    Raises `InputError` for text that is not JSON, an unknown field or a value of the wrong type.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:  # a number too long, lists too deep
        raise InputError(f"the configuration is not JSON: {error}") from None
    return from_dict(kind, data)


def from_dict(kind: type[T], data: Any, path: str = "") -> T:
    """Builds the dataclass `kind` from nested dictionaries; absent fields take their defaults."""
    if not isinstance(data, dict):
        name = path.rstrip(".") or kind.__name__
        raise InputError(f"{name} is {data!r}: it must be a JSON object")
    hints = typing.get_type_hints(kind)
    for name in data:
        if name not in hints:
            raise unknown("field", f"{path}{name}", [f"{path}{known}" for known in hints])
    values = {name: _coerce(hints[name], value, f"{path}{name}") for name, value in data.items()}
    return kind(**values)


def _coerce(hint: Any, value: Any, path: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return from_dict(typing.cast(type, hint), value, f"{path}.")
    optional = typing.get_origin(hint) in (types.UnionType, typing.Union)
    allowed = typing.get_args(hint) if optional else (hint,)
    names = [name for kind in allowed for name in typing.get_args(kind)]
    if names and isinstance(value, str):
        if value not in names:
            raise unknown(path, value, names)
        return value
    if float in allowed and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) not in allowed:
        kinds = " or ".join(getattr(kind, "__name__", str(kind)) for kind in allowed)
        raise InputError(f"{path} is {value!r}: it must be {kinds.replace('NoneType', 'null')}")
    return value
