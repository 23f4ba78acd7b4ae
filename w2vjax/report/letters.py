"""Names as figures show them, whatever letters they are made of."""

import re
import warnings
from functools import cache
from typing import Any

import matplotlib
from matplotlib.font_manager import fontManager
from matplotlib.ft2font import FT2Font

from w2vjax.report.cells import NO_SAMPLER

OWN = "DejaVu Sans"
"""comes with matplotlib"""
OTHER_LETTERS = (
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "Source Han Sans", "PingFang SC"),
    *("Microsoft YaHei", "Hiragino Sans", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "IPAGothic"),
    *("Droid Sans Fallback", "Noto Sans Arabic", "Noto Naskh Arabic", "Noto Sans Hebrew"),
    *("Noto Sans Devanagari", "Noto Sans Thai", "Noto Sans", "Arial Unicode MS", OWN),
)
"""fonts of letters that the usual ones lack, in the order of asking"""
LAST_OF_FORMULAS = 0x590
"""formulas cannot be set in the scripts from here on (Hebrew, Arabic, … CJK)"""
PUNCTUATION = range(0x2000, 0x2300)


def shown(name: Any) -> str:
    """A cell, layer or sampler as figures show it: `unigram^0.75` with the power as an exponent.

    Fonts that its letters need join those in use (`font.family`). A letter that no font here has is
    shown by its code (U+65E5), and told of in a warning.
    """
    text = str(name)
    if text.startswith(NO_SAMPLER):
        text = "no sampler" + text.removeprefix(NO_SAMPLER)
    text = _legible(text).replace("$", r"\$")
    if all(ord(letter) < LAST_OF_FORMULAS or ord(letter) in PUNCTUATION for letter in text):
        text = re.sub(r"\^(-?[\d.]*\d|a\b)", r"$^{\1}$", text)
    return text


def family(wanted: tuple[str, ...]) -> str:
    """The first of these fonts that is installed, or else matplotlib's own."""
    return next((name for name in wanted if name in _installed()), OWN)


@cache
def _installed() -> frozenset[str]:
    return frozenset(font.name for font in fontManager.ttflist)


def _legible(text: str) -> str:
    """The text, with the codes of letters that no font has; fonts of the others join."""
    if text.isascii():
        return text
    used: list[str] = list(matplotlib.rcParams["font.family"])
    lacking = set(map(ord, text)).difference(*map(_letters, used))
    for name in OTHER_LETTERS:
        if lacking and name in _installed() and lacking & _letters(name):
            used.append(name)
            lacking -= _letters(name)
    matplotlib.rcParams["font.family"] = used
    if lacking:
        warnings.warn(
            f"no font here has the letters {''.join(map(chr, sorted(lacking)))!r}: figures show "
            "their codes; install a font that has them (fonts-noto-cjk, say)",
            stacklevel=2,
        )
    return "".join(f"U+{ord(each):04X} " if ord(each) in lacking else each for each in text).strip()


@cache
def _letters(family: str) -> frozenset[int]:
    return frozenset(FT2Font(fontManager.findfont(family)).get_charmap())
