"""What samplers draw: the distributions of a run, and the report card as files."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from w2vjax.files import make_folder, write
from w2vjax.report.cells import sampler_order
from w2vjax.report.chart import Axis, Drawing, Panel, PanelGrid, chart
from w2vjax.report.look import GREY, Look, looks
from w2vjax.report.picture import rendered
from w2vjax.report.tables import UNDEFINED, Columns, Row, Table, texts

CORPUS = "corpus"
REFERENCES = {"jax.random.bits": "--", "numpy choice(p)": ":"}
"""what draws are compared with, and their dashes"""
SINGLE = PanelGrid(height=2.3, base=0)
RINGS: Look = {
    "color": GREY,
    "linestyle": "none",
    "marker": "o",
    "markersize": 4,
    "markerfacecolor": "none",
    "markeredgewidth": 0.6,
    "zorder": 1,
}
"""lines on them are seen"""
Card = Mapping[str, Any]
"""What `study.card.card` returns, or its JSON."""


def _plain(value: float) -> str:
    if value == 0:
        return "0"
    return f"{value:.3f}" if 0.001 <= value < 1000 else f"{value:.1e}"


def _percent(value: float) -> str:
    return f"{100 * value:.3g}"


def _shown(field: str, show: Callable[[Any], str] = _plain) -> Callable[[Row], str]:
    """The column of a field; a dash where a sampler has none."""
    return lambda row: UNDEFINED if row.get(field) is None else show(row[field])


NAMES: Columns = {"distribution": texts("distribution"), "by": texts("shown_mechanism")}
FIDELITY: Columns = NAMES | {
    "total variation": _shown("total_variation"),
    "KL (nats)": _shown("kl"),
    "Hellinger": _shown("hellinger"),
    "least ratio": _shown("least_ratio"),
    "largest ratio": _shown("largest_ratio"),
    "never drawn": _shown("unreachable", "{:,}".format),
    "p, all words": _shown("p_value"),
    "p, least decade": _shown("p_decade"),
}
SHAPE: Columns = NAMES | {
    "total variation": _shown("total_variation_unigram_0.75"),
    "KL (nats)": _shown("kl_unigram_0.75"),
    "Hellinger": _shown("hellinger_unigram_0.75"),
    "top 1 (%)": _shown("top_1", _percent),
    "top 10 (%)": _shown("top_10", _percent),
    "top 100 (%)": _shown("top_100", _percent),
    "top 1000 (%)": _shown("top_1000", _percent),
    "rarest half (%)": _shown("rarest_half", _percent),
    "noise = target (%)": _shown("noise_is_target", _percent),
}
COST: Columns = NAMES | {
    "bytes": _shown("bytes", "{:,}".format),
    "bytes a word": _shown("bytes_a_word", "{:.1f}".format),
    "set-up (s)": _shown("setup_seconds"),
    "ns a draw": _shown("nanoseconds", "{:.1f}".format),
    "speed / bits": _shown("speed_bits", "{:.2f}".format),
    "speed / closed form": _shown("speed_closed_form", "{:.2f}".format),
    "speed / numpy": _shown("speed_numpy", "{:.1f}".format),
}


def build(card: Card, folder: Path) -> list[Path]:
    """Writes `card.md`, `card.json` and the figures into the folder.

    Raises `InputError` if they cannot be written.
    """
    make_folder(folder)
    contents = {
        "card.md": markdown(card).encode(),
        "card.json": json.dumps(card, indent=1, allow_nan=False).encode() + b"\n",
    } | rendered(
        {
            "sampler_distributions": partial(sampler_distributions, pd.DataFrame(card["curves"])),
            "table_distortion": partial(table_distortion, pd.DataFrame(card["table_sizes"])),
            "draw_times": partial(draw_times, pd.DataFrame(card["vocabulary_sizes"])),
        }
    )
    for name, data in contents.items():
        write(folder / name, data)
    return [folder / name for name in contents]


def markdown(card: Card) -> str:
    """The card's three tables, each under its protocol."""
    words = card["vocabulary"]
    head = (
        f"# Noise samplers on {words['source']}\n\n"
        f"{words['words']:,} words of vocabulary that occur {words['total']:,} times, the most "
        f"frequent {words['largest']:,} and the rarest {words['least']:,} times."
    )
    return "\n\n".join([head, *(table.markdown().rstrip() for table in tables(card))]) + "\n"


