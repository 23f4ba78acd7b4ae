"""What WikiExtractor leaves of an encyclopedia: articles between `<doc …>` and `</doc>`."""

import re
from collections.abc import Iterable, Iterator

from w2vjax.text.streams import lines_of

START = b"<doc "
_PLACE_HOLDER = re.compile(r"\b(?:formula|codice)_\d+")


def articles(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """One article a line, the title's line included.

    The `formula_7` and `codice_7` that the extractor puts for mathematics and code are dropped.
    """
    article: list[bytes] = []
    for line in lines_of(blocks):
        if line.startswith(START) and line.rstrip().endswith(b">"):
            article = []
        elif line.strip() == b"</doc>":
            yield _PLACE_HOLDER.sub(" ", b" ".join(article).decode()).encode() + b"\n"
            article = []
        else:
            article.append(line)
    if b"".join(article).strip():
        yield b" ".join(article) + b"\n"
