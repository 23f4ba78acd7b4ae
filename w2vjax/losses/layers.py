"""The output layers of word2vec, each as one question: which rows are pulled, which are pushed?

A target has candidate rows of its own, and shares others with all targets of its block. A hidden
vector that predicts it pulls some of them nearer and pushes others away; a shift corrects logits
for the sampler. With one hidden vector and one target this is the textbook loss of one example.

| layer                | own rows: pull / push  | shared rows: pull / push | shift   | loss        |
|----------------------|------------------------|--------------------------|---------|-------------|
| full softmax         | the target: 1 / 0      | the vocabulary: log Z    | 0       | categorical |
| hierarchical softmax | lower path: turns      | top of the tree: turns   | 0       | logistic    |
| negative sampling    | the target: 1 / 0      | noise: 0 / k/K           | 0       | logistic    |
| NCE                  | the target: 1 / 0      | noise: 0 / k/K           | log(kq) | logistic    |
| sampled softmax      | the target: 1 / 0      | noise: log Z             | log(Kq) | categorical |

Noise words that are all different have expected counts 1 - (1 - q)^tries in place of Kq.
Each is a class of its own; `config.layers.LAYERS` names them.
"""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from w2vjax.config.layers import layer_class
from w2vjax.config.schema import OutputConfig
from w2vjax.losses.biases import check_biases
from w2vjax.losses.contract import check
from w2vjax.losses.layer import Counts, Kept, OutputLayer


def build(
    config: OutputConfig, draws: int, counts: Counts, kept: Kept | None = None
) -> OutputLayer:
    """The layer that `config` describes, for words with these counts; a block shares `draws` words.

    `kept` are the counts after subsampling, in expectation, for samplers that go by the stream;
    None: all words are kept. `InputError` for unknown names, impossible settings, and a layer that
    breaks the contract.
    """
    check_biases(config)
    made: Any = layer_class(config.layer).build(config, draws, counts, kept)
    check(config.layer, made, len(counts))
    layer: OutputLayer = made
    return layer


def example_loss(
    layer: OutputLayer,
    output: Float[Array, "r d"],
    hidden: Float[Array, " d"],
    target: Int[Array, ""],
    shared: Int[Array, " k"],
    biases: Float[Array, " r"] | None = None,
) -> Float[Array, ""]:
    """The textbook's loss of one hidden vector and one target, nats.

    `output` is the output matrix; `shared` are the rows of `layer.shared_rows`, the noise say;
    `biases`, if any, are added to the rows' logits.
    """
    own = layer.target_rows(target[None])[0]
    if layer.candidate_scope == "matrix":
        shared = jnp.arange(output.shape[0])

    def logits(rows: Int[Array, " n"]) -> Float[Array, " n"]:
        made = output[rows] @ hidden
        return made if biases is None else made + biases[rows]

    return layer.example(logits(own), logits(shared), target, shared)
