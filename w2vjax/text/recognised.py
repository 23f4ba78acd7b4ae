"""What a file is, by its first bytes: what is no text is refused under its own name."""

import codecs
import re
import unicodedata

from w2vjax.errors import InputError

_UNPACK = "unpack it first"
_CONVERT = "save its text as UTF-8 first"
_TABLE = "save it as Parquet or as JSON lines first"
_NOT_TEXT = "give a text"

STARTS: dict[bytes, tuple[str, str]] = {
    b"%PDF-": ("a PDF", "extract its text first: pdftotext FILE"),
    b"%!PS": ("PostScript", "extract its text first: ps2ascii FILE"),
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": ("an old Office document", _CONVERT),
    b"{\\rtf": ("rich text (RTF)", _CONVERT),
    b"7z\xbc\xaf\x27\x1c": ("a 7-Zip archive", _UNPACK),
    b"Rar!\x1a\x07": ("a RAR archive", _UNPACK),
    b"\x1f\x9d": ("compressed by `compress`", _UNPACK),
    b"\x1f\xa0": ("compressed by `compress -H`", _UNPACK),
    b"\x04\x22\x4d\x18": ("compressed by LZ4", "unpack it first: lz4 -d FILE"),
    b"LZIP\x01": ("compressed by lzip", _UNPACK),
    b"\xff\x06\0\0sNaPpY": ("compressed by Snappy", _UNPACK),
    b"version https://git-lfs": ("a pointer of git-lfs, not the file", "get it: git lfs pull"),
    b"ARROW1": ("an Arrow file", _TABLE),
    b"FEA1": ("a Feather file", _TABLE),
    b"Obj\x01": ("an Avro file", _TABLE),
    b"ORC": ("an ORC file", _TABLE),
    b"SQLite format 3\0": ("an SQLite database", _TABLE),
    b"\x89HDF": ("an HDF5 file", _TABLE),
    b"\x93NUMPY": ("a NumPy array", _NOT_TEXT),
    b"\xba\x16\x4f\x2f": ("a model of fastText", "give the text that it was trained on"),
    b"GGUF": ("a model (GGUF)", _NOT_TEXT),
    b"\x7fELF": ("a program", _NOT_TEXT),
    b"\xca\xfe\xba\xbe": ("a program", _NOT_TEXT),
    b"\xcf\xfa\xed\xfe": ("a program", _NOT_TEXT),
    b"\xce\xfa\xed\xfe": ("a program", _NOT_TEXT),
    b"\x89PNG": ("a picture", _NOT_TEXT),
    b"\xff\xd8\xff": ("a picture", _NOT_TEXT),
    b"GIF8": ("a picture", _NOT_TEXT),
    b"II*\0": ("a picture", _NOT_TEXT),
    b"ID3": ("sound", _NOT_TEXT),
    b"OggS": ("sound", _NOT_TEXT),
    b"fLaC": ("sound", _NOT_TEXT),
    b"-- MySQL dump": ("a dump of a database", _TABLE),
    b"-- PostgreSQL database dump": ("a dump of a database", _TABLE),
}
"""what files start with, what they are, and what to do"""
_TEXTUAL = (b"ORC", b"ID3", b"GIF8", b"FEA1", b"GGUF", b"ARROW1", b"%!PS", b"OggS", b"fLaC")
"""of them those that a text may start with: binary only if more of it is"""

_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_WIDE = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
_CONTROLS = bytes({*range(32), 127} - {*b"\t\n\v\f\r\x1b"})
_BEFORE_MARKUP = rb"(?:\s|<\?xml[^>]*>|<!--.*?-->|<!doctype\s[^>]*>)*"
_MARKUP = re.compile(_BEFORE_MARKUP + rb"<(\w+)", re.IGNORECASE | re.DOTALL)
_NUMBER = re.compile(rb"[-+]?\d*\.\d+(?:e[-+]?\d+)?", re.I)

MOST_REPLACED = 0.3
"""share of characters that are not UTF-8 from which on no text is read"""


def encoding_of(head: bytes) -> str:
    """`utf-8`, or the UTF-16 or UTF-32 that a text with these first bytes is written in.

    By the byte-order mark; without one by the zeros of its letters.
    """
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    if 0 not in head or (_decoded(head, "utf-8") is not None and not _is_binary(head)):
        return "utf-8"
    shares = {encoding: _ascii_share(head, encoding) for encoding in _WIDE}
    best = max(shares, key=shares.__getitem__)
    return best if shares[best] > 0 else "utf-8"


