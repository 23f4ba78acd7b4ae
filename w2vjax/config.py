"""Configuration as data: frozen dataclasses, the only place where defaults live; JSON both ways."""

import dataclasses
import hashlib
import json
import types
import typing
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeVar

from w2vjax.errors import InputError, in_range, unknown

T = TypeVar("T")


@dataclass(frozen=True)
class CorpusConfig:
    """Which text, and which of its words."""

    source: str = "almanac"
    """a named data set (`w2vjax data list`) or the path of a file or folder"""
    cleaning: Literal["text8", "none"] = "none"
    """for local text. text8: lower case, accents folded, digits spelled. none: split on white space"""
    errors: Literal["strict", "replace"] = "strict"
    """what to do with bytes that are not UTF-8"""
    max_words: int | None = None
    """read only this many words from the start of the text"""
    min_count: int = 5
    """drop words that occur less often"""
    max_vocab: int | None = None
    """keep at most this many words, the most frequent"""

    def __post_init__(self) -> None:
        in_range("min_count", self.min_count, 1)
        for name in ("max_words", "max_vocab"):
            if getattr(self, name) is not None:
                in_range(name, getattr(self, name), 1)


@dataclass(frozen=True)
class SamplerConfig:
    """Where noise comes from: a distribution, and a mechanism that draws from it."""

    distribution: str = "unigram"
    """uniform, unigram (counts^power), log-uniform (TensorFlow's), zipf (1/rank^power)"""
    power: float = 0.75
    """the exponent of unigram and zipf; the others ignore it"""
    mechanism: str = "auto"
    """closed-form, alias, cdf, table (word2vec.c's); auto: closed form if there is one, else alias"""
    table_size: int = 10_000_000
    """entries of the table (word2vec.c: 100,000,000, which is 400 MB)"""

    def __post_init__(self) -> None:
        in_range("power", self.power, -10, 10)
        in_range("table_size", self.table_size, 1, 2**31 - 1)

    @property
    def name(self) -> str:
        """Short name, as the command line takes it: `unigram^0.75`, `log-uniform`, `unigram^1:table`."""
        power = f"^{self.power:g}" if self.distribution in ("unigram", "zipf") else ""
        mechanism = "" if self.mechanism == "auto" else f":{self.mechanism}"
        return f"{self.distribution}{power}{mechanism}"
