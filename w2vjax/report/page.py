"""The report as one HTML file that needs no other: tables, figures, protocol, machine, words."""

import base64
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

import pandas as pd
from jinja2 import Environment, StrictUndefined

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
from w2vjax.report.tables import UNDEFINED, Table, html

SCALE = 0.6
"""CSS pixels a dot of the PNG: a quarter larger than in print"""
COMMANDS = {"compare": "w2vjax compare --out NEW_FOLDER"}
"""what repeats an experiment, where it is no script of its name"""


def page(
    frame: pd.DataFrame, table: Table, figures: Mapping[str, Picture], more: Sequence[Table] = ()
) -> str:
    """The whole report as HTML, of records as `records.read` gives them.

    `table`: the comparison; `more`: tables to follow it.
    """
    frame = with_cells(frame)
    done = complete(frame)
    name = listed(frame, "experiment")
    shared, varied = settings(done)
    seconds = of_run(done, "seconds").sum() + of_run(done, "compile_seconds").sum()
    machine = Environment(autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True)
    machine.filters["rich"] = html
    template = machine.from_string(files(__package__).joinpath("page.html").read_text("utf-8"))
    return template.render(
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
        again=COMMANDS.get(name, f"python experiments/{name}.py"),
        words=words(frame),
    )


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
        "of the vectors. The last section explains the words used."
    )


def _best(table: Table) -> str:
    """Which cell has the best mean, and which are not worse, as the table marks them."""
    header = "analogies (%)"
    means = table.raw.get("analogy/total.mean", pd.Series(dtype=float)).dropna()
    if means.empty or len(table.text) < 2:
        return ""
    names = table.text["layer"] + ", " + table.text["sampler"]
    names = names.str.removesuffix(f", {UNDEFINED}")
    best = means.idxmax()
    text = f"The highest mean analogy accuracy: {names[best]}, {table.text[header][best]} %."
    others = [names[i] for i in table.text.index if table.bold[header][i] and i != best]
    if others:
        text += f" Not significantly worse: {'; '.join(others)}."
    return text


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
