"""Word vectors on disk: word2vec's text and binary formats, and npz without pickle.

word2vec text: the line `V D`, then V lines `word x_1 … x_D`. Numbers are written with nine digits,
enough to get every float32 back exactly. word2vec binary: the same header line, then V times
`word`, a space, D little-endian float32 and, in word2vec.c's files but not in gensim's, a newline;
the reader takes both (word2vec.c, `TrainModel`, its last part).
"""

import mmap
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32

from w2vjax import files
from w2vjax.errors import InputError

Table = tuple[tuple[str, ...], Float32[np.ndarray, "v d"]]
"""Words and their vectors, row by row."""


def write_text(path: Path, words: Sequence[str], vectors: Float[np.ndarray, "v d"]) -> None:
    """Writes word2vec text. Raises `InputError` for a word the format cannot hold."""
    _writable(path, words)
    num_words, dim = vectors.shape
    row = "%s " + " ".join(["%.9g"] * dim) + "\n"
    with files.written(path) as file:
        file.write(f"{num_words} {dim}\n".encode())
        for start in range(0, num_words, 1024):
            block = zip(words[start : start + 1024], vectors[start : start + 1024], strict=True)
            file.write("".join(row % (word, *vector.tolist()) for word, vector in block).encode())


def write_binary(path: Path, words: Sequence[str], vectors: Float[np.ndarray, "v d"]) -> None:
    """Writes word2vec binary. Raises `InputError` for a word the format cannot hold."""
    _writable(path, words)
    rows = np.ascontiguousarray(vectors, dtype="<f4")
    with files.written(path) as file:
        file.write(f"{rows.shape[0]} {rows.shape[1]}\n".encode())
        file.writelines(
            b"%b %b\n" % (word.encode(), vector.tobytes())
            for word, vector in zip(words, rows, strict=True)
        )


def write_npz(path: Path, words: Sequence[str], arrays: dict[str, np.ndarray]) -> None:
    """Writes the arrays by name, and `words` as UTF-8 bytes, one word a line."""
    if any(not word or "\n" in word for word in words):
        raise InputError(f"cannot write {path}: a word is empty or contains a line break")
    text = np.frombuffer("\n".join(words).encode(), np.uint8)
    with files.written(path) as file:
        np.savez(file, words=text, **arrays)  # type: ignore[arg-type]  # numpy's stub: allow_pickle


def read_text(path: Path) -> Table:
    """Reads word2vec text.

    Raises `InputError`, with the line, for a wrong header, a row of another length or with
    something that is not a number, too few or too many rows, NaN, or a word that comes twice.
    """
    with files.opened(path) as file, warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)  # numpy's sign of an unparsed rest
        num_words, dim = _header(path, file.readline(), bytes_per_number=2)
        vectors = np.empty((num_words, dim), np.float32)
        words: list[str] = []
        for number, line in enumerate(file, start=2):
            if not line.strip():
                continue
            if len(words) == num_words:
                raise InputError(f"{path} line {number}: more rows than the {num_words} promised")
            word, _, numbers = line.rstrip().partition(b" ")
            try:
                vector = np.fromstring(numbers, np.float32, sep=" ")
            except (ValueError, DeprecationWarning):
                raise InputError(
                    f"{path} line {number}: the word must be followed by numbers alone"
                ) from None
            if len(vector) != dim:
                raise InputError(
                    f"{path} line {number}: {len(vector)} numbers, the header says {dim}"
                )
            vectors[len(words)] = vector
            words.append(_decode(path, word, f"line {number}"))
    _complete(path, len(words), num_words)
    _sound(path, words, vectors)
    return tuple(words), vectors


def read_binary(path: Path) -> Table:
    """Reads word2vec binary as word2vec.c, gensim and `write_binary` write it.

    Raises `InputError` for a wrong header, a file too short or too long for it, words that are not
    UTF-8, NaN, or a word that comes twice.
    """
    with files.opened(path) as file:
        num_words, dim = _header(path, file.readline(), bytes_per_number=4)
        vectors = np.empty((num_words, dim), "<f4")
        words: list[str] = []
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            position, size = file.tell(), 4 * dim
            for row in range(num_words):
                space = data.find(b" ", position)
                if space < 0 or space + 1 + size > len(data):
                    _complete(path, row, num_words)
                words.append(_decode(path, data[position:space].lstrip(b"\n"), f"row {row + 1}"))
                position = space + 1 + size
                vectors[row] = np.frombuffer(data[space + 1 : position], "<f4")
            if data[position:].strip(b"\n"):
                raise InputError(f"{path}: more bytes than {num_words} rows of {dim} numbers take")
    _sound(path, words, vectors)
    return tuple(words), vectors.astype(np.float32, copy=False)


def read_npz(path: Path, required: Iterable[str]) -> tuple[tuple[str, ...], dict[str, np.ndarray]]:
    """Reads what `write_npz` wrote: the words and the other arrays by name.

    Raises `InputError` for a file that is no npz, is damaged, holds pickled objects, or lacks
    `words` or one of the `required` arrays.
    """
    with files.opened(path) as file:
        try:
            with np.load(file, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
        except Exception as error:  # damage shows anywhere in zipfile, zlib and numpy
            raise InputError(f"{path} is not a sound npz file: {error}") from None
    missing = {"words", *required} - set(arrays)
    if missing:
        raise InputError(f"{path} lacks {', '.join(sorted(missing))}: it holds {sorted(arrays)}")
    text = arrays.pop("words")
    if text.dtype != np.uint8:
        raise InputError(f"{path}: words must be UTF-8 bytes, one word a line, not {text.dtype}")
    return tuple(_decode(path, text.tobytes(), "words").split("\n")), arrays


def _header(path: Path, line: bytes, bytes_per_number: int) -> tuple[int, int]:
    size = path.stat().st_size
    if not size:
        raise InputError(f"{path} is empty: it must start with the line 'words dimensions'")
    try:
        num_words, dim = (int(item) for item in line.split())
    except ValueError:
        num_words = dim = 0
    if num_words < 1 or dim < 1:
        shown = line[:40].decode(errors="replace").rstrip()
        raise InputError(f"{path} starts with {shown!r}: it must start with 'words dimensions'")
    # before memory is asked for: a row takes at least a letter, a space and its numbers
    if num_words * (bytes_per_number * dim + 1) > size:
        raise InputError(
            f"{path} is cut short: {size} bytes cannot hold the {num_words} words of {dim} "
            "dimensions its first line promises"
        )
    return num_words, dim


def _complete(path: Path, found: int, promised: int) -> None:
    if found < promised:
        raise InputError(f"{path} is cut short: {found} rows of the {promised} promised")


def _sound(path: Path, words: Sequence[str], vectors: Float[np.ndarray, "v d"]) -> None:
    seen: set[str] = set()
    for row, word in enumerate(words, start=1):
        if word in seen or not word:
            raise InputError(f"{path} row {row}: the word {word!r} is empty or comes twice")
        seen.add(word)
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        raise InputError(f"{path} row {row + 1}: the vector of {words[row]!r} is not finite")


def _decode(path: Path, raw: bytes, place: str) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{path} {place} is not UTF-8: {error.reason}; is it damaged?") from None


def _writable(path: Path, words: Sequence[str]) -> None:
    for word in words:
        raw = word.encode()
        if raw.split() != [raw]:
            raise InputError(
                f"cannot write {path}: the word {word!r} is empty or contains white space, which "
                "word2vec's formats cannot hold; write .npz"
            )
