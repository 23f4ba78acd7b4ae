"""Figures of scores by how frequent the words of a question are."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from w2vjax.report.figures_style import (
    COLUMN,
    GREY,
    PAGE,
    Drawing,
    Look,
    columns,
    handles,
    layer_colors,
    legend,
    looks,
    room,
)
from w2vjax.report.runs import ACCURACY, SIMILARITY, Spread, summary

DODGE = 0.5
"""share of the distance between two bands over which the points of its lines are spread"""


def accuracy_by_band(frame: pd.DataFrame) -> Drawing | None:
    """Analogy accuracy by the rank of the rarest word of the question, a panel a layer."""
    text = (
        "Analogy accuracy by frequency: questions are grouped by the frequency rank, in the "
        "vocabulary, of the rarest of their four words; frequent words on the left."
    )
    return _by_band(frame, "analogy/band", (ACCURACY, "analogy accuracy (%)"), text)


def similarity_by_band(frame: pd.DataFrame) -> Drawing | None:
    """Word similarity by the rank of the rarer word of the pair, a panel a layer."""
    text = (
        "Word similarity by frequency: Spearman's correlation with people's judgements among the "
        "pairs of words, of all sets, whose rarer word has its frequency rank in the band; "
        "frequent words on the left."
    )
    return _by_band(frame, "similarity/band", (SIMILARITY, "similarity (Spearman·100)"), text)


def _by_band(frame: pd.DataFrame, metric: str, score: tuple[str, str], text: str) -> Drawing | None:
    measure, label = score
    data = _banded(frame, metric, measure)
    bands = sorted(data["upper_rank"].unique())
    if len(bands) < 2:
        return None
    spread = Spread.of(data)
    panels, styles = _panels(data), _looks(data)
    num_columns = min(3, len(panels))
    height = -(-len(panels) // num_columns)
    width = PAGE if num_columns > 1 or len(styles) > 4 else COLUMN
    in_legend = columns(styles, width)
    size = (width, 0.5 + 1.9 * height + 0.14 * -(-len(styles) // in_legend))
    figure = Figure(figsize=size)
    grid = figure.subplots(height, num_columns, squeeze=False, sharey=True)
    ticks = _ticks(bands, data.groupby("upper_rank")["covered"].max())
    for axes, (title, lines) in zip(grid.flat, panels.items(), strict=False):
        shown_data = data[data["line"].isin(lines) & data["layer"].isin([title, *_alone(data)])]
        _draw(axes, shown_data, bands, measure, spread, styles)
        axes.set(title=title if len(panels) > 1 else "", xticks=range(len(bands)))
        axes.set_xticklabels(ticks, fontsize=6.5)
        axes.set_xlabel("frequency rank; number covered")
        axes.grid(axis="x", visible=False)
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    room(grid[0, 0])
    for axes in grid[:, 0]:
        axes.set_ylabel(label)
    legend(figure, handles(styles), in_legend)
    bars = f"Bars: {spread.name}." if spread.name else "One seed: no bars."
    return Drawing(figure, data.drop(columns="line"), f"{text} {bars}")


def _banded(frame: pd.DataFrame, metric: str, measure: str) -> pd.DataFrame:
    """A row a cell and band: the score, what it rests on, and the line it is a point of."""
    rows = frame[(frame["metric"] == metric) & frame["cell"].notna() & frame["x"].notna()]
    rows = rows.assign(**{measure: 100 * rows["value"].astype(float)}).rename(
        columns={"x": "upper_rank"}
    )
    keys = ["layer", "variant", "cell", "upper_rank"]
    data = summary(rows, keys, [measure])
    if data.empty:
        return data
    counts = rows.groupby(keys, observed=True)["covered"].max() if "covered" in rows else None
    data["covered"] = np.nan if counts is None else counts.reindex(data[keys]).to_numpy(float)
    single = data["layer"].isin(_alone(data))
    data["line"] = data["variant"].astype(str).mask(single, data["cell"].astype(str))
    return data


def _alone(data: pd.DataFrame) -> list[str]:
    """Layers with one variant."""
    variants = data.groupby("layer", observed=True)["variant"].nunique()
    return list(variants.index[variants == 1])


def _panels(data: pd.DataFrame) -> dict[str, list[str]]:
    """The lines of each panel: a layer's variants, and layers of one variant beside them."""
    alone = _alone(data)
    beside = list(data.loc[data["layer"].isin(alone), "line"].unique())
    several = data[~data["layer"].isin(alone)]
    groups = several.groupby("layer", observed=True)["line"].unique()
    return {name: [*lines, *beside] for name, lines in groups.items()} or {"": beside}


def _looks(data: pd.DataFrame) -> dict[str, Look]:
    """Variants in colours; layers of one variant in grey beside them, or in their own colours."""
    order = data.sort_values(["variant", "layer"], kind="stable")
    alone = order["layer"].isin(_alone(data))
    variants, beside = order.loc[~alone, "line"].unique(), order.loc[alone, "line"].unique()
    if len(variants):
        grey = looks(beside, dict.fromkeys(beside, GREY))
        return looks(variants) | {
            name: {**look, "markerfacecolor": "white"} for name, look in grey.items()
        }
    firsts = data.drop_duplicates("line").set_index("line")["layer"]
    palette = layer_colors(data["layer"])
    return looks(firsts.index, {name: palette[layer] for name, layer in firsts.items()})


def _draw(
    axes: Axes,
    data: pd.DataFrame,
    bands: Sequence[float],
    measure: str,
    spread: Spread,
    styles: Mapping[str, Look],
) -> None:
    present = [name for name in styles if (data["line"] == name).any()]
    for place, name in enumerate(present):
        line = data[data["line"] == name]
        shift = DODGE * ((place + 0.5) / len(present) - 0.5)
        at = [bands.index(band) + shift for band in line["upper_rank"]]
        arms = spread.arms(line, measure)
        axes.errorbar(at, line[measure], yerr=arms, elinewidth=0.6, **styles[name])


def _ticks(bands: Sequence[float], counts: pd.Series) -> list[str]:
    """`1–3k` over how many questions or pairs the band holds."""
    names = [f"{rank / 1000:g}k" if rank >= 1000 else f"{rank:g}" for rank in bands]
    ranges = [f"≤ {names[0]}"]
    for low, high in pairwise(names):
        both = low.endswith("k") and high.endswith("k")
        ranges.append(f"{low.removesuffix('k') if both else low}\N{EN DASH}{high}")
    return [
        f"{text}\n{counts[band]:,.0f}" if counts[band] >= 0 else text
        for text, band in zip(ranges, bands, strict=True)
    ]
