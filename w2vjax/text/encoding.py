"""Text as numbers on disk: read once, kept in the cache, memory-mapped."""

import hashlib
import json
import os
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from jaxtyping import Int32, Int64

from w2vjax.config.schema import CorpusConfig
from w2vjax.errors import InputError
from w2vjax.files import cache_folder
from w2vjax.progress import track
from w2vjax.text import datasets
from w2vjax.text.corpus import BLOCK, Source
from w2vjax.text.tokens import WordIds
from w2vjax.text.vocab import Vocabulary

FORMAT = 1
"""changes whenever the same text and settings would be encoded differently"""
_COPY = 1 << 20
"""ids copied at a time"""


@dataclass(frozen=True, eq=False)
class EncodedCorpus:
    """A text as word ids; words outside the vocabulary are left out, or all one word."""

    vocabulary: Vocabulary
    ids: Int32[np.ndarray, " t"]
    """memory-mapped, read only"""
    starts: Int64[np.ndarray, " documents_1"]
    """document i is `ids[starts[i]:starts[i + 1]]`; none is empty"""
    sha256: str
    """of the clean text as far as it was read; a named data set is always read to its end"""
    name: str


def encode(config: CorpusConfig, cache: Path | None = None, progress: bool = True) -> EncodedCorpus:
    """The encoded corpus a configuration names, from the cache if it is there and sound.

    `cache` is a folder (default: `W2VJAX_CACHE`, else the user's cache folder). Entries appear
    under their name only when they are whole, so that several processes can encode at once. Memory
    grows with the number of different words, not with the length of the text.
    Raises `InputError` for whatever is wrong with the text, for a text without words or with none
    as frequent as `min_count`, and for a cache that cannot be written.
    """
    source = datasets.source(config)
    folder = (cache or cache_folder()) / "encoded" / _key(config, source)
    if (known := _load(folder, source.name)) is not None:
        return known
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            dir=folder.parent, prefix=f".{folder.name}.", ignore_cleanup_errors=True
        ) as work:
            built = Path(work) / "entry"
            built.mkdir()
            if config.source in datasets.DATASETS:
                datasets.fetch(config.source)
                source = datasets.source(config)  # its size is known now
            _build(config, source, built, progress)
            _publish(built, folder, Path(work) / "old")
    except OSError as error:
        raise InputError(
            f"cannot keep the encoded text in {folder.parent} ({error.strerror or error}): free "
            "some space, or set W2VJAX_CACHE to another folder"
        ) from None
    corpus = _load(folder, source.name)
    if corpus is None:
        raise InputError(f"{folder} was damaged while it was written: check the disk")
    return corpus


def _key(config: CorpusConfig, source: Source) -> str:
    settings = asdict(config) | {"source": source.identity, "format": FORMAT}
    del settings["held_out_every"]  # what is kept out of training is encoded all the same
    if config.unknown is None:  # as before there was this setting
        del settings["unknown"]
    if source.name in datasets.DATASETS:  # clean already: these two change nothing
        del settings["cleaning"], settings["errors"]
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:24]


def _build(config: CorpusConfig, source: Source, folder: Path, progress: bool) -> None:
    """Two passes: numbers in order of first sight, then final ids by falling count."""
    raw = folder / "raw"
    words, breaks, sha256 = _number(config, source, raw, progress)
    counts = _count(raw, len(words))
    if not counts.any():
        raise InputError(f"{source.name} is empty: there is not one word in it")
    vocabulary, final = _vocabulary(config, source, words, counts)
    starts, checksum = _renumber(raw, final, breaks, folder / "ids.npy")
    raw.unlink()
    np.save(folder / "starts.npy", starts)
    vocabulary.save(folder / "vocabulary.tsv")
    about = {
        "name": source.name,
        "config": asdict(config),
        "sha256": sha256,
        "num_words": vocabulary.num_words,
        "checksums": {"ids.npy": checksum}
        | {name: _checksum(folder / name) for name in ("starts.npy", "vocabulary.tsv")},
    }
    (folder / "about.json").write_text(json.dumps(about, indent=2))


def _number(
    config: CorpusConfig, source: Source, raw: Path, progress: bool
) -> tuple[list[bytes], Int64[np.ndarray, " breaks"], str]:
    """First pass: writes provisional ids to `raw`; gives words, document ends and checksum."""
    number, found = WordIds(), hashlib.sha256()
    breaks, total = [np.zeros(1, np.int64)], 0
    limit = config.max_words or np.iinfo(np.int64).max
    position = 0

    def moved(size: int) -> None:
        nonlocal position
        position += size

    def text() -> Iterator[bytes]:
        for block in source.blocks(moved):
            if source.sha256 is None:
                found.update(block)
            yield block

    with (
        raw.open("wb") as file,
        track(f"reading {source.name}", source.size, "M words", progress) as advance,
    ):
        shown = 0
        for block in _ahead(_gathered(text())):
            if total >= limit:
                if source.sha256 is None:
                    break
                continue  # read to the end, for the checksum
            ids, ends = number(block)
            ids = ids[: limit - total]
            file.write(ids.data)
            breaks.append(np.minimum(ends, len(ids)) + total)
            total += len(ids)
            advance(position - shown, len(ids) / 1e6)
            shown = position
    breaks.append(np.array([total]))
    return list(number.ids), np.concatenate(breaks), source.sha256 or found.hexdigest()


