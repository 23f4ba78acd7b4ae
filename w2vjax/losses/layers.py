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

Each is a class of its own; `config.layers.LAYERS` names them.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from w2vjax.config.layers import layer_class
from w2vjax.config.schema import OutputConfig
from w2vjax.errors import InputError
from w2vjax.losses.layer import Counts, Kept, OutputLayer


def build(
    config: OutputConfig, draws: int, counts: Counts, kept: Kept | None = None
) -> OutputLayer:
    """The layer that `config` describes, for words with these counts; a block shares `draws` words.

    `kept` are the counts after subsampling, in expectation, for samplers that go by the stream;
    None: all words are kept. `InputError` for unknown names, impossible settings, and a layer that
    breaks the contract.
    """
    made: Any = layer_class(config.layer).build(config, draws, counts, kept)
    missing = [name for name in MEMBERS if not hasattr(made, name)]
    wrong = f"it has no {', '.join(missing)}" if missing else _wrong_shape(made, len(counts))
    if wrong:
        raise InputError(
            f"output layer {config.layer}: {type(made).__name__} breaks the contract, {wrong}; see "
            "OutputLayer in w2vjax/losses/layer.py"
        )
    return made


def _wrong_shape(layer: OutputLayer, num_words: int) -> str | None:
    """What is wrong with the shapes that a layer gives for two targets; None: nothing."""
    targets = jnp.zeros(2, jnp.int32)
    found = {
        "target_rows": jax.eval_shape(layer.target_rows, targets),
        "shared_rows": jax.eval_shape(lambda: layer.shared_rows(jax.random.key(0), (3,))),
    }
    for (name, rows), number in zip(found.items(), (2, 3), strict=True):
        if rows.ndim != 2 or rows.shape[0] != number or rows.dtype != jnp.int32:
            return f"{name} gives {rows.dtype} {rows.shape} and not int32 ({number}, …)"
    own, shared = (rows.shape[1] for rows in found.values())
    ids = jnp.zeros(shared, jnp.int32)
    labels = jax.eval_shape(layer.labels, targets, ids)
    for name in ("pull", "push"):
        if getattr(labels, name).shape != (2, own):
            return f"labels gives a {name} of {getattr(labels, name).shape} and not {(2, own)}"
    if layer.candidate_scope == "matrix":
        ids = jnp.zeros(layer.num_rows(num_words), jnp.int32)
    logits = jnp.zeros(own), jnp.zeros(ids.shape)
    loss = jax.eval_shape(layer.example, *logits, targets[0], ids)
    return f"example gives {loss.shape} and not a scalar" if loss.shape else None


def example_loss(
    layer: OutputLayer,
    output: Float[Array, "r d"],
    hidden: Float[Array, " d"],
    target: Int[Array, ""],
    shared: Int[Array, " k"],
) -> Float[Array, ""]:
    """The textbook's loss of one hidden vector and one target, nats.

    `output` is the output matrix; `shared` are the rows of `layer.shared_rows`, the noise say.
    """
    own = layer.target_rows(target[None])[0]
    if layer.candidate_scope == "matrix":
        shared = jnp.arange(output.shape[0])
    return layer.example(output[own] @ hidden, output[shared] @ hidden, target, shared)


MEMBERS = tuple(
    name for name in (*OutputLayer.__annotations__, *vars(OutputLayer)) if not name.startswith("_")
)
"""what the contract asks of a layer"""
