"""Differences in accuracy, paired by seed and by question: to one cell, and within layers."""

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Shaped
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from w2vjax.config.defaults import STANDARD_DEFAULTS, WIDER
from w2vjax.config.schema import OutputConfig, RunConfig, SamplerConfig, TrainConfig, flatten
from w2vjax.errors import InputError, unknown
from w2vjax.records.hits import METRIC, decode
from w2vjax.report import stats
from w2vjax.report.cells import SEED, complete, with_cells
from w2vjax.report.chart import Axis, Drawing
from w2vjax.report.chart_lists import listed
from w2vjax.report.letters import shown
from w2vjax.report.look import GREY, MARKERS, Look, layer_colors, unique
from w2vjax.report.runs import ACCURACY, runs
from w2vjax.report.stats import LEVEL, MIN_SEEDS, two_level_bootstrap
from w2vjax.report.tables import MISSING, UNDEFINED, Table

TABLES = ("differences", "differences_within_layers")
STANDARD = f"{OutputConfig.layer} / {SamplerConfig().name}"
"""what the others are compared with, where it is there: the default layer and sampler"""
LONG_NAME = 40
"""letters of a cell's name that leave no room for more beside it under a figure"""


@dataclass(frozen=True, eq=False)
class Hits:
    """The answers of several runs to the same questions."""

    runs: tuple[str, ...]
    hit: Bool[np.ndarray, "r q"]
    covered: Bool[np.ndarray, "r q"]
    sections: Shaped[np.ndarray, " q"]
    """name of each question's section"""


def read_hits(frame: pd.DataFrame) -> Hits | None:
    """The answers of all runs in the records that have them; None if no run has.

    Raises `InputError` if they are answers to different questions, or damaged.
    """
    rows = frame[frame["metric"] == METRIC]
    if rows.empty:
        return None
    if rows["questions"].nunique() > 1:
        found = ", ".join(sorted(rows["questions"].unique()))
        raise InputError(
            f"the records mix question sets ({found}): their answers cannot be compared; "
            "keep each in a folder of its own"
        )
    stretches = json.loads(rows["sections"].iloc[0])
    sections = np.repeat([name for name, _ in stretches], [length for _, length in stretches])
    answers = np.stack([decode(text, len(sections)) for text in rows["hits"]])
    return Hits(tuple(rows["run"]), answers == 1, answers >= 0, sections)


def tables(frame: pd.DataFrame, against: str | None = None) -> dict[str, Table]:
    """Both tables by name; those that have rows."""
    made = (differences(frame, against), within_layers(frame, against))
    rows = zip(TABLES, made, strict=True)
    return {name: tabulated(made) for name, made in rows if made is not None}


def differences(frame: pd.DataFrame, against: str | None = None) -> pd.DataFrame | None:
    """A row a cell: how much better it answers analogies than the cell `against`.

    Only seeds that both have, and questions that all runs cover; columns as in
    `stats.differences`, and `questions`, their number. The interval is that of
    `stats.two_level_bootstrap`, over seeds and sections, NaN where there is one seed. By default
    `against` is the cell of the default layer and sampler that has most of the default settings,
    or else the one with the best mean.

    None where fewer than two cells have hits. Runs on other questions than `against` are missing.
    Raises `InputError` if `against` is no cell with hits, or for damaged ones.
    """
    frame, rows, cells = _answered(frame)
    if len(cells) < 2:
        return None
    against = _reference(frame, rows) if against is None else against
    if against not in cells:
        raise unknown("cell", against, cells)
    return _over_questions(rows, [(cell, against) for cell in cells if cell != against])


def within_layers(frame: pd.DataFrame, against: str | None = None) -> pd.DataFrame | None:
    """The same, every cell against the one of its own layer that has the reference's sampler.

    None where fewer than two layers have both that sampler and another.
    """
    frame, rows, cells = _answered(frame)
    if len(cells) < 2:
        return None
    firsts = frame.drop_duplicates("cell").set_index("cell").loc[cells]
    usual = firsts.loc[against or _reference(frame, rows), "variant"]
    own = firsts[firsts["variant"] == usual]
    there = dict(zip(own["layer"].astype(str), own.index, strict=True))
    pairs = [(cell, there.get(str(firsts.loc[cell, "layer"]), cell)) for cell in cells]
    pairs = [(cell, against) for cell, against in pairs if cell != against]
    return _over_questions(rows, pairs) if len({pair[1] for pair in pairs}) > 1 else None


def over_seeds(frame: pd.DataFrame, against: str | None = None) -> pd.DataFrame:
    """The same as `differences` where runs did not record their answers, of accuracies alone.

    Cells that share fewer than `MIN_SEEDS` seeds with the reference have no row.
    """
    made = runs(complete(with_cells(frame)))
    scores = made.pivot_table(index="seed", columns="cell", values=ACCURACY, observed=True) / 100
    if scores.shape[1] < 2:
        return stats.differences(scores, [])
    against = against or _reference(frame, frame[frame["cell"].isin(scores.columns)])
    if against not in scores:
        raise unknown("cell", against, map(str, scores))
    found = stats.differences(scores, [(cell, against) for cell in scores if cell != against])
    return found[found["seeds"] >= MIN_SEEDS].reset_index(drop=True)


