"""What tells configurations apart: their digest, and fields that came later."""

import dataclasses
import hashlib
import json
from dataclasses import fields
from typing import Any

LATER = {"later": True}
"""metadata of fields that earlier experiments do not have"""


def later_defaults(config: Any, prefix: str = "") -> dict[str, Any]:
    """What runs of before had in fields that came later, by dotted names: the defaults."""
    found: dict[str, Any] = {}
    for item in fields(config):
        value = getattr(config, item.name)
        if dataclasses.is_dataclass(value):
            found |= later_defaults(value, f"{prefix}{item.name}.")
        elif item.metadata.get("later"):
            found[f"{prefix}{item.name}"] = item.default
    return found


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
