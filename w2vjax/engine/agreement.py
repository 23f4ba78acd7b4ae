"""Processes that train together train the same: found out before the first step."""

import json
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import jax

from w2vjax.config.schema import RunConfig, flatten
from w2vjax.engine import processes
from w2vjax.errors import InputError
from w2vjax.text.encoding import EncodedCorpus

OWN = "corpus.source"
"""may differ: each host has its own path to the text"""


def check(corpus: EncodedCorpus, configs: Sequence[RunConfig], **more: Any) -> None:
    """Raises `InputError` in every process where one has something else than process 0; names it.

    That is the text, a setting, what `more` names, JAX or its devices.
    """
    facts = {
        "number of runs": len(configs),
        **_settings(configs),
        "text of SHA-256": corpus.sha256,
        "vocabulary of words": len(corpus.vocabulary),
        **more,
        "version of jax": version("jax"),
        "platform": jax.local_devices()[0].platform,
        "number of devices": jax.local_device_count(),
    }
    everyone = [json.loads(found) for found in processes.exchange(json.dumps(facts, default=str))]
    for number, found in enumerate(everyone):
        for name, value in everyone[0].items():
            if found.get(name) != value:
                raise InputError(
                    f"process {number} has the {name} {found.get(name)}, and process 0 has "
                    f"{value}: start all of them with the same options and the same text"
                )


def _settings(configs: Sequence[RunConfig]) -> dict[str, Any]:
    """Of all runs, each by its dotted name; lists where they differ."""
    flat = [flatten(config) for config in configs]
    return {
        name: [run[name] for run in flat] if len(flat) > 1 else value
        for name, value in (flat[0] if flat else {}).items()
        if name != OWN
    }
