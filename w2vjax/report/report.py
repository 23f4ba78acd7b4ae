"""Records to tables (Markdown, LaTeX with booktabs, CSV), figures and a page of all; no JAX."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from w2vjax.errors import InputError
from w2vjax.files import write
from w2vjax.records import hits
from w2vjax.report import bench_report, differences, gradient_report, targets, theory_report
from w2vjax.report.cells import complete, with_cells
from w2vjax.report.facts import coverage, listed, of_run, span, unfinished
from w2vjax.report.frame import load
from w2vjax.report.page import page
from w2vjax.report.plots import FILE_NAMES, named_files, pictures
from w2vjax.report.runs import similarity_sets
from w2vjax.report.stats import Interval, mean_interval, not_worse_than_best
from w2vjax.report.tables import Table

MISSING = "missing"
UNDEFINED = "\N{EN DASH}"


@dataclass(frozen=True)
class Column:
    """One quantity of a table: where it is in the records, and how it is shown."""

    header: str
    metric: str
    """a metric, or the name of a field that holds one number a run"""
    scale: float = 1.0
    """shown = recorded * scale"""
    digits: int = 1
    score: bool = False
    """has an interval, and what is not worse than the best is bold"""
    sign: int = 1
    """-1 where lower is better"""
    absent: str = MISSING
    """shown where a cell has no such measurement"""
    optional: bool = True
    """left out if no cell has it"""


PARTS = ("analogy/section/", "analogy/protocol/")
"""prefixes of metrics whose coverage is not in the table"""
MOST_SETS = 4
"""with more similarity sets than this, the table shows the main ones; the records hold all"""


def build(folder: Path | str) -> list[Path]:
    """Writes the table (`.md`, `.tex`, `.csv`), every figure and `report.html` beside the records.

    Where runs recorded their answers, `differences.md`, `.tex` and `.csv` too, and
    `differences_within_layers` where layers share samplers; where runs are of different lengths,
    `times_to_accuracy`.

    A figure that the records no longer have data for is removed. The same records give the same
    bytes. Raises `InputError` as `records.read` does, and if the folder cannot be written.
    """
    folder = Path(folder)
    frame = load(folder)
    kinds = frame["experiment"].dropna().unique() if "experiment" in frame else []
    contents = next((REPORTS[kind] for kind in kinds if kind in REPORTS), comparison)(frame)
    for name, data in contents.items():
        write(folder / name, data)
    for name in FILES - contents.keys():
        (folder / name).unlink(missing_ok=True)
    return [folder / name for name in contents]


def comparison(frame: pd.DataFrame) -> dict[str, bytes]:
    """Every file of a report on training runs, by name."""
    frame = with_cells(frame)
    made, drawn = table(frame), pictures(frame)
    more = differences.tables(frame)
    if (times := targets.tabulated(frame)) is not None:
        more[targets.NAME] = times
    contents = {
        "report.html": page(frame, made, drawn, list(more.values())).encode(),
        **named_files(drawn),
    }
    for name, each in {"table": made, **more}.items():
        contents |= each.files(name)
    return contents


REPORTS: dict[str, Callable[[pd.DataFrame], dict[str, bytes]]] = {
    "gradients": gradient_report.contents,
    "theory": theory_report.contents,
    **dict.fromkeys(bench_report.BENCHES, bench_report.contents),
}
"""Experiments with a report of their own, by name; all others are compared as training runs."""
FILES = FILE_NAMES | differences.FILE_NAMES | targets.FILE_NAMES | bench_report.FILE_NAMES
"""what reports may leave in a folder, and remove from it where the records have no data for it"""


def table(frame: pd.DataFrame) -> Table:
    """The comparison: a row a cell, finished runs only, mean and interval over seeds."""
    frame = with_cells(frame)
    done = complete(frame)
    cells = list(frame["cell"].cat.categories)
    if not cells:
        raise InputError("the records hold no labelled runs: there is nothing to tabulate")
    text = _first_columns(frame, cells)
    raw, bold = text.copy(), pd.DataFrame(False, index=text.index, columns=text.columns)
    tested = []
    for column in _columns(done):
        values = _values(done, column).reindex(columns=cells)
        if column.optional and values.isna().to_numpy().all():
            continue
        intervals = [mean_interval(values[cell]) for cell in cells]
        text[column.header] = [
            _show(interval, column, known=cell in _measured(done, column))
            for cell, interval in zip(cells, intervals, strict=True)
        ]
        for field in ("mean", "low", "high"):
            raw[f"{column.metric}.{field}"] = [getattr(interval, field) for interval in intervals]
        bold[column.header] = False
        if column.score:
            marked, enough = not_worse_than_best(values * column.sign)
            bold[column.header] = marked.to_numpy()
            tested.append(enough)
    seeds = done.groupby("cell", observed=False)["seed"].nunique().reindex(cells)
    text["seeds"], raw["seeds"], bold["seeds"] = seeds.map(str).array, seeds.array, False
    raw = _with_coverage(raw, done, cells)
    return Table(caption(frame, bool(tested) and all(tested)), text, bold, raw)


def caption(frame: pd.DataFrame, tested: bool) -> str:
    """What a reader must know: corpus, protocol, coverage, intervals, bold, what is missing."""
    analogy = frame[frame["metric"] == "analogy/total"]
    experiment = listed(frame, "experiment")
    parts = [
        f"{experiment[:1].upper()}{experiment[1:]} on {listed(frame, 'config.corpus.source')}"
        f"{_count(frame, 'words', 'words read in training')}"
        f"{_count(frame, 'vocabulary', 'words of vocabulary')}.",
        f"Analogies: {listed(analogy, 'evaluation')}; {coverage(analogy)}.",
        "±: half of Student's 95 % interval over seeds. Time and speed without compilation, "
        f"on {listed(frame, 'num_devices')} {listed(frame, 'platform')} device(s).",
        "Bold: not significantly worse than the best (paired over seeds, Holm-corrected, 5 %)."
        if tested
        else "Bold: the best mean only; too few seeds to say what is not significantly worse.",
    ]
    if left := unfinished(frame):
        parts.append(f"Unfinished, not counted: {'; '.join(left)}.")
    return " ".join(parts)


def _columns(frame: pd.DataFrame) -> list[Column]:
    whole = frame.loc[frame["x"].isna(), "metric"]  # and not a band's or a curve's
    sets = sorted({name for name in whole if name.startswith("similarity/")})
    if len(sets) > MOST_SETS:
        sets = sorted(similarity_sets(frame))
    similarities = [
        Column(f"{_set_name(name)} (Spearman·100)", name, 100, score=True) for name in sets
    ]
    return [
        Column("analogies (%)", "analogy/total", 100, score=True, optional=False),
        Column("semantic (%)", "analogy/semantic", 100, score=True),
        Column("syntactic (%)", "analogy/syntactic", 100, score=True),
        *similarities,
        Column(
            *("held-out loss (nats)", "likelihood/held-out"),
            digits=3,
            score=True,
            sign=-1,
            absent=UNDEFINED,
        ),
        Column("epochs", "config.train.epochs"),
        Column("million words/s", "speed/words", 1e-6, digits=2, optional=False),
        Column("training (s)", "seconds"),
        Column("compile (s)", "compile_seconds"),
    ]


def _set_name(metric: str) -> str:
    name = metric.removeprefix("similarity/")
    known = {"wordsim353": "WordSim-353", "simlex999": "SimLex-999"}
    return known.get(re.sub(r"[^a-z0-9]", "", name.lower()), name)


def _first_columns(frame: pd.DataFrame, cells: list[str]) -> pd.DataFrame:
    """Layer and sampler of each cell; settings that tell namesakes apart go with the sampler."""
    firsts = frame.dropna(subset=["cell"]).drop_duplicates("cell").set_index("cell").loc[cells]
    return pd.DataFrame(
        {"layer": firsts["layer"].astype(str).array, "sampler": firsts["variant"].astype(str).array}
    )


def _values(frame: pd.DataFrame, column: Column) -> pd.DataFrame:
    """Seeds × cells. A field of the run is its largest, which is the one at its end."""
    if "/" in column.metric:
        rows = frame[(frame["metric"] == column.metric) & frame["cell"].notna()]
        field = "value"
    else:
        rows, field = frame[frame["cell"].notna()], column.metric
        if field not in rows:
            return pd.DataFrame(dtype=float)
    return rows.pivot_table(
        index="seed", columns="cell", values=field, aggfunc="max", observed=True
    )


def _measured(frame: pd.DataFrame, column: Column) -> set[str]:
    return set(frame.loc[frame["metric"] == column.metric, "cell"].dropna())


def _show(interval: Interval, column: Column, known: bool) -> str:
    if interval.num == 0:
        return UNDEFINED if known else column.absent
    mean = f"{interval.mean * column.scale:.{column.digits}f}"
    if not column.score or interval.num == 1:
        return mean
    return f"{mean} ± {interval.half_width * column.scale:.{column.digits}f}"


def _with_coverage(raw: pd.DataFrame, frame: pd.DataFrame, cells: list[str]) -> pd.DataFrame:
    frame = frame[frame["x"].isna()]
    names = {name for name in frame["metric"] if name.startswith(("ana", "sim"))}
    for name in sorted(names - {hits.METRIC}):
        if name.startswith(PARTS) or not {"covered", "total"} <= set(frame):
            continue
        rows = frame[frame["metric"] == name].groupby("cell", observed=False)
        for field in ("covered", "total"):
            raw[f"{name}.{field}"] = rows[field].min().reindex(cells).array
    return raw


def _count(frame: pd.DataFrame, name: str, unit: str) -> str:
    numbers = of_run(frame, name)
    return f", {span(numbers)} {unit}" if len(numbers) else ""
