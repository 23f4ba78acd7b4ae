"""Recorded answers come back as they were, or not at all."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2vjax.errors import InputError
from w2vjax.records import file as records
from w2vjax.records import hits
from w2vjax.report.cells import load
from w2vjax.report.differences import read_hits


@given(st.lists(st.sampled_from([-1, 0, 1]), min_size=1, max_size=70))
def test_answers_come_back(answers):
    given_hits = np.array(answers, np.int8)
    np.testing.assert_array_equal(hits.decode(hits.encode(given_hits), len(answers)), given_hits)


def test_googles_answers_take_few_bytes():
    draw = np.random.default_rng(0)
    answers = draw.choice(np.array([-1, 0, 1], np.int8), 19_544, p=[0.3, 0.4, 0.3])
    assert len(hits.encode(answers)) < 6_600, "two bits a question, and base64"


@pytest.mark.parametrize("text", ["", "no base64!", "AAAA", hits.encode(np.zeros(80, np.int8))])
def test_damaged_hits_are_refused(text):
    with pytest.raises(InputError, match="run the cell again"):
        hits.decode(text, 20)


def rows(run: str, answers: list[int], digest: str = "q") -> list[dict]:
    section = np.array([0, 0, 1, 0], np.int32)
    found = hits.fields(np.array(answers, np.int8), digest, ("family", "gram1"), section)
    return [{"run": run, "seed": 0, "label": "nce", **found}]


def test_records_of_hits_are_read_back(tmp_path):
    file = records.Records(tmp_path)
    file.append(rows("a", [1, 0, -1, 1]) + rows("b", [0, 0, 0, 1]))
    file.append([{"run": "c", "metric": "analogy/total", "value": 0.5}])
    read = read_hits(load(tmp_path))
    assert read is not None and read.runs == ("a", "b")
    assert read.hit.tolist() == [[True, False, False, True], [False, False, False, True]]
    assert read.covered.tolist() == [[True, True, False, True], [True] * 4]
    assert read.sections.tolist() == ["family", "family", "gram1", "family"]


def test_different_questions_are_never_compared():
    with pytest.raises(InputError, match="mix question sets \\(p, q\\)"):
        read_hits(pd.DataFrame(rows("a", [1] * 4, "p") + rows("b", [1] * 4, "q")))
    assert read_hits(pd.DataFrame({"metric": ["analogy/total"]})) is None
