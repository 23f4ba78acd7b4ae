"""Names of cells, and the time that runs still take."""

from dataclasses import replace

import pytest
from test_grid import BASE, CONFIGS

from w2vjax.config.schema import OutputConfig
from w2vjax.progress import duration
from w2vjax.study import plan
from w2vjax.study.costs import Clock
from w2vjax.text.encoding import encode


def test_cells_of_one_label_are_told_apart():
    other = replace(BASE, train=replace(BASE.train, window=7), output=OutputConfig(num_noise=9))
    names = plan.cell_names([BASE, other, *CONFIGS])
    assert list(names.values()) == [
        "negative-sampling / unigram^0.75, num_noise=5, window=5",
        "negative-sampling / unigram^0.75, num_noise=9, window=7",
        *("nce / unigram^0.75", "full-softmax"),
    ]


def test_time_left_follows_what_was_timed(tmp_path):
    corpus = encode(BASE.corpus, tmp_path, progress=False)
    clock = Clock({BASE.corpus: corpus})
    nce, full = CONFIGS[0], CONFIGS[1]
    guessed = clock.left([nce]), clock.left([full])
    clock.took(nce, 3 * guessed[0])
    assert clock.left([CONFIGS[2]]) == pytest.approx(3 * guessed[0]), "another seed of the cell"
    assert clock.left([full]) == pytest.approx(3 * guessed[1]), "as slow as that was"
    clock.took(full, 1.0)
    assert clock.left([CONFIGS[3], CONFIGS[3]]) == pytest.approx(2.0)
    negative, tree = (
        replace(BASE, output=OutputConfig(name))
        for name in ("negative-sampling", "balanced-softmax")
    )
    assert clock.left([negative]) == pytest.approx(3 * guessed[0]), "as its own kind, shared noise"
    both = (3 * guessed[0] + 1.0) / sum(guessed)
    assert clock.left([tree]) == pytest.approx(both * Clock({BASE.corpus: corpus}).left([tree])), (
        "as all that was timed, for want of its kind"
    )
    assert [duration(seconds) for seconds in (4.4, 300, 9000)] == ["4 s", "5 min", "2.5 h"]
