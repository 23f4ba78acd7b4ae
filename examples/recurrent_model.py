"""A recurrent language model whose last layer is any of `w2vjax.nn`, trained by rows.

`LanguageModel` is plain flax.nnx, and with a sampled softmax it could be trained as any other:

    head = nn.SampledSoftmax(num_words, 128, samplers.unigram(counts), 1_024, rngs=rngs)

    def loss(model, head, words, key):
        hidden, _ = model.read(model.embedding[...][words[:, :-1]], state)
        return head.loss(hidden, words[:, 1:].ravel(), key).mean()

    value, gradients = nnx.value_and_grad(loss, argnums=(0, 1))(model, head, words, key)

But these gradients are as large as the matrices, and so a step's cost grows with the vocabulary.
`train_step` makes the same step of Adagrad by rows: it reads and writes only those of the words at
hand. The exact softmax, whose gradient has all rows, takes its step in whole.
"""

from functools import partial

import jax
import jax.numpy as jnp
import optax
from flax import nnx

from w2vjax import losses, nn

RATE, START = 0.1, 0.1
"""of Adagrad, and of its sums of squares"""
CELL_RATE = 0.05


class LanguageModel(nnx.Module):
    """The hidden vector of every word, from all words up to it: an embedding and a GRU."""

    def __init__(self, num_words: int, num_features: int, *, rngs: nnx.Rngs) -> None:
        self.embedding = nnx.Param(0.1 * rngs.params.normal((num_words, num_features)))
        self.cell = nnx.GRUCell(num_features, num_features, rngs=rngs)

    def read(self, vectors: jax.Array, state: jax.Array) -> tuple[jax.Array, jax.Array]:
        """From words' vectors `[B, T, d]` and a state `[B, d]`: hidden vectors `[B·T, d]`."""
        state, hidden = jax.lax.scan(self.cell, state, vectors.swapaxes(0, 1))
        return hidden.swapaxes(0, 1).reshape(-1, hidden.shape[-1]), state


class Learner(nnx.Module):
    """A model, its output layer, and Adagrad for both."""

    def __init__(self, head: nn.Head, num_streams: int, *, rngs: nnx.Rngs) -> None:
        self.head = head
        self.model = LanguageModel(head.num_words, head.num_features, rngs=rngs)
        self.matrices = nnx.List([self.model.embedding, head.weights, head.biases])
        self.sums = nnx.List([nnx.Variable(jnp.full(m.shape, START)) for m in self.matrices])
        self.optimizer = nnx.Optimizer(
            self.model.cell,
            optax.adagrad(CELL_RATE, initial_accumulator_value=START),
            wrt=nnx.Param,
        )
        self.state = nnx.Variable(jnp.zeros((num_streams, head.num_features)))


@partial(nnx.jit, donate_argnames="learner")
def train_step(learner: Learner, words: jax.Array, key: jax.Array) -> jax.Array:
    """Learns from words `[B, T + 1]`; the sum of their losses, in nats."""
    model, inputs, labels = learner.model, words[:, :-1], words[:, 1:].ravel()
    graph, weights = nnx.split(model)
    hidden, pull_back, learner.state[...] = jax.vjp(
        lambda weights, vectors: nnx.merge(graph, weights).read(vectors, learner.state[...]),
        *(weights, model.embedding[...][inputs]),
        has_aux=True,
    )
    loss, slopes = head_gradients(learner.head, hidden, labels, key)
    to_model, to_vectors = pull_back(slopes.inputs)
    to_embedding = losses.RowGradient(inputs.ravel(), to_vectors.reshape(hidden.shape))
    learner.optimizer.update(model.cell, to_model.cell)
    gradients = to_embedding, slopes.weights, slopes.biases
    for matrix, sums, gradient in zip(learner.matrices, learner.sums, gradients, strict=True):
        if isinstance(gradient, losses.RowGradient):
            matrix[...], sums[...] = losses.row_adagrad(matrix[...], sums[...], gradient, RATE)
        else:
            sums[...] += gradient**2
            matrix[...] -= RATE * gradient * jax.lax.rsqrt(sums[...])
    return loss


def head_gradients(
    head: nn.Head, hidden: jax.Array, labels: jax.Array, key: jax.Array
) -> tuple[jax.Array, losses.RowGradients]:
    """The sum of the losses and its gradients: in all rows, or in those that were read."""
    if isinstance(head, nn.SampledHead):
        return head.value_and_row_gradient(hidden, labels, key, reduction=jnp.sum)
    graph, parameters = nnx.split(head)
    loss, (to_head, to_hidden) = jax.value_and_grad(
        lambda parameters, hidden: nnx.merge(graph, parameters).loss(hidden, labels).sum(), (0, 1)
    )(parameters, hidden)
    return loss, losses.RowGradients(to_head.weights[...], to_hidden, to_head.biases[...])


@nnx.jit
def perplexity(learner: Learner, words: jax.Array) -> jax.Array:
    """Of words `[B, T + 1]` but the first, over the whole vocabulary."""
    vectors = learner.model.embedding[...][words[:, :-1]]
    hidden, _ = learner.model.read(vectors, jnp.zeros((len(words), vectors.shape[-1])))
    return learner.head.perplexity(hidden, words[:, 1:].ravel())
