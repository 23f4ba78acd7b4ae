"""Cleaning as for text8: lower case, accents folded, digits spelled, everything else one space.

After the Perl script at the end of Matt Mahoney's "About the Test Data" (text8 keeps only a-z and
single spaces), with accents folded to their letter instead of being lost. Newlines survive: they
end documents.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from w2vjax.text.notes import Notes

DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]

_NOT_ASCII = re.compile("[^\0-\x7f]+")
ONLY_LATIN = "the cleaning text8 keeps a-z only. Read the text with --cleaning none"
MIN_WORDS = 20
"""shorter documents of the named data sets are left out"""

_LETTERS = bytes(
    byte if chr(byte) in "abcdefghijklmnopqrstuvwxyz0123456789\n" else ord(" ")
    for byte in bytes(range(256)).lower()
)


def fold(text: str) -> str:
    """Compatibility decomposition (NFKD), combining marks dropped: `é` becomes `e`, `½` `1⁄2`."""
    return _NOT_ASCII.sub(_folded, text)


def clean_line(line: bytes) -> bytes:
    """One document, UTF-8: words of a-z with one space between them."""
    return b" ".join(_spell(_ascii(line)[0]).split())


def clean(blocks: Iterable[bytes], name: str, notes: Notes) -> Iterator[bytes]:
    """Cleans a stream of UTF-8 text cut at white space, as `streams.text` cuts it.

    Between two words of the result is one newline if there was any between them, else one space;
    the result does not depend on where the blocks were cut. That most of the text `name` is lost,
    because it is in another script, is said.
    """
    gap = b""
    kept = lost = 0
    for block in blocks:
        letters, dropped = _ascii(block)
        lines = [b" ".join(line.split()) for line in _spell(letters).split(b"\n")]
        text = b"\n".join(line for line in lines if line)
        kept += len(text)
        lost += dropped
        if not text:
            gap = b"\n" if gap and len(lines) > 1 else gap
            continue
        if gap and not lines[0] and len(lines) > 1:
            gap = b"\n"
        yield gap + text
        gap = b" " if lines[-1] else b"\n"
    if gap:
        yield b"\n"
    if lost > kept:
        notes.add(name, "characters are dropped, more than are kept: " + ONLY_LATIN, lost)


def clean_documents(documents: Iterable[bytes]) -> Iterator[bytes]:
    """Documents cleaned, newline at the end, those under 20 words left out."""
    for document in documents:
        line = clean_line(document)
        if line.count(b" ") >= MIN_WORDS - 1:
            yield line + b"\n"


def _folded(run: re.Match[str]) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", run[0]) if not unicodedata.combining(c))


def _ascii(text: bytes) -> tuple[bytes, int]:
    """The text with accents folded, ? for what is not ASCII, and how many of these there are."""
    if text.isascii():
        return text, 0
    folded = fold(text.decode())
    ascii_text = folded.encode("ascii", "replace")
    return ascii_text, ascii_text.count(b"?") - folded.count("?")


def _spell(text: bytes) -> bytes:
    """Bytes a-z, space and newline only; runs of spaces are left."""
    text = text.translate(_LETTERS)
    for digit, name in enumerate(DIGITS):
        text = text.replace(b"%d" % digit, b" %s " % name.encode())
    return text
