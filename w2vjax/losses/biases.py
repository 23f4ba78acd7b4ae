"""Where the output rows' biases start."""

import numpy as np
from jaxtyping import Float

from w2vjax.config.layers import layer_class
from w2vjax.config.schema import OutputConfig
from w2vjax.errors import InputError


def check_biases(config: OutputConfig) -> None:
    """Raises `InputError` for biases of a layer that has none."""
    usual = layer_class(config.layer).usual_biases
    if usual is None and config.biases not in ("auto", "none"):
        raise InputError(
            f"biases is {config.biases}: {config.layer} has no biases, only layers with one output "
            "row a word have; leave it at auto"
        )


def starting_biases(
    config: OutputConfig, kept: Float[np.ndarray, " v"]
) -> Float[np.ndarray, " v"] | None:
    """One bias a word, nats; None: there are none. `kept` are the words' counts in the stream.

    Logits v·h + b are normalised where vectors are near zero if Σ_w exp b_w = 1: with b = -log V
    (uniform; Devlin et al. 2014, section 2.4), or with the log of the unigram. 0 (zero) is where
    TensorFlow starts. Raises `InputError` for biases of a layer that has none.
    """
    check_biases(config)
    start = config.biases
    if start == "auto":
        start = layer_class(config.layer).usual_biases or "none"
    if start == "none":
        return None
    if start == "zero":
        return np.zeros(len(kept))
    if start == "uniform":
        return np.full(len(kept), -np.log(len(kept)))
    return np.log(kept / kept.sum())
