"""The report as one HTML file that needs no other: tables, figures, protocol, machine, words."""

import base64
from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files
from typing import Any

import pandas as pd
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from w2vjax.report.cells import complete, with_cells
from w2vjax.report.facts import (
    environment,
    listed,
    of_run,
    protocol,
    settings,
    unfinished,
    words,
)
from w2vjax.report.picture import Picture
from w2vjax.report.stats import MIN_SEEDS
from w2vjax.report.tables import UNDEFINED, Table, html

SCALE = 0.6
"""CSS pixels a dot of the PNG: a quarter larger than in print"""
COMMANDS = {"compare": "w2vjax compare --out NEW_FOLDER"}
"""what repeats an experiment, where it is no script of its name"""


def page(
    frame: pd.DataFrame,
    table: Table,
    figures: Mapping[str, Picture],
    more: Mapping[str, Table],
    options: str = "",
) -> str:
    """The whole report as HTML, of records as `records.file.rows` gives them.

    `table`: the comparison; `more`: tables to follow it, by name; `options`: of the command
    that makes the same report again.
    """
    frame = with_cells(frame)
    done = complete(frame)
    name = listed(frame, "experiment")
    experiments = name.split(" and ")
    shared, varied = settings(done)
    seconds = of_run(done, "seconds").sum() + of_run(done, "compile_seconds").sum()
    machine = Environment(autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True)
    machine.filters["rich"] = html
    template, style, script = (_part(kind) for kind in ("html", "css", "js"))
    digest = sha256(f"\n{script}".encode()).digest()
    return machine.from_string(template).render(
        title=f"word2vec's output layers: {name}",
        what=_what(done, table),
        best=_best(table),
        table=table,
        more=more,
        unfinished=unfinished(frame),
        figures=[_figure(each, picture) for each, picture in figures.items()],
        protocol=protocol(done),
        shared=shared,
        varied=varied,
        environment=environment(done),
        name=name,
        minutes=f"{seconds / 60:.0f}",
        again="\n".join(
            COMMANDS.get(name, f"python experiments/{name}.py") for name in experiments
        ),
        report="".join(f" results/{name}" for name in experiments) + options,
        words=words(frame),
        style=Markup(style),
        script=Markup(script),
        script_sha256=base64.b64encode(digest).decode(),
    )


def _part(kind: str) -> str:
    return files(__package__).joinpath(f"page.{kind}").read_text("utf-8")


def _what(done: pd.DataFrame, table: Table) -> str:
    """What this is, and the first thing to know, for those who see it for the first time."""
    seeds = done["seed"].nunique()
    return (
        "word2vec learns a vector for every word of a text by predicting which words stand near "
        "each other. Its output layer is how that prediction is trained: exactly, over the whole "
        "vocabulary; along a tree; or against a few words that a sampler draws as noise. "
        f"Here {_counted(len(table.text), 'combination')} of output layer, sampler and settings "
        f"(cells) are compared on {listed(done, 'config.corpus.source')}, each trained from "
        f"{_counted(seeds, 'seed')}: same text in the same order, same start, same questions asked "
        "of the vectors."
    )


def _best(table: Table) -> str:
    """Which cell has the best mean, and which are not worse, as the table marks them.

    Where seeds are too few to tell, no cell is named.
    """
    header = "analogies (%)"
    means = table.raw.get("analogy/total.mean", pd.Series(dtype=float)).dropna()
    if means.empty or len(table.text) < 2:
        return ""
    seeds = int(table.raw["seeds"].loc[means.index].min())
    if seeds < MIN_SEEDS:
        return (
            f"Mean analogy accuracies reach from {100 * means.min():.1f} to {100 * means.max():.1f}"
            f" %. Which cell is best, {_counted(seeds, 'seed')} cannot tell: that takes "
            f"{MIN_SEEDS} or more of each."
        )
    names = table.text["layer"] + ", " + table.text["sampler"]
    names = names.str.removesuffix(f", {UNDEFINED}")
    best = means.idxmax()
    text = f"The highest mean analogy accuracy: {names[best]}, {table.text[header][best]} %."
    others = [names[i] for i in table.text.index if table.bold[header][i] and i != best]
    if others:
        text += f" Not significantly worse: {'; '.join(others)}."
    return f"{text} How sure that is, the table tells."


def _figure(name: str, picture: Picture) -> dict[str, Any]:
    """The picture with its caption; its files lie beside the page."""
    data = picture.files["png"]
    width, height = (round(SCALE * int.from_bytes(data[at : at + 4])) for at in (16, 20))
    source = base64.b64encode(data).decode()
    return {"name": name, "caption": picture.caption, "width": width, "height": height} | {
        "source": source
    }


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
