"""Files of one's own for tests: a sampler, a layer, metrics; and a process's registries, as new."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from w2vjax.config.layers import LAYERS
from w2vjax.evaluation import own
from w2vjax.samplers.registry import OWN
from w2vjax.study import plugins

SAMPLER = """
import jax.numpy as jnp
import numpy as np
from w2vjax.samplers import register
from w2vjax.samplers.mechanisms import Alias

@register("by-root")
def by_root(counts):
    law = np.sqrt(counts)
    return Alias.of(law / law.sum())
"""
LAYER = """
from w2vjax.config.layers import register_layer
from w2vjax.losses.sampled_layer import SampledSoftmax
from w2vjax.pytrees import pytree

@register_layer("own-softmax")
@pytree
class Own(SampledSoftmax):
    title = "own softmax"
"""
METRICS = """
import numpy as np
from w2vjax.evaluation import register_metric
from w2vjax.evaluation.scores import Score

def length(embeddings):
    \"\"\"Mean length of vectors.

    More of it.
    \"\"\"
    return np.linalg.norm(embeddings.vectors, axis=1).mean()

def ends(embeddings):
    return {"first": embeddings.vectors[0, 0], "last": -1}

def scored(embeddings):
    return Score("any", 0.5, 3, 4, "by hand")

def several(embeddings):
    return [Score("a", 0.5, 3, 4, "by hand"), Score("b", None, 0, 4, "by hand")]

def nothing(embeddings):
    return None

def fails(embeddings):
    raise ValueError("no such word\\nand more")

def undefined(embeddings):
    return float("nan")

def of_two(embeddings, other):
    return 1.0

@register_metric("size", better="lower")
def number_of_words(embeddings):
    return len(embeddings.words)
"""


@contextmanager
def fresh() -> Iterator[None]:
    """Whatever is registered or loaded within is gone afterwards."""
    registries = (OWN, LAYERS, own.OWN, plugins.LOADED)
    before = [dict(registry) for registry in registries]  # type: ignore[call-overload]
    path = list(sys.path)
    try:
        yield
    finally:
        for registry, held in zip(registries, before, strict=True):
            registry.clear()
            registry.update(held)
        sys.path[:] = path


def write(folder: Path, **files: str) -> None:
    """Python files by their names."""
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