def tables(card: Card) -> list[Table]:
    """How faithfully samplers draw, what they draw, and at what cost: a row a sampler."""
    draws, repeats = card["config"]["num_draws"], card["config"]["repeats"]
    made = card["made"]
    fidelity = (
        "**How faithfully.** Distance of what is drawn from the distribution it stands for: exact, "
        "summed in float64 over all words, with each mechanism's probabilities counted from its "
        "integers (closed forms: the formula). KL: of the drawn law from the distribution. Ratio: "
        f"drawn / wanted probability. p: chi-square of {draws:,} draws with a fixed key, words "
        "expected fewer than 10 times pooled; over all words, and the least p over the decades of "
        "rank (of several decades: 0.01 is no alarm)."
    )
    shape = (
        "**What is drawn.** Distance from unigram^0.75, and the probability of the most frequent "
        "words, of the rarest half of the vocabulary, and that a draw is the target, if targets "
        "are drawn by frequency. Exact, as above. By stream: as after one pass that keeps all "
        "words; noise of the same step (in-batch) in expectation over all steps."
    )
    cost = (
        f"**At what cost.** Medians of {repeats} compiled calls of {draws:,} draws each, in turn "
        f"with as many raw words of `jax.random.bits`, on {made['platform']} ({made['processor']}, "
        f"{made['cores']} cores, jax {made['versions.jax']}); compiling and set-up are not in the "
        "time of a draw. Speed as a multiple of raw bits (neighbouring calls), of log-uniform's "
        f"closed form ({card['closed_form_nanoseconds']:.1f} ns a draw) and of numpy's "
        f"`Generator.choice(p=…)` for unigram^0.75 ({card['numpy_nanoseconds']:.1f} ns, with its "
        "set-up, which it does at every call). Set-up: from counts to arrays, once."
    )
    rows = [_derived(row, card["vocabulary"]["words"]) for row in card["samplers"]]
    return [
        Table.of(caption, columns, rows)
        for caption, columns in ((fidelity, FIDELITY), (shape, SHAPE), (cost, COST))
    ]


def _derived(row: Mapping[str, Any], num_words: int) -> dict[str, Any]:
    size = row["table_size"]
    return {
        **row,
        "p_decade": min(row["p_values"].values()),
        "bytes_a_word": row["bytes"] / num_words,
        "shown_mechanism": f"{row['mechanism']} of {size:,}" if size else row["mechanism"],
    }


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
    names = set(data["distribution"])
    styles = {CORPUS: RINGS} if CORPUS in names else {}
    styles |= looks(sorted(names - {CORPUS}, key=sampler_order), marked=False)
    x = Axis("rank", "frequency rank", log=True)
    panel = Panel(data, x, Axis("probability", "probability of a draw", log=True))
    caption = (
        "Probability that a draw of noise is the word of a frequency rank, for every sampler used; "
        "grey rings: how often the word occurs in the text. Both axes are logarithmic."
    )
    return Drawing(chart([panel], "distribution", styles, SINGLE), data, caption)


def table_distortion(data: pd.DataFrame) -> Drawing | None:
    """Of word2vec.c's table, against its size: total variation, and words that are never drawn.

    Columns: distribution, size, total_variation, unreachable.
    """
    if data.empty:
        return None
    x = Axis("size", "entries of the table (4 bytes each)", log=True)

    def from_none(axes: Axes) -> None:
        axes.set_yscale("symlog", linthresh=1)
        axes.set_ylim(-0.2, max(10, 3 * data["unreachable"].max()))

    panels = [
        Panel(data, x, Axis("total_variation", "total variation", log=True)),
        Panel(data, x, Axis("unreachable", "words never drawn"), over=from_none),
    ]
    styles = looks(sorted(set(data["distribution"]), key=sampler_order))
    return Drawing(chart(panels, "distribution", styles, PanelGrid(share_x=True)), data)


def draw_times(data: pd.DataFrame) -> Drawing | None:
    """Nanoseconds a draw against the size of the vocabulary; raw bits and numpy in grey.

    Columns: sampler, words, nanoseconds.
    """
    if data.empty:
        return None
    names = set(data["sampler"])
    styles = looks(sorted(names - REFERENCES.keys(), key=sampler_order))
    styles |= {
        name: {"color": GREY, "linestyle": dashes}
        for name, dashes in REFERENCES.items()
        if name in names
    }
    x = Axis("words", "words of the vocabulary", log=True)
    panel = Panel(data, x, Axis("nanoseconds", "ns a draw", log=True))
    return Drawing(chart([panel], "sampler", styles, SINGLE), data)
