"""Files of vectors as they are written: the suffix decides, or is refused before any work.

word2vec text: the line `V D`, then V lines `word x_1 … x_D`. Numbers are written with nine digits,
enough to get every float32 back exactly. word2vec binary: the same first line, then V times `word`,
a space, D little-endian float32 and a newline, as word2vec.c writes (`TrainModel`, its last part).
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from w2vjax import compressed, files
from w2vjax.errors import InputError
from w2vjax.vectors import archives, projector

Vectors = Float[np.ndarray, "v d"]


Write = Callable[[bytes], Any]
"""what takes the next bytes of a file"""

FOREIGN = re.compile(
    r"\.(7z|arrow|bz|csv|db|feather|ftz|gguf|h5|hdf5|html|jsonl?|kv|lz4|lzma|magnitude|mat|model|npy|"
    r"onnx|parquet|pickle|pkl|pth?|rar|sqlite|tar|tbz2|tgz|txz|xlsx|zip)"
)
"""suffixes of formats that are not written"""
WHOLE = (".npz", ".safetensors", ".tsv")
"""suffixes of formats that are never compressed again"""
KNOWN = (
    ".bin (word2vec binary), .txt or .vec (word2vec text), each also with "
    f"{', '.join(compressed.SUFFIXES)}; .npz, .safetensors, .tsv (Embedding Projector)"
)


def check_writable(path: Path) -> None:
    """Raises `InputError` unless vectors can be written there: before the work and not after."""
    for file in (path, projector.metadata(path)) if form(path) == ".tsv" else (path,):
        files.check_writable(file)
    if form(path) == ".safetensors":
        archives.safetensors()


def form(path: Path) -> str:
    """The suffix that decides, in lower case, without that of a compression.

    Raises `InputError` for the suffix of a format that is not written.
    """
    last = path.suffix.lower()
    inner = Path(path.stem).suffix.lower() if last in compressed.SUFFIXES else last
    if FOREIGN.fullmatch(inner) or (inner in WHOLE and inner != last):
        suffix = inner if inner == last else inner + last
        raise InputError(f"cannot write {path}: vectors are not written as {suffix}; take {KNOWN}")
    return inner


def write(path: Path, words: Sequence[str], arrays: archives.Arrays) -> None:
    """Writes the arrays `vectors`, `outputs` and `counts`, or, in most formats, the first alone.

    Raises `InputError` for a word the format cannot hold, a suffix of another format, or a place
    that cannot be written. What was there before stays if anything fails.
    """
    how = form(path)
    unfit = {".npz": "\n", ".safetensors": "\n", ".tsv": "\t\n\r"}.get(how, " \t\n\r\v\f")
    for word in words:
        if not word or re.search(f"[{unfit}]", word):
            kind = "a line break" if how in WHOLE else "white space"
            raise InputError(
                f"cannot write {path}: the word {word!r} is empty or contains {kind}, which this "
                f"format cannot hold{'' if how in WHOLE else '; write .npz'}"
            )
    with files.written(path) as file:
        if how == ".npz":
            archives.write_npz(file, words, arrays)
        elif how == ".safetensors":
            archives.write_safetensors(file, words, arrays)
        elif how == ".tsv":
            with files.written(projector.metadata(path)) as beside:
                beside.write("".join(f"{word}\n" for word in words).encode())
                _write_rows(file.write, None, arrays["vectors"])
        else:
            with compressed.written(file, path) as stream:
                writer = write_binary if how == ".bin" else write_text
                writer(stream.write, words, arrays["vectors"])


def write_text(write: Write, words: Sequence[str], vectors: Vectors) -> None:
    """Writes word2vec text."""
    write(b"%d %d\n" % vectors.shape)
    _write_rows(write, words, vectors)


def write_binary(write: Write, words: Sequence[str], vectors: Vectors) -> None:
    """Writes word2vec binary."""
    write(b"%d %d\n" % vectors.shape)
    rows = np.ascontiguousarray(vectors, dtype="<f4")
    for word, vector in zip(words, rows, strict=True):
        write(b"%b %b\n" % (word.encode(), vector.tobytes()))


def _write_rows(write: Write, words: Sequence[str] | None, vectors: Vectors) -> None:
    """Rows of a word and blanks between the numbers; without words, of numbers and TABs."""
    parted = "\t" if words is None else " "
    number = "%#.9g" if words is None else "%.9g"  # always with a point: no words
    row = parted.join([number] * vectors.shape[1]) + "\n"
    for start in range(0, len(vectors), 1024):
        block = vectors[start : start + 1024].tolist()
        lines = [row % tuple(vector) for vector in block]
        if words is not None:
            named = zip(words[start : start + 1024], lines, strict=True)
            lines = [f"{word} {line}" for word, line in named]
        write("".join(lines).encode())
