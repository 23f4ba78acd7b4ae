"""Figures of a score against one swept quantity: time, power, noise count, table size, rate.

A sweep is drawn where some line of it has at least `MIN_POINTS` points; cells that have no place on
its axis, such as noise without a power beside powers, are levels to compare with.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from w2vjax.report.cells import NO_SAMPLER, SEED, value_text, varies
from w2vjax.report.chart import Axis, Drawing, Panel, PanelGrid, chart
from w2vjax.report.look import GREY, SMALL, Look, layer_colors, looks
from w2vjax.report.runs import (
    ACCURACY,
    SECONDS,
    SIMILARITY,
    SPEED,
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
SHARED_NOISE = "config.train.noise_per_block"
SAMPLER = "config.output.sampler."
FLAT = r"^uniform\b"
"""noise that is unigram^0 by another name"""
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
    plain: bool = True
    """ticks as plain numbers, at the setting's values if they are few"""
    bands: bool = False
    """the spread as a band, for time, and not as bars"""
    marked: Mapping[float, str] | None = None
    """places on the axis that have a name"""
    told: bool = False
    """the setting's value beside every point, where the axis is another"""


def accuracy_against_seconds(frame: pd.DataFrame) -> Drawing | None:
    """Scores against seconds of training, a line a layer, a point a number of epochs."""
    data = _with(runs(frame), EPOCHS)
    data = data.dropna(subset=[SECONDS])
    sweep = Sweep(EPOCHS, "training time (s)", at=SECONDS, bands=True)
    text = (
        "Scores against seconds of training, compiling apart. A point is a run of its own, from "
        "start to end of its learning rate schedule, with more passes over the text to the right: "
        "at one clock, the higher line is the better method. Seconds hold for one machine only."
    )
    names = _named(data)
    return _drawn(frame, sweep, data.assign(series=_series(data, names, EPOCHS)), text)


def power_sweep(frame: pd.DataFrame) -> Drawing | None:
    """Scores against the power of noise that has one; noise that has none as a level."""
    data = _with(runs(frame), POWER)
    data = data[_draws(data)]
    flat = data["sampler"].astype(str).str.replace(FLAT, "unigram^0", regex=True)
    parts = flat.str.extract(r"^([^\^+:]*)\^(-?[\d.]+)(.*)$")
    named = (parts[0] + "^a" + parts[2]).fillna(data["sampler"].astype(str))
    data = data.assign(**{POWER: parts[1].astype(float)})
    lines = _series(
        data.drop(columns=SAMPLER + "distribution", errors="ignore"), _named(data, named), POWER
    )
    sweep = Sweep(POWER, "power a", log=False, marked={0.75: "word2vec"})
    text = (
        "Scores against the power a of the noise: unigram noise is drawn in proportion to count^a "
        "(0: every word alike, 1: by frequency, 0.75: word2vec's choice), Zipf noise to 1/rank^a. "
        "Noise that has no power, such as log-uniform, TensorFlow's default, is a level line."
    )
    return _drawn(frame, sweep, data.assign(series=lines), text, parts[1].isna())


def noise_count(frame: pd.DataFrame) -> Drawing | None:
    """Scores against the number of noise words a pair, by how noise is shared."""
    data = _with(runs(frame), NUM_NOISE, GROUPING)
    data = data[_draws(data)]
    groups = {"block": "noise shared by a block", "pair": "noise of its own for each pair"}
    names = _named(data)
    if data[GROUPING].nunique() > 1:
        names = names + ", " + data[GROUPING].replace(groups)
    lines = _series(data.drop(columns=GROUPING), names, NUM_NOISE)
    sweep = Sweep(NUM_NOISE, "noise words a pair, k")
    text = (
        "Scores against k, the noise words that stand against each pair of words. Noise "
        "is drawn for each pair (the textbook's way), or once for a block of words that share it, "
        "weighted so that the expected gradient is the same."
    )
    return _drawn(frame, sweep, data.assign(series=lines), text)


def shared_noise(frame: pd.DataFrame) -> Drawing | None:
    """Scores against speed, a line a layer, a point a number of noise words that a block shares."""
    data = _with(runs(frame), SHARED_NOISE)
    data = data[_draws(data)].dropna(subset=[SPEED])
    sweep = Sweep(SHARED_NOISE, "training speed (million words/s)", at=SPEED, told=True)
    text = (
        "Scores against speed, by the number of noise words that a block of words shares, which "
        "stands beside each point: more of them bring accuracy and cost speed."
    )
    lines = _series(data, _named(data), SHARED_NOISE)
    return _drawn(frame, sweep, data.assign(series=lines), text)


