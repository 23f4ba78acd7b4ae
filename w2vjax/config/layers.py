"""The output layers by name: what a configuration may ask for, without starting JAX."""

from importlib import import_module
from typing import Any

from w2vjax.errors import InputError, unknown

LAYERS: dict[str, str | type] = {
    "full-softmax": "w2vjax.losses.exact_layer:FullSoftmax",
    "hierarchical-softmax": "w2vjax.losses.tree_layers:HuffmanSoftmax",
    "balanced-softmax": "w2vjax.losses.tree_layers:BalancedSoftmax",
    "negative-sampling": "w2vjax.losses.negative_layers:NegativeSampling",
    "nce": "w2vjax.losses.negative_layers:NoiseContrastive",
    "sampled-softmax": "w2vjax.losses.sampled_layer:SampledSoftmax",
}
"""Every output layer by name: its class, or where it is. A line here is all that a layer needs."""
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


def draws_noise(name: str) -> bool:
    """Whether a layer has a sampler; a closed form has none."""
    return name in LAYERS and bool(layer_class(name).draws_noise)


def sampled_layers() -> tuple[str, ...]:
    """Names of the layers that draw noise."""
    return tuple(name for name in LAYERS if draws_noise(name))
