"""Figures of accuracy: against speed, and by section of the questions."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from w2vjax.reporting.figures_style import (
    GREY,
    PAGE,
    Drawing,
    colors,
    markers,
    plain_log_ticks,
    shown,
)
from w2vjax.reporting.stats import MIN_SEEDS, mean_interval, pareto_front


def accuracy_against_speed(frame: pd.DataFrame) -> Drawing | None:
    """A point a cell: analogy accuracy against training speed, with the Pareto front.

    Bars are 95 % intervals, or the range of the seeds where they are fewer than three.
    """
    data = _points(frame)
    if data.empty:
        return None
    few = bool((data["seeds"] < MIN_SEEDS).any())
    layer_colors, sampler_markers = colors(data["layer"]), markers(data["sampler"])
    entries = _legend_entries(layer_colors, sampler_markers, _bars(data["seeds"], few))
    figure = Figure(figsize=(PAGE, max(2.4, 0.2 + 0.155 * len(entries))))
    near = data[data["speed"] > data["speed"].max() / 2]
    zoomed = len(near) >= 4 and data["speed"].min() < near["speed"].min() / 2
    panels = [data, near] if zoomed else [data]
    bounds = ("min", "max") if few else ("low", "high")
    for axes, shown_data in zip(
        figure.subplots(1, len(panels), squeeze=False).flat, panels, strict=True
    ):
        for _, point in shown_data.iterrows():
            look = layer_colors[point["layer"]], sampler_markers[point["sampler"]]
            _draw_point(axes, point, bounds, *look)
        _frame(axes)
        _draw_front(axes, shown_data)
        axes.set_xlabel("training speed (million words/s)")
    figure.axes[0].set_ylabel("analogy accuracy (%)")
    if zoomed:
        figure.axes[0].set_title("all")
        figure.axes[1].set_title("the fastest, within a factor of 2")
    figure.legend(handles=entries, loc="outside right upper")
    units = {"accuracy": "accuracy_percent", "speed": "million_words_per_second"}
    return Drawing(figure, data.rename(columns=lambda name: _with_unit(name, units)))


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
    grid = 100 * grid.astype(float)
    figure = Figure(figsize=(PAGE, 1.4 + 0.17 * len(grid)))
    axes = figure.subplots()
    sns.heatmap(
        grid,
        ax=axes,
        annot=True,
        fmt=".0f",
        annot_kws={"size": 6.5},
        cmap="cividis",
        vmin=0,
        vmax=float(np.nanmax(grid.to_numpy())),
        cbar=False,  # every cell says its number
        linewidths=0.4,
    )
    axes.set_facecolor("0.85")  # shows where there is no score
    axes.set_yticklabels([shown(name) for name in grid.index], rotation=0)
    axes.set_xticklabels(grid.columns, rotation=40, ha="right", rotation_mode="anchor")
    axes.tick_params(length=0)
    axes.set(xlabel="", ylabel="", title="accuracy (%)")
    cells = grid.rename_axis("cell").reset_index()
    return Drawing(figure, cells.melt("cell", var_name="section", value_name="accuracy_percent"))


def _points(frame: pd.DataFrame) -> pd.DataFrame:
    """A row a cell that has both: mean, interval and range of accuracy (%) and million words/s."""
    measures = {"accuracy": ("analogy/total", 100), "speed": ("speed/words", 1e-6)}
    rows = []
    for (layer, sampler, cell), group in frame.groupby(["layer", "sampler", "cell"], observed=True):
        row: dict[str, Any] = {"layer": layer, "sampler": sampler, "cell": cell}
        for name, (metric, scale) in measures.items():
            values = scale * group.loc[group["metric"] == metric, "value"].dropna()
            mean, low, high, seeds = mean_interval(values.to_numpy())
            row |= {name: mean, f"{name}_low": low, f"{name}_high": high, "seeds": seeds}
            row |= {f"{name}_min": values.min(), f"{name}_max": values.max()}
        rows.append(row)
    data = pd.DataFrame(rows)
    if data.empty:
        return data
    data = data.dropna(subset=list(measures), ignore_index=True)
    data["pareto"] = pareto_front(data["speed"].to_numpy(), data["accuracy"].to_numpy())
    return data


def _draw_point(
    axes: Axes, point: pd.Series, bounds: tuple[str, str], color: Any, marker: str
) -> None:
    axes.errorbar(
        point["speed"],
        point["accuracy"],
        xerr=_arms(point, "speed", bounds),
        yerr=_arms(point, "accuracy", bounds),
        fmt=marker,
        color=color,
        markeredgecolor="white",
        markeredgewidth=0.4,
        elinewidth=0.8,
        zorder=2,
    )


def _frame(axes: Axes) -> None:
    """Limits with room around the points, never so close that noise looks like a difference."""
    axes.set_xscale("log")
    axes.margins(0.07)
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    stretch = max(1.0, (1.5 / (right / left)) ** 0.5)
    room = max(0.0, (4 - (top - bottom)) / 2)
    axes.set_xlim(left / stretch, right * stretch)
    axes.set_ylim(max(0, bottom - room), top + room)
    plain_log_ticks(axes)


def _with_unit(name: str, units: Mapping[str, str]) -> str:
    quantity, _, rest = name.partition("_")
    return "_".join(filter(None, [units.get(quantity, quantity), rest]))


def _arms(point: pd.Series, name: str, bounds: tuple[str, str]) -> list[list[float]] | None:
    """Lengths of an error bar below and above the mean."""
    if point["seeds"] < 2:
        return None
    mean, low, high = point[[name, *(f"{name}_{bound}" for bound in bounds)]]
    if name == "speed":  # zero has no place on a logarithmic axis
        low = max(low, mean / 10)
    return [[mean - low], [high - mean]]


def _draw_front(axes: Axes, data: pd.DataFrame) -> None:
    """Steps along the best accuracy at each speed, from edge to edge."""
    front = data[data["pareto"]].sort_values("speed")
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    speed = [left, *front["speed"], front["speed"].iloc[-1]]
    accuracy = [front["accuracy"].iloc[0], *front["accuracy"], bottom]
    axes.step(speed, accuracy, where="pre", color="0.7", linewidth=0.8, zorder=1)
    axes.set(xlim=(left, right), ylim=(bottom, top))


def _legend_entries(
    layer_colors: Mapping[str, Any], sampler_markers: Mapping[str, str], bars: str
) -> list[Line2D]:
    entries = [
        Line2D([], [], color=color, linewidth=4, label=name) for name, color in layer_colors.items()
    ]
    entries += [
        Line2D([], [], color=GREY, marker=marker, linestyle="", label=shown(name))
        for name, marker in sampler_markers.items()
    ]
    if bars:
        entries.append(
            Line2D([], [], color=GREY, marker="|", markersize=8, linestyle="", label=bars)
        )
    return [*entries, Line2D([], [], color="0.7", linewidth=0.8, label="Pareto front")]


def _bars(seeds: pd.Series, few: bool) -> str:
    least, most = int(seeds.min()), int(seeds.max())
    if most == 1:
        return ""
    count = f"{least}" if least == most else f"{least} to {most}"
    return f"range of {count} seeds" if few else f"95 % interval, {count} seeds"
