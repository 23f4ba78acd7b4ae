"""The report on the losses' optima: converged scores against theory."""

from collections.abc import Iterable
from functools import partial
from math import ceil, log10

import pandas as pd
from matplotlib.axes import Axes

from w2vjax.report.cells import OLDER_TITLES, sampler_order
from w2vjax.report.chart import Axis, Drawing, Panel, PanelGrid, chart
from w2vjax.report.look import GREY, MARKERS, SMALL, colors
from w2vjax.report.picture import rendered
from w2vjax.report.tables import Table

SIZES = (3.0, 6.0, 4.0)
"""of open marks: each is seen through the others"""

KEYS = ["layer", "sampler", "theory"]
POINTS = ("wanted", "found")
FITS = {
    "r_squared": "1 \N{MINUS SIGN} R²",
    "slope": "slope",
    "largest_error": "largest error (nats)",
}
CAPTION = (
    "Scores of the sampled losses at their optimum against theory: {words:.0f} words, as many "
    "dimensions, k = {noise:.0f}, collisions kept; the loss is the exact expectation over pairs "
    "and over one noise word, nothing is drawn; Adam with falling rate in float32. Theory: "
    "{wanted}; sampled softmax up to a constant of each context, which is taken off. R²: about the "
    "diagonal."
)


def contents(frame: pd.DataFrame) -> dict[str, bytes]:
    """Every file of the report, by name: `table.md`, `.tex` and `.csv`, and the figure."""
    figures = rendered({"optima": partial(optima, points(frame))})
    return table(frame).files("table") | figures


def points(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows layer, sampler, theory (a formula), x (the cell's number), wanted, found, r_squared."""
    fits = _wide(frame, FITS)[[*KEYS, "r_squared"]]
    return _wide(frame, POINTS, "x").merge(fits, on=KEYS)


def table(frame: pd.DataFrame) -> Table:
    """A row a layer and sampler."""
    raw = _wide(frame, FITS)
    text = raw[["layer", "sampler"]].copy()
    text[FITS["r_squared"]] = [f"{max(0.0, 1 - value):.0e}" for value in raw["r_squared"]]
    text[FITS["slope"]] = [f"{value:.5f}" for value in raw["slope"]]
    text[FITS["largest_error"]] = [f"{value:.0e}" for value in raw["largest_error"]]
    wanted = "; ".join(dict.fromkeys((raw["layer"] + " " + raw["theory"]).str.strip()))
    facts = {name: frame[name].dropna().iloc[0] for name in ("words", "noise")}
    return Table.plain(CAPTION.format(**facts, wanted=wanted), text, raw)


def _wide(frame: pd.DataFrame, names: Iterable[str], *more: str) -> pd.DataFrame:
    """A row each of `KEYS` and `more`, a column a metric; older records do not tell the theory."""
    theory = frame.get("theory", pd.Series("", frame.index)).fillna("")
    rows = frame.assign(layer=frame["layer"].replace(OLDER_TITLES), theory=theory)
    rows = rows[rows["metric"].isin([f"theory/{name}" for name in names])]
    wide = rows.pivot_table(index=[*KEYS, *more], columns="metric", values="value", sort=False)
    wide = wide.rename(columns=lambda name: name.removeprefix("theory/")).reset_index()
    return wide[[*KEYS, *more, *names]]


def optima(data: pd.DataFrame) -> Drawing | None:
    """Scores against what theory wants, in nats: a panel a sampler, a marker a layer.

    Columns: layer, sampler, wanted, found, r_squared (of the layer with the sampler), theory.
    """
    if data.empty:
        return None
    theories = dict(zip(data["layer"], data["theory"], strict=True))
    formulas = {
        layer: f"{layer}: {theory}" if theory else layer for layer, theory in theories.items()
    }
    looks = {
        formulas[layer]: {
            **{"color": color, "marker": MARKERS[place], "markersize": SIZES[place % len(SIZES)]},
            **{"linestyle": "none", "markerfacecolor": "none", "markeredgewidth": 0.7},
        }
        for place, (layer, color) in enumerate(colors(formulas).items())
    }
    drawn = data.assign(line=data["layer"].map(formulas))
    x, y = Axis("wanted", "theory (nats)"), Axis("found", "score (nats)")
    panels = []
    for sampler in sorted(set(data["sampler"]), key=sampler_order):
        rows = drawn[drawn["sampler"] == sampler]
        panels.append(Panel(rows, x, y, sampler, over=partial(_diagonal, rows=rows, data=data)))
    layout = PanelGrid(4, "page", 1.45, 0.6, share_x=True, share_y=True)
    return Drawing(chart(panels, "line", looks, layout), data)


def _diagonal(axes: Axes, rows: pd.DataFrame, data: pd.DataFrame) -> None:
    """Where scores are as theory has them; the least R² of the layers: how far it is from one."""
    places = data[["wanted", "found"]].to_numpy()
    ends = [places.min(), places.max()]
    axes.plot(ends, ends, color=GREY, linewidth=0.8, zorder=1)
    gap = 1 - rows["r_squared"].min()
    fit = f"R² > 1 \N{MINUS SIGN} {10 ** ceil(log10(max(gap, 1e-15))):.0e}"
    axes.text(0.04, 0.95, fit, transform=axes.transAxes, va="top", fontsize=SMALL)
