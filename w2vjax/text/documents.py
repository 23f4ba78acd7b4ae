"""Documents that a program holds, strings or lists of tokens, as lines of text."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from w2vjax.errors import InputError
from w2vjax.text.notes import Notes

MISSING = "documents without text are left out"
EMPTY = "empty tokens are left out"


def check(documents: Any) -> None:
    """Raises `InputError` for what is no collection of documents, with what to give instead."""
    kind = type(documents).__name__
    cure = None
    if isinstance(documents, str | bytes | bytearray):
        cure = "a list of documents, [text] or text.splitlines() (of a file: encode(config))"
    elif isinstance(documents, Path):
        cure = f"encode(CorpusConfig({str(documents)!r})), which reads files"
    elif isinstance(documents, Mapping):
        cure = "its values: documents.values()"
    elif hasattr(documents, "columns") or hasattr(documents, "column_names"):
        cure = "one of its columns: documents['text']"
    elif not isinstance(documents, Iterable):
        cure = "strings or lists of tokens, in any iterable"
    if cure:
        raise InputError(f"the documents are of type {kind}: give {cure}")


def lines(documents: Iterable[Any], name: str, replace: bool, notes: Notes) -> Iterator[bytes]:
    """A line a document, one space between words, in UTF-8; newlines within are white space.

    A document is a string or a list, tuple or array of tokens; None and NaN are left out and
    counted. Raises `InputError`, with the document's number from 0, for anything else, for a token
    with white space in it and for characters that are none (unless they are to be replaced).
    """
    for number, document in enumerate(documents):
        if isinstance(document, str):
            words = document.split()
        elif _is_missing(document):
            notes.add(name, MISSING, 1)
            continue
        elif isinstance(document, list | tuple) or getattr(document, "ndim", 0) == 1:
            words, left_out = _tokens(document, f"{name}: document {number:,}")
            if left_out:
                notes.add(name, EMPTY, left_out)
        else:
            raise InputError(
                f"{name}: document {number:,} is of type {type(document).__name__}: give strings "
                "or lists of tokens"
            )
        line = " ".join(words)
        try:
            yield line.encode() + b"\n"
        except UnicodeEncodeError as error:
            if not replace:
                raise InputError(
                    f"{name}: document {number:,} has half a character, {line[error.start]!r}: "
                    "drop it, or read with errors='replace'"
                ) from None
            yield line.encode(errors="replace") + b"\n"


def _tokens(document: Any, where: str) -> tuple[list[str], int]:
    """The tokens, and how many of them were empty."""
    tokens = list(document)
    for token in tokens:
        if not isinstance(token, str):
            raise InputError(
                f"{where} holds {token!r}, of type {type(token).__name__}: tokens are strings, "
                "[str(token) for token in document]"
            )
    words = " ".join(tokens).split()
    whole = [token for token in tokens if token]
    if len(words) != len(whole) or words != whole:
        spaced = next(token for token in whole if token.split() != [token])
        raise InputError(
            f"{where} holds the token {spaced!r}, with white space: a word has none, "
            "token.replace(' ', '_') say"
        )
    return words, len(tokens) - len(whole)


def _is_missing(document: Any) -> bool:
    """None, NaN (which is not equal to itself), or what pandas has for them."""
    if document is None or type(document).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(document, float) and document != document
