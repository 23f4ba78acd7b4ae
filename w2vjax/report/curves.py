"""The figure of scores on the way: what vectors were worth while they were trained."""

import pandas as pd

from w2vjax.records.metrics import CURVE
from w2vjax.report.chart import Axis, Drawing, Panel, PanelGrid, chart
from w2vjax.report.look import layer_colors, looks
from w2vjax.report.runs import ACCURACY

LOSS = "held_out_nats"
MEASURES = {
    "analogy/total": (ACCURACY, "analogy accuracy (%)", 100.0),
    "likelihood/held-out": (LOSS, "held-out loss (nats)", 1.0),
}
"""what is drawn of the scores: column, label, scale"""
KEYS = ["measure", "layer", "cell", "place"]


def scores_on_the_way(frame: pd.DataFrame) -> Drawing | None:
    """Scores against words read and against seconds of training, a line a cell, a row a score.

    Lines are means over seeds, bands their range.
    """
    data = _curves(frame)
    if data.empty:
        return None
    axes = (
        Axis("words", "words read (million)", 1e-6),
        Axis("seconds", "seconds of training"),
    )
    present = [found for found in MEASURES.values() if (data["measure"] == found[0]).any()]
    panels = [
        Panel(
            data[data["measure"] == name],
            x,
            Axis("mean", label, low="min", high="max", least=0.1),
            bands=True,
        )
        for name, label, _ in present
        for x in axes
    ]
    firsts = data.drop_duplicates("cell").set_index("cell")["layer"]
    palette = layer_colors(data["layer"])
    by_layer = {name: palette[layer] for name, layer in firsts.items()}
    styles = looks(firsts.index, by_layer if len(palette) > 1 else None)
    figure = chart(panels, "cell", styles, PanelGrid(across=2, height=2.2, base=0.2))
    caption = (
        "Scores on the way, against words read and against seconds of training, compiling and "
        "scoring apart. The learning rate falls until the end of each run: a run made shorter "
        "would end higher than the line is there. The last points are those of the table. "
        "Seconds hold for one machine only. Lines: means over seeds; bands: their range."
    )
    return Drawing(figure, data, caption)


def _curves(frame: pd.DataFrame) -> pd.DataFrame:
    """A row a score, cell and look: the looks of a cell's seeds go by their number."""
    rows = frame[frame["metric"].str.startswith(CURVE) & frame["cell"].notna()]
    parts = []
    for metric, (name, _, scale) in MEASURES.items():
        found = rows[rows["metric"] == CURVE + metric].sort_values(["run", "x"])
        place = found.groupby("run").cumcount()
        parts.append(found.assign(measure=name, place=place, value=scale * found["value"]))
    found = pd.concat(parts).dropna(subset=["value"])
    if found.empty:
        return found
    data = found.groupby(KEYS, observed=True).agg(
        words=("x", "mean"),
        seconds=("elapsed", "mean"),
        mean=("value", "mean"),
        min=("value", "min"),
        max=("value", "max"),
        seeds=("value", "count"),
    )
    return data.reset_index()
