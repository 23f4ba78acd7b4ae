"""Figures of a score against one swept quantity: time, power, noise count, table size, rate.

A sweep is drawn where some line of it has at least `MIN_POINTS` points; cells that have no place on
its axis, such as log-uniform beside powers, are horizontal lines to compare with.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from w2vjax.config.schema import POWERED
from w2vjax.report.cells import NO_SAMPLER, series
from w2vjax.report.figures_style import (
    GREY,
    PAGE,
    Drawing,
    Look,
    columns,
    handles,
    layer_colors,
    legend,
    looks,
    plain_log_ticks,
    room,
)
from w2vjax.report.runs import (
    ACCURACY,
    SECONDS,
    SIMILARITY,
    Spread,
    runs,
    similarity_sets,
    summary,
)

MIN_POINTS = 3
MOST_TICKS = 6
EPOCHS = "config.train.epochs"
RATE = "config.train.learning_rate"
GROUPING = "config.train.grouping"
NUM_NOISE = "config.output.num_noise"
SAMPLER = "config.output.sampler."
POWER, TABLE_SIZE = SAMPLER + "power", SAMPLER + "table_size"
LABELS = {ACCURACY: "analogy accuracy (%)", SIMILARITY: "similarity (Spearman·100)"}


@dataclass(frozen=True)
class Sweep:
    """What is swept, and how its axis looks."""

    setting: str
    """the column of `runs` whose values are the points of a line"""
    label: str
    at: str = ""
    """the measured column on the axis, where it is not the setting itself"""
    log: bool = True
    plain: bool = False
    """ticks on a logarithmic axis as plain numbers, at the setting's values if they are few"""
    bands: bool = False
    """the spread as a band, for time, and not as bars"""
    marked: Mapping[float, str] | None = None
    """places on the axis that have a name"""


def accuracy_against_seconds(frame: pd.DataFrame) -> Drawing | None:
    """Scores against seconds of training, a line a layer, a point a number of epochs."""
    data = _with(runs(frame), EPOCHS)
    data = data.dropna(subset=[SECONDS])
    sweep = Sweep(EPOCHS, "training time (s)", at=SECONDS, plain=True, bands=True)
    text = (
        "Scores against seconds of training, compiling apart. A point is a run of its own, from "
        "start to end of its learning rate schedule, with more passes over the text to the right: "
        "at one clock, the higher line is the better method. Seconds hold for one machine only."
    )
    names = _named(data)
    return _drawn(frame, sweep, data.assign(series=series(data, names, EPOCHS)), text)


def power_sweep(frame: pd.DataFrame) -> Drawing | None:
    """Scores against the power of unigram and Zipf noise; log-uniform as a level."""
    data = _with(runs(frame), POWER, SAMPLER + "distribution")
    flat = data[SAMPLER + "distribution"] == "uniform"  # unigram^0 by another name
    kinds = data[SAMPLER + "distribution"].mask(flat, "unigram")
    data = data.assign(**{POWER: data[POWER].mask(flat, 0.0)})
    data = data[kinds.isin([*POWERED, "log-uniform"]) & _draws(data)]
    kinds = kinds[data.index]
    symbols = kinds.replace({name: f"{name}^a" for name in POWERED})
    names = _named(data, symbols)
    lines = series(data.drop(columns=SAMPLER + "distribution"), names, POWER)
    sweep = Sweep(POWER, "power a", log=False, marked={0.75: "word2vec"})
    text = (
        "Scores against the power a of the noise: unigram noise is drawn in proportion to count^a "
        "(0: every word alike, 1: by frequency, 0.75: word2vec's choice), Zipf noise to 1/rank^a. "
        "Log-uniform, TensorFlow's default, knows ranks only and has no power: a level line."
    )
    return _drawn(frame, sweep, data.assign(series=lines), text, kinds == "log-uniform")


