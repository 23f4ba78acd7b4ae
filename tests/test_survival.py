"""Time to a target with censored runs: by hand, against Student, and coverage by simulation."""

import numpy as np
import pandas as pd
import pytest
from test_stats import assert_share

from w2vjax.errors import InputError
from w2vjax.records import file as records
from w2vjax.records.metrics import FINISHED
from w2vjax.report.cells import load
from w2vjax.report.stats import mean_interval
from w2vjax.report.survival import tabulated, time_to_target, times_to_accuracy

SHAPE, SCALE = 3.0, 30.0
MEDIAN = SCALE * np.log(2) ** (1 / SHAPE)


def test_kaplan_and_meier_by_hand():
    # 1 of 5 at 2, one lost at 3, 1 of 3 at 4, one lost at 5, the last at 6
    found = time_to_target([2, 3, 4, 5, 6], [True, False, True, False, True])
    assert found.median == 6 and found.num_reached == 3
    assert found.restricted.mean == pytest.approx(2 + 0.8 * 2 + 0.8 * 2 / 3 * 2)
    variance = 5 / 4 * ((1.6 + 3.2 / 3) ** 2 / (5 * 4) + (3.2 / 3) ** 2 / (3 * 2))
    assert found.restricted.half_width == pytest.approx(2.7764451 * np.sqrt(variance))
    assert time_to_target([1, 2, 3], [True, True, False]).median == 2
    assert time_to_target([3, 4], [True, False], horizon=2).restricted.mean == 2


def test_what_is_never_reached_is_infinite_and_what_is_unknown_is_nan():
    never = time_to_target([5, 5, 5, 5, 5], [False] * 5)
    assert never.median == never.high == np.inf and never.low == 5, "some time after it"
    early = time_to_target([1, 5, 6, 7, 8, 9, 10], [False] + [True] * 6)
    assert early.low > 1, "a run that ends early tells nothing"
    assert never.restricted[:3] == (5, 5, 5) and never.num_reached == 0
    few = time_to_target([1, 2, 3], [True] * 3)
    assert few.median == 2 and np.isnan([few.low, few.high]).all()
    assert np.isnan(time_to_target([], []).median)
    assert np.isnan(time_to_target([4], [True]).restricted.low)
    for times, reached in (([1, 2], [True]), ([-1], [True]), ([np.inf], [True])):
        with pytest.raises(InputError):
            time_to_target(times, reached)


def test_without_censoring_the_restricted_mean_is_students():
    times = np.random.default_rng(3).random(7)
    found = time_to_target(times, np.full(7, True)).restricted
    assert found == pytest.approx(mean_interval(times))
    ended = np.minimum(times, 0.4)
    assert time_to_target(ended, times <= 0.4, 0.4).restricted == pytest.approx(
        mean_interval(ended)
    )


@pytest.mark.parametrize("censoring", ["none", "end", "random"])
@pytest.mark.parametrize("num", [5, 20])
def test_intervals_cover_as_often_as_they_say(num, censoring):
    draw, trials = np.random.default_rng(20_130_116), 400
    horizon = SCALE * np.log(1 / 0.3) ** (1 / SHAPE)  # by which 70 % get there
    grid = np.linspace(0, horizon, 10_001)
    survival = np.exp(-((grid / SCALE) ** SHAPE))
    mean = float(np.trapezoid(survival, grid))
    of_median, of_mean, widths = [], [], []
    for _ in range(trials):
        times = draw.weibull(SHAPE, num) * SCALE
        ends = {"none": np.inf, "end": horizon, "random": draw.uniform(15, 60, num)}[censoring]
        found = time_to_target(np.minimum(times, ends), times <= ends, horizon)
        of_median.append(found.low <= MEDIAN <= found.high)
        widths.append(found.high - found.low)
        of_mean.append(found.restricted.low <= mean <= found.restricted.high)
    assert_share(of_median, 0.94, high=np.inf)
    assert_share(of_mean, 0.93 if num == 20 else 0.90, high=np.inf)
    if num == 20 and censoring == "none":
        density = SHAPE / SCALE * (MEDIAN / SCALE) ** (SHAPE - 1) / 2
        expected = 2 * 1.96 * 0.5 / np.sqrt(num) / density  # for many runs
        assert np.median(widths) == pytest.approx(expected, rel=0.3), "no wider than they must be"


def test_leaving_censored_runs_out_would_favour_who_fails():
    times = np.random.default_rng(0).weibull(SHAPE, 300) * SCALE
    end, reached = 28.0, times <= 28.0
    density = SHAPE / SCALE * (MEDIAN / SCALE) ** (SHAPE - 1) / 2
    error = 0.5 / np.sqrt(len(times)) / density
    assert abs(time_to_target(np.minimum(times, end), reached).median - MEDIAN) < 3 * error
    assert np.median(times[reached]) < MEDIAN - 3 * error


def test_times_to_an_accuracy_from_records(tmp_path):
    accuracies = {("nce", 0): (0.1, 0.3, 0.4), ("nce", 1): (0.1, 0.2, 0.25)}
    accuracies |= {("full-softmax", 0): (0.0, 0.1, 0.1), ("full-softmax", 1): (0.0, 0.1, 0.35)}
    rows = []
    for (layer, seed), values in accuracies.items():
        for seconds, value in zip((5, 10, 20), values, strict=True):
            run = {"run": f"{layer}{seed}{seconds}", "label": layer, "seed": seed}
            run |= {"seconds": seconds + seed, "config.train.epochs": seconds / 10}
            rows += [run | {"metric": "analogy/total", "value": value}]
            rows += [run | {"metric": FINISHED, "value": None}]
    records.Records(tmp_path).append(rows)
    found = times_to_accuracy(load(tmp_path), 0.3).set_index("layer")
    assert isinstance(found, pd.DataFrame) and list(found.index) == ["NCE", "full softmax"]
    assert list(found["reached"]) == [1, 1] and list(found["seeds"]) == [2, 2]
    assert found.loc["NCE", "median"] == 10 and found.loc["NCE", "mean"] == (10 + 21) / 2
    # seed 0 ends at 20 without, seed 1 gets there at 21
    assert found.loc["full softmax", "median"] == 21
    assert found.loc["full softmax", "mean"] == (21 + 21) / 2
    table = tabulated(load(tmp_path))
    assert list(table.text["30 %"]) == ["10.0 s (1 of 2 seeds)", "21.0 s (1 of 2 seeds)"]
    assert list(table.text["10 %"]) == ["5.0 s", "10.0 s"], "and 40 % by one seed"
    assert table.text.loc[1, "40 %"] == "not reached"
