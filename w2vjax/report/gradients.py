"""The report on sampled gradients: what each sampler's gradient is worth."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from w2vjax.errors import InputError
from w2vjax.report import latex
from w2vjax.report.cells import complete, layer_titles, sampler_order
from w2vjax.report.chart import Axis, Drawing, Panel, PanelGrid, chart
from w2vjax.report.look import looks
from w2vjax.report.picture import rendered
from w2vjax.report.tables import MISSING, Table

LEAST_BIAS, LEAST_COSINE = 0.1, 0.9
"""what the table asks how many noise words are needed for"""
STATISTICS = ("squared_bias", "variance", "cosine_of_mean", "cosine_of_draw")
KEYS = ["state", "loss", "sampler", "noise", "tenth"]
NEAR = 64
"""noise words a pair at which tenths of the vocabulary are compared, or the nearest there are"""


class Shown(NamedTuple):
    """What stands on the vertical axis: a column of the data, its error bars apart."""

    column: str
    label: str
    log: bool


BIAS = Shown("relative_bias", "relative bias", True)
VARIANCE = Shown("variance", "relative variance", True)
OF_MEAN = Shown("cosine_of_mean", "cosine of the mean", False)
OF_DRAW = Shown("cosine_of_draw", "cosine of a draw", False)


def contents(frame: pd.DataFrame) -> dict[str, bytes]:
    """Every file of the report by name, from records. Raises `InputError` if there is no cell."""
    data = measurements(frame)
    made = tables(frame, data)
    head = f"# Gradients of sampled losses\n\n{caption(frame)}\n\n"
    return {
        "table.md": (head + "\n".join(table.markdown() for table in made)).encode(),
        "table.tex": latex.document(
            [table.latex(f"gradients-{place}") for place, table in enumerate(made, start=1)]
        ).encode(),
        "table.csv": data.to_csv(index=False, lineterminator="\n", float_format="%.6g").encode(),
    } | rendered({name: partial(draw, data) for name, draw in FIGURES.items()})


def measurements(frame: pd.DataFrame) -> pd.DataFrame:
    """A row a finished cell and slice: `state`, `loss`, `sampler`, `noise`, `tenth` (0: all words).

    Each of `STATISTICS` with its standard error in `…_error`; and `relative_bias`, the root of the
    squared bias, missing where two standard errors of that reach zero, with its upper `limit`.
    """
    rows = complete(frame)
    rows = rows[rows["metric"].str.startswith("gradient/")]
    if rows.empty:
        raise InputError("the records hold no finished gradients: run experiments/gradients.py")
    rows = rows.assign(
        state=rows["config.state"],
        loss=_losses(rows),
        sampler=rows["config.sampler"],
        noise=rows["config.num_noise"].astype(int),
        tenth=rows["x"].fillna(0).astype(int),
        metric=rows["metric"].str.removeprefix("gradient/").str.replace("-", "_"),
    )
    _one_protocol(rows, [*KEYS, "metric"])
    wide = rows.pivot(index=KEYS, columns="metric", values=["value", "standard_error"])
    data = pd.DataFrame(index=wide.index)
    for name in STATISTICS:
        data[name], data[f"{name}_error"] = wide["value"][name], wide["standard_error"][name]
    squared, error = data["squared_bias"], data["squared_bias_error"]
    root = np.sqrt(squared.where((squared > 0) & (squared >= 2 * error)))
    data["relative_bias"], data["relative_bias_error"] = root, error / (2 * root)
    data["limit"] = np.sqrt(squared.clip(lower=0) + 2 * error)
    return _in_order(data.reset_index(), rows)


def _one_protocol(rows: pd.DataFrame, keys: list[str]) -> None:
    if rows.duplicated(keys).any():
        raise InputError(
            "the records hold the same gradients measured in several ways (corpus, pairs or draws "
            "differ): keep each way in a folder of its own"
        )


def _losses(rows: pd.DataFrame) -> list[str]:
    """Of every row: `sampled-softmax, hits kept` → `sampled softmax, hits kept`."""
    parts = [loss.partition(", ") for loss in rows["config.loss"]]
    layers = layer_titles(rows, [part[0] for part in parts])
    return [layer + comma + detail for layer, (_, comma, detail) in zip(layers, parts, strict=True)]


def _in_order(data: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """States and losses in the order in which the records name them, samplers in theirs."""
    states, losses = (list(dict.fromkeys(rows[name])) for name in ("state", "loss"))
    places = data.assign(
        state=data["state"].map(states.index),
        loss=data["loss"].map(losses.index),
        sampler=data["sampler"].map(sampler_order),
    )
    order = places.sort_values(KEYS, kind="stable").index
    return data.loc[order].reset_index(drop=True)


def caption(frame: pd.DataFrame) -> str:
    """What a reader must know."""
    ends = frame[frame["metric"] == "run/finished"]
    first = ends.iloc[0]
    draws = first["config.num_draws"] * first["config.batches"]
    return (
        f"On {first['config.corpus.source']}, {first['vocabulary']:,.0f} words of vocabulary, "
        f"{first['config.dim']:.0f} dimensions. Gradient by the output matrix of the mean loss of "
        f"{first['config.num_pairs']:,.0f} pairs of documents kept out of training, "
        f"{first['config.pairs_per_group']:.0f} pairs sharing noise, at fixed embeddings, beside "
        "the full softmax's of the same pairs, g*. Relative bias: ‖E g - g*‖ / ‖g*‖; exact for "
        f"NEG and NCE, from {draws:.0f} draws for sampled softmax, where < marks what two standard "
        "errors hide. Cosine of a draw: mean of cos(g, g*) over as many draws. ±: one standard "
        f"error over {first['config.batches']:.0f} batches of draws. k: noise words a pair. k for "
        f"bias ≤ {100 * LEAST_BIAS:.0f} %, cosine ≥ {LEAST_COSINE}: the least that was measured "
        "from which on the bias is no larger, the cosine of a draw no smaller. NEG has "
        f"another objective: its bias is no error. Seed {first['seed']:.0f}."
    )


def tables(frame: pd.DataFrame, data: pd.DataFrame) -> list[Table]:
    """A table a state, a row a loss and sampler."""
    counts = sorted(data["noise"].unique())
    shown = [counts[0], counts[len(counts) // 2], counts[-1]]
    whole = data[data["tenth"] == 0]
    ends = frame[frame["metric"] == "run/finished"].drop_duplicates("config.state")
    facts = ends.set_index("config.state")
    made = []
    for state, rows in whole.groupby("state", sort=False):
        about = facts.loc[state]
        title = (
            f"State: {state}. log Z of the hidden vectors {about['log_partition']:.2f} "
            f"(standard deviation {about['log_partition_deviation']:.2f}), "
            f"‖g*‖ {about['exact_norm']:.3g}."
        )
        lines = [
            _line(str(loss), str(sampler), cell.set_index("noise"), dict.fromkeys(shown))
            for (loss, sampler), cell in rows.groupby(["loss", "sampler"], sort=False)
        ]
        text = pd.DataFrame(lines)
        made.append(Table.plain(title, text, rows))
    return made


def _line(loss: str, sampler: str, cell: pd.DataFrame, counts: Iterable[int]) -> dict[str, str]:
    line = {"loss": loss, "sampler": sampler}
    for count in counts:
        known = count in cell.index
        row = cell.loc[count] if known else None
        line[f"bias (%), k = {count:,}"] = MISSING if row is None else _bias(row)
        line[f"cosine of a draw, k = {count:,}"] = (
            MISSING if row is None else f"{row['cosine_of_draw']:.3f}"
        )
    bias = np.sqrt(cell["squared_bias"].clip(lower=0))
    line[f"k for bias ≤ {100 * LEAST_BIAS:.0f} %"] = from_on(bias <= LEAST_BIAS)
    line[f"k for cosine ≥ {LEAST_COSINE}"] = from_on(cell["cosine_of_draw"] >= LEAST_COSINE)
    return line


def _bias(row: pd.Series) -> str:
    if np.isnan(row["relative_bias"]):
        return f"< {100 * row['limit']:.2g}"
    value = f"{100 * row['relative_bias']:.3g}"
    error = 100 * row["relative_bias_error"]
    return f"{value} ± {error:.2g}" if error > 0 else value


def from_on(enough: pd.Series) -> str:
    """The least count, of the index, from which on all are enough."""
    counts = enough.sort_index()
    missing = counts.index[~counts]
    left = counts.index if not len(missing) else counts.index[counts.index > missing[-1]]
    return f"{left[0]:,}" if len(left) else f"> {counts.index[-1]:,}"


def by_noise(data: pd.DataFrame, shown: Shown) -> Drawing | None:
    """A quantity against noise words; where two standard errors hide the bias, nothing."""
    rows = data[data["tenth"] == 0]
    counts = sorted(rows["noise"].unique())
    if len(counts) < 2:
        return None
    ticks = {count: f"{count:,}" for count in counts[::2]}
    return _panels(rows, Axis("noise", "noise words a pair", log=True, ticks=ticks), shown)


def by_tenth(data: pd.DataFrame, shown: Shown) -> Drawing | None:
    """A quantity in the rows of each tenth of the vocabulary, the most frequent words first."""
    rows = data[data["tenth"] > 0]
    if rows.empty:
        return None
    count = nearest(rows)
    x = Axis("tenth", "tenth of the words, by frequency", ticks={n: str(n) for n in (1, 4, 7, 10)})
    return _panels(rows[rows["noise"] == count], x, shown, f"{count} noise words a pair")


FIGURES: dict[str, Callable[[pd.DataFrame], Drawing | None]] = {
    "relative_bias": partial(by_noise, shown=BIAS),
    "relative_variance": partial(by_noise, shown=VARIANCE),
    "cosine_of_mean": partial(by_noise, shown=OF_MEAN),
    "cosine_of_draw": partial(by_noise, shown=OF_DRAW),
    "bias_by_tenth": partial(by_tenth, shown=BIAS),
    "cosine_by_tenth": partial(by_tenth, shown=OF_DRAW),
}
"""by the name of their files; of `measurements`"""


def nearest(data: pd.DataFrame, count: int = NEAR) -> int:
    """The number of noise words in the data nearest to `count`, by ratio."""
    return min(
        map(int, data["noise"].unique()), key=lambda noise: max(noise / count, count / noise)
    )


def _panels(rows: pd.DataFrame, x: Axis, shown: Shown, title: str = "") -> Drawing:
    """A row of panels a state, a column a loss; losses are not on one scale, states of one are."""
    states, losses = list(dict.fromkeys(rows["state"])), list(dict.fromkeys(rows["loss"]))
    value, error = rows[shown.column], 2 * rows[f"{shown.column}_error"]
    data = rows.assign(low=value - error, high=value + error).sort_values(x.column, kind="stable")
    panels = [
        Panel(
            data[(data["state"] == state) & (data["loss"] == loss)],
            x,
            Axis(shown.column, f"{state}\n{shown.label}", log=shown.log, low="low", high="high"),
            loss if state == states[0] else "",
        )
        for state in states
        for loss in losses
    ]
    layout = PanelGrid(len(losses), "page", 1.35, share_x=True, share_y="col", title=title)
    figure = chart(panels, "sampler", looks(rows["sampler"]), layout)
    wanted = [*KEYS, shown.column, f"{shown.column}_error"]
    return Drawing(figure, rows[wanted].reset_index(drop=True))
