"""Tables of the time to an accuracy, where layers were trained for different times."""

import numpy as np
import pandas as pd

from w2vjax.report.cells import NO_SAMPLER, complete, with_cells
from w2vjax.report.survival import MIN_RUNS, time_to_target
from w2vjax.report.tables import Table

NAME = "times_to_accuracy"
FILE_NAMES = {f"{NAME}.{kind}" for kind in ("md", "tex", "csv")}
TARGETS = (0.1, 0.2, 0.3, 0.4, 0.5)
EPOCHS = "config.train.epochs"
NEVER = "not reached"


def times_to_accuracy(frame: pd.DataFrame, target: float) -> pd.DataFrame:
    """For each layer and sampler, the seconds of training until `target` analogy accuracy.

    Of each seed, the shortest run that reaches it counts; a seed without is censored at the end of
    its longest. Runs of a layer and sampler are one kind, whatever else they differ in: trained for
    different times, say. Columns `layer`, `sampler`, `median`, `low`, `high`; `mean`, `mean_low`,
    `mean_high` (restricted to the longest run of all); `reached`, `seeds`. Only finished runs.
    """
    done = complete(with_cells(frame))
    rows = done[(done["metric"] == "analogy/total") & done["value"].notna()]
    horizon, made = float(rows["seconds"].max()), []
    for (layer, sampler), group in rows.groupby(["layer", "sampler"], observed=True):
        times, reached = [], []
        for _, runs in group.groupby("seed"):
            there = runs.loc[runs["value"] >= target, "seconds"]
            times.append(float(runs["seconds"].max() if there.empty else there.min()))
            reached.append(not there.empty)
        found = time_to_target(times, reached, horizon)
        mean, mean_low, mean_high, seeds = found.restricted
        row = {"layer": layer, "sampler": sampler, "median": found.median, "low": found.low}
        row |= {"high": found.high, "mean": mean, "mean_low": mean_low, "mean_high": mean_high}
        made.append(row | {"reached": found.num_reached, "seeds": seeds})
    return pd.DataFrame(made)


def tabulated(frame: pd.DataFrame) -> Table | None:
    """A row a layer and sampler, a column each of the `TARGETS` that any run reaches.

    None where no layer and sampler was trained for different numbers of epochs.
    """
    done = complete(with_cells(frame))
    rows = done[(done["metric"] == "analogy/total") & done["value"].notna()]
    if EPOCHS not in rows or rows.empty:
        return None
    if rows.groupby(["layer", "sampler"], observed=True)[EPOCHS].nunique().max() < 2:
        return None
    targets = [target for target in TARGETS if (rows["value"] >= target).any()]
    if not targets:
        return None
    raw = pd.concat(
        [times_to_accuracy(frame, target).assign(target=target) for target in targets],
        ignore_index=True,
    )
    kinds = raw.drop_duplicates(["layer", "sampler"])[["layer", "sampler"]].astype(str)
    text = kinds.replace(NO_SAMPLER, "\N{EN DASH}").reset_index(drop=True)
    for target in targets:
        at = raw[raw["target"] == target]
        text[f"{100 * target:g} %"] = [_told(row) for row in at.itertuples()]
    bold = pd.DataFrame(False, index=text.index, columns=text.columns)
    caption = (
        "Seconds of training, compiling apart, until an accuracy in the analogies is reached: the "
        "median over seeds (Kaplan and Meier), and how many seeds reach it within the longest run "
        "made of them; those that do not count as later, not as left out. Every run goes from "
        "start to end of its learning rate schedule: the shortest that reaches the target counts, "
        f"so times are those of the runs made, and not in between. With {MIN_RUNS} seeds or more "
        "the `.csv` has intervals."
    )
    return Table(caption, text, bold, raw)


def _told(row: tuple) -> str:
    median, reached, seeds = row.median, row.reached, row.seeds  # type: ignore[attr-defined]
    time = NEVER if np.isinf(median) else f"{median:.1f} s"
    return time if reached in (0, seeds) else f"{time} ({reached} of {seeds} seeds)"
