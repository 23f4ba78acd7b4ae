"""Samplers that go by the stream: noise is what training reads, now or until now.

Both are built from the words that subsampling is expected to keep, `[V]` counts.
"""

from typing import Self

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float32, Int32, Int64, Key

from w2vjax.pytrees import pytree
from w2vjax.samplers.distributions import Probabilities, unigram
from w2vjax.samplers.mechanisms import Alias
from w2vjax.samplers.random_words import multiply_high, random_words


@pytree
class InBatch:
    """Noise from the step's own words: each is a position of the step, drawn uniformly.

    Over all steps a word is drawn as often as the stream has it, `q(w) = kept(w) / Σ kept`: that
    is `log_prob`, the log-Q correction (Bengio & Senécal 2008; Yi et al. 2019, eq. 3). Within a
    step of n words a target's own position is one of them, so that noise hits it with probability
    1/n or more, however small its q. Without a step at hand it draws by q.
    """

    expected: Alias
    """draws by q"""

    @classmethod
    def of(cls, kept: Probabilities) -> Self:
        """For a stream that has the words this often, in expectation, `[V]`."""
        return cls(Alias.of(unigram(kept, 1.0)))

    @property
    def num_words(self) -> int:
        """V."""
        return self.expected.num_words

    def sample(self, key: Key[Array, ""], shape: tuple[int, ...]) -> Int32[Array, "..."]:
        """Ids of the given shape, by q."""
        return self.expected.sample(key, shape)

    def sample_from(
        self, words: Int32[Array, "*steps n"], key: Key[Array, ""], shape: tuple[int, ...]
    ) -> Int32[Array, "..."]:
        """Ids of the given shape `[*steps, …]`, of every step's words; 0 where it has none.

        -1 stands for no word, at the end of a step.
        """
        steps = words.shape[:-1]
        present = jnp.sum(words >= 0, axis=-1).astype(jnp.uint32)
        places = multiply_high(
            random_words(key, shape), present.reshape(*steps, *(1,) * (len(shape) - len(steps)))
        )
        flat = places.reshape(*steps, -1).astype(jnp.int32)
        found = jnp.take_along_axis(words, flat, axis=-1).reshape(shape)
        return jnp.maximum(found, 0)

    def log_prob(self, ids: Int32[Array, "..."]) -> Float32[Array, "..."]:
        """log q of every id."""
        return self.expected.log_prob(ids)


@pytree
class LearnedUnigram:
    """The unigram distribution, learned while training reads the text, without counting before.

    Every word starts with a count of 1; `learn` adds what has been read (TensorFlow's
    `learned_unigram_candidate_sampler`, which learns at every step). Here the words of a segment,
    the stretch between two exchanges, are learned when it ends: noise goes by the counts until its
    start, uniform in the first, and `log_prob` is the law of just these draws.
    """

    counts: Int32[Array, " v"]
    """1, and one for every time the word was kept, to 2^31 - 1"""
    drawn: Alias
    """draws by the counts"""

    @classmethod
    def of(cls, kept: Probabilities) -> Self:
        """At the start. What the text will be is not used, only the number of words."""
        return cls._by(np.ones(len(kept), np.int64))

    @classmethod
    def _by(cls, counts: Int64[np.ndarray, " v"]) -> Self:
        counts = np.minimum(counts, np.iinfo(np.int32).max)
        return cls(jnp.asarray(counts.astype(np.int32)), Alias.of(unigram(counts, 1.0)))

    def learn(self, seen: Int64[np.ndarray, " v"]) -> Self:
        """After words have been seen this often each, `[V]`."""
        return self._by(np.asarray(self.counts).astype(np.int64) + seen)

    @property
    def num_words(self) -> int:
        """V."""
        return self.drawn.num_words

    def sample(self, key: Key[Array, ""], shape: tuple[int, ...]) -> Int32[Array, "..."]:
        """Ids of the given shape, by the counts so far."""
        return self.drawn.sample(key, shape)

    def log_prob(self, ids: Int32[Array, "..."]) -> Float32[Array, "..."]:
        """Log of every id's share of the counts so far."""
        return self.drawn.log_prob(ids)
