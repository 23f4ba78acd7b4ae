"""An output matrix trained by its rows, and the rest of the model by Adam.

    python examples/row_sparse.py                   # milliseconds a step, 50,000 and 500,000 words
    python examples/row_sparse.py --num-words 1000  # of as many as you say

`nnx.Optimizer` reads and writes whole matrices at every step: weights, their gradient, Adam's
moments. Row-sparse Adagrad touches the rows of labels and candidates alone, so that a step costs
about the same however many words there are. The text is made up: each word is followed by one of
64, the nearest most often.
"""

import argparse
import statistics
from collections import defaultdict
from functools import partial

import jax
import jax.numpy as jnp
import optax
from flax import nnx

from w2vjax import losses, nn, samplers
from w2vjax.clock import interleaved, seconds

NUM_FEATURES, BATCH, NUM_BUCKETS = 128, 256, 256


class Model(nnx.Module):
    """The next word from the one before, whose vector it shares with others of its bucket."""

    def __init__(self, num_words: int, num_sampled: int, *, rngs: nnx.Rngs) -> None:
        self.body = nnx.Embed(NUM_BUCKETS, NUM_FEATURES, rngs=rngs)
        noise = samplers.uniform(num_words)
        self.head = nn.SampledSoftmax(num_words, NUM_FEATURES, noise, num_sampled, rngs=rngs)


class RowAdagrad(nnx.Module):
    """Adagrad for the rows of a head, beside an `nnx.Optimizer` for the rest of the model."""

    def __init__(self, head: nn.Head) -> None:
        self.sums = nnx.Variable(jnp.full(head.weights.shape, 0.1))
        self.bias_sums = nnx.Variable(jnp.full(head.biases.shape, 0.1))

    def update(self, head: nn.Head, slopes: losses.RowGradients, rate: float = 0.3) -> None:
        head.weights[...], self.sums[...] = losses.row_adagrad(
            head.weights[...], self.sums[...], slopes.weights, rate
        )
        head.biases[...], self.bias_sums[...] = losses.row_adagrad(
            head.biases[...], self.bias_sums[...], slopes.biases, rate
        )


@partial(nnx.jit, donate_argnums=(0, 1))  # or every step begins with a copy of the matrix
def dense_step(
    model: Model, adam: nnx.Optimizer, words: jax.Array, following: jax.Array, key: jax.Array
) -> jax.Array:
    """Adam for all parameters."""

    def loss(model: Model) -> jax.Array:
        return model.head.loss(model.body(words), following, key).mean()

    value, slopes = nnx.value_and_grad(loss)(model)
    adam.update(model, slopes)
    return value


@partial(nnx.jit, donate_argnums=(0, 1, 2))
def row_step(
    model: Model,
    adam: nnx.Optimizer,
    adagrad: RowAdagrad,
    words: jax.Array,
    following: jax.Array,
    key: jax.Array,
) -> jax.Array:
    """Adam for the body, Adagrad for the rows of the head."""
    kind, parameters = nnx.split(model.body)
    hidden, back = jax.vjp(lambda parameters: nnx.merge(kind, parameters)(words), parameters)
    value, slopes = model.head.value_and_row_gradient(hidden, following, key)
    adam.update(model.body, *back(slopes.inputs))
    adagrad.update(model.head, slopes)
    return value


def text(num_words: int, key: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Words' buckets, and the words that follow them."""
    bucket, distance = jax.random.split(key)
    words = jax.random.randint(bucket, (BATCH,), 0, NUM_BUCKETS)
    steps = samplers.log_uniform(min(64, num_words)).sample(distance, (BATCH,))
    return words, (7_919 * words + steps) % num_words


class Trained:
    """A model in training, dense or by rows: every call is one step, and gives its loss."""

    def __init__(self, num_words: int, num_sampled: int, *, by_rows: bool) -> None:
        self.model = Model(num_words, num_sampled, rngs=nnx.Rngs(0))
        self.num_words, self.num_steps, self.by_rows = num_words, 0, by_rows
        self.adam = nnx.Optimizer(
            self.model.body if by_rows else self.model, optax.adam(1e-2), wrt=nnx.Param
        )
        if by_rows:
            self.adagrad = RowAdagrad(self.model.head)

    def step(self) -> jax.Array:
        key = jax.random.fold_in(jax.random.key(1), self.num_steps)
        batch = text(self.num_words, key)
        self.num_steps += 1
        if self.by_rows:
            return row_step(self.model, self.adam, self.adagrad, *batch, key)
        return dense_step(self.model, self.adam, *batch, key)


def main(num_words: int, repeats: int = 15, num_sampled: int = 256) -> dict[str, float]:
    """Prints the median milliseconds a step, timed in turn; returns the losses of the last."""
    ways = {
        name: Trained(num_words, num_sampled, by_rows=name == "by rows")
        for name in ("dense", "by rows")
    }
    last, laps = {}, defaultdict(list)

    def timed(name: str) -> dict[str, float]:
        def step() -> jax.Array:
            last[name] = ways[name].step()
            return last[name]

        return {"step": seconds(step)}

    for lap in interleaved({name: partial(timed, name) for name in ways}, repeats):
        laps[lap.name].append(1_000 * lap.seconds["step"])
    for name, times in laps.items():
        print(f"{num_words:,} words, {name}: {statistics.median(times):.1f} ms a step")
    return {name: float(loss) for name, loss in last.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--num-words", type=int, nargs="*", default=[50_000, 500_000])
    for number in parser.parse_args().num_words:
        main(number)
