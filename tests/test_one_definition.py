"""The law of the house: the engine's loss is the textbook's, summed over the pairs.

For every layer, policy, architecture and grouping of rows: Σ `vmap(textbook)` over the pairs
equals what the engine takes in a step, in value and in the gradients of both matrices, with the
same noise.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from problems import IN_ARCHITECTURES, LAYERS, one_pair, parameters, problem, step

from w2vjax.engine.update import Parameters
from w2vjax.engine.windows import Batch, frame
from w2vjax.losses.layer import OutputLayer
from w2vjax.losses.layers import example_loss


def hidden_vectors(inputs: jax.Array, batch: Batch) -> jax.Array:
    """Of every block, `[b, s, d]`: rows of the input matrix, or CBOW's means of them."""
    num_blocks, _, size = batch.weight.shape
    if batch.averaging is None:
        return frame(inputs[batch.inputs], *batch.reads)
    rows = frame(batch.inputs, *batch.reads)
    means = jnp.einsum("mhc,mcd->mhd", batch.averaging, inputs[rows])
    return means.reshape(num_blocks, size, -1)


def textbook_loss(
    matrices: Parameters,
    layer: OutputLayer,
    batch: Batch,
    shared: jax.Array,
    biases: jax.Array | None = None,
) -> jax.Array:
    """Σ over all pairs of the layer's textbook loss, pair by pair."""
    num_blocks, width, _ = batch.weight.shape
    targets = frame(batch.targets, num_blocks, width)
    noise = jnp.repeat(shared, num_blocks // shared.shape[0], axis=0)
    loss = partial(example_loss, layer, matrices.output, biases=biases)
    of_hidden = jax.vmap(loss, (0, None, None))
    of_target = jax.vmap(of_hidden, (None, 0, None))
    losses = jax.vmap(of_target)(hidden_vectors(matrices.input, batch), targets, noise)
    return jnp.sum(jnp.where(batch.weight > 0, batch.weight * losses, 0.0))


by_hand = jax.jit(jax.value_and_grad(textbook_loss))


@pytest.mark.parametrize("config, architecture, predicts", IN_ARCHITECTURES)
def test_the_engine_sums_the_textbook(config, architecture, predicts):
    matrices, layer, batch, shared = problem(config, architecture, predicts)
    _, slopes = by_hand(matrices, layer, batch, shared)
    found = step(matrices, layer, batch, shared)
    for ours, theirs in ((found.to_input, slopes.input), (found.to_output, slopes.output)):
        scale = float(np.abs(theirs).max())
        assert scale > 0.1
        np.testing.assert_allclose(ours, theirs, atol=3e-6 * scale, rtol=3e-5)
    # A step tells the loss of its first blocks alone, those whose rows are read at once.
    told = batch.weight.shape[0] // batch.reads[0]
    first = batch.replace(weight=batch.weight.at[told:].set(0.0))
    value, _ = by_hand(matrices, layer, first, shared)
    assert float(np.sum(found.loss)) == pytest.approx(float(value), rel=2e-5)


@pytest.mark.parametrize("config", LAYERS)
def test_a_pair_is_the_textbooks_example(config):
    """The smallest case: one hidden vector, one target, the value with both its parts."""
    _, layer, _, shared = problem(config)
    matrices = parameters(layer.num_rows(20))
    one = one_pair(jnp.array([2]), jnp.array([5]))
    value, _ = by_hand(matrices, layer, one, shared[:1])
    assert float(step(matrices, layer, one, shared[:1]).loss.sum()) == pytest.approx(
        float(value), rel=1e-5
    )
