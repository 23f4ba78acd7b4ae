"""The report as one HTML file that needs no other: tables, figures, protocol, machine, words."""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from string import Template

import pandas as pd

from w2vjax.report.cells import complete, with_cells
from w2vjax.report.facts import (
    Facts,
    environment,
    listed,
    of_run,
    protocol,
    settings,
    unfinished,
)
from w2vjax.report.glossary import explained
from w2vjax.report.plots import Picture
from w2vjax.report.tables import Table, escape_html

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
    sections = {
        "Results": "\n".join([_results(table, unfinished(frame)), *map(_table, more)]),
        "Figures": "\n".join(map(_figure, figures, figures.values())),
        "Protocol": _protocol(done),
        "Environment": _facts(environment(done)),
        "Rebuild and repeat": _again(done, name),
        "Words": _facts(_words(frame)),
    }
    template = Template(files(__package__).joinpath("page.html").read_text("utf-8"))
    return template.substitute(
        title=escape_html(f"word2vec's output layers: {name}"),
        lead=_lead(done, table),
        contents=" · ".join(f'<a href="#{_anchor(head)}">{head}</a>' for head in sections),
        sections="\n".join(
            f'<section id="{_anchor(head)}">\n<h2>{head}</h2>\n{body}\n</section>'
            for head, body in sections.items()
        ),
    )


def _lead(done: pd.DataFrame, table: Table) -> str:
    """What this is, and the first thing to know, for those who see it for the first time."""
    seeds = done["seed"].nunique()
    what = (
        "word2vec learns a vector for every word of a text by predicting which words stand near "
        "each other. Its output layer is how that prediction is trained: exactly, over the whole "
        "vocabulary; along a tree; or against a few words that a sampler draws as noise. "
        f"Here {_counted(len(table.text), 'combination')} of output layer, sampler and settings "
        f"(cells) are compared on {listed(done, 'config.corpus.source')}, each trained from "
        f"{_counted(seeds, 'seed')}: same text in the same order, same start, same questions asked "
        "of the vectors. The last section explains the words used."
    )
    return f"<p>{escape_html(what)}</p>\n{_best(table)}"


def _best(table: Table) -> str:
    """Which cell has the best mean, and which are not worse, as the table marks them."""
    header = "analogies (%)"
    means = table.raw.get("analogy/total.mean", pd.Series(dtype=float)).dropna()
    if means.empty or len(table.text) < 2:
        return ""
    names = table.text["layer"] + ", " + table.text["sampler"]
    names = names.str.removesuffix(", \N{EN DASH}")
    best = means.idxmax()
    text = f"The highest mean analogy accuracy: {names[best]}, {table.text[header][best]} %."
    others = [names[i] for i in table.text.index if table.bold[header][i] and i != best]
    if others:
        text += f" Not significantly worse: {'; '.join(others)}."
    return f"<p>{escape_html(text)} How sure that is, the table tells.</p>"


def _results(table: Table, left: list[str]) -> str:
    parts = [
        _table(table),
        '<p class="note">missing: planned, but not measured; \N{EN DASH}: there is no such number. '
        "The same table is in <code>table.md</code>, <code>table.tex</code> and, with every digit, "
        "interval and coverage, in <code>table.csv</code>.</p>",
    ]
    if left:
        items = "".join(f"<li>{escape_html(name)}</li>" for name in left)
        parts.append(f"<p>Runs that did not finish, and are counted nowhere:</p>\n<ul>{items}</ul>")
    return "\n".join(parts)


def _table(table: Table) -> str:
    return (
        f'<p class="note">{escape_html(table.caption)}</p>\n<div class="wide">{table.html()}</div>'
    )


def _figure(name: str, figure: Picture) -> str:
    """The picture with its caption; its files lie beside the page."""
    data = figure.files["png"]
    width, height = (round(SCALE * int.from_bytes(data[at : at + 4])) for at in (16, 20))
    source = base64.b64encode(data).decode()
    title = name.replace("_", " ").capitalize()
    return (
        f'<figure id="{_anchor(name)}">\n<h3>{title}</h3>\n'
        f'<img width="{width}" height="{height}" alt="{escape(figure.caption)}" '
        f'src="data:image/png;base64,{source}">\n'
        f"<figcaption>{escape_html(figure.caption)} For a paper: <code>{name}.pdf</code>; what is "
        f"drawn: <code>{name}.csv</code>.</figcaption>\n</figure>"
    )


def _protocol(done: pd.DataFrame) -> str:
    shared, varied = settings(done)
    parts = [_facts(protocol(done))]
    if varied:
        parts += ["<h3>Settings that differ between cells</h3>", _facts(varied)]
    if shared:
        parts += ["<h3>Settings of all cells</h3>", _facts(shared)]
    return "\n".join(parts)


def _again(done: pd.DataFrame, name: str) -> str:
    """How to make this page again from the records, and the records from nothing."""
    seconds = of_run(done, "seconds").sum() + of_run(done, "compile_seconds").sum()
    again = COMMANDS.get(name, f"python experiments/{name}.py")
    return (
        "<p>This page, the tables and the figures are made from <code>records.jsonl</code> beside "
        "it, one line a measurement, and from nothing else; the same records give the same bytes:"
        f"</p>\n<pre>w2vjax report results/{escape(name)}</pre>\n"
        "<p>The measurements are repeated, in an empty folder and at the commit above, by the "
        "experiment's script or by <code>w2vjax grid</code> with its file; every run's full "
        "configuration stands in its records. The runs here took "
        f"{seconds / 60:.0f} minutes of training and compiling in all:</p>\n"
        f"<pre>{escape(again)}</pre>"
    )


def _words(frame: pd.DataFrame) -> Facts:
    layers, samplers = (frame[name].cat.categories for name in ("layer", "sampler"))
    return list(explained(layers, samplers).items())


def _facts(facts: Facts) -> str:
    rows = (f"<dt>{escape_html(name)}</dt><dd>{escape_html(text)}</dd>" for name, text in facts)
    return "<dl>\n" + "\n".join(rows) + "\n</dl>"


def _anchor(head: str) -> str:
    return head.lower().replace(" ", "-").replace("_", "-")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
