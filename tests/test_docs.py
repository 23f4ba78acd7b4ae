"""The documentation: what it lists is all there is, its commands run, its code is not stale."""

import inspect
import shlex
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import tyro
import yaml
from pages import ROOT, blocks, files, names, pages
from reader import enter, in_a_shell

import w2vjax
from w2vjax.commands.cli import Command
from w2vjax.losses.layer import OutputLayer

FOLDERS = [f"w2vjax.{found.name}" for found in iter_modules(w2vjax.__path__) if found.ispkg]
PACKAGES = [name for name in ("w2vjax", *FOLDERS) if hasattr(import_module(name), "__all__")]
"""that export names: those of `__all__` are documented"""
MODULES = (
    "w2vjax.config.json",
    "w2vjax.config.optimizers",
    "w2vjax.config.overrides",
    "w2vjax.config.presets",
    "w2vjax.config.programs",
    "w2vjax.config.schema",
    "w2vjax.config.settings",
    "w2vjax.engine.devices",
    "w2vjax.engine.history",
    "w2vjax.engine.train",
    "w2vjax.evaluation.analogy",
    "w2vjax.evaluation.analogy_files",
    "w2vjax.evaluation.analogy_scores",
    "w2vjax.evaluation.bands",
    "w2vjax.evaluation.found",
    "w2vjax.evaluation.likelihood",
    "w2vjax.evaluation.metrics",
    "w2vjax.evaluation.own",
    "w2vjax.evaluation.questions",
    "w2vjax.evaluation.scores",
    "w2vjax.evaluation.relation_files",
    "w2vjax.evaluation.relations",
    "w2vjax.evaluation.similarity",
    "w2vjax.evaluation.similarity_files",
    "w2vjax.losses.elementwise",
    "w2vjax.losses.layer",
    "w2vjax.losses.trees",
    "w2vjax.pytrees",
    "w2vjax.records.file",
    "w2vjax.records.provenance",
    "w2vjax.report.build",
    "w2vjax.report.cells",
    "w2vjax.report.figures",
    "w2vjax.report.runs",
    "w2vjax.report.stats",
    "w2vjax.samplers.laws",
    "w2vjax.study.compare",
    "w2vjax.study.experiment",
    "w2vjax.study.experiment_file",
    "w2vjax.study.grid",
    "w2vjax.vectors.embeddings",
)
"""all of whose functions and classes are documented"""
WRITTEN = {str(page.relative_to(ROOT)): page for page in pages()}


def _public(name: str) -> list[Any]:
    """What a package exports, or a module defines for others."""
    module = import_module(name)
    if name in PACKAGES:
        exported = [getattr(module, item) for item in module.__all__]
        return [item for item in exported if not isinstance(item, ModuleType)]
    return [item for name, item in vars(module).items() if _is_own(name, item, module)]


def _is_own(name: str, item: Any, module: ModuleType) -> bool:
    """Whether a public function or class is the module's."""
    known = inspect.isfunction(item) or inspect.isclass(item)
    return known and not name.startswith("_") and item.__module__ == module.__name__


@pytest.fixture(scope="module")
def documented() -> list[Any]:
    """What the reference lists."""
    reference = [page for page in pages() if page.parent.name == "reference"]
    assert len(PACKAGES) >= 6
    listed = [entry for page in reference for entry in names(page)]
    assert len(listed) > 100 and len(listed) == len(set(listed))
    return [getattr(import_module(module), name) for module, name in listed]


@pytest.mark.parametrize("module", [*PACKAGES, *MODULES])
def test_every_public_name_is_documented(module: str, documented: list[Any]) -> None:
    known = {id(item) for item in documented}
    found = _public(module)
    assert found
    missing = [getattr(item, "__name__", item) for item in found if id(item) not in known]
    assert not missing, f"docs/reference lacks {missing} of {module}"


def test_what_is_documented_says_what_it_is(documented: list[Any]) -> None:
    """A class by more than its fields, and its methods too, here or in the contract of layers."""
    for item in documented:
        if inspect.isclass(item) or inspect.isfunction(item):
            said = item.__doc__ or ""
            assert said and not said.startswith(f"{item.__name__}("), item.__name__
        for name, member in vars(item).items() if inspect.isclass(item) else ():
            function = getattr(member, "__func__", None) or getattr(member, "fget", member)
            if inspect.isfunction(function) and not name.startswith("_"):
                contract = getattr(OutputLayer, name, None)
                assert inspect.getdoc(function) or inspect.getdoc(contract), (item.__name__, name)


def _command_lines(page: Path, info: str) -> list[str]:
    """One by one; a block with a here-document is one."""
    lines = [
        line
        for text in (block.text.replace("\\\n", " ") for block in blocks(page, info))
        for line in ([text] if "<<" in text else text.split("\n"))
    ]
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


@pytest.mark.parametrize(
    "page", [name for name, page in WRITTEN.items() if _command_lines(page, "console")]
)
def test_long_commands_are_understood(page: str) -> None:
    """Those of `console` blocks, after the `$`, are not run: their options must be there."""
    lines = [line for line in _command_lines(WRITTEN[page], "console") if line.startswith("$ ")]
    for line in lines:
        words = shlex.split(line.removeprefix("$ "), comments=True)
        while words and "=" in words[0]:
            words = words[1:]
        if words[0] == "w2vjax":
            tyro.cli(
                Command, prog="w2vjax", args=words[1:], config=(tyro.conf.OmitSubcommandPrefixes,)
            )
        elif words[0].startswith("python") and words[1].endswith(".py"):
            assert words[1] in files(WRITTEN[page]) or (ROOT / words[1]).exists(), line


def _commands(page: Path) -> list[str]:
    """The page's commands, and then its Python as one program; README's has tests of its own."""
    if page.name == "README.md":
        return []
    return [*_command_lines(page, "sh"), *(["python page.py"] if _program(page) else [])]


def _program(page: Path) -> str:
    named = files(page).values()
    return "\n".join(block.text for block in blocks(page, "python") if block.text not in named)


@pytest.mark.parametrize("page", [name for name, page in WRITTEN.items() if _commands(page)])
def test_commands_and_code_run(page: str, folder: Path) -> None:
    """In a folder with the page's files, the reader's `text.txt` and the project's `results`."""
    words = np.random.default_rng(0).zipf(1.5, 60_000) % 500
    text = [" ".join(f"w{word}" for word in line) for line in words.reshape(-1, 20)]
    Path("text.txt").write_text("\n".join(text))
    Path("results").mkdir()
    for made in (ROOT / "results").iterdir():
        plain = (made / "records.jsonl").exists() or (made / "records").exists()
        if not plain:  # whose records are not committed
            Path("results", made.name).symlink_to(made)
    for name, content in (files(WRITTEN[page]) | {"page.py": _program(WRITTEN[page])}).items():
        Path(name).write_text(content)
    for line in _commands(WRITTEN[page]):
        (in_a_shell if "\n" in line else enter)(line)


def test_the_citation_can_be_read() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["cff-version"] == "1.2.0" and citation["type"] == "software"
    assert citation["message"] and citation["title"] == "w2vjax"
    assert all(author.get("name") or author.get("family-names") for author in citation["authors"])
    project = (ROOT / "pyproject.toml").read_text()
    assert f'version = "{citation["version"]}"' in project
    assert citation["license"] in project