def _count(raw: Path, types: int) -> Int64[np.ndarray, " types"]:
    """How often each provisional id occurs."""
    counts = np.zeros(types, np.int64)
    with raw.open("rb") as file:
        while len(ids := np.fromfile(file, np.int32, _COPY)):
            counts += np.bincount(ids, minlength=types)
    return counts


def _vocabulary(
    config: CorpusConfig, source: Source, words: list[bytes], counts: Int64[np.ndarray, " types"]
) -> tuple[Vocabulary, Int32[np.ndarray, " types"]]:
    """The vocabulary, and each provisional id's final id, -1 for words that are left out."""
    frequent = np.flatnonzero(counts >= config.min_count).tolist()
    if not frequent:
        raise InputError(
            f"{source.name}: no word occurs {config.min_count} times (most frequent: "
            f"{counts.max()}): lower --min-count or give more text"
        )
    order = sorted(frequent, key=lambda i: (-counts[i], words[i]))[: config.max_vocab]
    unknown = None if config.unknown is None else config.unknown.encode()
    all_known = len(order) == np.count_nonzero(counts)  # what max_words cuts off counts 0
    if unknown is not None and not all_known:
        order = [i for i in order if words[i] != unknown]
        order = order[: None if config.max_vocab is None else config.max_vocab - 1]
    inside = {words[i]: int(counts[i]) for i in order}
    num_words = int(counts.sum())
    if unknown is not None and not all_known:
        inside[unknown] = num_words - sum(inside.values())
    ranked = sorted(inside, key=lambda word: (-inside[word], word))
    ids = {word: number for number, word in enumerate(ranked)}
    final = np.full(len(counts), -1 if unknown is None else ids.get(unknown, -1), np.int32)
    final[order] = [ids[words[i]] for i in order]
    values = np.array([inside[word] for word in ranked], np.int64)
    return Vocabulary(tuple(word.decode() for word in ranked), values, num_words), final


def _renumber(
    raw: Path,
    final: Int32[np.ndarray, " types"],
    breaks: Int64[np.ndarray, " breaks"],
    path: Path,
) -> tuple[Int64[np.ndarray, " documents_1"], int]:
    """Second pass: writes final ids; where documents start among them, and the file's checksum."""
    size = raw.stat().st_size // 4
    starts, kept = [np.zeros(1, np.int64)], 0
    # Written, not memory-mapped: on a full disk a map kills the process.
    with raw.open("rb") as source, path.open("w+b") as target:
        _header(target, 0)
        for offset in range(0, size, _COPY):
            ids = final[np.fromfile(source, np.int32, _COPY)]
            inside = ids >= 0
            before = np.concatenate([[0], np.cumsum(inside)])
            first = np.searchsorted(breaks, offset)
            last = np.searchsorted(breaks, offset + len(ids), "right")
            starts.append(before[breaks[first:last] - offset] + kept)
            target.write(ids[inside].data)
            kept += int(before[-1])
        target.seek(0)
        _header(target, kept)
    return np.unique(np.concatenate(starts)), _checksum(path)


def _header(file: BinaryIO, size: int) -> None:
    header = {"descr": "<i4", "fortran_order": False, "shape": (size,)}
    np.lib.format.write_array_header_1_0(file, header)


def _load(folder: Path, name: str) -> EncodedCorpus | None:
    """The entry in `folder`; None if there is none or it is damaged."""
    try:
        about = json.loads((folder / "about.json").read_text())
        for file, checksum in about["checksums"].items():
            if _checksum(folder / file) != checksum:
                return None
        words = Vocabulary.load(folder / "vocabulary.tsv")
        return EncodedCorpus(
            vocabulary=Vocabulary(words.words, words.counts, about["num_words"]),
            ids=np.load(folder / "ids.npy", mmap_mode="r", allow_pickle=False),
            starts=np.load(folder / "starts.npy", allow_pickle=False),
            sha256=about["sha256"],
            name=name,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _publish(built: Path, folder: Path, aside: Path) -> None:
    """Gives the entry its name; a damaged one goes first, a sound one of another process stays."""
    while True:
        try:
            os.rename(built, folder)
            return
        except OSError:
            if not folder.exists():
                raise
        if _load(folder, "") is not None:
            return
        with suppress(FileNotFoundError):
            os.rename(folder, aside)


def _checksum(path: Path) -> int:
    """CRC-32 of a file."""
    value = 0
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            value = zlib.crc32(block, value)
    return value


def _gathered(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Small blocks joined to about `BLOCK` bytes."""
    some, size = [], 0
    for block in blocks:
        some.append(block)
        size += len(block)
        if size >= BLOCK // 2:
            yield b"".join(some)
            some, size = [], 0
    yield b"".join(some)


def _ahead(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The blocks, each read in another thread while the one before it is used."""
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, blocks, None)
        while (block := coming.result()) is not None:
            coming = reader.submit(next, blocks, None)
            yield block
