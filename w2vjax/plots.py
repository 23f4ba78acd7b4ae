"""Records to figures for a paper: PDF, PNG, and the CSV of what is drawn.

Widths are a column's (3.25 in) or a page's (6.75 in). Colours are safe for colour-blind readers and
never alone: markers or dashes tell the same. The same records give the same bytes.
"""

import io
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import matplotlib.style
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from w2vjax.cells import complete, sampler_order, with_cells
from w2vjax.stats import MIN_SEEDS, mean_interval, pareto_front

COLUMN, PAGE = 3.25, 6.75
GREY = "0.45"
STYLE: dict[str, Any] = {
    "font.size": 7.5,
    "axes.labelsize": 7.5,
    "axes.titlesize": 7.5,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 2.4,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "0.9",
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.2,
    "lines.markersize": 5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "figure.dpi": 200,
    "savefig.dpi": 200,
    "figure.constrained_layout.use": True,
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "svg.hashsalt": "w2vjax",
}
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "*", "h")
DASHES = ("-", "--", ":", "-.", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)), (0, (8, 2, 2, 2)))
METADATA = {"pdf": {"CreationDate": None}, "png": {"Software": None}}


class Drawing(NamedTuple):
    """A figure, and the data it shows."""

    figure: Figure
    data: pd.DataFrame


def figures(frame: pd.DataFrame) -> dict[str, bytes]:
    """Every figure the records have data for: `{"accuracy_by_section.pdf": …, ".png", ".csv"}`."""
    frame = complete(with_cells(frame))
    files: dict[str, bytes] = {}
    with matplotlib.style.context(["default", STYLE]):
        for name, draw in FIGURES.items():
            drawing = draw(frame)
            if drawing is None:
                continue
            for kind, metadata in METADATA.items():
                files[f"{name}.{kind}"] = _render(drawing.figure, kind, metadata)
            text = drawing.data.to_csv(index=False, lineterminator="\n", float_format="%.10g")
            files[f"{name}.csv"] = text.encode()
    return files


def accuracy_against_speed(frame: pd.DataFrame) -> Drawing | None:
    """A point a cell: analogy accuracy against training speed, with the Pareto front."""
    data = _points(frame)
    if data.empty:
        return None
    few = bool((data["seeds"] < MIN_SEEDS).any())
    colors, markers = _colors(data["layer"]), _markers(data["sampler"])
    figure = Figure(figsize=(COLUMN, 2.3 + 0.14 * max(len(colors), len(markers))))
    axes = figure.subplots()
    front = data[data["pareto"]].sort_values("words/s")
    axes.plot(front["words/s"], front["accuracy"], color=GREY, linewidth=0.8, zorder=1)
    bounds = ("min", "max") if few else ("low", "high")
    for point in data.to_dict("records"):
        axes.errorbar(
            point["words/s"],
            point["accuracy"],
            yerr=_arms(point, "accuracy", bounds),
            xerr=_arms(point, "words/s", bounds),
            fmt=markers[point["sampler"]],
            color=colors[point["layer"]],
            markeredgecolor="white",
            markeredgewidth=0.5,
            elinewidth=0.8,
            zorder=2,
        )
    axes.set_xscale("log")
    _plain_log_ticks(axes)
    axes.set_ylim(bottom=min(0, axes.get_ylim()[0]))
    axes.set_xlabel("training speed (million words/s)")
    axes.set_ylabel(f"analogy accuracy (%)\nbars: {_bars(data['seeds'], few)}")
    handles = [
        Line2D([], [], color=color, linewidth=3, label=name) for name, color in colors.items()
    ]
    handles.append(Line2D([], [], color=GREY, linewidth=0.8, label="Pareto front"))
    shapes = [
        Line2D([], [], color=GREY, marker=marker, linestyle="", label=_math(name))
        for name, marker in markers.items()
    ]
    _legend(figure, handles + [_blank()] * (len(shapes) - len(handles)) + shapes, columns=2)
    return Drawing(figure, data)