def table_size(frame: pd.DataFrame) -> Drawing | None:
    """Scores against the entries of word2vec.c's table; exact mechanisms as levels."""
    data = _with(runs(frame), TABLE_SIZE, SAMPLER + "mechanism")
    data = data[_draws(data)]
    tables = data[SAMPLER + "mechanism"] == "table"
    names = _named(data, data["sampler"].astype(str).str.split(":").str[0])
    by = {"auto": "exact", "alias": "alias (exact)", "cdf": "CDF (exact)"}
    names = names + ", " + data[SAMPLER + "mechanism"].astype(str).replace(by)
    lines = _series(data.drop(columns=SAMPLER + "mechanism"), names, TABLE_SIZE)
    sweep = Sweep(TABLE_SIZE, "entries of the table (4 bytes each)", plain=False)
    text = (
        "Scores against the size of the table from which word2vec.c draws noise. A small table "
        "rounds probabilities and never draws the rarest words; exact mechanisms, which cost 8 to "
        "16 bytes a word, are level lines."
    )
    return _drawn(frame, sweep, data.assign(series=lines), text, ~tables)


def learning_rate(frame: pd.DataFrame) -> Drawing | None:
    """Scores against the learning rate, a line a layer and sampler."""
    data = _with(runs(frame), RATE)
    sweep = Sweep(RATE, "learning rate at the start")
    text = (
        "Scores against the learning rate, which falls linearly from this start with the words "
        "read. Methods are compared fairly where each has the rate that suits it."
    )
    return _drawn(frame, sweep, data.assign(series=_series(data, _named(data), RATE)), text)


SWEEPS: dict[str, Callable[[pd.DataFrame], Drawing | None]] = {
    "accuracy_against_seconds": accuracy_against_seconds,
    "power_sweep": power_sweep,
    "noise_count": noise_count,
    "shared_noise": shared_noise,
    "table_size": table_size,
    "learning_rate": learning_rate,
}
"""by the name of their files"""


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


def _series(runs: pd.DataFrame, names: pd.Series, setting: str) -> pd.Series:
    """The line of a sweep over `setting` that each run belongs to: its name, by default.

    A setting that differs between runs of one name at one value of the swept setting makes lines of
    their own ("…, grouping=pair"); one that goes with the swept setting does not.
    """
    columns = [name for name in map(str, runs) if name.startswith("config.")]
    columns = [name for name in columns if name not in (SEED, setting) and varies(runs[name])]
    told = names.astype(str)
    for _, group in runs.groupby(told):
        values = group[columns].map(value_text)
        apart = values.groupby(group[setting]).nunique().max() > 1
        for column in apart.index[apart]:
            told.loc[group.index] += f", {column.rpartition('.')[2]}=" + values[column]
    return told


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
    shown = pd.concat([lines, levels], ignore_index=True) if len(levels) else lines
    spread = Spread.of(shown)
    values = sorted(lines[sweep.setting].unique())
    few = sweep.plain and sweep.log and not sweep.at and len(values) <= MOST_TICKS
    x = Axis(
        sweep.at or sweep.setting,
        sweep.label,
        log=sweep.log,
        plain=sweep.plain,
        ticks={value: f"{value:g}" for value in values} if few else None,
    )
    panels = [
        Panel(
            shown,
            x,
            spread.axis(score, LABELS[score], least=4),
            bands=sweep.bands,
            over=partial(_mark, sweep=sweep, told=shown if sweep.told else None, score=score),
        )
        for score in scores
    ]
    figure = chart(panels, "series", _looks(shown), PanelGrid(span="page", height=2.3, base=0))
    parts = [text]
    if SIMILARITY in scores:
        sets = ", ".join(name.rpartition("/")[2] for name in similarity_sets(frame))
        parts.append(f"Word similarity: Spearman's correlation with people, mean over {sets}.")
    parts.append(
        spread.told("Bands" if sweep.bands else "Bars and bands" if len(levels) else "Bars")
    )
    return Drawing(figure, shown, " ".join(parts))


def _looks(data: pd.DataFrame) -> dict[str, Look]:
    """A colour a layer where there are several, else one a line; dashes and markers differ."""
    first = data.drop_duplicates("series").set_index("series")["layer"]
    palette = layer_colors(data["layer"])
    by_layer = {name: palette[layer] for name, layer in first.items()}
    return looks(first.index, by_layer if len(palette) > 1 else None)


def _mark(axes: Axes, sweep: Sweep, told: pd.DataFrame | None, score: str) -> None:
    """Names the places on the axis that have a name, and the points of a sweep that tells them."""
    left, right = axes.get_xlim()
    for place, name in (sweep.marked or {}).items():
        if left < place < right:
            axes.axvline(place, color=GREY, linestyle=(0, (1, 2)), linewidth=0.8, zorder=0)
            top = axes.get_xaxis_transform()
            axes.text(place, 1.01, name, transform=top, ha="center", fontsize=SMALL, color=GREY)
    for point in () if told is None else _placed(told, score).to_dict("records"):
        axes.annotate(
            f"{point[sweep.setting]:g}",
            (point[sweep.at], point[score]),
            textcoords="offset points",
            xytext=(3, 3 if point["above"] else -8),
            fontsize=SMALL,
            color=GREY,
        )


def _placed(points: pd.DataFrame, score: str) -> pd.DataFrame:
    """Whether each point is named above it: those of the upper half of the lines."""
    heights = points.groupby("series", observed=True)[score].mean()
    upper = heights.nlargest(max(1, len(heights) // 2)).index
    return points.assign(above=points["series"].isin(upper))