def noise_count(frame: pd.DataFrame) -> Drawing | None:
    """Scores against the number of noise words a pair, by how noise is shared."""
    data = _with(runs(frame), NUM_NOISE, GROUPING)
    data = data[_draws(data)]
    groups = {"block": "noise shared by a block", "pair": "noise of its own for each pair"}
    names = _named(data)
    if data[GROUPING].nunique() > 1:
        names = names + ", " + data[GROUPING].replace(groups)
    lines = series(data.drop(columns=GROUPING), names, NUM_NOISE)
    sweep = Sweep(NUM_NOISE, "noise words a pair, k", plain=True)
    text = (
        "Scores against k, the noise words that stand against each pair of words. Noise "
        "is drawn for each pair (the textbook's way), or once for a block of words that share it, "
        "weighted so that the expected gradient is the same."
    )
    return _drawn(frame, sweep, data.assign(series=lines), text)


def table_size(frame: pd.DataFrame) -> Drawing | None:
    """Scores against the entries of word2vec.c's table; exact mechanisms as levels."""
    data = _with(runs(frame), TABLE_SIZE, SAMPLER + "mechanism")
    data = data[_draws(data)]
    tables = data[SAMPLER + "mechanism"] == "table"
    names = _named(data, data["sampler"].astype(str).str.split(":").str[0])
    by = {"auto": "exact", "alias": "alias (exact)", "cdf": "CDF (exact)"}
    names = names + ", " + data[SAMPLER + "mechanism"].replace(by)
    lines = series(data.drop(columns=SAMPLER + "mechanism"), names, TABLE_SIZE)
    sweep = Sweep(TABLE_SIZE, "entries of the table (4 bytes each)")
    text = (
        "Scores against the size of the table from which word2vec.c draws noise. A small table "
        "rounds probabilities and never draws the rarest words; exact mechanisms, which cost 8 to "
        "16 bytes a word, are level lines."
    )
    return _drawn(frame, sweep, data.assign(series=lines), text, ~tables)


def learning_rate(frame: pd.DataFrame) -> Drawing | None:
    """Scores against the learning rate, a line a layer and sampler."""
    data = _with(runs(frame), RATE)
    sweep = Sweep(RATE, "learning rate at the start", plain=True)
    text = (
        "Scores against the learning rate, which falls linearly from this start with the words "
        "read. Methods are compared fairly where each has the rate that suits it."
    )
    return _drawn(frame, sweep, data.assign(series=series(data, _named(data), RATE)), text)


def _with(data: pd.DataFrame, *settings: str) -> pd.DataFrame:
    """The runs that have the settings: none if the records do not know one."""
    if not set(settings) <= set(data):
        return data.reindex(columns=[*data, *settings])[:0]
    return data.dropna(subset=list(settings))


def _draws(data: pd.DataFrame) -> pd.Series:
    """Whether noise is drawn."""
    return data["sampler"].astype(str) != NO_SAMPLER


def _named(data: pd.DataFrame, sampler: pd.Series | None = None) -> pd.Series:
    """Layer and sampler, "NEG, unigram^0.75", or the layer where no noise is drawn."""
    layer = data["layer"].astype(str)
    told = data["sampler"].astype(str) if sampler is None else sampler
    return layer.where(~_draws(data), layer + ", " + told)


