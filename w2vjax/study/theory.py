"""Where the optima of the sampled losses lie: the layers themselves, converged on a small table.

Nothing is drawn: the loss is the expectation over one noise word, exactly, as a sum over the
vocabulary. With as many dimensions as words, every score can be what it wants to be.
"""

from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Float64

from w2vjax.config.schema import OutputConfig, SamplerConfig
from w2vjax.engine.update import Parameters, initial
from w2vjax.losses.layer import OutputLayer
from w2vjax.losses.layers import build, example_loss
from w2vjax.losses.negative_layers import NegativeSampling
from w2vjax.losses.sampled_layer import SampledSoftmax
from w2vjax.samplers import Learning, probabilities

NUM_WORDS = 8
NUM_NOISE = 3
TEXT = 1_000_000
"""pairs of the text that the table stands for"""
DRAWS = 1
STEPS, RATE = 16_000, 0.05
Scores = Float64[np.ndarray, "t c"]


class Optimum(NamedTuple):
    """Scores of targets by contexts, `[v, v]`."""

    found: Scores
    wanted: Scores
    theory: str
    """what is wanted, as a formula"""

    @property
    def r_squared(self) -> float:
        """Share of the theory's variance that the scores have, about the diagonal itself."""
        apart = np.square(self.found - self.wanted).sum()
        return float(1 - apart / np.square(self.wanted - self.wanted.mean()).sum())

    @property
    def slope(self) -> float:
        """Of the scores against theory, by least squares."""
        return float(np.polyfit(self.wanted.ravel(), self.found.ravel(), 1)[0])

    @property
    def largest_error(self) -> float:
        """max |found - wanted|, nats."""
        return float(np.abs(self.found - self.wanted).max())


def joint(num_words: int = NUM_WORDS, seed: int = 0) -> Float64[np.ndarray, "v v"]:
    """P(w, c) of a made-up text: symmetric, no cell empty, words by falling frequency."""
    often = 1 / (np.arange(num_words) + 2.7)
    taste = np.random.default_rng(seed).normal(size=(num_words, num_words))
    table = np.outer(often, often) * np.exp((taste + taste.T) / 2)
    order = np.argsort(-table.sum(axis=0))
    return (table / table.sum())[np.ix_(order, order)]


def optimum(
    layer: str, sampler: SamplerConfig, table: Float64[np.ndarray, "v v"], seed: int = 0
) -> Optimum:
    """The layer's scores after full-batch descent from word2vec's start, and what theory says.

    NEG: log P(w, c) / (P(c) q(w)) - log k (Levy & Goldberg 2014, eq. 7); NCE: log P(w|c) (Gutmann &
    Hyvärinen 2012, theorem 1); sampled softmax: log P(w|c) plus any constant of the context, for
    any number of draws (Ma & Collins 2018, theorem 4.1): here the constant is taken off. Noise that
    hits the target is kept: that is what the theorems are about.
    """
    counts = np.rint(table.sum(axis=1) * TEXT).astype(np.int64)
    config = OutputConfig(layer, sampler, num_noise=NUM_NOISE, collision="keep")
    built = _after(build(config, DRAWS, counts), counts)
    size = len(table)
    start = initial(jax.random.key(seed), size, size, size)
    law = probabilities(built.sampler, size)  # type: ignore[attr-defined]
    pairs, noise = jnp.asarray(table, jnp.float32), jnp.asarray(law, jnp.float32)
    end = _converged(built, pairs, noise, start)
    vectors, rows = (np.asarray(matrix, np.float64) for matrix in (end.input, end.output))
    found = rows @ vectors.T
    conditional = np.log(table / table.sum(axis=0))
    if isinstance(built, NegativeSampling) and not built.corrected:
        wanted = conditional - np.log(law)[:, None] - np.log(NUM_NOISE)
        return Optimum(found, wanted, "log P(w, c) / (P(c) q(w)) \N{MINUS SIGN} log k")
    if isinstance(built, SampledSoftmax):
        found = found - (found - conditional).mean(axis=0)
    return Optimum(found, conditional, "log P(w | c)")


def _after(layer: OutputLayer, counts: np.ndarray) -> OutputLayer:
    """The layer once its sampler has seen the text, if it learns."""
    sampler = getattr(layer, "sampler", None)
    if not isinstance(sampler, Learning):
        return layer
    after: Any = replace(layer, sampler=sampler.learn(counts))  # type: ignore[type-var]
    return after


def expected_loss(
    parameters: Parameters,
    layer: OutputLayer,
    table: Float[Array, "t c"],
    law: Float[Array, " t"],
) -> Float[Array, ""]:
    """E over pairs of the table and over one noise word of the layer's loss, nats a pair."""
    words = jnp.arange(table.shape[0])
    loss = partial(example_loss, layer, parameters.output)
    by_noise = jax.vmap(loss, (None, None, 0))
    by_target = jax.vmap(by_noise, (None, 0, None))
    losses = jax.vmap(by_target, (0, None, None))(parameters.input, words, words[:, None])
    return jnp.einsum("ctn,tc,n->", losses, table, law)


@jax.jit
def _converged(
    layer: OutputLayer, table: Float[Array, "t c"], law: Float[Array, " t"], start: Parameters
) -> Parameters:
    """After `STEPS` steps of Adam on the whole table, ever smaller ones."""
    descent = optax.adam(optax.cosine_decay_schedule(RATE, STEPS))

    def step(state: Any, _: None) -> tuple[Any, None]:
        parameters, moments = state
        slopes = jax.grad(expected_loss)(parameters, layer, table, law)
        with jax.numpy_dtype_promotion("standard"):  # optax counts steps in whole numbers
            changes, moments = descent.update(slopes, moments)
        return (optax.apply_updates(parameters, changes), moments), None

    end: Parameters = jax.lax.scan(step, (start, descent.init(start)), length=STEPS)[0][0]
    return end
