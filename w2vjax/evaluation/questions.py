"""What vectors are asked: analogy questions, similarity judgements, degrees of a relation."""

import hashlib
import json
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int32

GOOGLE_SECTIONS = {
    **dict.fromkeys(
        ("capital-common-countries", "capital-world", "currency", "city-in-state", "family"),
        "semantic",
    ),
    **dict.fromkeys(
        (
            "gram1-adjective-to-adverb",
            "gram2-opposite",
            "gram3-comparative",
            "gram4-superlative",
            "gram5-present-participle",
            "gram6-nationality-adjective",
            "gram7-past-tense",
            "gram8-plural",
            "gram9-plural-verbs",
        ),
        "syntactic",
    ),
}
"""the fourteen sections of Google's questions, and of their translations, by category"""
KINDS = {
    "semantic": "semantic",
    "syntactic": "syntactic",
    "inflectional": "syntactic",
    "derivational": "syntactic",
    "encyclopedic": "semantic",
    "lexicographic": "semantic",
}
"""categories by name: whether they are about meaning or form; the last four are those of BATS"""
OTHER = "other"
"""the category of sections of which no file and no folder says one"""


@dataclass(frozen=True, eq=False)
class Questions:
    """Analogy questions a : b :: c : d by section, in the order of the file."""

    name: str
    sections: tuple[str, ...]
    """names"""
    section: Int32[np.ndarray, " q"]
    """each question's section, as an index of `sections`"""
    words: tuple[tuple[str, str, str, str], ...]
    """a, b, c and the expected d"""
    categories: tuple[str, ...] = ()
    """of each section, one of `KINDS` or `OTHER`; empty: as Google's sections of the same names"""
    also: tuple[tuple[str, ...], ...] = ()
    """of each question, what is right beside d; empty: nothing, in any of them"""

    def category_of(self, section: int) -> str:
        """The category of a section, by its index."""
        if self.categories:
            return self.categories[section]
        return GOOGLE_SECTIONS.get(self.sections[section], OTHER)

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits of the SHA-256 of all questions and their sections."""
        parts = [self.sections, self.section.tolist(), self.words]
        text = json.dumps([*parts, self.also] if self.also else parts)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class SimilaritySet:
    """Pairs of words with the similarity people gave them."""

    name: str
    pairs: tuple[tuple[str, str, float], ...]


@dataclass(frozen=True)
class Relation:
    """Pairs of words, and how typical of one relation people found them."""

    name: str
    prototypes: tuple[tuple[str, str], ...]
    """the pairs that stand for the relation"""
    rated: tuple[tuple[str, str, float], ...]
    """other pairs a, b with their ratings, the more typical the higher"""
    choices: tuple["Choice", ...] = ()
    """what people chose among four pairs at a time"""


@dataclass(frozen=True)
class Choice:
    """Pairs of which people chose the most and the least typical."""

    pairs: tuple[tuple[str, str], ...]
    most: frozenset[tuple[str, str]]
    """chosen most often; several where they are level"""
    least: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class RelationSet:
    """Relations, each with the degrees to which pairs of words have it (SemEval-2012, task 2)."""

    name: str
    relations: tuple[Relation, ...]
