"""What tells configurations apart: their digest, and fields that came later."""

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from dataclasses import Field, fields
from typing import Any

LATER = {"later": True}
"""metadata of fields that earlier experiments do not have"""


def settings(config: Any, prefix: str = "") -> Iterator[tuple[str, Field, Any]]:
    """Every field that is no configuration itself: its dotted name, the field, and its value."""
    for item in fields(config):
        value = getattr(config, item.name)
        if dataclasses.is_dataclass(value):
            yield from settings(value, f"{prefix}{item.name}.")
        else:
            yield f"{prefix}{item.name}", item, value


def flatten(config: Any) -> dict[str, Any]:
    """The configuration as one level of dotted names: `{"train.dim": 100, …}`."""
    return {name: value for name, _, value in settings(config)}


def later_defaults(config: Any) -> dict[str, Any]:
    """What runs of before had in fields that came later, by dotted names: the defaults."""
    return {name: item.default for name, item, _ in settings(config) if item.metadata.get("later")}


def digest(config: Any) -> str:
    """Sixteen hexadecimal digits of the SHA-256 of the configuration's JSON.

    A field that came later (`metadata={"later": True}`) is left out while it has its default:
    experiments from before it keep their digests.
    """
    text = json.dumps(_identity(config), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _identity(value: Any) -> Any:
    if not dataclasses.is_dataclass(value):
        return value
    held = {item.name: (item, getattr(value, item.name)) for item in fields(value)}
    return {
        name: _identity(own)
        for name, (item, own) in held.items()
        if not (item.metadata.get("later") and own == item.default)
    }
