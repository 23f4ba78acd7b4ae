"""Table and figure of the language model: perplexity after times of training."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import NullLocator

from w2vjax.report import look
from w2vjax.report.letters import shown
from w2vjax.report.stats import mean_interval

CAPTION = """\
Perplexity of the held-out words over the whole vocabulary after seconds of training, geometric mean
of the seeds, which begin at other places of the text; ± is half of Student's 95 % interval. Apart:
log perplexity at the end less that of *{reference}*, seed by seed, and its interval; above zero is
worse. Seconds are steps times the processor seconds of one step on one core (best of the rounds in
`times.csv`, which took turns); compilation and evaluation are apart.
"""


def best_times(times: pd.DataFrame) -> pd.Series:
    """Seconds of a step by head: of its best round, for other work only adds to them."""
    return times.groupby("head", sort=False)["seconds"].min()


def table(points: pd.DataFrame, paces: pd.Series, reference: str) -> str:
    """Markdown: a row a head, in the order of `paces`."""
    cells = points.pivot_table(values="perplexity", index=["seconds", "seed"], columns="head")
    nats, last = np.log(cells), points["seconds"].max()
    rows = {}
    for name in paces.index:
        apart = mean_interval((nats[name] - nats[reference])[last])
        row = {"ms a step": f"{1e3 * paces[name]:.1f}"}
        row["seeds"] = f"{apart.num}"
        row["words read"] = f"{points[points['head'] == name]['words'].max():,}"
        for seconds, of_seeds in nats[name].groupby("seconds"):
            found = mean_interval(of_seeds)
            sure = f" ± {100 * found.half_width:.1f} %" if found.num > 1 else ""
            row[f"{seconds:g} s"] = f"{np.exp(found.mean):.1f}{sure}"
        sure = f" ({apart.low:+.3f} to {apart.high:+.3f})" if apart.num > 1 else ""
        row["apart, nats"] = "" if name == reference else f"{apart.mean:+.3f}{sure}"
        rows[name] = row
    return f"{pd.DataFrame(rows).T.to_markdown()}\n\n{CAPTION.format(reference=reference)}"


def draw(points: pd.DataFrame, path: Path) -> None:
    """Perplexity against time, the mean of the seeds."""
    means = points.pivot_table(values="perplexity", index="seconds", columns="head")
    with plt.rc_context(look.STYLE):
        figure, axes = plt.subplots(figsize=(look.PAGE, 3.2))
        for name, how in look.looks(points["head"].unique()).items():
            axes.plot(means.index, means[name], label=shown(name), **how)
        axes.set(xscale="log", yscale="log", xlabel="seconds of training", ylabel="perplexity")
        axes.set_xticks(means.index, [f"{seconds:g}" for seconds in means.index])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter("{x:.0f}")
        axes.yaxis.set_minor_formatter("{x:.0f}")
        figure.legend(loc="outside right upper")
        figure.savefig(path)
        plt.close(figure)
