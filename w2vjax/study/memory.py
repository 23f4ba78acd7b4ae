"""How much memory runs take: an estimate, so that what cannot fit is refused before it starts."""

from w2vjax.config.layers import LAYERS, layer_class
from w2vjax.config.schema import RunConfig
from w2vjax.text.encoding import EncodedCorpus

GIB = 1 << 30
PROCESS = 0.6 * GIB
"""of Python, JAX and a compiled program"""
FLOAT = 4


def estimate(config: RunConfig, corpus: EncodedCorpus, num_devices: int) -> float:
    """Bytes that a run holds at its peak, roughly, for V words and D dimensions on a host.

    Two matrices `[V, D]` of float32: for every copy of the model, and twice more for exchanging
    changes; and three times on the host, as they come from the devices, as vectors, and scaled to
    length 1. The layer's tables are on every device, and on the host while they are made. Runs on
    one and two devices, V = 76,000 and D = 100 and 300, took from 0.3 GiB less to 0.2 GiB more.
    """
    num_words = len(corpus.vocabulary)
    copies = num_devices // config.train.model_devices
    matrices = 2 * FLOAT * num_words * config.train.dim
    return PROCESS + (3 + 3 * copies) * matrices + (num_devices + 1) * _tables(config, num_words)


def _tables(config: RunConfig, num_words: int) -> float:
    if config.output.layer not in LAYERS:
        return 0.0
    return float(layer_class(config.output.layer).table_bytes(config.output, num_words))
