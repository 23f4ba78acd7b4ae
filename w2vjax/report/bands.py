"""Figures of a panel a layer: scores by how frequent the words are, and loss during training."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from w2vjax.report.chart import Axis, Drawing, Panel, PanelGrid, chart
from w2vjax.report.look import GREY, Look, Span, layer_colors, looks, unique
from w2vjax.report.runs import ACCURACY, SIMILARITY, Spread, summary

DODGE = 0.5
"""share of the distance between two bands over which the points of its lines are spread"""


def accuracy_by_band(frame: pd.DataFrame) -> Drawing | None:
    """Analogy accuracy by the rank of the rarest word of the question, a panel a layer."""
    text = (
        "Analogy accuracy by frequency: questions are grouped by the frequency rank, in the "
        "vocabulary, of the rarest of their four words; frequent words on the left."
    )
    return _by_band(frame, "analogy/band", ACCURACY, "analogy accuracy (%)", text)


def similarity_by_band(frame: pd.DataFrame) -> Drawing | None:
    """Word similarity by the rank of the rarer word of the pair, a panel a layer."""
    text = (
        "Word similarity by frequency: Spearman's correlation with people's judgements among the "
        "pairs of words, of all sets, whose rarer word has its frequency rank in the band; "
        "frequent words on the left."
    )
    return _by_band(frame, "similarity/band", SIMILARITY, "similarity (Spearman·100)", text)


def loss_curves(frame: pd.DataFrame) -> Drawing | None:
    """Loss against words read: a panel a layer, because their losses are not comparable.

    Lines are means over seeds, bands their range.
    """
    rows = frame[(frame["metric"] == "loss/total") & frame["cell"].notna() & frame["x"].notna()]
    if rows["value"].dropna().empty:
        return None
    keys = ["layer", "variant", "cell", "x"]
    data = rows.groupby(keys, observed=True)["value"].agg(["mean", "min", "max", "count"])
    data = data.reset_index().rename(columns={"x": "words", "count": "seeds"})
    x = Axis("words", "words read (million)", 1e-6)
    y = Axis("mean", "loss (nats per pair)", low="min", high="max", least=0.1)
    panels = [
        Panel(data[data["layer"] == layer], x, y, layer, bands=True)
        for layer in unique(data["layer"])
    ]
    styles = looks(data["variant"], marked=False)
    layout = PanelGrid(height=1.6, base=0.3, share_x=True)
    caption = (
        "Training loss against words read, a panel a layer. Layers have different objectives, "
        "and so has negative sampling with different noise: losses of different panels, or of "
        "different noise, cannot be compared. Lines: means over seeds; bands: their range."
    )
    return Drawing(chart(panels, "variant", styles, layout), data, caption)


def _by_band(
    frame: pd.DataFrame, metric: str, measure: str, label: str, text: str
) -> Drawing | None:
    data = _banded(frame, metric, measure)
    bands = sorted(data["upper_rank"].unique())
    if len(bands) < 2:
        return None
    spread = Spread.of(data)
    styles = _looks(data)
    ticks: dict[float, str] = dict(
        enumerate(_ticks(bands, data.groupby("upper_rank")["covered"].max()))
    )
    x = Axis("place", "frequency rank; number covered", ticks=ticks)
    y = spread.axis(measure, label, least=4)
    panels = [
        Panel(_dodged(rows, bands, list(styles)), x, y, title)
        for title, rows in _panels(data).items()
    ]
    span: Span = "page" if len(panels) > 1 or len(styles) > 4 else "column"
    figure = chart(panels, "line", styles, PanelGrid(span=span, share_y=True))
    for axes in figure.axes:
        axes.grid(axis="x", visible=False)
    return Drawing(figure, data.drop(columns="line"), f"{text} {spread.told()}")


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


def _panels(data: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The rows of each panel: a layer's variants, and layers of one variant beside them."""
    beside = data["layer"].isin(_alone(data))
    several = unique(data.loc[~beside, "layer"])
    if len(several) < 2:
        return {"": data}
    return {str(layer): data[(data["layer"] == layer) | beside] for layer in several}


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


def _dodged(rows: pd.DataFrame, bands: Sequence[float], names: Sequence[str]) -> pd.DataFrame:
    """The rows with their `place` on the axis, so that the points of no two lines coincide."""
    present = [name for name in names if (rows["line"] == name).any()]
    shifts = {
        name: DODGE * ((place + 0.5) / len(present) - 0.5) for place, name in enumerate(present)
    }
    return rows.assign(place=rows["upper_rank"].map(bands.index) + rows["line"].map(shifts))


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
