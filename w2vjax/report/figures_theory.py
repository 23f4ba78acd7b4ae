"""The figure of the losses' optima: converged scores against theory."""

from collections.abc import Sequence
from math import ceil, log10
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from w2vjax.report.cells import LAYERS, sampler_order
from w2vjax.report.figures_style import (
    GREY,
    MARKERS,
    PAGE,
    Drawing,
    colors,
    handles,
    legend,
    shown,
)

WANTED = {
    "negative-sampling": "log P(w, c) / (P(c) q(w)) \N{MINUS SIGN} log k",
    "nce": "log P(w | c)",
    "sampled-softmax": "log P(w | c)",
}
"""what theory says of every layer's scores"""


def optima(data: pd.DataFrame) -> Drawing | None:
    """Scores against what theory wants, in nats: a panel a sampler, a marker a layer.

    Columns: layer, sampler, wanted, found, r_squared (of the layer with the sampler).
    """
    if data.empty:
        return None
    samplers = sorted(set(data["sampler"]), key=sampler_order)
    layers = [layer for layer in WANTED if (data["layer"] == layer).any()]
    styles = _styles(layers)
    num_columns = min(4, len(samplers))
    num_rows = -(-len(samplers) // num_columns)
    figure = Figure(figsize=(PAGE, 0.6 + 1.45 * num_rows))
    panels = figure.subplots(num_rows, num_columns, squeeze=False, sharex=True, sharey=True)
    limits = data[["wanted", "found"]].to_numpy()
    ends = [limits.min(), limits.max()]
    for axes, sampler in zip(panels.flat, samplers, strict=False):
        rows = data[data["sampler"] == sampler]
        axes.plot(ends, ends, color=GREY, linewidth=0.8, zorder=1)
        for layer, style in styles.items():
            points = rows[rows["layer"] == layer]
            axes.plot(points["wanted"], points["found"], **style)
        axes.set_title(shown(sampler))
        axes.text(0.04, 0.95, _fit(rows), transform=axes.transAxes, va="top", fontsize=7)
    for axes in panels.flat[len(samplers) :]:
        axes.set_axis_off()
    for axes in panels[-1]:
        axes.set_xlabel("theory (nats)")
    for axes in panels[:, 0]:
        axes.set_ylabel("score (nats)")
    named = {f"{LAYERS[layer]}: {WANTED[layer]}": style for layer, style in styles.items()}
    legend(figure, handles(named), columns=len(named))
    return Drawing(figure, data)


def _styles(layers: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Open marks of falling size: each is seen through the others."""
    return {
        layer: {
            **{"color": color, "marker": marker, "markersize": size},
            **{"linestyle": "none", "markerfacecolor": "none", "markeredgewidth": 0.7},
        }
        for (layer, color), marker, size in zip(
            colors(layers).items(), MARKERS, (3.0, 6.0, 4.0), strict=False
        )
    }


def _fit(rows: pd.DataFrame) -> str:
    """The least R² of the panel's layers, and how far it is from one."""
    gap = 1 - rows["r_squared"].min()
    return f"R² > 1 \N{MINUS SIGN} {10 ** ceil(log10(max(gap, 1e-15))):.0e}"
