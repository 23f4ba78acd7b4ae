"""Named data sets: where each comes from, its licence, and the checksum of its clean text."""

import glob
import hashlib
import os
import shlex
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from w2vjax.config.schema import CorpusConfig
from w2vjax.errors import InputError, unknown
from w2vjax.files import cache_folder
from w2vjax.text import hubs, planted
from w2vjax.text.almanac import almanac
from w2vjax.text.corpus import (
    STANDARD_INPUT,
    Advance,
    Source,
    local,
    matching,
    read,
    standard_input,
    together,
)
from w2vjax.text.download import Archive, Download, save
from w2vjax.text.notes import Notes
from w2vjax.text.reading import Reading


@dataclass(frozen=True)
class DataSet:
    """A text known by name. Its clean text is one document a line (text8: one line)."""

    description: str
    licence: str
    tokens: int
    checksum: str
    """`sha256:…` or `md5:…` of the clean text"""
    make: Callable[[], Iterator[bytes]] | None = None
    """generates the text, if it needs no download"""
    remote: Download | Archive | None = None
    """where to get it otherwise"""
    file: str = ""
    """its name in the folders that are searched"""


DATASETS: dict[str, DataSet] = {
    "almanac": DataSet(
        "World Factbook and the introductions of 10,033 vital Wikipedia articles",
        "public domain; CC BY-SA 4.0",
        2_055_467,
        "sha256:4513a5211b0220e69168f786a77a2544a8e4ee1e945009f1fe7bd94f8ad5949a",
        make=almanac,
    ),
    "planted": DataSet(
        "a made-up language with planted analogies, generated",
        "MIT",
        600_000,
        "sha256:ae680a7a5dca0f1be931daf6fd66192382acbd3a0d61a9ba0e1b2ac70c9a67ef",
        make=planted.text,
    ),
    "text8": DataSet(
        "the first 100 MB of cleaned English Wikipedia of 2006",
        "CC BY-SA 3.0",
        17_005_207,
        "md5:3bea1919949baf155f99411df5fada7e",
        file="text8.zip",
        remote=Download(
            "http://mattmahoney.net/dc/text8.zip",
            31_344_016,
            "a6640522afe85d1963ad56c05b0ede0a0c000dddc9671758a6cc09b7a38e5232",
        ),
    ),
    "simplewiki-2018": DataSet(
        "Simple English Wikipedia, July 2018",
        "CC BY-SA 3.0",
        19_386_762,
        "sha256:50b392f6fc1807ffcf650460d95bf12c5cbd23fb1b305f1b11122304d051c68a",
        file="simplewiki-2018.txt.xz",
        remote=Archive(
            "https://codeload.github.com/hudsonmiears/Automatic-Text-Selector/tar.gz/"
            "8a9755705745e7980814ade707993bbd11cd8579",
            "extracted/A[AB]/wiki_*",
        ),
    ),
    "enwiki-2018": DataSet(
        "English Wikipedia, autumn 2018, article ids 12 to about 30,000",
        "CC BY-SA 3.0",
        43_306_737,
        "sha256:a661ba9c262a5d9d61ffc477cd5403bae69fdf64aeebbc39167c3a770f7704c5",
        file="enwiki-2018.txt.xz",
        remote=Archive(
            "https://codeload.github.com/JohanMadsen/02807_Project/tar.gz/"
            "acb54d6bfce26289b151b0b1a91ed74acbaf6774",
            "Data/Dataset1/A[ABC]/wiki_*",
        ),
    ),
}


def source(config: CorpusConfig) -> Source:
    """The text a configuration names: one of its parts, or several one after another.

    A part is a data set, `-` (standard input), `hf:…`, `gensim:…`, a file or folder, or a pattern
    of such; several are parted by spaces, quoted as a shell takes them. A missing data set is
    fetched when its blocks are first read. Raises `InputError` for a path that does not exist and,
    with the nearest names, for an unknown name.
    """
    name = config.source
    if name.split() != [name] and not Path(name).expanduser().exists():
        with suppress(ValueError):  # quotation marks that do not close belong to the name
            parts = shlex.split(name)
            if len(parts) > 1:
                return together([_part(part, config) for part in parts], name)
    return _part(name, config)


def _part(name: str, config: CorpusConfig) -> Source:
    if name in DATASETS:
        return _named(name)
    if name == STANDARD_INPUT:
        return standard_input(config)
    if hub := hubs.HUBS.get(name.partition(":")[0] if ":" in name else ""):
        return hub(name, config)
    if "://" in name:
        raise InputError(f"{name} is an address: download it (curl -LO {name}), and give the file")
    path = Path(name).expanduser()
    if glob.has_magic(name) and not path.exists():
        found = [local(each, config) for each in matching(str(path))]
        return found[0] if len(found) == 1 else together(found, name)
    looks_like_path = "/" in name or os.sep in name or path.suffix or name in (".", "..")
    if not name or not (looks_like_path or os.path.exists(path)):
        raise unknown("corpus", name, DATASETS)
    return local(path, config)


def here(name: str) -> Path | None:
    """The data set's file in `W2VJAX_DATA` or in the cache, if there is one."""
    data = _known(name)
    if not data.file:
        return None
    folders = [Path(folder) for folder in [os.environ.get("W2VJAX_DATA")] if folder]
    folders.append(cache_folder() / "data")
    return next((path for path in (f / data.file for f in folders) if path.is_file()), None)


def fetch(name: str) -> Path | None:
    """The data set's file, downloaded and verified if it is not here; None if it needs no file.

    Raises `InputError` for an unknown name, no network, a wrong checksum or a folder that cannot
    be written; nothing half-written is left.
    """
    data, path = _known(name), here(name)
    remote = data.remote
    if remote is None or path is not None:
        return path
    path = cache_folder() / "data" / data.file
    save(remote, path, lambda blocks: verified(blocks, data.checksum, remote.url))
    return path


def describe() -> list[dict[str, str]]:
    """One row a data set: name, description, licence, tokens, whether it is here."""
    return [
        {
            "name": name,
            "description": data.description,
            "licence": data.licence,
            "tokens": f"{data.tokens:,}",
            "here": str(here(name) or ("made when used" if data.make else "no")),
        }
        for name, data in DATASETS.items()
    ]


def verified(blocks: Iterable[bytes], checksum: str, origin: str) -> Iterator[bytes]:
    """The blocks; `InputError` at the end unless they have the checksum (`sha256:…`, `md5:…`)."""
    kind, _, expected = checksum.partition(":")
    found = hashlib.new(kind)
    for block in blocks:
        found.update(block)
        yield block
    if found.hexdigest() != expected:
        raise InputError(
            f"{origin} does not hold the expected text: its {kind} is {found.hexdigest()}, not "
            f"{expected}. It was cut short or changed: remove it and get it again"
        )


def _named(name: str) -> Source:
    data = DATASETS[name]

    def blocks(advance: Advance, notes: Notes) -> Iterator[bytes]:
        if data.make:
            return verified(data.make(), data.checksum, f"the data set {name}")
        path = fetch(name)
        assert path is not None
        text = read(path, Reading(notes=notes), advance)
        return verified(text, data.checksum, str(path))

    path = here(name)
    kind, _, digest = data.checksum.partition(":")
    return Source(
        name=name,
        identity=data.checksum,
        blocks=blocks,
        size=path.stat().st_size if path else None,
        sha256=digest if kind == "sha256" else None,
    )


def _known(name: str) -> DataSet:
    if name not in DATASETS:
        raise unknown("data set", name, DATASETS)
    return DATASETS[name]
