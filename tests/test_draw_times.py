"""How the time of a draw is measured, with a clock that tells what it is told to."""

import pytest
from noise import COUNTS

from w2vjax.samplers import build, parse
from w2vjax.study import draw_times


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that calls are going to take, one after the other; calls are made all the same."""
    coming: list[float] = []

    def seconds(run) -> float:
        run()
        return coming.pop(0)

    monkeypatch.setattr(draw_times.clock, "seconds", seconds)
    return coming


def test_medians_of_neighbours(clock: list[float]) -> None:
    # both warm up; bits and draws in turn; something disturbs the second pair, and the draws of
    # the third
    clock += [9e-6, 9e-6]
    clock += [1e-6, 2e-6, 5e-6, 9e-6, 1e-6, 8e-6]
    times = draw_times.against_bits(build(parse("uniform"), COUNTS), num_draws=1_000, repeats=3)
    assert times.nanoseconds == pytest.approx(8e-6 / 1_000 * 1e9)
    assert times.bits == pytest.approx(1e-6 / 1_000 * 1e9)
    assert times.speed == pytest.approx(1 / 2), "of 1/2, 5/9 and 1/8"
    assert not clock


def test_numpys_median(clock: list[float]) -> None:
    clock += [5e-6, 1e-6, 2e-6]
    assert draw_times.of_numpy(COUNTS / COUNTS.sum(), 1_000) == pytest.approx(2)


def test_by_vocabulary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draw_times, "SIZES", (10, 1_000, 5_000_000))
    advances: list[None] = []
    rows = draw_times.by_vocabulary(7, 500, 1_000, 1, lambda: advances.append(None))
    assert len(advances) == 2 and all(row["nanoseconds"] > 0 for row in rows)
    found = {(row["sampler"], row["words"]) for row in rows}
    names = {"log-uniform", "unigram^0.75:alias", "unigram^0.75:cdf", "unigram^0.75:table(500)"}
    names |= {draw_times.BITS, draw_times.NUMPY}
    table = {("unigram^0.75:table(500)", 1_000)}  # too small for so many words
    assert found == {(name, size) for name in names for size in (10, 1_000)} - table
    assert len(found) == len(rows)


def test_large_vocabularies_have_a_longer_curve() -> None:
    assert draw_times.vocabulary_sizes(76_000)[-1] == 1_000_000
    assert draw_times.vocabulary_sizes(2_500_000)[-1] == 3_000_000
