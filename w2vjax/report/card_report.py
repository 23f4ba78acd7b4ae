"""The samplers' report card as files: Markdown, JSON and figures; no JAX."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from w2vjax.files import make_folder, write
from w2vjax.report.figures_curves import sampler_distributions
from w2vjax.report.figures_samplers import draw_times, table_distortion
from w2vjax.report.plots import rendered
from w2vjax.report.tables import Table

UNDEFINED = "\N{EN DASH}"
Card = Mapping[str, Any]
"""What `study.card.card` returns, or its JSON."""


def _plain(value: float) -> str:
    if value == 0:
        return "0"
    return f"{value:.3f}" if 0.001 <= value < 1000 else f"{value:.1e}"


def _percent(value: float) -> str:
    return f"{100 * value:.3g}"


@dataclass(frozen=True)
class Column:
    """A quantity of the card: where it is in a row, and how it is shown."""

    header: str
    field: str
    show: Callable[[Any], str] = _plain


FIDELITY = (
    Column("total variation", "total_variation"),
    Column("KL (nats)", "kl"),
    Column("Hellinger", "hellinger"),
    Column("least ratio", "least_ratio"),
    Column("largest ratio", "largest_ratio"),
    Column("never drawn", "unreachable", "{:,}".format),
    Column("p, all words", "p_value"),
    Column("p, least decade", "p_decade"),
)
SHAPE = (
    Column("total variation", "total_variation_unigram_0.75"),
    Column("KL (nats)", "kl_unigram_0.75"),
    Column("Hellinger", "hellinger_unigram_0.75"),
    Column("top 1 (%)", "top_1", _percent),
    Column("top 10 (%)", "top_10", _percent),
    Column("top 100 (%)", "top_100", _percent),
    Column("top 1000 (%)", "top_1000", _percent),
    Column("rarest half (%)", "rarest_half", _percent),
    Column("noise = target (%)", "noise_is_target", _percent),
)
COST = (
    Column("bytes", "bytes", "{:,}".format),
    Column("bytes a word", "bytes_a_word", "{:.1f}".format),
    Column("set-up (s)", "setup_seconds"),
    Column("ns a draw", "nanoseconds", "{:.1f}".format),
    Column("speed / bits", "speed_bits", "{:.2f}".format),
    Column("speed / closed form", "speed_closed_form", "{:.2f}".format),
    Column("speed / numpy", "speed_numpy", "{:.1f}".format),
)


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
        _table(caption, rows, chosen)
        for caption, chosen in ((fidelity, FIDELITY), (shape, SHAPE), (cost, COST))
    ]


def _derived(row: Mapping[str, Any], num_words: int) -> dict[str, Any]:
    size = row["table_size"]
    return {
        **row,
        "p_decade": min(row["p_values"].values()),
        "bytes_a_word": row["bytes"] / num_words,
        "shown_mechanism": f"{row['mechanism']} of {size:,}" if size else row["mechanism"],
    }


def _table(caption: str, rows: Sequence[Mapping[str, Any]], chosen: Sequence[Column]) -> Table:
    names = [Column("distribution", "distribution", str), Column("by", "shown_mechanism", str)]
    shown = [*names, *chosen]
    text = pd.DataFrame(
        [
            [
                UNDEFINED if row.get(column.field) is None else column.show(row[column.field])
                for column in shown
            ]
            for row in rows
        ],
        columns=[column.header for column in shown],
    )
    raw = pd.DataFrame([{column.field: row.get(column.field) for column in shown} for row in rows])
    return Table(caption, text, pd.DataFrame(False, text.index, text.columns), raw)
