"""Text as numbers on disk: read once, kept in the cache, memory-mapped."""

import hashlib
import json
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from w2vjax.config.schema import CorpusConfig
from w2vjax.errors import InputError, InputWarning
from w2vjax.files import cache_folder, workspace
from w2vjax.text import datasets, numbering, phrases, segmentation
from w2vjax.text.corpus import Advance, Source, cleaned
from w2vjax.text.documents import check, lines
from w2vjax.text.entries import EncodedCorpus as EncodedCorpus
from w2vjax.text.entries import checksum, load, publish
from w2vjax.text.notes import Notes

FORMAT = 2
"""changes whenever the same text and settings would be encoded differently"""


def encode(config: CorpusConfig, cache: Path | None = None, progress: bool = True) -> EncodedCorpus:
    """The encoded corpus a configuration names, from the cache if it is there and sound.

    `cache` is a folder (default: `W2VJAX_CACHE`, else the user's cache folder). Entries appear
    under their name only when they are whole, so that several processes can encode at once. Memory
    grows with the number of different words, not with the length of the text. What is left out of
    the text, or guessed at, is told by an `InputWarning` a kind, from the cache too.
    Raises `InputError` for whatever is wrong with the text, for a text without words or with none
    as frequent as `min_count`, and for a cache that cannot be written.
    """
    source = datasets.source(config)
    return _told(_encoded(config, source, cache or cache_folder(), progress))


def encode_documents(
    documents: Iterable[Any],
    config: CorpusConfig = CorpusConfig(),  # noqa: B008
    name: str = "documents",
    cache: Path | None = None,
    progress: bool = True,
) -> EncodedCorpus:
    """Documents that a program holds, encoded as `encode` does a text of a document a line.

    `documents` is any iterable of strings, cut at white space, or of lists of tokens, taken as they
    are: a list, a generator (read once, in this thread), an open text file, a column of a pandas
    frame or of a Hugging Face data set. Of `config`, the source does not count, and the rest does.
    None and NaN are left out, counted, and told by an `InputWarning`. `sha256` is that of what was
    read. The same documents and settings share an entry of the cache.

    Raises `InputError` for a string, bytes, a mapping, a frame or what is no iterable, for a
    document of another type, with its number, and what `encode` raises.

    >>> corpus = encode_documents(
    ...     ["the cat sat", ["the", "dog", "sat"]], CorpusConfig(min_count=1), progress=False
    ... )
    >>> corpus.vocabulary.words
    ('sat', 'the', 'cat', 'dog')
    >>> corpus.starts.tolist()
    [0, 3, 6]
    """
    check(documents)
    if name in datasets.DATASETS:
        raise InputError(f"name is {name!r}, which is a data set's: choose another")

    def blocks(advance: Advance, notes: Notes) -> Iterator[bytes]:
        text = lines(documents, name, config.errors == "replace", notes)
        return cleaned(text, config, name, notes)

    source = Source(name, identity=None, blocks=blocks, in_thread=False)
    made = _encoded(replace(config, source=name), source, cache or cache_folder(), progress)
    return _told(made)


def _told(corpus: EncodedCorpus) -> EncodedCorpus:
    for note in corpus.notes:
        warnings.warn(note, InputWarning, stacklevel=3)
    return corpus


def _encoded(config: CorpusConfig, source: Source, cache: Path, progress: bool) -> EncodedCorpus:
    """From the cache, or built there: a text that can be read once is known when it is read."""
    folder = cache / "encoded"
    if source.identity is not None:
        known = load(folder / _key(config, source, source.identity), source.name)
        if known is not None:
            return known
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with workspace(folder) as work:
            built = work / "entry"
            built.mkdir()
            if config.source in datasets.DATASETS:
                datasets.fetch(config.source)
                source = datasets.source(config)  # its size is known now
            sha256 = _build(config, source, built, progress)
            entry = folder / _key(config, source, source.identity or sha256)
            publish(built, entry, work / "old")
    except OSError as error:
        raise InputError(
            f"cannot keep the encoded text in {folder} ({error.strerror or error}): free "
            "some space, or set W2VJAX_CACHE to another folder"
        ) from None
    corpus = load(entry, source.name)
    if corpus is None:
        raise InputError(f"{entry} was damaged while it was written: check the disk")
    return corpus


def _key(config: CorpusConfig, source: Source, identity: str) -> str:
    settings = asdict(config) | {"source": identity, "format": FORMAT}
    del settings["held_out_every"]  # what is kept out of training is encoded all the same
    if source.name in datasets.DATASETS:  # clean already, and no table: these change nothing
        del settings["cleaning"], settings["errors"], settings["column"]
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:24]


def _build(config: CorpusConfig, source: Source, folder: Path, progress: bool) -> str:
    """Two passes: numbers in order of first sight, then final ids by falling count.

    Returns the checksum of the text.
    """
    raw, notes = folder / "raw", Notes()
    text, sha256 = numbering.number(config, source, raw, notes, progress)
    text = phrases.joined(text, raw, config)
    counts = numbering.count(raw, len(text.words))
    segmentation.note_uncut(text.words, counts, source.name, notes)
    if not counts.any():
        once = "" if source.identity else ", or was read before: it can be read once"
        raise _useless(f"{source.name} is empty: there is not one word in it{once}", notes)
    if counts.max() < config.min_count:
        raise _useless(
            f"{source.name}: no word occurs {config.min_count} times (most frequent: "
            f"{counts.max()}): lower --min-count or give more text",
            notes,
        )
    vocabulary, final = numbering.vocabulary_of(config, text.words, counts)
    starts = numbering.renumber(raw, final, text.breaks, folder / "ids.npy")
    raw.unlink()
    np.save(folder / "starts.npy", starts)
    vocabulary.save(folder / "vocabulary.tsv")
    parts = ("ids.npy", "starts.npy", "vocabulary.tsv")
    about = {
        "name": source.name,
        "config": asdict(config),
        "sha256": sha256,
        "num_words": vocabulary.num_words,
        "notes": notes.lines(),
        "checksums": {part: checksum(folder / part) for part in parts},
    }
    (folder / "about.json").write_text(json.dumps(about, indent=2), encoding="utf-8")
    return sha256


def _useless(what: str, notes: Notes) -> InputError:
    """The error for a text that nothing can be made of, with what there is to say of it."""
    return InputError("; ".join([what, *notes.lines()]))
