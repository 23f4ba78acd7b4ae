"""The report on training runs: a table of cells, every figure there is data for, and the page."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pandas as pd

from w2vjax.errors import InputError, unknown
from w2vjax.records import hits
from w2vjax.records.metrics import FINISHED
from w2vjax.report import differences, survival
from w2vjax.report.accuracy import accuracy_against_speed, accuracy_by_section, layers_by_samplers
from w2vjax.report.bands import accuracy_by_band, loss_curves, similarity_by_band
from w2vjax.report.cells import complete, with_cells
from w2vjax.report.chart import Drawing
from w2vjax.report.choice import ALL, Choice, narrowed, of_cells
from w2vjax.report.curves import scores_on_the_way
from w2vjax.report.differences import differences_to_reference
from w2vjax.report.facts import (
    conditions,
    coverage,
    listed,
    of_run,
    replicas,
    sentences,
    span,
    unfinished,
)
from w2vjax.report.own import own_metrics
from w2vjax.report.page import page
from w2vjax.report.picture import Picture, drawn, named_files
from w2vjax.report.quantities import Quantity, quantities
from w2vjax.report.samplers import sampler_distributions
from w2vjax.report.stats import MIN_SEEDS, Interval, mean_interval, not_worse_than_best
from w2vjax.report.sweeps import SWEEPS
from w2vjax.report.tables import UNDEFINED, Table

TO_REFERENCE = "differences_to_reference"
FIGURES: dict[str, Callable[[pd.DataFrame], Drawing | None]] = {
    "accuracy_against_speed": accuracy_against_speed,
    "accuracy_against_seconds": SWEEPS["accuracy_against_seconds"],
    "layers_by_samplers": layers_by_samplers,
    TO_REFERENCE: differences_to_reference,
    **SWEEPS,
    "accuracy_by_band": accuracy_by_band,
    "similarity_by_band": similarity_by_band,
    "accuracy_by_section": accuracy_by_section,
    "loss_curves": loss_curves,
    "scores_on_the_way": scores_on_the_way,
    "own_metrics": own_metrics,
    "sampler_distributions": sampler_distributions,
}
"""by the name of their files, in the order of a report; of complete records `with_cells`"""
OF_MANY_CELLS = {"accuracy_against_seconds", "learning_rate", "sampler_distributions"}
OF_NO_RUNS = {"sampler_distributions"}
MOST_CELLS = 40
"""with more of them nobody can read a figure that shows each; the tables hold all"""
TABLES = ("table", *differences.TABLES, survival.NAME)
PARTS = ("analogy/section/", "analogy/protocol/")
"""prefixes of metrics whose coverage is not in the table"""


def contents(frame: pd.DataFrame, choice: Choice = ALL) -> dict[str, bytes]:
    """Every file of the report, by name.

    Beside table, figures and page: where runs recorded their answers, `differences`, and
    `differences_within_layers` where layers share samplers; where runs are of different lengths,
    `times_to_accuracy`. Raises `InputError` for a choice that the records do not have.
    """
    for name in choice.figures:
        if name not in FIGURES:
            raise unknown("figure", name, FIGURES)
    frame = of_cells(with_cells(frame), choice.cells)
    made = narrowed(table(frame), choice.columns)
    cells = list(frame["cell"].cat.categories)
    if choice.against is not None and choice.against not in cells:
        raise unknown("cell", choice.against, cells)
    more = differences.tables(frame, choice.against)
    if (times := survival.tabulated(frame)) is not None:
        more[survival.NAME] = times
    told = sentences(conditions(complete(frame)))
    more = {name: replace(each, caption=each.caption + told) for name, each in more.items()}
    figures = pictures(frame, choice)
    text = page(frame, made, figures, more, choice.command())
    files = {"report.html": text.encode(), **named_files(figures)}
    for name, each in {"table": made, **more}.items():
        files |= each.files(name, choice.siunitx)
    return files


def pictures(frame: pd.DataFrame, choice: Choice = ALL) -> dict[str, Picture]:
    """Every figure the records have data for, by name; where cells are many, `OF_MANY_CELLS`.

    Or those that are chosen. Raises `InputError` if there is no data for one of them.
    """
    frame = with_cells(frame)
    few, frame = frame["cell"].nunique() <= MOST_CELLS, complete(frame)
    names = choice.figures or [name for name in FIGURES if few or name in OF_MANY_CELLS]
    wanted = {name: FIGURES[name] for name in names}
    if TO_REFERENCE in wanted:
        wanted[TO_REFERENCE] = partial(differences_to_reference, against=choice.against)
    made = drawn({name: partial(_under, name, draw, frame) for name, draw in wanted.items()})
    if lacking := [name for name in choice.figures if name not in made]:
        raise InputError(
            f"--figures {' '.join(lacking)}: the records have no data for it; there is data for "
            "others without --figures"
        )
    return made


def _under(
    name: str, draw: Callable[[pd.DataFrame], Drawing | None], frame: pd.DataFrame
) -> Drawing | None:
    """The drawing, with the conditions of its runs in the caption."""
    drawing = draw(frame)
    if drawing is None or name in OF_NO_RUNS:
        return drawing
    return drawing._replace(caption=drawing.caption + sentences(conditions(frame)))


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
    for quantity in quantities(done):
        values = _values(done, quantity).reindex(columns=cells)
        if quantity.optional and values.isna().to_numpy().all():
            continue
        intervals = [mean_interval(values[cell]) for cell in cells]
        known = set(done.loc[done["metric"] == quantity.metric, "cell"].dropna())
        text[quantity.header] = [
            _show(interval, quantity, known=cell in known)
            for cell, interval in zip(cells, intervals, strict=True)
        ]
        for field in ("mean", "low", "high"):
            raw[f"{quantity.metric}.{field}"] = [getattr(found, field) for found in intervals]
        bold[quantity.header] = False
        if quantity.score and quantity.sign:
            marked, enough = not_worse_than_best(values * quantity.sign)
            bold[quantity.header] = marked.to_numpy()
            tested.append(enough)
    seeds = done.groupby("cell", observed=False)["seed"].nunique().reindex(cells)
    text["seeds"], raw["seeds"], bold["seeds"] = seeds.map(str).array, seeds.array, False
    ends = done[done["metric"] == FINISHED]
    if replicas(ends).nunique() > 1:
        together = replicas(ends).groupby(ends["cell"], observed=False).unique().reindex(cells)
        text["seeds a program"] = [" and ".join(map(str, sorted(found))) for found in together]
        bold["seeds a program"] = False
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
        f"Analogies{_of_set(analogy)}: {listed(analogy, 'evaluation')}; {coverage(analogy)}.",
        f"{_seeds_told(frame)} Time and speed without compilation, "
        f"on {listed(frame, 'num_devices')} {listed(frame, 'platform')} device(s).",
        *([told] if (told := sentences(conditions(complete(frame))).strip()) else []),
        "Bold: not significantly worse than the best (paired over seeds, Holm-corrected, 5 %)."
        if tested
        else "Bold: the best mean only; too few seeds to say what is not significantly worse.",
    ]
    if left := unfinished(frame):
        parts.append(f"Unfinished, not counted: {'; '.join(left)}.")
    return " ".join(parts)


def _of_set(analogy: pd.DataFrame) -> str:
    """Which questions, if they are not the usual ones."""
    name = listed(analogy, "config.evaluation.questions")
    return "" if name == "unknown" else f" of {name}"


def _seeds_told(frame: pd.DataFrame) -> str:
    """What stands behind the means: intervals, or too few seeds for them."""
    done = frame[frame["metric"] == FINISHED]
    seeds = done.groupby("cell", observed=True)["seed"].nunique()
    if len(seeds) and seeds.max() < MIN_SEEDS:
        number = " or ".join(str(count) for count in sorted(set(seeds)))
        return f"Means of {number} seed{'s' * (number != '1')}: too few for intervals."
    told = "±: half of Student's 95 % interval over seeds"
    if len(seeds) and seeds.min() < MIN_SEEDS:
        return f"{told}; a mean of fewer than {MIN_SEEDS} has none."
    return f"{told}."


def _first_columns(frame: pd.DataFrame, cells: list[str]) -> pd.DataFrame:
    """Layer and sampler of each cell; settings that tell namesakes apart go with the sampler."""
    firsts = frame.dropna(subset=["cell"]).drop_duplicates("cell").set_index("cell").loc[cells]
    return pd.DataFrame(
        {"layer": firsts["layer"].astype(str).array, "sampler": firsts["variant"].astype(str).array}
    )


def _values(frame: pd.DataFrame, quantity: Quantity) -> pd.DataFrame:
    """Seeds × cells. A field of the run is its largest, which is the one at its end."""
    rows, field = frame[frame["cell"].notna()], quantity.metric
    if "/" in field:
        rows, field = rows[rows["metric"] == field], "value"
    elif field not in rows:
        return pd.DataFrame(dtype=float)
    return rows.pivot_table(
        index="seed", columns="cell", values=field, aggfunc="max", observed=True
    )


def _show(interval: Interval, quantity: Quantity, known: bool) -> str:
    if interval.num == 0:
        return UNDEFINED if known else quantity.absent
    mean = f"{interval.mean * quantity.scale:.{quantity.digits}f}"
    if not quantity.score or interval.num < MIN_SEEDS:
        return mean
    return f"{mean} ± {interval.half_width * quantity.scale:.{quantity.digits}f}"


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