def accuracy_by_section(frame: pd.DataFrame) -> Drawing | None:
    """Heat map: mean accuracy of every cell in every section of the analogy questions."""
    prefix = "analogy/section/"
    rows = frame[frame["metric"].str.startswith(prefix) & frame["cell"].notna()]
    if rows["value"].dropna().empty:
        return None
    sections = list(dict.fromkeys(rows["metric"]))
    grid = rows.pivot_table(
        index="cell", columns="metric", values="value", observed=False, dropna=False
    ).reindex(columns=sections)
    grid.columns = [name.removeprefix(prefix) for name in sections]
    figure = Figure(figsize=(PAGE, 1.25 + 0.17 * len(grid)))
    axes = figure.subplots()
    sns.heatmap(
        100 * grid.astype(float),
        ax=axes,
        annot=True,
        fmt=".0f",
        annot_kws={"size": 6.5},
        cmap="cividis",
        vmin=0,
        vmax=100 * float(np.nanmax(grid.to_numpy(dtype=float))),
        cbar_kws={"label": "accuracy (%)", "pad": 0.01, "aspect": 15},
        linewidths=0.4,
    )
    axes.set_facecolor("0.85")  # shows where there is no score
    axes.set_yticklabels([_math(name) for name in grid.index], rotation=0)
    axes.set_xticklabels(grid.columns, rotation=40, ha="right", rotation_mode="anchor")
    axes.tick_params(length=0)
    axes.set(xlabel="", ylabel="")
    data = (
        grid.rename_axis("cell")
        .reset_index()
        .melt("cell", var_name="section", value_name="accuracy")
    )
    return Drawing(figure, data)


