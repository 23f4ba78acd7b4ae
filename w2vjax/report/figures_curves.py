"""Figures of curves: loss during training, and the samplers' distributions."""

import pandas as pd
from matplotlib.figure import Figure

from w2vjax.report.figures_style import COLUMN, PAGE, Drawing, columns, handles, legend, lines


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
    styles = lines(data["variant"])
    layers = [name for name in data["layer"].cat.categories if (data["layer"] == name).any()]
    num_columns = min(3, len(layers))
    height = -(-len(layers) // num_columns)
    width = PAGE if num_columns > 1 else COLUMN
    legend_rows = -(-len(styles) // columns(styles, width))
    figure = Figure(figsize=(width, 0.3 + 1.6 * height + 0.14 * legend_rows))
    panels = figure.subplots(height, num_columns, squeeze=False, sharex=True).flatten()
    for axes, layer in zip(panels, layers, strict=False):
        for _, curve in data[data["layer"] == layer].groupby("cell", observed=True):
            style = styles[curve["variant"].iloc[0]]
            words = curve["words"] / 1e6
            axes.plot(words, curve["mean"], **style)
            axes.fill_between(
                words, curve["min"], curve["max"], color=style["color"], alpha=0.2, linewidth=0
            )
        axes.set_title(layer)
        axes.margins(x=0.02)
    for axes in panels[len(layers) :]:
        axes.set_axis_off()
    for axes in panels[max(len(layers) - num_columns, 0) : len(layers)]:
        axes.set_xlabel("words read (million)")
        axes.tick_params(labelbottom=True)
    for axes in panels[: len(layers) : num_columns]:
        axes.set_ylabel("loss (nats per pair)")
    legend(figure, handles(styles), columns=columns(styles, width))
    caption = (
        "Training loss against words read, a panel a layer. Layers have different objectives, "
        "and so has negative sampling with different noise: losses of different panels, or of "
        "different noise, cannot be compared. Lines: means over seeds; bands: their range."
    )
    return Drawing(figure, data, caption)


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
    styles = lines(name for name in data["distribution"] if name != "corpus")
    if (data["distribution"] == "corpus").any():
        corpus = {"color": "0.75", "linewidth": 3, "zorder": 1}
        styles = {"corpus": corpus} | styles
    num_columns = columns(styles, COLUMN)
    figure = Figure(figsize=(COLUMN, 2.3 + 0.14 * -(-len(styles) // num_columns)))
    axes = figure.subplots()
    for name, style in styles.items():
        curve = data[data["distribution"] == name]
        axes.plot(curve["rank"], curve["probability"], **style)
    axes.set(xscale="log", yscale="log", xlabel="frequency rank", ylabel="probability of a draw")
    legend(figure, handles(styles), columns=num_columns)
    caption = (
        "Probability that a draw of noise is the word of a frequency rank, for every sampler used; "
        "in grey, how often the word occurs in the text. Both axes are logarithmic."
    )
    return Drawing(figure, data, caption)
