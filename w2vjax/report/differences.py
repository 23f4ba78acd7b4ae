"""Differences in accuracy, paired by seed and by question: to one cell, and within layers."""

import numpy as np
import pandas as pd

from w2vjax.config.defaults import STANDARD_DEFAULTS
from w2vjax.config.schema import OutputConfig, RunConfig, SamplerConfig, TrainConfig, flatten
from w2vjax.errors import unknown
from w2vjax.records.hits import METRIC
from w2vjax.report.answers import Hits, read_hits
from w2vjax.report.cells import SEED, complete, with_cells
from w2vjax.report.stats import MIN_SEEDS, holm, paired_difference, two_level_bootstrap
from w2vjax.report.tables import Table

TABLES = ("differences", "differences_within_layers")
FILE_NAMES = {f"{name}.{kind}" for name in TABLES for kind in ("md", "tex", "csv")}
STANDARD = f"{OutputConfig.layer} / {SamplerConfig().name}"
"""what the others are compared with, where it is there: word2vec's own noise"""
NONE, MISSING = "\N{EN DASH}", "missing"


def tables(frame: pd.DataFrame) -> dict[str, Table]:
    """Both tables by name; those that have rows."""
    rows = zip(TABLES, (differences(frame), within_layers(frame)), strict=True)
    return {name: tabulated(made) for name, made in rows if made is not None}


def differences(frame: pd.DataFrame, against: str | None = None) -> pd.DataFrame | None:
    """A row a cell: how much better it answers analogies than the cell `against`.

    Only seeds that both have, and questions that all runs cover. `difference`, a share of the
    questions, `low` and `high`: the 95 % interval of `stats.two_level_bootstrap`, over seeds and
    sections, NaN where there is one seed. `p`: paired t test over seeds, NaN where there are fewer
    than `MIN_SEEDS`; `p_holm`: corrected for all rows. `seeds`, `questions`. By default `against`
    is the cell of word2vec's own sampler that has most of the default settings, or else the one
    with the best mean.

    None where fewer than two cells have hits. Runs on other questions than `against` are missing.
    Raises `InputError` if `against` is no cell with hits, or for damaged ones.
    """
    frame, rows, cells = _answered(frame)
    if len(cells) < 2:
        return None
    against = _reference(frame, rows) if against is None else against
    if against not in cells:
        raise unknown("cell", against, cells)
    return _rows(rows, [(cell, against) for cell in cells if cell != against])


def within_layers(frame: pd.DataFrame) -> pd.DataFrame | None:
    """The same, every cell against the one of its own layer that has the reference's sampler.

    None where fewer than two layers have both that sampler and another.
    """
    frame, rows, cells = _answered(frame)
    if len(cells) < 2:
        return None
    firsts = frame.drop_duplicates("cell").set_index("cell").loc[cells]
    usual = firsts.loc[_reference(frame, rows), "variant"]
    own = firsts[firsts["variant"] == usual]
    there = dict(zip(own["layer"].astype(str), own.index, strict=True))
    pairs = [(cell, there.get(str(firsts.loc[cell, "layer"]), cell)) for cell in cells]
    pairs = [(cell, against) for cell, against in pairs if cell != against]
    return _rows(rows, pairs) if len({against for _, against in pairs}) > 1 else None


