"""How well a trained model predicts the text that was kept out of its training."""

from dataclasses import replace
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from w2vjax.config.schema import RunConfig
from w2vjax.config.settings import Settings
from w2vjax.engine.kept_words import Plan
from w2vjax.engine.program import draw_radius
from w2vjax.engine.stream import NO_DOCUMENT, Layout, segments
from w2vjax.engine.trained import Trained
from w2vjax.engine.update import Parameters
from w2vjax.engine.windows import Batch, frame, pair_batch
from w2vjax.evaluation import likelihood
from w2vjax.evaluation.scores import Score
from w2vjax.losses.layer import OutputLayer
from w2vjax.losses.layers import build, example_loss
from w2vjax.text.encoding import EncodedCorpus

MAX_PAIRS = 20_000
STRETCH = 1 << 14
"""kept words whose pairs are made at once"""
BATCH = 256
"""pairs whose paths are scored at once"""


class Pairs(NamedTuple):
    """Hidden vectors, as means of input rows, and what they are to predict."""

    inputs: Int[np.ndarray, "n r"]
    """rows of the input matrix"""
    mix: Float[np.ndarray, "n r"]
    """hidden = Σ_r mix[r] · input row r"""
    targets: Int[np.ndarray, " n"]


def unseen_likelihood(
    trained: Trained, config: RunConfig, corpus: EncodedCorpus, pairs: Pairs
) -> Score | None:
    """Mean −log P(target | hidden) over the pairs, nats; None where the layer has no P.

    Trees have one; so have the full softmax and what estimates it, sampled softmax and NCE, with
    the exact sum over all words. The scores of negative sampling are no log-probabilities.
    """
    layer = build(config.output, 1, corpus.vocabulary.counts)
    if layer.probabilities == "none":
        return None
    if not len(pairs.targets):
        return None
    if layer.probabilities == "paths":
        # From the many devices of training to one.
        matrices, there = jax.device_put((trained.parameters, pairs), jax.local_devices()[0])
        losses = np.asarray(_losses(matrices, layer, *there), np.float64)
        num_pairs = len(losses)
        protocol = "product of the turns on the target's path, nats a pair"
        return Score("likelihood/held-out", float(losses.mean()), num_pairs, num_pairs, protocol)
    hidden = np.einsum("nr,nrd->nd", pairs.mix, trained.embeddings.vectors[pairs.inputs])
    outputs = trained.embeddings.outputs
    assert outputs is not None
    score = likelihood.held_out(
        hidden, outputs, np.arange(len(hidden)), pairs.targets, trained.biases
    )
    if layer.probabilities == "normalised":
        return replace(score, protocol=f"{score.protocol}, scores normalised")
    return score


def unseen_pairs(corpus: EncodedCorpus, config: RunConfig, max_pairs: int = MAX_PAIRS) -> Pairs:
    """At most `max_pairs` pairs of the held-out documents, drawn evenly from all of them.

    They pass through the pipeline of training, thinned out and with windows of random reach, from
    one seed: every run on a corpus is asked the same.
    """
    settings = replace(
        Settings.of(config), epochs=1.0, seed=0, tokens_per_step=STRETCH, sync_words=1
    )
    plan = Plan(corpus, settings, config.corpus.held_out_every, held_out=True)
    parts = [_no_pairs(settings)]
    for number, segment in enumerate(segments(plan, Layout.of(settings, 1, plan.kept_words()))):
        key = jax.random.fold_in(jax.random.key(settings.seed), number)
        block = _blocks(segment.tokens[0], segment.documents[0], key, settings)
        number, wide = (
            block.weight.shape[0],
            1 if block.averaging is None else block.averaging.shape[2],
        )
        inputs = np.asarray(frame(block.inputs, number, wide))
        weight = np.asarray(block.weight)[:, 0, 0]
        mix = np.ones(inputs.shape, np.float32)
        if block.averaging is not None:
            mix = np.asarray(block.averaging)[:, 0, :]
        there = weight > 0
        parts.append(Pairs(inputs[there], mix[there], np.asarray(block.targets)[there]))
    pairs = Pairs(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    if len(pairs.targets) > max_pairs:
        chosen = np.random.default_rng(0).choice(len(pairs.targets), max_pairs, replace=False)
        pairs = Pairs(*(column[np.sort(chosen)] for column in pairs))
    return pairs


def _no_pairs(settings: Settings) -> Pairs:
    width = 1 if settings.architecture == "skip-gram" else 1 + 2 * settings.window
    empty = np.zeros((0, width), np.int32)
    return Pairs(empty, empty.astype(np.float32), empty[:, 0])


@partial(jax.jit, static_argnames="settings")
def _blocks(
    tokens: Int[Array, " length"],
    documents: Int[Array, " length"],
    key: Key[Array, ""],
    settings: Settings,
) -> Batch:
    size = tokens.shape[0] - 2 * settings.window
    inside = documents[settings.window : settings.window + size] != NO_DOCUMENT
    reach = jnp.where(inside, draw_radius(key, (size,), settings), 0)
    return pair_batch(tokens, documents, reach, settings.architecture)


@jax.jit
def _losses(
    parameters: Parameters,
    layer: OutputLayer,
    inputs: Int[Array, "n r"],
    mix: Float[Array, "n r"],
    targets: Int[Array, " n"],
) -> Float[Array, " n"]:
    """−log P of every pair, by the layer's own loss."""
    (shared,) = layer.shared_rows(jax.random.key(0), (1,))

    def loss(pair: tuple[Array, Array, Array]) -> Float[Array, ""]:
        inputs, mix, target = pair
        hidden = mix @ parameters.input[inputs]
        return example_loss(layer, parameters.output, hidden, target, shared)

    return jax.lax.map(loss, (inputs, mix, targets), batch_size=BATCH)
