"""Cleaning as for text8: lower case, accents folded, digits spelled, everything else one space.

After the Perl script at the end of Matt Mahoney's "About the Test Data" (text8 keeps only a-z and
single spaces), with accents folded to their letter instead of being lost. Newlines survive: they
end documents.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]

_NOT_ASCII = re.compile("[^\0-\x7f]+")
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
    return b" ".join(_spell(line).split())


def clean(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Cleans a stream of UTF-8 text cut at white space, as `corpus.whole_words` cuts it.

    Between two words of the result is one newline if there was any between them, else one space;
    the result does not depend on where the blocks were cut.
    """
    gap = b""
    for block in blocks:
        lines = [b" ".join(line.split()) for line in _spell(block).split(b"\n")]
        text = b"\n".join(line for line in lines if line)
        if not text:
            gap = b"\n" if gap and len(lines) > 1 else gap
            continue
        if gap and not lines[0] and len(lines) > 1:
            gap = b"\n"
        yield gap + text
        gap = b" " if lines[-1] else b"\n"
    if gap:
        yield b"\n"


def clean_documents(documents: Iterable[bytes]) -> Iterator[bytes]:
    """Documents cleaned, newline at the end, those under 20 words left out."""
    for document in documents:
        line = clean_line(document)
        if line.count(b" ") >= MIN_WORDS - 1:
            yield line + b"\n"


def _folded(run: re.Match[str]) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", run[0]) if not unicodedata.combining(c))


def _spell(text: bytes) -> bytes:
    """Bytes a-z, space and newline only; runs of spaces are left."""
    if not text.isascii():
        text = fold(text.decode()).encode("ascii", "replace")
    text = text.translate(_LETTERS)
    for digit, name in enumerate(DIGITS):
        text = text.replace(b"%d" % digit, b" %s " % name.encode())
    return text