def _answered(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """The finished runs, the rows of them that hold hits, and the cells that have any."""
    frame = complete(with_cells(frame))
    rows = frame[(frame["metric"] == METRIC) & frame["cell"].notna()]
    return frame, rows, [cell for cell in frame["cell"].cat.categories if cell in set(rows["cell"])]


def _rows(rows: pd.DataFrame, pairs: list[tuple[str, str]]) -> pd.DataFrame:
    """A row a pair of cells, on the questions of the first one's reference."""
    digest = rows.loc[rows["cell"] == pairs[0][1], "questions"].iloc[0]
    same = rows[rows["questions"] == digest]
    hits = read_hits(same)
    assert hits is not None
    asked = np.asarray(hits.covered.all(axis=0))
    made = pd.DataFrame([_compared(hits, same, *pair, asked) for pair in pairs])
    made["p_holm"] = holm(made["p"].to_numpy())
    return made


def tabulated(made: pd.DataFrame) -> Table:
    """The differences for people, in points of accuracy."""
    text = pd.DataFrame(
        {
            "cell": made["cell"],
            "against": made["against"],
            "difference (points)": [
                _signed(100 * value) if seeds else MISSING
                for value, seeds in zip(made["difference"], made["seeds"], strict=True)
            ],
            "95 % interval": [
                NONE if np.isnan(low) else f"{_signed(100 * low)} to {_signed(100 * high)}"
                for low, high in zip(made["low"], made["high"], strict=True)
            ],
            "p (Holm)": [
                NONE if np.isnan(p) else "<0.001" if p < 0.001 else f"{p:.3f}"
                for p in made["p_holm"]
            ],
            "seeds": made["seeds"].astype(str),
        }
    )
    bold = pd.DataFrame(False, index=text.index, columns=text.columns)
    bold["difference (points)"] = (made["p_holm"] <= 0.05).to_numpy()
    questions = int(made["questions"].max())
    caption = (
        f"Differences in analogy accuracy on the {questions:,} questions that all runs cover, cell "
        "minus the one it is compared with, on the same seeds. Interval: over seeds and sections, "
        "questions of a section together. p: paired t test over seeds, Holm-corrected for the "
        f"table, with {MIN_SEEDS} seeds or more. Bold: p at most 0.05."
    )
    return Table(caption, text, bold, made)


def _compared(
    hits: Hits, rows: pd.DataFrame, cell: str, against: str, asked: np.ndarray
) -> dict[str, object]:
    """One row of the table."""
    row: dict[str, object] = {"cell": cell, "against": against, "difference": np.nan}
    row |= {"low": np.nan, "high": np.nan, "p": np.nan, "seeds": 0, "questions": int(asked.sum())}
    ours, theirs = (_by_seed(rows, name) for name in (cell, against))
    seeds = sorted(ours.keys() & theirs.keys())
    if not seeds or not asked.any():
        return row
    place = {run: number for number, run in enumerate(hits.runs)}
    a, b = (hits.hit[[place[runs[seed]] for seed in seeds]][:, asked] for runs in (ours, theirs))
    over_both = two_level_bootstrap(a, b, hits.sections[asked])
    over_seeds = paired_difference(a.mean(1), b.mean(1))
    row |= {"difference": over_both.mean, "low": over_both.low, "high": over_both.high}
    # Two seeds that happen to differ by the same would look certain.
    p = over_seeds.p if len(seeds) >= MIN_SEEDS else np.nan
    return row | {"p": p, "seeds": len(seeds)}


def _by_seed(rows: pd.DataFrame, cell: str) -> dict[float, str]:
    own = rows[rows["cell"] == cell]
    return dict(zip(own["seed"], own["run"], strict=True))


def _reference(frame: pd.DataFrame, rows: pd.DataFrame) -> str:
    standard = rows[rows["label"] == STANDARD]
    if standard.empty:
        scores = frame[(frame["metric"] == "analogy/total") & frame["cell"].isin(rows["cell"])]
        return str(scores.groupby("cell", observed=True)["value"].mean().idxmax())
    own = STANDARD_DEFAULTS.settings("skip-gram", True, TrainConfig.dim, TrainConfig.block_size)
    defaults = {f"config.{name}": value for name, value in flatten(RunConfig()).items()}
    defaults |= {f"config.train.{name}": value for name, value in own.items()}
    names = [name for name in defaults if name in standard and name != SEED]
    usual = sum((standard[name] == defaults[name]).astype(int) for name in names)
    return str(standard.assign(usual=usual).sort_values("usual", kind="stable")["cell"].iloc[-1])


def _signed(points: float) -> str:
    return f"{points:+.1f}"
