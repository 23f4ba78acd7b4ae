"""The table of word2vec.c, against its loop played slot by slot."""

import math

import jax.numpy as jnp
import numpy as np
import pytest
from noise import COUNTS

from w2vjax.errors import InputError
from w2vjax.samplers import build, check, num_unreachable, parse
from w2vjax.samplers.distributions import DISTRIBUTIONS
from w2vjax.samplers.mechanisms import fill_table


def simulate_c_table(counts: np.ndarray, power: float, size: int) -> list[int]:
    """The published loop, one slot at a time, in Python's doubles."""
    total = 0.0
    for count in counts.tolist():
        total += count**power
    table, word = [], 0
    share = counts[0].item() ** power / total
    for slot in range(size):
        table.append(word)
        if slot / size > share:
            word += 1
            if word < len(counts):
                share += counts[word].item() ** power / total
        if word >= len(counts):
            word = len(counts) - 1
    return table


@pytest.mark.parametrize("size", [1, 10, 1000, 4999, 10_000, 123_457, 1_000_000])
@pytest.mark.parametrize("power", [0.75, 1.0, 0.0])
def test_table_is_word2vecs(size: int, power: float) -> None:
    counts = np.sort(np.random.default_rng(size).zipf(1.3, 5000).clip(max=10**7))[::-1]
    num_slots = fill_table(DISTRIBUTIONS["unigram"](counts, power), size)
    assert np.repeat(np.arange(5000), num_slots).tolist() == simulate_c_table(counts, power, size)


def test_table_that_divides_evenly_is_word2vecs() -> None:
    """Shares that are exact fractions: the comparison is with >, so equality does not advance."""
    counts = np.array([4, 2, 1, 1])
    slots = np.repeat(np.arange(4), fill_table(DISTRIBUTIONS["unigram"](counts, 1.0), 16))
    assert slots.tolist() == simulate_c_table(counts, 1.0, 16) == [0] * 10 + [1] * 4 + [2, 2]


def test_table_loses_words_and_says_so() -> None:
    counts = np.array([10**9, *[1] * 999])
    sampler = build(parse("unigram^1:table(1000)"), counts)
    lost = int((np.bincount(sampler.slots, minlength=1000) == 0).sum())
    assert lost > 900
    assert num_unreachable(sampler, 1000) == lost
    assert sampler.log_prob(jnp.int32([0, 999])).tolist()[1] == -math.inf
    check(sampler, 1000)


def test_table_smaller_than_the_vocabulary() -> None:
    lost = 2000 - len(set(simulate_c_table(COUNTS, 0.75, 500)))
    with pytest.raises(InputError, match=f"table_size is 500 .* 2000 words: {lost} of them could"):
        build(parse("unigram^0.75:table(500)"), COUNTS)
