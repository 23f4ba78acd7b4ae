"""Each method against a known answer, by simulation within standard errors or by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats as reference

from w2vjax.errors import InputError
from w2vjax.report import stats
from w2vjax.report.stats import (
    holm,
    mean_interval,
    not_worse_than_best,
    paired_difference,
    pareto_front,
    two_level_bootstrap,
)

NUM = 2_000


def generator():
    return np.random.default_rng(20_130_116)


def assert_share(hits, expected, low=4.0, high=4.0):
    """The share of true in `hits` is `expected`, within standard errors."""
    hits = np.asarray(hits, dtype=float)
    error = np.sqrt(expected * (1 - expected) / len(hits))
    assert -low * error <= hits.mean() - expected <= high * error, hits.mean()


@pytest.mark.parametrize("num", [2, 3, 5])
@pytest.mark.parametrize("level", [0.95, 0.8])
def test_intervals_cover_the_mean_as_often_as_they_say(num, level, monkeypatch):
    monkeypatch.setattr(stats, "LEVEL", level)
    samples = generator().normal(7, 3, size=(NUM, num))
    intervals = [mean_interval(sample) for sample in samples]
    assert_share([i.low <= 7 <= i.high for i in intervals], level)


def test_interval_of_few_values():
    one, none = mean_interval([3.0]), mean_interval([np.nan])
    assert one.mean == 3 and one.num == 1 and np.isnan([one.low, one.high, one.half_width]).all()
    assert none.num == 0 and np.isnan(none.mean)
    assert mean_interval([1, np.nan, 3]) == mean_interval([1, 3])
    assert mean_interval([1, 3]).half_width == pytest.approx(12.7062047, rel=1e-6)


def test_paired_tests_reject_equals_as_often_as_they_may():
    num, trials = 8, 500
    shared = generator().normal(size=(trials, num)) * 10  # the seed's own effect cancels
    noise = np.random.default_rng(1).normal(size=(trials, 2, num))
    tests = [
        paired_difference(shared[i] + noise[i, 0], noise[i, 1] + shared[i]) for i in range(trials)
    ]
    assert_share([made.p <= 0.05 for made in tests], 0.05)


def test_paired_difference_against_scipy():
    a, b = generator().normal(size=(2, 9))
    ours, theirs = paired_difference(a, b), reference.ttest_rel(a, b)
    interval = theirs.confidence_interval()
    assert ours == pytest.approx((np.mean(a - b), interval.low, interval.high, theirs.pvalue, 9))


def test_paired_difference_at_the_edge():
    assert paired_difference([1, 2], [1, 2]).p == 1
    assert paired_difference([2, 3], [1, 2]).p == 0
    assert np.isnan(paired_difference([2], [1]).p)
    with pytest.raises(InputError, match="2 and 1"):
        paired_difference([1, 2], [1])


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == pytest.approx([1, 1])
    assert holm([0.02, np.nan, 0.5]) == pytest.approx([0.04, np.nan, 0.5], nan_ok=True)
    assert len(holm([])) == 0


def test_holm_keeps_the_chance_of_any_false_rejection():
    p = generator().random((NUM, 6))
    p[:, 0] = 1e-9  # one false hypothesis: the five true ones still err together in 5 %
    assert_share([(holm(row)[1:] <= 0.05).any() for row in p], 1 - (1 - 0.05 / 5) ** 5)


def scores(num_seeds, means, spread=1.0):
    noise = generator().normal(size=(num_seeds, len(means))) * spread
    shared = np.random.default_rng(2).normal(size=(num_seeds, 1)) * 5
    return pd.DataFrame(np.asarray(means) + noise + shared, columns=list("abcdefgh"[: len(means)]))


def test_bold_is_what_the_seeds_cannot_tell_from_the_best():
    marked, tested = not_worse_than_best(scores(5, [40, 40.1, 30, 20], spread=0.5))
    assert tested and list(marked) == [True, True, False, False]


def test_bold_is_corrected_for_the_number_of_methods():
    worse = 1.166 + np.array([-1, -0.5, 0, 0.5, 1])  # alone, p = 0.03
    assert paired_difference(worse, np.zeros(5)).p == pytest.approx(0.03, abs=2e-3)
    one, three = (
        pd.DataFrame({"best": np.zeros(5)} | {name: -worse for name in names})
        for names in ("a", "abc")
    )
    assert not_worse_than_best(one)[0].to_dict() == {"best": True, "a": False}
    assert not_worse_than_best(three)[0].all()


def test_bold_rarely_leaves_out_one_of_equals():
    noise = generator().normal(size=(400, 5, 3))
    left_out = [not not_worse_than_best(pd.DataFrame(sample))[0].all() for sample in noise]
    # The best is picked after the fact, which makes one of two comparisons look larger.
    assert_share(left_out, 0.10, low=np.inf, high=3)


def test_too_few_seeds_mark_the_best_only():
    marked, tested = not_worse_than_best(scores(2, [40, 40, 10]))
    assert not tested and marked.sum() == 1 and not marked["c"]
    some = scores(5, [40, 39.9, 10])
    some.loc[2:, "b"] = np.nan
    marked, tested = not_worse_than_best(some)
    assert not tested and marked.sum() == 1
    marked, tested = not_worse_than_best(pd.DataFrame({"a": [np.nan], "b": [np.nan]}))
    assert not tested and not marked.any()


@pytest.mark.parametrize("num_seeds", [3, 10])
@pytest.mark.parametrize("seeds, sections", [(0.08, 0.0), (0.0, 0.05), (0.02, 0.02)])
def test_bootstrap_covers_the_difference_over_seeds_and_sections(num_seeds, seeds, sections):
    """Whichever of the two makes the difference vary; never below its level, whatever above."""
    key, num_sections, size, trials = generator(), 14, 30, 150
    ids = np.repeat(np.arange(num_sections), size)
    covered = []
    for trial in range(trials):
        effect = key.normal(size=(num_seeds, 1)) * seeds + (key.normal(size=14) * sections)[ids]
        base = key.uniform(0.3, 0.5, size=ids.size)
        hits_a = key.random((num_seeds, ids.size)) < base + 0.05 + effect
        hits_b = key.random((num_seeds, ids.size)) < base
        made = two_level_bootstrap(hits_a, hits_b, ids, num_resamples=200, seed=trial)
        covered.append(made.low <= 0.05 <= made.high)
    assert_share(covered, 0.95, low=2.5, high=np.inf)


def test_bootstrap_knows_that_questions_of_a_section_are_not_independent():
    ids = np.repeat(["a", "b", "c", "d"], 100)
    one_section = np.tile(ids == "a", (5, 1))
    spread = np.tile(np.arange(400) % 4 == 0, (5, 1))
    none = np.zeros_like(spread)
    wide, narrow = (two_level_bootstrap(hits, none, ids) for hits in (one_section, spread))
    assert wide.mean == narrow.mean == 0.25
    assert narrow.half_width < 1e-9
    # a quarter in each of four sections drawn: Binomial(4, 1/4) / 4
    assert wide.half_width == pytest.approx(1.96 * np.sqrt(3 / 16 / 4), rel=0.1)


def test_bootstrap_weighs_sections_by_their_questions():
    ids = ["a"] * 90 + ["b"] * 10
    hits = np.array([[True] * 90 + [False] * 10] * 2)
    assert two_level_bootstrap(hits, ~hits, ids).mean == pytest.approx(0.8)
    assert np.isnan(two_level_bootstrap(hits[:1], ~hits[:1], ids).low)
    with pytest.raises(InputError, match="shapes"):
        two_level_bootstrap(hits, hits[:, :50], ids)


def test_pareto_front():
    speed = [1, 2, 3, 2, np.nan, 3, 0.5]
    accuracy = [9, 8, 5, 7, 99, 5, 9]
    assert list(pareto_front(speed, accuracy)) == [True, True, True, False, False, True, False]


def test_nothing_beats_the_front_and_something_beats_the_rest():
    x, y = generator().random((2, 40))
    front = pareto_front(x, y)
    for i in range(40):
        beaten = any(x[j] >= x[i] and y[j] >= y[i] for j in range(40) if j != i)
        assert front[i] != beaten
