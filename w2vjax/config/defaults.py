"""Training settings that suit each output layer, used where a configuration says None."""

from typing import Any

_SAMPLED = {
    "predicts": "neighbours",
    "noise_per_block": 48,
    "tile_size": 8,
    "tokens_per_step": 512,
    "damping": 0.03,
}
_TREE = {
    "predicts": "centre",  # its path is gathered once, and not once for each of its neighbours
    "learning_rate": 0.05,
    "noise_per_block": 1,  # trees draw no noise
    "tile_size": 6,  # with both windows 16 vectors, a multiple of a processor's
    "tokens_per_step": 256,
    "damping": 0.35,
    "pair_cap": 30.0,
}

LAYER_DEFAULTS: dict[str, dict[str, Any]] = {
    "full-softmax": {**_SAMPLED, "learning_rate": 0.03},
    "hierarchical-softmax": _TREE,
    "balanced-softmax": _TREE,
    "negative-sampling": {
        **_SAMPLED,
        "learning_rate": 0.07,
        "noise_per_block": 32,  # as accurate as 48
        "damping": 0.075,
    },
    "nce": {**_SAMPLED, "learning_rate": 0.05},
    "sampled-softmax": {**_SAMPLED, "learning_rate": 0.0375, "noise_per_block": 40},
}
"""By the layers' names. Found on `simplewiki-2018`, skip-gram, 100 dimensions. Higher rates suit
large steps (`experiments/steps.py`), lower ones small texts read many times."""
CBOW_RATE = {"negative-sampling": 3.25, "nce": 6.0, "sampled-softmax": 5.0}
"""times the learning rate, for CBOW: of a mean's gradient each of its words gets only a share"""
CBOW_DEFAULTS: dict[str, dict[str, Any]] = {"negative-sampling": {"noise_per_block": 24}}
"""what else suits CBOW: an eighth faster than skip-gram's 32, for 0.2 to 2 points of analogies"""
LONG = 200
"""dimensions from which on vectors are long"""
LONG_DEFAULTS: dict[str, dict[str, Any]] = {"negative-sampling": {"noise_per_block": 24}}
"""what else suits long vectors in skip-gram: with 300 dimensions an eighth faster than 32 words,
and as accurate (at a rate of 0.06, against 32 at 0.05: 22.3 and 22.4 % of analogies after a pass, 4
seeds; 44.3 and 42.9 % after three, 2 seeds; no records)"""
CACHED = 1 << 16
"""numbers in the vectors of a step's words, at most, so that its rows stay in a core's cache; but
a block at least. The full softmax, whose step changes the whole matrix, does not care"""


def of_layer(layer: str, architecture: str, shared: bool, dim: int, block: int) -> dict[str, Any]:
    """A layer's own settings; none for what is not an output layer.

    `shared`: every word of a mean gets its share of the mean's gradient only. `block`: the words
    of a block.
    """
    if layer not in LAYER_DEFAULTS:
        return {}
    own = dict(LAYER_DEFAULTS[layer])
    if architecture == "cbow":
        own |= CBOW_DEFAULTS.get(layer, {})
        own["learning_rate"] *= CBOW_RATE.get(layer, 1.0) if shared else 1.0
    elif dim >= LONG:
        own |= LONG_DEFAULTS.get(layer, {})
    if layer != "full-softmax":
        cached = CACHED // dim // block * block
        own["tokens_per_step"] = min(own["tokens_per_step"], max(block, cached))
    return own
