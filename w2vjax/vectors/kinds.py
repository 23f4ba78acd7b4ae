"""What a file is by its first bytes, and what to do with one that holds no vectors to read.

The signatures are those of the formats' own descriptions: zip, gzip & Co. (RFC 1952), HDF5, Apache
Parquet and Arrow, SQLite, NumPy's npy, Python's pickle, fastText's `Model` (its magic number
793712314), Git LFS pointers, safetensors (eight bytes of length, then JSON).
"""

import re
from pathlib import Path
from typing import Literal

from w2vjax.errors import InputError
from w2vjax.vectors.shape import Shape, header_of, shape_of

Kind = Literal["zip", "safetensors", "binary"]

_AGAIN = "download it again"
_UNPACK = "unpack it, and give the file of vectors that is in it"
SAVE_TEXT = "save words and vectors as word2vec's text or binary, or as npz, there"
_SIGNED: tuple[tuple[bytes, str, str], ...] = (
    (rb"\xba\x16\x4f\x2f", "a model of fastText", "give the .vec that fastText writes beside it"),
    (
        rb"\x80[\x02-\x05].*(torch|\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19)",
        "a model of PyTorch, a Python pickle, which may run any program and is not opened",
        SAVE_TEXT,
    ),
    (
        rb"\x80[\x02-\x05]|\([ldi]p\d+\n|[\]}]q\x00|c(copy_?reg|__builtin__|numpy|gensim)[\w.]*\n",
        "a Python pickle, as gensim's own save() writes it, which may run any program and is not "
        "opened",
        "load it in gensim, and model.wv.save_word2vec_format('vectors.bin', binary=True)",
    ),
    (
        rb"\x93NUMPY",
        "NumPy's npy: a matrix without words",
        "w2vjax.Embeddings(words, numpy.load(FILE)).save('vectors.npz') puts words to it",
    ),
    (rb"\x89HDF\r\n\x1a\n", "HDF5", SAVE_TEXT),
    (rb"PAR1[^ \t]", "a Parquet table", SAVE_TEXT),
    (rb"ARROW1\x00|FEA1[^ \t]", "an Arrow table", SAVE_TEXT),
    (rb"SQLite format 3\x00", "an SQLite database, as Magnitude writes it", SAVE_TEXT),
    (rb"GGUF[\x00-\x09]|.{4}TFL3", "a neural network, not vectors of words", SAVE_TEXT),
    (rb".{257}ustar", "a tar archive", _UNPACK),
    (rb"7z\xbc\xaf\x27\x1c|Rar!\x1a|\x04\x22\x4d\x18|\x1f[\x9d\xa0]", "a packed archive", _UNPACK),
    (rb"%PDF-|\x89PNG|\xff\xd8\xff|GIF8", "a document or picture", "give a file of vectors"),
    (rb"\x7fELF|MZ\x90", "a program", "give a file of vectors"),
)
_TEXTS: tuple[tuple[bytes, str, str], ...] = (
    (
        rb"version https://git-lfs|[./]*(.git/)?annex/objects|/annex/objects",
        "a pointer of git-lfs or git-annex, not the file",
        "`git lfs pull` (git annex get) brings the file",
    ),
    (
        rb"\s*<((?i:!doctype|html|head|\?xml|script))",
        "a page of HTML or XML, not vectors: a download that went wrong",
        _AGAIN,
    ),
)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")


def recognised(path: Path, head: bytes) -> Kind | Shape:
    """What kind of file starts so: text by its shape, or one of the binary kinds.

    Raises `InputError`, naming what it is and what to do, for a file that holds no vectors.
    """
    if not head.strip():
        raise InputError(f"{path} is empty: {_AGAIN}, or write it again")
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 100_000_000:
        return "safetensors"
    _check(path, head, _SIGNED)
    lines = head.split(b"\n")
    if shape := shape_of(lines if len(lines) < 3 else lines[:-1]):
        return shape
    if header := header_of(lines[0]):
        body = head[len(lines[0]) + 1 :]
        if _is_binary(body) or _fills(body, *header):
            return "binary"
    _check(path, head, _TEXTS)
    raise InputError(f"{path} {_unlike(head)}")


def _check(path: Path, head: bytes, signatures: tuple[tuple[bytes, str, str], ...]) -> None:
    for first, what, do in signatures:
        if re.match(first, head, re.DOTALL):
            raise InputError(f"{path} is {what}: {do}")


def _is_binary(head: bytes) -> bool:
    """Whether it is no text in UTF-8."""
    try:
        head[:-4].decode()  # a letter may be cut at the end
    except UnicodeDecodeError:
        return True
    return bool(_CONTROL.search(head))


def _fills(body: bytes, num_words: int, dim: int) -> bool:
    """Whether so many binary rows, whose bytes happen to be letters, end where the file does."""
    end = 0
    for _ in range(min(num_words, len(body))):
        start = body.find(b" ", end) + 1
        if not start:
            return False
        end = start + 4 * dim
    return end > 0 and 0 <= len(body) - end <= 1


def _unlike(head: bytes) -> str:
    """What to tell of a file of no kind that is known."""
    line = head.split(b"\n")[0]
    starts = f"it starts with {line.strip()[:40].decode(errors='replace')!r}"
    if head[:2000:2].count(0) > 400 or head[1:2000:2].count(0) > 400:
        return "is UTF-16 without its byte-order mark: save it as UTF-8"
    if _is_binary(head):
        return f"is binary, of no kind that is known here: {starts}, not with 'words dimensions'"
    if header_of(line):
        return f"holds no vectors: {starts}, and no rows of a word and its numbers follow"
    if head.lstrip()[:1] in (b"{", b"["):
        return f"is JSON, not vectors: {starts}; give rows of a word and its numbers"
    if re.search(rb"\S[,;]-?\d", head[:4000]):
        return f"has commas or semicolons between numbers: {starts}; put blanks there"
    return f"is text, not vectors: {starts}; rows of a word and its numbers are needed"
