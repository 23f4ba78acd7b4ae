"""The streaming estimate of frequencies: by hand, at rest, after a change, with few buckets."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from w2vjax.errors import InputError
from w2vjax.samplers import FrequencyEstimate, in_batch, unigram

V, B = 40, 32
COUNTS = 1000.0 / np.arange(1, V + 1)
Q = COUNTS / COUNTS.sum()


@jax.jit
def read(estimate: FrequencyEstimate, batches: jax.Array) -> FrequencyEstimate:
    def one(held: FrequencyEstimate, batch: jax.Array) -> tuple[FrequencyEstimate, None]:
        return held.update(batch, held.step + 1), None

    return jax.lax.scan(one, estimate, batches)[0]


def batches(counts: np.ndarray, steps: int, seed: int) -> jax.Array:
    return unigram(counts, power=1.0).sample(jax.random.key(seed), (steps, B))


def standard_error(seen: np.ndarray, rate: float, steps: int) -> np.ndarray:
    """Of an interval, relatively: geometric numbers, averaged with fading weights."""
    left = (1 - rate) ** (2 * steps * seen)
    return np.sqrt((rate / (2 - rate) + left) * (1 - seen))


def test_by_hand() -> None:
    """Word 3 at steps 0, 4 and 6 with rate 1/4: intervals 1, 1.75, 1.8125."""
    held = FrequencyEstimate.of(1000, 0.25, batch_size=1)
    for step, word in enumerate([3, 1, 1, 1, 3, 1, 3]):
        held = held.update(jnp.int32([word]), step)
    assert float(jnp.exp(held.log_prob(jnp.int32(3)))) == pytest.approx(1 / 1.8125, rel=1e-5)
    assert float(jnp.exp(held.log_prob(jnp.int32(9)))) == pytest.approx(1 / 8, rel=1e-5)


def test_a_word_counts_once_a_step() -> None:
    held = FrequencyEstimate.of(1000, 0.5, batch_size=2)
    for step, word in enumerate([4, 5, 4]):
        held = held.update(jnp.int32([word, word]), step)
    # the first interval is 1, the next 2: 1.5, and 1 - (1 - q)^2 = 1 / 1.5
    wanted = 1 - np.sqrt(1 - 1 / 1.5)
    assert float(jnp.exp(held.log_prob(jnp.int32(4)))) == pytest.approx(wanted, rel=1e-5)


def test_it_comes_to_the_frequencies_and_follows_a_change() -> None:
    rate, steps, words = 0.02, 6000, jnp.arange(V)
    held = read(FrequencyEstimate.of(1 << 16, rate, batch_size=B), batches(COUNTS, steps, 0))
    for counts, seed in ((COUNTS, 0), (COUNTS[::-1], 1)):
        if seed:
            held = read(held, batches(counts, steps, seed))
        seen = 1 - (1 - counts / counts.sum()) ** B
        estimate = 1 - (1 - np.exp(np.asarray(held.log_prob(words), np.float64))) ** B
        scores = (seen / estimate - 1) / standard_error(seen, rate, steps)
        scores = scores[seen < 0.98]  # beyond, `LEAST_ABSENCE` of steps is too few to tell
        assert len(scores) > 35 and np.abs(scores).max() < 4, scores
        assert 0.6 < np.sqrt(np.mean(scores**2)) < 1.4, scores


def test_words_that_share_a_bucket_are_told_apart_by_the_other_hash() -> None:
    """Twice as many buckets as words: hardly any word shares both of its buckets."""
    off = {}
    stream = batches(COUNTS, 3000, 2)
    for num_hashes in (1, 4):
        start = FrequencyEstimate.of(2 * V, 0.02, batch_size=B, num_hashes=num_hashes)
        held = read(start, stream)
        estimate = np.exp(held.log_prob(jnp.arange(V)))
        off[num_hashes] = np.mean(estimate > 1.5 * Q)
    assert off[4] < 0.2 < 0.4 < off[1], off


def test_it_is_the_law_of_noise_from_the_batch() -> None:
    held = read(FrequencyEstimate.of(1 << 12, batch_size=B), batches(COUNTS, 500, 3))
    labels = jnp.int32([0, 5, 5, 2])
    noise = in_batch(labels, held)
    np.testing.assert_allclose(noise.log_expected, np.log(3) + held.log_prob(labels), rtol=1e-6)
    assert held.log_prob(jnp.zeros((2, 3), jnp.int32)).shape == (2, 3)


@pytest.mark.usefixtures("unchecked")
def test_bad_arguments_are_named() -> None:
    with pytest.raises(InputError, match="rate is 0"):
        FrequencyEstimate.of(10, 0, batch_size=1)
    with pytest.raises(InputError, match="num_buckets is 0"):
        FrequencyEstimate.of(0, 0.1, batch_size=1)
    with pytest.raises(InputError, match=r"ids have shape \(3,\): give \[2\]"):
        FrequencyEstimate.of(10, 0.1, batch_size=2).update(jnp.zeros(3, jnp.int32), 0)
