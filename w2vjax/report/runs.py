"""Records as one row a run, and runs as one row a cell: what most figures draw."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from w2vjax.errors import InputError
from w2vjax.records.metrics import FINISHED
from w2vjax.report.cells import complete, load
from w2vjax.report.chart import Axis
from w2vjax.report.stats import MIN_SEEDS, mean_interval

ACCURACY, SIMILARITY = "accuracy_percent", "spearman_100"
SPEED, SECONDS = "million_words_per_second", "training_seconds"
MAIN_SETS = ("similarity/EN-WS-353-ALL", "similarity/EN-SIMLEX-999")
"""the similarity sets that stand for all where there is no room"""


def runs(frame: pd.DataFrame) -> pd.DataFrame:
    """A row a finished run of the records `with_cells`: its cell, seed, settings and measurements.

    `accuracy_percent` (analogies), `spearman_100` (mean over `similarity_sets`),
    `million_words_per_second` and `training_seconds`; NaN where a run has none.
    """
    ends = frame[(frame["metric"] == FINISHED) & frame["cell"].notna()].set_index("run")
    settings = [name for name in frame if str(name).startswith("config.")]
    made = ends[["layer", "sampler", "variant", "cell", "seed", *settings]].copy()
    scores = frame[frame["x"].isna()].pivot_table(
        index="run", columns="metric", values="value", aggfunc="last"
    )
    scores = scores.reindex(made.index)
    sets = similarity_sets(frame)
    made[ACCURACY] = 100 * _column(scores, "analogy/total")
    made[SIMILARITY] = 100 * scores[sets].mean(axis=1, skipna=False) if sets else np.nan
    made[SPEED] = 1e-6 * _column(scores, "speed/words")
    made[SECONDS] = frame.groupby("run")["seconds"].max() if "seconds" in frame else np.nan
    return made.reset_index()


def similarity_sets(frame: pd.DataFrame) -> list[str]:
    """The metrics of the main similarity sets, or of all where the main ones are missing."""
    scores = frame.loc[frame["metric"].str.startswith("similarity/") & frame["x"].isna()]
    found = set(scores.dropna(subset=["value"])["metric"])
    return [name for name in MAIN_SETS if name in found] or sorted(found)


def summary(data: pd.DataFrame, by: Sequence[str], measures: Sequence[str]) -> pd.DataFrame:
    """A row a group that has all measures: of each mean, 95 % interval and range, and the seeds.

    Columns `NAME`, `NAME_low`, `NAME_high`, `NAME_min`, `NAME_max`, `seeds`.
    """
    rows = []
    for key, group in data.groupby(list(by), observed=True):
        row = dict(zip(by, key, strict=True))
        for name in measures:
            values = group[name].dropna()
            mean, low, high, seeds = mean_interval(values.to_numpy())
            row |= {name: mean, f"{name}_low": low, f"{name}_high": high}
            row |= {f"{name}_min": values.min(), f"{name}_max": values.max(), "seeds": seeds}
        rows.append(row)
    fields = [f"{name}{end}" for name in measures for end in ("", "_low", "_high", "_min", "_max")]
    made = pd.DataFrame(rows, columns=[*by, *fields, "seeds"])
    made = made.astype({name: data[name].dtype for name in by})  # categories keep their order
    return made.dropna(subset=list(measures), ignore_index=True)


class Spread(NamedTuple):
    """How far the seeds of a group lie apart: the columns that bound it, and what to call it."""

    low: str
    high: str
    name: str
    """empty where there is only one seed"""

    @classmethod
    def of(cls, data: pd.DataFrame) -> "Spread":
        """95 % intervals, or the range of the seeds where any group has fewer than three."""
        least, most = int(data["seeds"].min()), int(data["seeds"].max())
        count = f"{least}" if least == most else f"{least} to {most}"
        if most == 1:
            return cls("min", "max", "")
        if least < MIN_SEEDS:
            return cls("min", "max", f"range of {count} seeds")
        return cls("low", "high", f"95 % interval, {count} seeds")

    def axis(self, measure: str, label: str, **more: Any) -> Axis:
        """An axis of the measure, with bars between the bounds."""
        if not self.name:
            return Axis(measure, label, **more)
        low, high = f"{measure}_{self.low}", f"{measure}_{self.high}"
        return Axis(measure, label, low=low, high=high, **more)

    def told(self, what: str = "Bars") -> str:
        """The last sentence of a caption."""
        return f"{what}: {self.name}." if self.name else "One seed: no bars."


def accuracies(folder: Path | str, *settings: str) -> pd.Series:
    """Mean analogy accuracy over seeds of the finished runs in a folder, the best first.

    Indexed by the run's `label` and the `settings` named (`config.train.learning_rate`). Raises
    `InputError` if no run has an accuracy, and as `records.file.rows` does.
    """
    rows = complete(load(folder))
    rows = rows[(rows["metric"] == "analogy/total") & rows["value"].notna()]
    if rows.empty:
        raise InputError(f"{folder} has no finished run with analogies covered: run it first")
    means = rows.groupby(["label", *settings])["value"].mean()
    return means.sort_values(ascending=False, kind="stable")


def best_setting(folder: Path | str, setting: str) -> dict[str, float]:
    """For each label, the value of a setting at which its accuracy is highest."""
    ranked = accuracies(folder, setting).reset_index().drop_duplicates("label")
    return dict(sorted(zip(ranked["label"], ranked[setting].astype(float), strict=True)))


def _column(scores: pd.DataFrame, name: str) -> pd.Series:
    return scores[name] if name in scores else pd.Series(np.nan, scores.index)
