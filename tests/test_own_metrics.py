"""Metrics of one's own: what they return is a score, tabulated with its interval, and drawn."""

from collections.abc import Iterator
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import own
import pandas as pd
import pytest
from test_plots import assert_readable, draw

from w2vjax.errors import InputError, InputWarning
from w2vjax.evaluation import register_metric
from w2vjax.evaluation.metrics import evaluate
from w2vjax.evaluation.own import OWN, own_scores
from w2vjax.evaluation.questions import RelationSet
from w2vjax.evaluation.scores import Score
from w2vjax.records.file import Records
from w2vjax.report.cells import load, with_cells
from w2vjax.report.comparison import table
from w2vjax.vectors.embeddings import Embeddings

UNDEFINED_CELL = "\N{EN DASH}"
VECTORS = Embeddings(("a", "b"), np.eye(2, dtype=np.float32))


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    with own.fresh():
        yield


RETURNED = {
    "a float": (0.25, {"own/x": 0.25}),
    "an int": (2, {"own/x": 2.0}),
    "numpy's": (np.float32(0.25), {"own/x": 0.25}),
    "an array of no dimension": (np.array(0.25), {"own/x": 0.25}),
    "jax's": (jnp.float32(0.25), {"own/x": 0.25}),
    "by name": ({"p": 1, "q/r": 2.5}, {"own/x/p": 1.0, "own/x/q/r": 2.5}),
    "a score": (Score("s", 0.5, 1, 2, "told"), {"own/x": 0.5}),
    "a score without value": (Score("s", None, 0, 2, "told"), {"own/x": None}),
    "scores": ([Score("s", 0.5, 1, 2, "told")], {"own/x/s": 0.5}),
}
UNDEFINED = {
    "NaN": (float("nan"), "gave nan for own/x: recorded as undefined"),
    "infinity": (np.inf, "gave inf for own/x"),
    "NaN by name": ({"p": np.nan}, "gave nan for own/x/p"),
    "none": (None, "failed: TypeError: it returned None, not a number, a dictionary"),
    "text": ("0.5", "failed: TypeError: it returned '0.5', not a number"),
    "an array": (np.ones(3), "failed: TypeError: it returned array"),
    "nothing": ({}, "failed: TypeError: it returned nothing, not a number"),
}


@pytest.mark.parametrize("name", RETURNED)
def test_what_a_metric_may_return(name: str) -> None:
    value, expected = RETURNED[name]
    register_metric("x")(lambda embeddings: value)
    assert {score.metric: score.value for score in own_scores(VECTORS)} == expected
    assert {score.metric for score in evaluate(VECTORS, None, RelationSet("", ()), [])} == {
        *expected
    }


@pytest.mark.parametrize("name", UNDEFINED)
def test_what_has_no_value_is_told(name: str) -> None:
    value, message = UNDEFINED[name]
    register_metric("x")(lambda embeddings: value)
    with pytest.warns(InputWarning, match=f"metric test_own_metrics.py:.*{message}"):
        (score,) = own_scores(VECTORS)
    assert score.value is None and ("failed" in message) == bool(score.message)


def test_coverage_and_protocol_are_its_own_or_all_words() -> None:
    def counted(embeddings: Embeddings) -> float:
        """What it is."""
        return 1.0

    register_metric("counted", better="higher")(counted)
    register_metric("scored")(lambda embeddings: Score("s", 0.5, 1, 3, "told"))
    register_metric("its-own")(lambda embeddings: Score("s", 1.0, 1, 1, "", better="lower"))
    first, second, third = own_scores(VECTORS)
    assert third.better == "lower"
    assert (first.covered, first.total, first.better) == (2, 2, "higher")
    assert first.protocol == "test_own_metrics.py:counted: What it is."
    assert (second.covered, second.total, second.protocol) == (1, 3, "told")


@pytest.mark.usefixtures("unchecked")
def test_what_cannot_be_registered() -> None:
    with pytest.raises(InputError, match="metric name 'a b'"):
        register_metric("a b")
    with pytest.raises(InputError, match="unknown direction of a metric 'up'"):
        register_metric("x", better="up")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"takes \(\): it must take one argument"):
        register_metric("x")(lambda: 1.0)
    with pytest.raises(InputError, match="it must be a function"):
        register_metric("x")(3)  # type: ignore[type-var]
    assert not OWN


def frame(folder: Path, seeds: int = 3, better: str | None = "lower") -> pd.DataFrame:
    """Records of three cells with two metrics of one's own; one has no value in the last cell."""
    rows: list[dict] = []
    for place, label in enumerate(("nce / log-uniform", "nce / uniform", "full-softmax")):
        for seed in range(seeds):
            run = {"run": f"{label}{seed}", "label": label, "seed": seed}
            told = {"evaluation": "m.py:size: How large.", "better": better}
            rows += [
                run | {"metric": "own/size", "value": 1000 + 100.0 * place + seed} | told,
                run | {"metric": "own/parts/x", "value": None if place == 2 else 0.01 * seed},
                run | {"metric": "own/gone", "value": None},
                run | {"metric": "run/finished", "value": None},
            ]
    Records(folder).append(rows)
    return load(folder)


def test_every_metric_has_a_column_with_its_interval(tmp_path: Path) -> None:
    made = table(frame(tmp_path))
    sizes = ["1001 ± 2", "1101 ± 2", "1201 ± 2"]
    assert made.text["size"].tolist() == sizes
    assert made.text["parts/x"].tolist() == ["0.0100 ± 0.0248"] * 2 + [UNDEFINED_CELL]
    assert made.text["gone"].tolist() == [UNDEFINED_CELL] * 3
    assert made.bold["size"].tolist() == [True, False, False]
    assert not made.bold["parts/x"].any()
    assert made.raw["own/size.mean"].tolist() == [1001, 1101, 1201]


@pytest.mark.parametrize(("better", "marked"), [("higher", 2), ("lower", 0), (None, None)])
def test_the_best_is_marked_where_it_is_known_which_it_is(tmp_path, better, marked) -> None:
    bold = table(frame(tmp_path, better=better)).bold["size"].tolist()
    assert bold == [place == marked for place in range(3)]


@pytest.mark.parametrize("seeds", [1, 3])
def test_every_metric_with_a_value_is_drawn(tmp_path: Path, seeds: int) -> None:
    drawing = draw("own_metrics", with_cells(frame(tmp_path, seeds)))
    assert set(drawing.data["metric"]) == {"own/size", "own/parts/x"}
    assert len(drawing.data) == 5 and "m.py:size: How large." in drawing.caption
    panels = [axes for axes in drawing.figure.axes if axes.get_xlabel()]
    assert [axes.get_xlabel() for axes in panels] == ["size", "parts/x"]
    assert_readable(drawing.figure)
