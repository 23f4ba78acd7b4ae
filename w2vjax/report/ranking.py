"""Which cells did best: what one experiment hands on to the next."""

from pathlib import Path

import pandas as pd

from w2vjax.errors import InputError
from w2vjax.report.cells import complete
from w2vjax.report.frame import load

ACCURACY = "analogy/total"


def accuracies(folder: Path | str, *settings: str) -> pd.Series:
    """Mean analogy accuracy over seeds of the finished runs in a folder, the best first.

    Indexed by the run's `label` and the `settings` named (`config.train.learning_rate`). Raises
    `InputError` if no run has an accuracy, and as `records.read` does.
    """
    rows = complete(load(folder))
    rows = rows[(rows["metric"] == ACCURACY) & rows["value"].notna()]
    if rows.empty:
        raise InputError(f"{folder} has no finished run with analogies covered: run it first")
    means = rows.groupby(["label", *settings])["value"].mean()
    return means.sort_values(ascending=False, kind="stable")


def best_setting(folder: Path | str, setting: str) -> dict[str, float]:
    """For each label, the value of a setting at which its accuracy is highest."""
    ranked = accuracies(folder, setting).reset_index().drop_duplicates("label")
    return dict(sorted(zip(ranked["label"], ranked[setting].astype(float), strict=True)))
