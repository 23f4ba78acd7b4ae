"""The output layers by name: what a configuration may ask for, without starting JAX."""

import re
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar

from w2vjax.errors import InputError, unknown

Layer = TypeVar("Layer", bound=type)
LAYERS: dict[str, str | type] = {
    "full-softmax": "w2vjax.losses.exact_layer:FullSoftmax",
    "hierarchical-softmax": "w2vjax.losses.tree_layers:HuffmanSoftmax",
    "balanced-softmax": "w2vjax.losses.tree_layers:BalancedSoftmax",
    "negative-sampling": "w2vjax.losses.negative_layers:NegativeSampling",
    "nce": "w2vjax.losses.negative_layers:NoiseContrastive",
    "sampled-softmax": "w2vjax.losses.sampled_layer:SampledSoftmax",
}
"""Every output layer by name: its class, or where it is. A line here is all that a layer needs."""
BUILT_IN = frozenset(LAYERS)
CLASS_FACTS = ("title", "help", "draws_noise", "is_tree", "probabilities", "defaults", "build")
"""what a layer's class says of all its layers (`losses.layer.OutputLayer`)"""


def layer_class(name: str) -> Any:
    """The class of a layer. Raises `InputError` for an unknown name, with the nearest.

    Also for a class that lacks one of the facts that the contract asks for.
    """
    if name not in LAYERS:
        raise unknown("output layer", name, LAYERS)
    found = LAYERS[name]
    if isinstance(found, str):
        module, _, attribute = found.partition(":")
        found = getattr(import_module(module), attribute)
    missing = [fact for fact in CLASS_FACTS if not hasattr(found, fact)]
    if missing:
        raise InputError(
            f"output layer {name}: {found.__name__} has no {', '.join(missing)}; "
            "see OutputLayer in w2vjax/losses/layer.py"
        )
    return found


def register_layer(name: str) -> Callable[[Layer], Layer]:
    """Decorates a layer's class: whatever takes an output layer's name takes it from then on.

    It is checked when it is built. Results are found again by name: a layer that changes needs a
    new one. Raises `InputError` for a name that is not letters, digits, `_` and `-`, or is taken.
    """
    if not re.fullmatch(r"[\w-]+", name):
        raise InputError(f"output layer name {name!r}: use letters, digits, '_' and '-' only")
    if name in BUILT_IN:
        raise InputError(f"output layer name {name!r} is taken by a built-in one: choose another")

    def remember(layer: Layer) -> Layer:
        LAYERS[name] = layer
        return layer

    return remember


def draws_noise(name: str) -> bool:
    """Whether a layer has a sampler; a closed form has none."""
    return name in LAYERS and bool(layer_class(name).draws_noise)


def sampled_layers() -> tuple[str, ...]:
    """Names of the layers that draw noise."""
    return tuple(name for name in LAYERS if draws_noise(name))
