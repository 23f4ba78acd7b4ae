"""Texts that other packages fetch: `hf:NAME[:CONFIG[:COLUMN]]` and `gensim:NAME`."""

import importlib
import itertools
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from w2vjax.config.schema import CorpusConfig
from w2vjax.errors import InputError, unknown
from w2vjax.text import documents, tables
from w2vjax.text.corpus import Advance, Source, cleaned, local
from w2vjax.text.notes import Notes

BATCH = 1_000
"""rows read at a time"""
SPLIT = "train"
"""the split that is read where there are several"""


def hugging_face(name: str, config: CorpusConfig) -> Source:
    """A column of a data set of the Hugging Face hub, by the package `datasets`.

    The split is `train`, or the only one. Raises `InputError` without the package, and for what the
    package cannot load.
    """
    _, path, *more = name.split(":")
    subset, asked, *rest = [*more, "", ""] if len(more) < 2 else more
    if not path or any(rest):
        raise InputError(f"{name!r} is no data set of a hub: write hf:NAME[:CONFIG[:COLUMN]]")
    package = _package("datasets", "hf", name)
    splits = _loaded(name, lambda: package.load_dataset(path, subset or None))
    if isinstance(splits, Mapping):
        chosen = SPLIT if SPLIT in splits else next(iter(splits))
        data, left = splits[chosen], [split for split in splits if split != chosen]
    else:
        chosen, data, left = "", splits, []

    def texts(notes: Notes) -> Iterator[Any]:
        if left:
            notes.add(name, f"the split {chosen} is read, not {', '.join(left)}")
        some = list(itertools.islice(iter(data), tables.SAMPLE))
        wanted = asked or config.column
        column = tables.column_of(name, some, wanted, notes, data.column_names)
        top = column if column in data.column_names else column.partition(".")[0]
        for batch in data.select_columns([top]).iter(batch_size=BATCH):
            for value in batch[top]:
                yield tables.text_in({top: value}, column)

    def blocks(advance: Advance, notes: Notes) -> Iterator[bytes]:
        lines = documents.lines(texts(notes), name, config.errors == "replace", notes)
        return cleaned(lines, config, name, notes)

    return Source(name, f"{name}@{data._fingerprint}", blocks)


def gensim(name: str, config: CorpusConfig) -> Source:
    """A text of gensim's repository, by `gensim.downloader`.

    Raises `InputError` without gensim, for another name, for vectors, and for what gensim cannot
    fetch.
    """
    wanted = name.partition(":")[2]
    package = _package("gensim.downloader", "gensim", name)
    known = _loaded(name, package.info)
    if wanted in known["models"]:
        raise InputError(f"{name} is a set of vectors, not a text: w2vjax eval scores vectors")
    if wanted not in known["corpora"]:
        raise unknown("text of gensim", wanted, known["corpora"])
    path = Path(_loaded(name, lambda: package.load(wanted, return_path=True)))
    return replace(local(path, config), name=name)


HUBS: dict[str, Callable[[str, CorpusConfig], Source]] = {
    "hf": hugging_face,
    "gensim": gensim,
}
"""by what stands before the colon"""


def _package(module: str, extra: str, name: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        package = module.partition(".")[0]
        raise InputError(
            f"{name} needs the package {package}: pip install 'w2vjax[{extra}]'"
        ) from None


def _loaded(name: str, load: Callable[[], Any]) -> Any:
    """What another program loads; whatever it raises is one line."""
    try:
        with _silence():
            return load()
    except Exception as error:
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise InputError(
            f"cannot load {name} ({first}): check the name and the network, or give a file"
        ) from None


@contextmanager
def _silence() -> Iterator[None]:
    """Without what the packages log where there is no network: tracebacks, every attempt."""
    loggers = [logging.getLogger(name) for name in ("gensim.downloader", "huggingface_hub")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
