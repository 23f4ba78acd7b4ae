"""Progress shows on terminals, after two seconds, and nowhere else."""

import pytest

from w2vjax import progress


class Clock:
    now = 0.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


def run(clock, seconds, **settings):
    with progress.track("reading", 10, "M words", **settings) as advance:
        for _ in range(5):
            clock.now += seconds / 5
            advance(2, 0.5)


@pytest.mark.parametrize(("seconds", "shown"), [(1, False), (5, True)])
def test_only_what_takes_long_is_shown(clock, capsys, monkeypatch, seconds, shown):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    run(clock, seconds)
    out, err = capsys.readouterr()
    assert out == ""
    assert ("reading" in err) == shown
    assert ("0.50 M words/s" in err) == shown  # 2.5 million in 5 seconds
    assert ("100%" in err) == shown


def test_nothing_is_shown_without_a_terminal_or_when_not_wanted(clock, capsys, monkeypatch):
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    run(clock, 5)
    monkeypatch.setenv("FORCE_COLOR", "1")
    run(clock, 5, show=False)
    assert capsys.readouterr() == ("", "")