def refuse(head: bytes, name: str) -> None:
    """Raises `InputError` for what is no text, naming what it is and what to do.

    `head` are the first bytes, some thousand if there are as many.
    """
    for start, (what, cure) in STARTS.items():
        if head.startswith(start) and (start not in _TEXTUAL or _is_binary(head)):
            raise InputError(f"{name} is {what}, not text: {cure}")
    if head[:1] == b"\x80" and head[1:2] in b"\x02\x03\x04\x05" and len(head) > 1:
        raise InputError(f"{name} is a pickle of Python, which is not opened: {_NOT_TEXT}")
    encoding = encoding_of(head)
    text = head.decode(encoding, "replace").encode() if encoding != "utf-8" else head
    _refuse_markup(text.removeprefix(codecs.BOM_UTF8), name)
    if encoding != "utf-8":
        return
    if _is_binary(head):
        raise InputError(f"{name} is binary, not text: {_NOT_TEXT}")
    if not head.isascii():
        decoded = head.decode(errors="replace")
        share = (decoded.count("\ufffd") - head.count("\ufffd".encode())) / len(decoded)
        if share > MOST_REPLACED:
            raise InputError(
                f"{name} is not UTF-8: {share:.0%} of its first characters cannot be read. Convert "
                "it from its encoding: iconv -f GB18030 -t UTF-8 FILE, say"
            )
    if _is_vectors(head):
        raise InputError(f"{name} holds word vectors, not text: w2vjax eval scores them")


def refuse_members(members: list[str], name: str) -> None:
    """Raises `InputError` for a zip archive that is a document or a model."""
    names = set(members)
    parts = {
        "[Content_Types].xml": ("an Office document", _CONVERT),
        "META-INF/container.xml": ("an e-book (EPUB)", _CONVERT),
        "META-INF/MANIFEST.MF": ("a program (Java)", _NOT_TEXT),
        "content.xml": ("an OpenDocument file", _CONVERT),
    }
    for part, (what, cure) in parts.items():
        if part in names and (part != "content.xml" or "mimetype" in names):
            raise InputError(f"{name} is {what}, not text: {cure}")
    if names and all(member.endswith(".npy") for member in names):
        raise InputError(f"{name} holds NumPy arrays, not text: {_NOT_TEXT}")
    if any(member.endswith("/data.pkl") for member in names):
        raise InputError(f"{name} is a model of PyTorch, not text: {_NOT_TEXT}")


def _refuse_markup(head: bytes, name: str) -> None:
    found = _MARKUP.match(head)
    tag = found[1].lower() if found else b""
    if tag == b"mediawiki":
        raise InputError(
            f"{name} is a dump of MediaWiki, whose markup is no text. Extract that first, by "
            "WikiExtractor, or: pip install gensim; python -m gensim.scripts.segment_wiki -f "
            f"{name} -o text.json.gz; then read text.json.gz with --column section_texts"
        )
    if tag in (b"html", b"head", b"body"):
        raise InputError(f"{name} is a web page (HTML), not text: {_CONVERT}, or get the file anew")
    if tag and head.lstrip().startswith(b"<?xml"):
        raise InputError(f"{name} is XML: its tags would be taken for words: {_CONVERT}")


def _is_binary(head: bytes) -> bool:
    """More than one byte of a hundred is a control character that no text has."""
    return len(head) - len(head.translate(None, _CONTROLS)) > len(head) / 100


def _is_vectors(head: bytes) -> bool:
    """Lines of a word and ten numbers or more, after a line of two numbers or none."""
    rows = [line.split() for line in head.split(b"\n")[:-1][:4]]
    if len(rows) > 1 and len(rows[0]) == 2 and all(field.isdigit() for field in rows[0]):
        rows = rows[1:]
    return bool(rows) and all(
        len(row) > 10 and all(_NUMBER.fullmatch(field) for field in row[1:]) for row in rows
    )


def _decoded(head: bytes, encoding: str) -> str | None:
    """The head's characters, one that is cut off at its end left out; None if it is not so."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return None


def _ascii_share(head: bytes, encoding: str) -> float:
    """Share of ASCII in the head if it is text in this encoding, with white space; else 0."""
    text = _decoded(head, encoding)
    if not text or _WHITE.isdisjoint(text):
        return 0.0
    if any(unicodedata.category(c) in ("Cc", "Cn", "Co") for c in set(text) - _WHITE):
        return 0.0
    return sum(c.isascii() for c in text) / len(text)


_WHITE = set(" \t\n\v\f\r\x1b")
