"""Blocks of the reference that the package itself fills, put in place as the page is read.

`{names} MODULE` lists public names, `{help}` commands, `{settings} CLASS` a dataclass; `{own}` is
what layers differ in, `{presets}` what presets set.
"""

import io
import os
import re
from contextlib import redirect_stdout, suppress
from dataclasses import MISSING, fields, is_dataclass
from importlib import import_module
from inspect import isclass, isroutine
from typing import Any

from docutils import nodes
from flax import nnx
from numpy.typing import ArrayLike
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.ext.napoleon import Config, GoogleDocstring
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.inspect import signature as signature_of
from sphinx.util.inspect import stringify_signature
from sphinx.util.typing import stringify_annotation

from w2vjax import config
from w2vjax.commands.cli import main
from w2vjax.config import OutputConfig, RunConfig
from w2vjax.config.layers import LAYERS, layer_class
from w2vjax.config.programs import PRESETS
from w2vjax.config.schema import flatten
from w2vjax.report import facts

BLOCK = re.compile(r"^```\{(names|help|settings|own|presets)\} ?(\S*)\n(.*?)^```$", re.S | re.M)
WIDTH = "92"
"""of help, in characters"""
OPTIONS = {"class": "   :members:\n   :exclude-members: loss_of\n", "data": "   :no-value:\n"}
"""of autodoc, by the kind of what it documents"""


ALSO = {
    "NEG": ("negative sampling",),
    "NCE": ("noise-contrastive estimation",),
    "analogies": ("analogy",),
}
"""Other names of what reports explain."""


ARRAY_LIKE = stringify_annotation(ArrayLike, "smart").split(" | None")[0]
"""What signatures write for numpy's type."""


def names(module: str, listed: str) -> str:
    """What autodoc knows of each name."""
    made = []
    for name in listed.split():
        found = getattr(import_module(module), name)
        kind = "class" if isclass(found) else "function" if isroutine(found) else "data"
        made.append(f".. auto{kind}:: {module}.{name}\n{OPTIONS.get(kind, '')}")
        if kind == "class" and found.__base__.__module__.startswith("w2vjax"):
            made[-1] += "   :show-inheritance:\n"
    return "```{eval-rst}\n" + "\n".join(made) + "```"


def help_of(_: str, listed: str) -> str:
    """The help of each command, a section each."""
    os.environ["COLUMNS"] = WIDTH
    made = []
    for command in listed.splitlines():
        told = io.StringIO()
        with redirect_stdout(told), suppress(SystemExit):
            main([*command.split(), "--help"])
        made.append(f"## `w2vjax {command}`\n\n```text\n{told.getvalue().rstrip()}\n```\n")
    return "\n".join(made)


def settings(prefix: str, kind: str) -> str:
    """A table of a dataclass's fields: dotted name, type, default, meaning."""
    holder = getattr(config, kind.strip())
    told = ModuleAnalyzer.for_module(holder.__module__)
    rows = []
    for item in fields(holder):
        if is_dataclass(item.type):
            continue
        meaning = told.find_attr_docs()[holder.__name__, item.name]
        default = item.default if item.default is not MISSING else item.default_factory()
        rows.append((code(prefix + item.name), typed(item.type), code(default), " ".join(meaning)))
    return table(("setting", "type", "default", "meaning"), rows)


def own(*_: str) -> str:
    """What settings that are None become, by layer."""
    usual = flatten(RunConfig())
    found = {
        name: flatten(RunConfig(output=OutputConfig(layer=name)).resolved()) for name in LAYERS
    }
    paths = [path for path in usual if any(flat[path] != usual[path] for flat in found.values())]
    paths = [path for path in paths if path != "output.layer"]
    rows = [
        (code(path.removeprefix("train.")), *(value_of(flat[path]) for flat in found.values()))
        for path in paths
    ]
    return table(("setting", *LAYERS), rows)


def presets(*_: str) -> str:
    """Every preset: what it sets and why, what stays different."""
    made = []
    for name, preset in PRESETS.items():
        rows = [
            (code(path), code(value), reason) for path, (value, reason) in preset.settings.items()
        ]
        differs = "\n".join(f"* {line}" for line in preset.differs)
        made += [f"## `{name}`\n", preset.source + "\n"]
        made += [
            table(("setting", "value", "why"), rows),
            f"\nWhat stays different:\n\n{differs}\n",
        ]
    return "\n".join(made)


def typed(annotation: Any) -> str:
    """A type for people: the choices of a literal, else its name."""
    text = getattr(annotation, "__name__", str(annotation))
    text = text if annotation in (int, str, float, bool) else str(annotation)
    choices = re.sub(r"typing\.Literal\[(.*?)\]", lambda found: found[1].replace("'", ""), text)
    return choices.replace(" | ", " or ")


def value_of(value: Any) -> str:
    """A number as it is written in a table."""
    return "\u2013" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def code(value: Any) -> str:
    return f"`{value}`"


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    escaped = [[cell.replace("|", "\\|").replace("*", "\\*") for cell in line] for line in lines]
    return "\n".join("| " + " | ".join(line) + " |" for line in escaped) + "\n"


BLOCKS = {"names": names, "help": help_of, "settings": settings, "own": own, "presets": presets}


def terms() -> str:
    """Glossary entries of the words that reports explain, so that both explain them alike."""
    layers = {layer_class(name).title: layer_class(name).help for name in LAYERS}
    entries = layers | facts.EXPLAINED_SAMPLERS | facts.EXPLAINED_MEASURES
    return "\n".join(
        "\n".join((*names.split(", "), *ALSO.get(names, ())))
        + f"\n  {text[:1].upper()}{text[1:].rstrip('.')}.\n"
        for names, text in entries.items()
    )


def expanded(app: Sphinx, page: str, source: list[str]) -> None:
    """Fills the blocks of a page of the reference, and the terms of the glossary."""
    if page == "glossary":
        source[0] = source[0].replace("% terms of the report\n", terms())
    if page.startswith("reference/"):
        source[0] = BLOCK.sub(lambda found: BLOCKS[found[1]](found[2], found[3]), source[0])


def docstring(app: Sphinx, what: str, *more: Any) -> None:
    """Indented parts become literal, for they are formulas or programs; `Args:` become a list."""
    lines: list[str] = more[-1]
    made: list[str] = []
    inside = False
    for line in lines:
        indented = line.startswith("    ")
        if indented and made and not made[-1].strip() and not inside:
            made += ["::", ""]
            inside = True
        inside = inside and (indented or not line.strip())
        made.append(line)
    lines[:] = GoogleDocstring(made, Config(), what="function").lines()


def signature(app: Sphinx, what: str, *more: Any) -> tuple[str | None, str | None]:
    """Types by the names that programs import; of a class of nnx, what `__init__` takes."""
    _, found, _, takes, gives = more
    if what == "class" and issubclass(found, nnx.Module):
        takes = stringify_signature(signature_of(found.__init__, bound_method=True))
        takes = takes.removesuffix(" -> None")
    return takes and takes.replace(ARRAY_LIKE, "ArrayLike").replace("<factory>", "..."), gives


def arrays(app: Sphinx, document: nodes.document) -> None:
    """Arrays in signatures by the name that programs import."""
    for line in document.findall(addnodes.desc_signature):
        for text in list(line.findall(nodes.Text)):
            if "jaxlib._jax." in text:
                text.parent.replace(text, nodes.Text(text.replace("jaxlib._jax.", "")))


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("source-read", expanded)
    app.connect("autodoc-process-docstring", docstring)
    app.connect("autodoc-process-signature", signature)
    app.connect("doctree-read", arrays)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
