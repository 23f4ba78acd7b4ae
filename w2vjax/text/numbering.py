"""A text as numbers in files: read once, words numbered as they are seen, then by frequency."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import numpy as np
from jaxtyping import Int32, Int64

from w2vjax.config.schema import CorpusConfig
from w2vjax.progress import track
from w2vjax.text.corpus import Source
from w2vjax.text.notes import Notes
from w2vjax.text.phrases import Numbered
from w2vjax.text.streams import gathered
from w2vjax.text.tokens import WordIds
from w2vjax.text.vocab import Vocabulary

COPY = 1 << 20
"""ids copied at a time"""


def number(
    config: CorpusConfig, source: Source, raw: Path, notes: Notes, progress: bool
) -> tuple[Numbered, str]:
    """First pass: writes provisional ids to `raw`; gives words, document ends and checksum."""
    number_words, found = WordIds(), hashlib.sha256()
    breaks, total = [np.zeros(1, np.int64)], 0
    limit = config.max_words or np.iinfo(np.int64).max
    position = 0

    def moved(size: int) -> None:
        nonlocal position
        position += size

    def text() -> Iterator[bytes]:
        for block in source.blocks(moved, notes):
            if source.sha256 is None:
                found.update(block)
            yield block

    with (
        raw.open("wb") as file,
        track(f"reading {source.name}", source.size, "M words", progress) as advance,
    ):
        shown = 0
        blocks = gathered(text())
        for block in _ahead(blocks) if source.in_thread else blocks:
            if total >= limit:
                if source.sha256 is None:
                    break
                continue  # read to the end, for the checksum
            ids, ends = number_words(block)
            ids = ids[: limit - total]
            file.write(ids.data)
            breaks.append(np.minimum(ends, len(ids)) + total)
            total += len(ids)
            advance(position - shown, len(ids) / 1e6)
            shown = position
    breaks.append(np.array([total]))
    text_read = Numbered(list(number_words.ids), np.concatenate(breaks))
    return text_read, source.sha256 or found.hexdigest()


def count(raw: Path, types: int) -> Int64[np.ndarray, " types"]:
    """How often each provisional id occurs."""
    counts = np.zeros(types, np.int64)
    with raw.open("rb") as file:
        while len(ids := np.fromfile(file, np.int32, COPY)):
            counts += np.bincount(ids, minlength=types)
    return counts


def vocabulary_of(
    config: CorpusConfig, words: list[bytes], counts: Int64[np.ndarray, " types"]
) -> tuple[Vocabulary, Int32[np.ndarray, " types"]]:
    """The vocabulary, and each provisional id's final id, -1 for words that are left out."""
    frequent = np.flatnonzero(counts >= config.min_count).tolist()
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


def renumber(
    raw: Path,
    final: Int32[np.ndarray, " types"],
    breaks: Int64[np.ndarray, " breaks"],
    path: Path,
) -> Int64[np.ndarray, " documents_1"]:
    """Second pass: writes final ids; where documents start among them."""
    size = raw.stat().st_size // 4
    starts, kept = [np.zeros(1, np.int64)], 0
    # Written, not memory-mapped: on a full disk a map kills the process.
    with raw.open("rb") as source, path.open("w+b") as target:
        _header(target, 0)
        for offset in range(0, size, COPY):
            ids = final[np.fromfile(source, np.int32, COPY)]
            inside = ids >= 0
            before = np.concatenate([[0], np.cumsum(inside)])
            first = np.searchsorted(breaks, offset)
            last = np.searchsorted(breaks, offset + len(ids), "right")
            starts.append(before[breaks[first:last] - offset] + kept)
            target.write(ids[inside].data)
            kept += int(before[-1])
        target.seek(0)
        _header(target, kept)
    return np.unique(np.concatenate(starts))


def _header(file: BinaryIO, size: int) -> None:
    header = {"descr": "<i4", "fortran_order": False, "shape": (size,)}
    np.lib.format.write_array_header_1_0(file, header)


def _ahead(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The blocks, each read in another thread while the one before it is used."""
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, blocks, None)
        while (block := coming.result()) is not None:
            coming = reader.submit(next, blocks, None)
            yield block