def _drawn(
    frame: pd.DataFrame, sweep: Sweep, data: pd.DataFrame, text: str, level: pd.Series | None = None
) -> Drawing | None:
    """Lines and levels of each score there is, side by side; nothing if no line is long enough."""
    scores = [name for name in LABELS if data[name].notna().any()]
    flat = data["series"].isin([]) if level is None else level[data.index]
    longest = data[~flat].groupby("series")[sweep.setting].nunique().max() if len(data) else 0
    if not scores or not longest >= MIN_POINTS:
        return None
    measures = [*scores, *([sweep.at] if sweep.at else [])]
    lines = summary(data[~flat], ["layer", "series", sweep.setting], measures)
    levels = summary(data[flat], ["layer", "series"], measures).assign(**{sweep.setting: np.nan})
    lines = lines.sort_values(["layer", "series", sweep.setting], ignore_index=True)
    shown_data = pd.concat([lines, levels], ignore_index=True) if len(levels) else lines
    spread = Spread.of(shown_data)
    styles = _looks(shown_data, sweep.setting)
    num_columns = columns(styles, PAGE)
    figure = Figure(figsize=(PAGE, 2.3 + 0.14 * -(-len(styles) // num_columns)))
    for axes, score in zip(
        figure.subplots(1, len(scores), squeeze=False).flat, scores, strict=True
    ):
        _levels(axes, levels, score, spread, styles)
        _lines(axes, sweep, lines, score, spread, styles)
        axes.set(xlabel=sweep.label, ylabel=LABELS[score])
        room(axes)
        _axis(axes, sweep, lines)
    legend(figure, handles(styles), num_columns)
    sets = ", ".join(name.rpartition("/")[2] for name in similarity_sets(frame))
    parts = [text]
    if SIMILARITY in scores:
        parts.append(f"Word similarity: Spearman's correlation with people, mean over {sets}.")
    parts.append(_spread_is(spread, sweep, len(levels) > 0))
    return Drawing(figure, shown_data, " ".join(parts))


def _looks(data: pd.DataFrame, setting: str) -> dict[str, Look]:
    """A colour a layer where there are several, else one a line; dashes and markers differ."""
    first = data.drop_duplicates("series").set_index("series")["layer"]
    palette = layer_colors(data["layer"])
    by_layer = {name: palette[layer] for name, layer in first.items()}
    made = looks(first.index, by_layer if len(palette) > 1 else None)
    for name in data.loc[data[setting].isna(), "series"]:
        made[name]["marker"] = ""  # a level
    return made


def _levels(
    axes: Axes, levels: pd.DataFrame, score: str, spread: Spread, styles: Mapping[str, Look]
) -> None:
    low, high = spread.bounds(levels, score)
    for place, level in levels.iterrows():
        style = styles[level["series"]]
        axes.axhline(level[score], **style, zorder=1)
        if spread.name:
            axes.axhspan(low[place], high[place], color=style["color"], alpha=0.12, linewidth=0)


def _lines(
    axes: Axes,
    sweep: Sweep,
    lines: pd.DataFrame,
    score: str,
    spread: Spread,
    styles: Mapping[str, Look],
) -> None:
    for name, line in lines.groupby("series", sort=False):
        style = styles[name]
        at = line[sweep.at or sweep.setting]
        if sweep.bands:
            axes.plot(at, line[score], **style)
            low, high = spread.bounds(line, score)
            axes.fill_between(at, low, high, color=style["color"], alpha=0.12, linewidth=0)
        else:
            axes.errorbar(at, line[score], yerr=spread.arms(line, score), elinewidth=0.8, **style)


def _axis(axes: Axes, sweep: Sweep, lines: pd.DataFrame) -> None:
    if sweep.log:
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.xaxis.set_major_formatter("{x:g}")
    values = sorted(lines[sweep.setting].unique())
    if sweep.plain and not sweep.at and len(values) <= MOST_TICKS:
        axes.set_xticks(values, [f"{value:g}" for value in values])
        axes.set_xticks([], minor=True)
    elif sweep.plain:
        plain_log_ticks(axes)
    left, right = axes.get_xlim()
    for place, name in (sweep.marked or {}).items():
        if left < place < right:
            axes.axvline(place, color=GREY, linestyle=(0, (1, 2)), linewidth=0.8, zorder=0)
            top = axes.get_xaxis_transform()
            axes.text(place, 1.01, name, transform=top, ha="center", fontsize=6.5, color=GREY)


def _spread_is(spread: Spread, sweep: Sweep, levels: bool) -> str:
    if not spread.name:
        return "One seed: nothing shows how far seeds lie apart."
    bands = "Bands" if sweep.bands else "Bars and bands" if levels else "Bars"
    return f"{bands}: {spread.name}."
