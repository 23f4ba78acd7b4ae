"""What goes to the exact softmax as candidates grow, and what does not."""

from functools import partial
from itertools import cycle
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from w2vjax.losses import sampled_softmax_loss
from w2vjax.samplers import (
    draw_candidates,
    from_probabilities,
    log_uniform,
    uniform,
    unigram,
    zipf,
)

V = 16


def biases_of_gradients(
    sampler: Any, num_sampled: int, label: int, *, unique: bool, **options: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Mean over draws of the gradient in every logit less the exact one; standard errors. `[V]`."""
    logits = jnp.asarray(np.random.default_rng(0).normal(size=(1, V)), jnp.float32)

    def slope(key: jax.Array) -> jax.Array:
        given = draw_candidates(sampler, key, num_sampled, unique=unique)
        words = jnp.eye(V)
        of = partial(sampled_softmax_loss, labels=jnp.array([label]), candidates=given, **options)
        return jax.grad(lambda logits: of(words, logits)[0])(logits)[0]

    keys = jax.random.split(jax.random.key(0), 2_000)
    slopes = np.asarray(jax.jit(jax.vmap(slope))(keys), np.float64)
    exact = np.asarray(jax.nn.softmax(logits[0])) - np.eye(V)[label]
    return slopes.mean(0) - exact, slopes.std(0) / np.sqrt(len(keys))


COUNTS = np.array([0, *range(50, 50 * V, 50)])
SAMPLERS = {
    "uniform": lambda: uniform(V),
    "unigram": lambda: unigram(COUNTS, uniform_share=0.2),
    "from probabilities": lambda: from_probabilities(1 / np.arange(1, V + 1), temperature=2.0),
    "log-uniform": lambda: log_uniform(V),
    "log-uniform, order": lambda: log_uniform(V, order=np.arange(V)[::-1]),
    "zipf": lambda: zipf(V, exponent=0.8),
}
EXACT_IN_THE_LIMIT = [
    {"hits": "mask", "log_q": "negatives"},
    {"hits": "keep", "log_q": "both"},
]


@pytest.mark.parametrize("name, options", [*zip(SAMPLERS, cycle(EXACT_IN_THE_LIMIT))])
def test_with_more_candidates_the_gradient_becomes_the_exact_one(name, options):
    """Its bias falls as 1/S, from clearly there to what chance explains."""
    of = partial(biases_of_gradients, SAMPLERS[name](), label=2, unique=False, **options)
    few, many = of(16), of(256)
    bias = np.abs(few[0]).max()
    assert bias > 5 * few[1].max()
    assert (np.abs(many[0]) <= 4.5 * many[1] + 1.5 * bias * 16 / 256).all()


def test_correcting_both_without_the_hits_goes_elsewhere():
    """With repeats: k q(label) is taken off a label that stands there once."""
    of = partial(biases_of_gradients, uniform(V), 256, 2, unique=False)
    bias, error = of(hits="mask", log_q="both")
    assert np.abs(bias)[2] > 10 * error[2]


def test_without_repeats_all_words_are_nearly_the_exact_softmax():
    """Not quite: the draws that it took are counted, and they were many or few by chance."""
    of = partial(biases_of_gradients, log_uniform(V), label=2, unique=True)
    for options in ({}, EXACT_IN_THE_LIMIT[0]):
        (few, error), (many, _) = of(3, **options), of(V, **options)
        assert np.abs(many).max() < 0.01 and np.abs(few).max() > 10 * error.max()
