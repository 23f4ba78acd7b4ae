"""The figure of metrics of one's own: a panel a metric, a row a cell."""

import pandas as pd

from w2vjax.records.metrics import OWN
from w2vjax.report.chart import Drawing
from w2vjax.report.chart_lists import listed_beside
from w2vjax.report.letters import shown
from w2vjax.report.look import MARKERS, layer_colors, unique
from w2vjax.report.quantities import own_names
from w2vjax.report.runs import Spread, summary

KEYS = ["metric", "layer", "variant", "cell"]


def own_metrics(frame: pd.DataFrame) -> Drawing | None:
    """Every metric that the user has registered: its mean over seeds, with their interval."""
    names = own_names(frame)
    rows = frame[frame["metric"].isin(names) & frame["cell"].notna() & frame["value"].notna()]
    if rows.empty:
        return None
    rows = rows.assign(metric=pd.Categorical(rows["metric"], names, ordered=True))
    data = summary(rows, KEYS, ["value"])
    spread = Spread.of(data)
    cells = data.drop_duplicates("cell").sort_values("cell")[["layer", "cell"]]
    palette = layer_colors(cells["layer"])
    shapes = dict(zip(unique(cells["layer"].cat.categories), MARKERS, strict=False))
    looks = [{"fmt": shapes[layer], "color": palette[layer]} for layer in cells["layer"]]
    panels = [
        (
            cells[["cell"]].merge(data[data["metric"] == name], on="cell", how="left"),
            spread.axis("value", shown(name.removeprefix(OWN))),
        )
        for name in unique(data["metric"])
    ]
    figure = listed_beside(panels, looks)
    told = rows.drop_duplicates("metric")
    protocols = told["evaluation"] if "evaluation" in told else told["metric"]
    caption = (
        "Metrics of one's own, mean over seeds, a row a cell; shape and colour are the output "
        f"layer's. {'; '.join(dict.fromkeys(map(str, protocols)))}. {spread.told()}"
    )
    return Drawing(figure, data, caption)
