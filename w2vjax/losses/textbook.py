"""The losses of one example, as the papers write them: logits in, nats out.

A logit is the product of a hidden vector with a row of the output matrix. Every function takes the
logits of one example and returns its loss, a scalar. Batches are `jax.vmap`'s work, speed is
`jax.jit`'s, gradients are `jax.grad`'s:

>>> import jax
>>> import jax.numpy as jnp
>>> from w2vjax.losses import negative_sampling
>>> hidden, target_rows = jnp.ones((3, 8)), jnp.ones((3, 8))
>>> noise_rows = jnp.zeros((3, 5, 8))
>>> @jax.jit
... def loss(hidden, target_rows, noise_rows):
...     target_logits = jnp.einsum("bd,bd->b", hidden, target_rows)
...     noise_logits = jnp.einsum("bd,bkd->bk", hidden, noise_rows)
...     return jnp.mean(jax.vmap(negative_sampling)(target_logits, noise_logits))
>>> print(f"{loss(hidden, target_rows, noise_rows):.4f}")
3.4661

The engine groups the same sums differently; a test holds it to these functions.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from w2vjax.losses.elementwise import logistic_noise, logistic_target


def full_softmax(logits: Float[Array, " v"], target: Int[Array, ""]) -> Float[Array, ""]:
    """The exact softmax over the vocabulary.

        -log P(t|h) = -s_t + log Σ_v exp(s_v)

    Mikolov et al. 2013b, eq. 2; Bengio et al. 2003. Use it where V products an example are
    affordable, and as what the others are measured against.

    Args:
        logits: of every word of the vocabulary
        target: index of the predicted word

    >>> print(full_softmax(jnp.log(jnp.array([1.0, 1.0, 2.0])), jnp.array(2)).round(4))
    0.6931
    """
    return jax.nn.logsumexp(logits) - logits[target]


def two_level_softmax(
    class_logits: Float[Array, " c"],
    target_class: Int[Array, ""],
    word_logits: Float[Array, " w"],
    target: Int[Array, ""],
) -> Float[Array, ""]:
    """A softmax over classes of words, then one over the words of the target's class.

        -log P(t|h) = -log P(C|h) - log P(t|C, h)

    Goodman 2001, Classes for fast maximum entropy training. With √V classes of √V words an
    example costs 2 √V products. Classes of two, again and again, make the balanced tree of
    `hierarchical_softmax`.

    Args:
        class_logits: of every class
        target_class: index of the target's class
        word_logits: of the words in that class; -inf fills up a shorter class
        target: index of the target among them

    >>> even = jnp.zeros(4)
    >>> print(two_level_softmax(even, jnp.array(1), even, jnp.array(3)).round(4))
    2.7726
    """
    return full_softmax(class_logits, target_class) + full_softmax(word_logits, target)


def hierarchical_softmax(
    logits: Float[Array, " path"], turns: Int[Array, " path"]
) -> Float[Array, ""]:
    """The turns from the root of a binary tree to the target.

        -log P(t|h) = -Σ_n log σ(turn_n · s_n)

    over the inner nodes of the target's path. Morin & Bengio 2005; Mikolov et al. 2013b, eq. 3. Use
    it for exact probabilities of single words in log2(V) products. A Huffman tree
    (`w2vjax.losses.trees.huffman`) has the shortest paths in expectation.

    Args:
        logits: of the path's nodes
        turns: 1 for left, -1 for right, 0 beyond the end of the path

    >>> print(hierarchical_softmax(jnp.zeros(3), jnp.array([1, -1, 0])).round(4))
    1.3863
    """
    losses = jnp.where(turns > 0, logistic_target(logits), logistic_noise(logits))
    return jnp.sum(jnp.where(turns == 0, 0.0, losses))


def negative_sampling(
    target_logit: Float[Array, ""],
    noise_logits: Float[Array, " k"],
    weights: Float[Array, " k"] | float = 1.0,
) -> Float[Array, ""]:
    """The target told from k words of noise.

        -log σ(s_t) - Σ_j log σ(-s_j),   j drawn from q

    Mikolov et al. 2013b, eq. 4. Use it for vectors, not for probabilities: the noise is part of the
    objective, whose optimum is s_t = log P(t|h) - log k q(t) (Levy & Goldberg 2014, eq. 7).

    Args:
        target_logit: of the target
        noise_logits: of the drawn words
        weights: how much each drawn word counts: 0 where it is the target and to be left out; k/K
            where K words stand for k

    >>> print(negative_sampling(jnp.array(0.0), jnp.zeros(5)).round(4))
    4.1589
    """
    return logistic_target(target_logit) + jnp.sum(weights * logistic_noise(noise_logits))


def nce(
    target_logit: Float[Array, ""],
    noise_logits: Float[Array, " k"],
    target_log_expected: Float[Array, ""],
    noise_log_expected: Float[Array, " k"],
    weights: Float[Array, " k"] | float = 1.0,
) -> Float[Array, ""]:
    """Noise-contrastive estimation: negative sampling with logits corrected for the noise.

        -log σ(s_t - log k q(t)) - Σ_j log σ(-(s_j - log k q(j))),   j drawn from q

    Gutmann & Hyvärinen 2012, eq. 8; Mnih & Teh 2012, eq. 8, the normaliser fixed at one. Use it
    for probabilities at the cost of samples: the optimum is s_t = log P(t|h) for every q.

    Args:
        target_logit: of the target
        noise_logits: of the drawn words
        target_log_expected: log(k q) of the target, its expected number among the noise
        noise_log_expected: log(k q) of the drawn words
        weights: how much each drawn word counts, as in `negative_sampling`

    >>> log_expected = jnp.log(5 * jnp.full(5, 0.2))
    >>> print(nce(jnp.array(0.0), jnp.zeros(5), log_expected[0], log_expected).round(4))
    4.1589
    """
    return negative_sampling(
        target_logit - target_log_expected, noise_logits - noise_log_expected, weights
    )


def sampled_softmax(
    target_logit: Float[Array, ""],
    noise_logits: Float[Array, " k"],
    target_log_expected: Float[Array, ""],
    noise_log_expected: Float[Array, " k"],
    hits: Bool[Array, " k"] | None = None,
) -> Float[Array, ""]:
    """The softmax over the target and k drawn words, logits corrected for the sampler.

        -r_t + log(exp(r_t) + Σ_j exp(r_j)),   r = s - log E[count],   j drawn from q

    Bengio & Senécal 2008; Jean et al. 2015, section 3.2. Use it to train an exact softmax over a
    large vocabulary: the gradient becomes the exact one as k grows.

    Args:
        target_logit: of the target
        noise_logits: of the drawn words
        target_log_expected: log of the expected count of the target: k q with repeats,
            1 - (1 - q)^tries without
        noise_log_expected: the same of the drawn words
        hits: True where a drawn word is the target, which is then left out (TensorFlow's
            `remove_accidental_hits` marks the last copy alone of one that repeats); None: kept

    >>> print(sampled_softmax(jnp.array(0.0), jnp.zeros(3), jnp.array(0.0), jnp.zeros(3)).round(4))
    1.3863
    """
    rivals = noise_logits - noise_log_expected
    if hits is not None:
        rivals = jnp.where(hits, -jnp.inf, rivals)
    logits = jnp.append(rivals, target_logit - target_log_expected)
    return full_softmax(logits, jnp.array(logits.shape[0] - 1))