def loss_curves(frame: pd.DataFrame) -> Drawing | None:
    """Loss against words read: a panel a layer, because their losses are not comparable.

    Lines are means over seeds, bands their range.
    """
    rows = frame[(frame["metric"] == "loss/total") & frame["cell"].notna() & frame["x"].notna()]
    if rows["value"].dropna().empty:
        return None
    keys = ["layer", "sampler", "cell", "x"]
    data = rows.groupby(keys, observed=True)["value"].agg(["mean", "min", "max", "count"])
    data = data.reset_index().rename(columns={"x": "words", "count": "seeds"})
    lines = _lines(data["sampler"])
    layers = [name for name in data["layer"].cat.categories if (data["layer"] == name).any()]
    columns = min(3, len(layers))
    height = -(-len(layers) // columns)
    width = PAGE if columns > 1 else COLUMN
    legend = -(-len(lines) // _columns(lines, width))
    figure = Figure(figsize=(width, 0.3 + 1.6 * height + 0.14 * legend))
    panels = figure.subplots(height, columns, squeeze=False, sharex=True).flat
    for axes, layer in zip(panels, layers, strict=False):
        for _, curve in data[data["layer"] == layer].groupby("cell", observed=True):
            style = lines[curve["sampler"].iloc[0]]
            words = curve["words"] / 1e6
            axes.plot(words, curve["mean"], **style)
            axes.fill_between(
                words, curve["min"], curve["max"], color=style["color"], alpha=0.2, linewidth=0
            )
        axes.set_title(layer)
        axes.margins(x=0.02)
    for axes in panels[len(layers) :]:
        axes.set_axis_off()
    for axes in panels[max(len(layers) - columns, 0) : len(layers)]:
        axes.tick_params(labelbottom=True)
    figure.supxlabel("words read (million)", fontsize=7.5)
    figure.supylabel("loss (nats per pair)", fontsize=7.5)
    _legend(figure, _handles(lines), columns=_columns(lines, width))
    return Drawing(figure, data)


def sampler_distributions(frame: pd.DataFrame) -> Drawing | None:
    """Probability against rank of every sampler, and the corpus' own in grey."""
    prefix = "distribution/"
    rows = frame[frame["metric"].str.startswith(prefix) & frame["x"].notna()]
    rows = rows[rows["value"] > 0]
    if rows.empty:
        return None
    data = pd.DataFrame(
        {
            "distribution": rows["metric"].str.removeprefix(prefix),
            "rank": rows["x"],
            "probability": rows["value"],
        }
    ).drop_duplicates(["distribution", "rank"], keep="last")
    data = data.sort_values(["distribution", "rank"], kind="stable", ignore_index=True)
    lines = _lines(name for name in data["distribution"] if name != "corpus")
    if (data["distribution"] == "corpus").any():
        corpus = {"color": "0.75", "linewidth": 3, "zorder": 1}
        lines = {"corpus": corpus} | lines
    columns = _columns(lines, COLUMN)
    figure = Figure(figsize=(COLUMN, 2.3 + 0.14 * -(-len(lines) // columns)))
    axes = figure.subplots()
    for name, style in lines.items():
        curve = data[data["distribution"] == name]
        axes.plot(curve["rank"], curve["probability"], **style)
    axes.set(xscale="log", yscale="log", xlabel="frequency rank", ylabel="probability of a draw")
    _legend(figure, _handles(lines), columns=columns)
    return Drawing(figure, data)


FIGURES: dict[str, Callable[[pd.DataFrame], Drawing | None]] = {
    "accuracy_against_speed": accuracy_against_speed,
    "accuracy_by_section": accuracy_by_section,
    "loss_curves": loss_curves,
    "sampler_distributions": sampler_distributions,
}


def _points(frame: pd.DataFrame) -> pd.DataFrame:
    """A row a cell that has both: mean, interval and range of accuracy (%) and million words/s."""
    measures = {"accuracy": ("analogy/total", 100), "words/s": ("speed/words", 1e-6)}
    rows = []
    for (layer, sampler, cell), group in frame.groupby(["layer", "sampler", "cell"], observed=True):
        row: dict[str, Any] = {"layer": layer, "sampler": sampler, "cell": cell}
        for name, (metric, scale) in measures.items():
            values = scale * group.loc[group["metric"] == metric, "value"].dropna()
            mean, low, high, seeds = mean_interval(values.to_numpy())
            row |= {name: mean, f"{name} low": low, f"{name} high": high, "seeds": seeds}
            row |= {f"{name} min": values.min(), f"{name} max": values.max()}
        rows.append(row)
    data = pd.DataFrame(rows)
    if data.empty:
        return data
    data = data.dropna(subset=list(measures), ignore_index=True)
    data["pareto"] = pareto_front(data["words/s"].to_numpy(), data["accuracy"].to_numpy())
    return data


def _arms(point: Mapping[str, Any], name: str, bounds: tuple[str, str]) -> list[list[float]] | None:
    low, high = (point[f"{name} {bound}"] for bound in bounds)
    if point["seeds"] < 2:
        return None
    # A bound at or below zero has no place on the logarithmic axis.
    low = max(low, point[name] / 10) if name == "words/s" else low
    return [[point[name] - low], [high - point[name]]]


def _bars(seeds: pd.Series, few: bool) -> str:
    least, most = int(seeds.min()), int(seeds.max())
    if most == 1:
        return "none, 1 seed"
    count = f"{least}" if least == most else f"{least} to {most}"
    return f"range of {count} seeds" if few else f"95 % interval, {count} seeds"


def _plain_log_ticks(axes: Axes) -> None:
    """Marks 1, 2 and 5 of each decade as plain numbers."""
    low, high = axes.get_xlim()
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    steps = (1, 2, 5) if high / low < 100 else (1,)
    ticks = [step * 10.0**decade for decade in decades for step in steps]
    ticks = [tick for tick in ticks if low <= tick <= high]
    if ticks:
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.set_xticks([], minor=True)


def _colors(names: Iterable[Any]) -> dict[Any, Any]:
    names = _unique(names)
    palette = "colorblind" if len(names) <= 10 else "viridis"
    return dict(zip(names, sns.color_palette(palette, len(names)), strict=True))


def _markers(names: Iterable[Any]) -> dict[Any, str]:
    return {name: MARKERS[i % len(MARKERS)] for i, name in enumerate(_unique(names))}


def _lines(samplers: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Colour and dashes of each sampler."""
    colors = _colors(sorted(set(samplers), key=sampler_order))
    return {
        name: {"color": color, "linestyle": DASHES[i % len(DASHES)]}
        for i, (name, color) in enumerate(colors.items())
    }


def _unique(names: Iterable[Any]) -> list[Any]:
    """In the order of the categories if there are any, else of appearance."""
    if isinstance(names, pd.Series) and isinstance(names.dtype, pd.CategoricalDtype):
        return list(names.cat.remove_unused_categories().cat.categories)
    return list(dict.fromkeys(names))


def _handles(lines: Mapping[str, Mapping[str, Any]]) -> list[Line2D]:
    return [Line2D([], [], **{**style, "label": _math(name)}) for name, style in lines.items()]


def _blank() -> Line2D:
    return Line2D([], [], linestyle="", label=" ")


def _columns(names: Iterable[str], width: float) -> int:
    """How many columns of a legend fit the width, at about 0.055 in a letter."""
    longest = max(map(len, names))
    return max(1, int(width / (0.5 + 0.055 * longest)))


def _legend(figure: Figure, handles: list[Line2D], columns: int) -> None:
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, columnspacing=1.5)


def _math(name: str) -> str:
    """`unigram^0.75` with the power as an exponent."""
    return re.sub(r"\^(-?[\d.]*\d)", r"$^{\1}$", str(name))


def _render(figure: Figure, kind: str, metadata: Mapping[str, None]) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format=kind, metadata=dict(metadata))
    return stream.getvalue()
