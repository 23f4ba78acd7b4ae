"""How much memory runs take: an estimate, so that what cannot fit is refused before it starts."""

from w2vjax.config.schema import SAMPLED_LAYERS, RunConfig
from w2vjax.samplers.registry import mechanism
from w2vjax.text.encoding import EncodedCorpus

GIB = 1 << 30
PROCESS = 0.6 * GIB
"""of Python, JAX and a compiled program"""
FLOAT = 4
BYTES_A_WORD = {"closed-form": 0, "alias": 20, "cdf": 16, "table": 4}
"""of the mechanisms' tables, at most; and `table_size` slots of 4 bytes"""
LONGEST_PATH = 32
"""nodes on a tree's path, each with its number and its turn"""


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
    layer, sampler = config.output.layer, config.output.sampler
    if layer in SAMPLED_LAYERS:
        kind = mechanism(sampler)
        slots = FLOAT * sampler.table_size if kind == "table" else 0
        return BYTES_A_WORD.get(kind, 0) * num_words + slots
    if "hierarchical" in layer or "balanced" in layer:
        return 2 * FLOAT * LONGEST_PATH * num_words
    return 0