def differences_to_reference(
    frame: pd.DataFrame, axes: Axes | None = None, against: str | None = None
) -> Drawing | None:
    """Forest plot: every cell's difference in accuracy to the reference, with its interval."""
    data, over = differences(frame, against), "seeds and sections of questions"
    if data is None:
        data, over = over_seeds(frame, against), "seeds"
    data = data[data["low"].notna()]
    if data.empty:
        return None
    layers = frame.drop_duplicates("cell").set_index("cell")["layer"].loc[data["cell"]]
    palette = layer_colors(layers)
    shapes = dict(zip(unique(layers.cat.categories), MARKERS, strict=False))
    looks = [
        {
            "fmt": shapes[layer],
            "color": palette[layer],
            "markerfacecolor": palette[layer] if p <= 1 - LEVEL else "white",
        }
        for layer, p in zip(layers, data["p_holm"], strict=True)
    ]
    reference = data["against"].iloc[0]
    gap = "\n" if len(reference) > LONG_NAME else " "
    label = f"analogy accuracy minus that of{gap}{shown(reference)} (percentage points)"
    axis = Axis("difference", label, 100, low="low", high="high")
    axes = listed(data, axis, looks, "page", axes=axes)
    axes.set_xlabel(label, loc="right" if gap == "\n" else "center")
    axes.axvline(0, color=GREY, linewidth=0.8, zorder=1)
    mark: Look = {"color": GREY, "marker": MARKERS[0], "linestyle": "-", "linewidth": 0.9}
    meanings = [
        Line2D([], [], label="differs (5 %, Holm)", **mark),
        Line2D([], [], label="not shown to differ", markerfacecolor="white", **mark),
    ]
    axes.legend(handles=meanings, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    caption = (
        f"Difference in analogy accuracy to {reference}, in percentage points, with 95 % "
        f"intervals over {over}: runs of one seed read the same words in the same order, and are "
        "compared with each other. Filled: different from the reference at 5 % after Holm's "
        "correction for all rows; open: not shown to be different."
    )
    return Drawing.on(axes, data, caption)


def tabulated(made: pd.DataFrame) -> Table:
    """The differences for people, in points of accuracy."""
    text = pd.DataFrame(
        {
            "cell": made["cell"],
            "against": made["against"],
            "difference (points)": [
                _signed(value) if seeds else MISSING
                for value, seeds in zip(made["difference"], made["seeds"], strict=True)
            ],
            "95 % interval": [
                UNDEFINED if np.isnan(low) else f"{_signed(low)} to {_signed(high)}"
                for low, high in zip(made["low"], made["high"], strict=True)
            ],
            "p (Holm)": [
                UNDEFINED if np.isnan(p) else "<0.001" if p < 0.001 else f"{p:.3f}"
                for p in made["p_holm"]
            ],
            "seeds": made["seeds"].astype(str),
        }
    )
    bold = pd.DataFrame(False, index=text.index, columns=text.columns)
    bold["difference (points)"] = (made["p_holm"] <= 1 - LEVEL).to_numpy()
    questions = int(made["questions"].max())
    caption = (
        f"Differences in analogy accuracy on the {questions:,} questions that all runs cover, cell "
        "minus the one it is compared with, on the same seeds. Interval: over seeds and sections, "
        "questions of a section together. p: paired t test over seeds, Holm-corrected for the "
        f"table, with {MIN_SEEDS} seeds or more. Bold: p at most 0.05."
    )
    return Table(caption, text, bold, made)


def _answered(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """The finished runs, the rows of them that hold hits, and the cells that have any."""
    frame = complete(with_cells(frame))
    rows = frame[(frame["metric"] == METRIC) & frame["cell"].notna()]
    return frame, rows, unique(rows["cell"])


def _over_questions(rows: pd.DataFrame, pairs: list[tuple[str, str]]) -> pd.DataFrame:
    """A row a pair of cells, on the questions of the first one's reference."""
    digest = rows.loc[rows["cell"] == pairs[0][1], "questions"].iloc[0]
    same = rows[rows["questions"] == digest]
    hits = read_hits(same)
    assert hits is not None
    asked = np.asarray(hits.covered.all(axis=0))
    answers = dict(
        zip(zip(same["cell"], same["seed"], strict=True), hits.hit[:, asked], strict=True)
    )
    accuracy = pd.Series({key: hit.mean() for key, hit in answers.items() if asked.any()})
    scores = accuracy.unstack(0) if len(accuracy) else pd.DataFrame()
    scores = scores.reindex(columns=list(dict.fromkeys(np.ravel(pairs))))
    made = stats.differences(scores, pairs)
    made.insert(made.columns.get_loc("p_holm"), "questions", int(asked.sum()))
    for place, (cell, against) in enumerate(pairs):
        seeds = scores.index[scores[[cell, against]].notna().all(axis=1)]
        if len(seeds):
            a, b = (np.stack([answers[name, s] for s in seeds]) for name in (cell, against))
            over_both = two_level_bootstrap(a, b, hits.sections[asked])
            made.loc[place, ["difference", "low", "high"]] = over_both[:3]
    return made


def _reference(frame: pd.DataFrame, rows: pd.DataFrame) -> str:
    standard = rows[rows["label"] == STANDARD]
    if standard.empty:
        scores = frame[(frame["metric"] == "analogy/total") & frame["cell"].isin(rows["cell"])]
        means = scores.groupby("cell", observed=True)["value"].mean()
        return str(means.idxmax() if means.notna().any() else rows["cell"].iloc[0])
    wider = WIDER[TrainConfig.priority]
    own = STANDARD_DEFAULTS.settings("skip-gram", True, TrainConfig.dim, wider, None)
    defaults = {f"config.{name}": value for name, value in flatten(RunConfig()).items()}
    defaults |= {f"config.train.{name}": value for name, value in own.items()}
    names = [name for name in defaults if name in standard and name != SEED]
    usual = sum((standard[name] == defaults[name]).astype(int) for name in names)
    return str(standard.assign(usual=usual).sort_values("usual", kind="stable")["cell"].iloc[-1])


def _signed(share: float) -> str:
    return f"{100 * share:+.1f}"
