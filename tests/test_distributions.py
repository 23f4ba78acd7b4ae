"""Laws of the noise distributions, against formulas written out again."""

import math

import numpy as np
import pytest

from w2vjax.errors import InputError
from w2vjax.samplers.distributions import (
    DISTRIBUTIONS,
    checked_probabilities,
    log_uniform,
    mixed,
    uniform,
    unigram,
    zipf,
)

COUNTS = np.array([1000, 400, 400, 90, 7, 5, 5, 1])


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize("power", [-1.0, 0.0, 0.75, 1.0])
@pytest.mark.parametrize("num_words", [1, 2, 1000])
def test_every_distribution_sums_to_one(name: str, power: float, num_words: int) -> None:
    counts = 10_000 // np.arange(1, num_words + 1)
    probabilities = DISTRIBUTIONS[name](counts, power)
    assert probabilities.dtype == np.float64
    assert probabilities.shape == (num_words,)
    assert probabilities.sum() == pytest.approx(1, abs=1e-12)
    assert (probabilities > 0).all()


def test_unigram_is_the_share_of_the_powered_counts() -> None:
    assert unigram([16, 81], 0.75) == pytest.approx([8 / 35, 27 / 35], abs=1e-15)
    assert unigram([3, 1], 1.0) == pytest.approx([0.75, 0.25], abs=1e-15)
    assert unigram(COUNTS, 0.0) == pytest.approx(uniform(COUNTS), abs=1e-15)


def test_unigram_needs_no_order() -> None:
    shuffled = np.random.default_rng(0).permutation(len(COUNTS))
    assert unigram(COUNTS[shuffled], 0.75) == pytest.approx(unigram(COUNTS, 0.75)[shuffled])


def test_log_uniform_is_tensorflows() -> None:
    expected = [(math.log(k + 2) - math.log(k + 1)) / math.log(9) for k in range(8)]
    assert log_uniform(COUNTS) == pytest.approx(expected, rel=1e-12)


def test_zipf_goes_by_rank() -> None:
    assert zipf(COUNTS[:3], 2.0) == pytest.approx(np.array([36, 9, 4]) / 49)


def test_moderate_shares_of_immoderate_powers() -> None:
    big, small = np.array([3e60, 1e60]), np.array([3e-60, 1e-60])
    assert unigram(big, 10.0) == pytest.approx(unigram([3, 1], 10.0))
    assert unigram(small, 10.0) == pytest.approx(unigram([3, 1], 10.0))
    assert unigram(big, -10.0) == pytest.approx(unigram([3, 1], -10.0))


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([], "shape"),
        ([[1, 2]], "shape"),
        ([3, -1], r"counts\[1\] is -1 \(negative\)"),
        ([3, math.nan], r"counts\[1\] is nan \(NaN\)"),
        ([math.inf, 3], "infinite"),
        ([0, 0], "all counts are zero"),
        ([3, 0], r"counts\[1\] is 0"),
    ],
)
def test_bad_counts(name: str, counts: list, message: str) -> None:
    with pytest.raises(InputError, match=message):
        DISTRIBUTIONS[name](np.array(counts), 0.75)


@pytest.mark.parametrize("name", ["log-uniform", "zipf"])
def test_ranks_need_sorted_counts(name: str) -> None:
    with pytest.raises(InputError, match=r"not sorted by falling frequency.*counts\[3\]"):
        DISTRIBUTIONS[name]([9, 5, 5, 7], 1.0)


@pytest.mark.parametrize("power", [math.nan, math.inf, 9.0])
def test_powers_out_of_range(power: float) -> None:
    with pytest.raises(InputError, match="power"):
        unigram([1e200, 1.0, 1e-200], power)


def test_a_mixture_has_its_share_of_uniform() -> None:
    assert mixed(np.array([0.5, 0.3, 0.2, 0.0]), 0.2) == pytest.approx([0.45, 0.29, 0.21, 0.05])
    assert mixed(unigram(COUNTS), 1.0) == pytest.approx(uniform(COUNTS), abs=1e-15)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0.5, 0.4], "sum to 0.9 and not to one"),
        ([1.5, -0.5], r"probabilities\[1\] is -0.5"),
        ([0.5, math.nan, 0.5], r"probabilities\[1\] is nan"),
        ([0.5, math.inf], "sum to inf"),
        ([], "shape"),
    ],
)
def test_what_is_no_distribution(values: list[float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        checked_probabilities(np.array(values))
