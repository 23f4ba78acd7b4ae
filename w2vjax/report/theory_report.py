"""Theory against converged losses as files: Markdown, LaTeX, CSV and a figure; no JAX."""

from functools import partial

import pandas as pd

from w2vjax.report.cells import LAYERS
from w2vjax.report.figures_theory import WANTED, optima
from w2vjax.report.plots import rendered
from w2vjax.report.tables import Table

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
    made = table(frame)
    return {
        "table.md": made.markdown().encode(),
        "table.tex": made.latex().encode(),
        "table.csv": made.csv().encode(),
    } | rendered({"optima": partial(optima, points(frame))})


def points(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows layer, sampler, x (the cell's number), wanted, found, r_squared."""
    keys = ["layer", "sampler", "x"]
    rows = frame[frame["metric"].isin([f"theory/{name}" for name in POINTS])]
    wide = rows.pivot_table(index=keys, columns="metric", values="value", sort=False)
    wide = wide.rename(columns=lambda name: name.removeprefix("theory/")).reset_index()
    return wide.merge(_fits(frame)[["layer", "sampler", "r_squared"]], on=keys[:2])


def table(frame: pd.DataFrame) -> Table:
    """A row a layer and sampler."""
    raw = _fits(frame)
    text = pd.DataFrame({"layer": raw["layer"].map(LAYERS), "sampler": raw["sampler"]})
    text[FITS["r_squared"]] = [f"{max(0.0, 1 - value):.0e}" for value in raw["r_squared"]]
    text[FITS["slope"]] = [f"{value:.5f}" for value in raw["slope"]]
    text[FITS["largest_error"]] = [f"{value:.0e}" for value in raw["largest_error"]]
    wanted = "; ".join(f"{LAYERS[name]} {formula}" for name, formula in WANTED.items())
    facts = {name: frame[name].dropna().iloc[0] for name in ("words", "noise")}
    return Table(
        CAPTION.format(**facts, wanted=wanted),
        text,
        pd.DataFrame(False, text.index, text.columns),
        raw,
    )


def _fits(frame: pd.DataFrame) -> pd.DataFrame:
    rows = frame[frame["metric"].isin([f"theory/{name}" for name in FITS])]
    wide = rows.pivot_table(
        index=["layer", "sampler"], columns="metric", values="value", sort=False
    )
    wide = wide.rename(columns=lambda name: name.removeprefix("theory/")).reset_index()
    return wide[["layer", "sampler", *FITS]]
