"""Vectors in every form that they are found in, and what they are packed in."""

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable, Sequence

import numpy as np
from safetensors.numpy import save

from w2vjax.compressed import zstd

WORDS = ("the", "köln", "東京", "C++", "100", "-", "nan")
"""some that look like numbers"""
Rows = Sequence[tuple[str | bytes, Sequence[float]]]


def rows(dim: int = 3, words: Sequence[str] = WORDS) -> Rows:
    values = np.random.default_rng(0).standard_normal((len(words), dim)).round(3)
    return list(zip(words, values.astype(np.float32).tolist(), strict=True))


def _raw(word: str | bytes) -> bytes:
    return word if isinstance(word, bytes) else word.encode()


def text(rows: Rows, header: bool = True, blank: bytes = b" ", end: bytes = b"\n") -> bytes:
    lines = [blank.join([_raw(word), *(b"%.9g" % x for x in xs)]) for word, xs in rows]
    first = [b"%d %d" % (len(rows), len(rows[0][1]))] if header else []
    return b"".join(line + end for line in [*first, *lines])


def binary(rows: Rows, end: bytes = b"\n") -> bytes:
    body = [_raw(word) + b" " + np.array(xs, "<f4").tobytes() + end for word, xs in rows]
    return b"%d %d\n" % (len(rows), len(rows[0][1])) + b"".join(body)


def _arrays(rows: Rows) -> dict[str, np.ndarray]:
    words = b"\n".join(_raw(word) for word, _ in rows)
    vectors = np.array([xs for _, xs in rows], np.float32)
    return {"words": np.frombuffer(words, np.uint8), "vectors": vectors}


def npz(rows: Rows) -> bytes:
    file = io.BytesIO()
    np.savez(file, **_arrays(rows))
    return file.getvalue()


def safetensors(rows: Rows) -> bytes:
    return save(_arrays(rows))


FORMS: dict[str, Callable[[Rows], bytes]] = {
    "word2vec text": text,
    "GloVe": lambda rows: text(rows, header=False),
    "TABs": lambda rows: text(rows, blank=b"\t"),
    "blanks before line ends, as word2vec.c": lambda rows: text(rows, end=b" \n"),
    "several blanks": lambda rows: text(rows, blank=b"  "),
    "CR LF": lambda rows: text(rows, end=b"\r\n"),
    "CR": lambda rows: text(rows, end=b"\r"),
    "no line end at the end": lambda rows: text(rows)[:-1],
    "empty lines": lambda rows: text(rows, end=b"\n\n"),
    "byte-order mark": lambda rows: b"\xef\xbb\xbf" + text(rows),
    "byte-order mark, GloVe": lambda rows: b"\xef\xbb\xbf" + text(rows, header=False),
    "UTF-16": lambda rows: text(rows).decode().encode("utf-16"),
    "UTF-16 with the high byte first": lambda rows: (
        b"\xfe\xff" + text(rows).decode().encode("utf-16-be")
    ),
    "decimal commas": lambda rows: text(rows).replace(b".", b","),
    "binary, as word2vec.c": binary,
    "binary, as gensim": lambda rows: binary(rows, end=b""),
    "npz": npz,
    "safetensors": safetensors,
}
TEXT_FORMS = [name for name in FORMS if name[:3] not in ("bin", "npz", "saf")]


def zipped(data: bytes, *names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names or ("vectors.txt",):
            archive.writestr(name, data)
    return file.getvalue()


CONTAINERS: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda data: data,
    "gzip": gzip.compress,
    "bzip2": lambda data: bz2.compress(data, 1),
    "xz": lambda data: lzma.compress(data, preset=0),
    "Zstandard": zstd.compress,
    "gzip twice": lambda data: gzip.compress(gzip.compress(data)),
    "zip": zipped,
    "zip in gzip": lambda data: gzip.compress(zipped(data)),
}
