"""A made-up language in which the truth about analogies is known.

Every entity has a base form and one more form for each relation. A sentence is about one form of
one entity: besides background words it holds words of that entity and words of that form, nothing
else. So a form's company is *entity + form*, and `base(e1) : form(e1) :: base(e2) : form(e2)` holds
by construction, for every entity and every relation.

Background, entity and form words each follow Zipf–Mandelbrot frequencies, f(rank) ∝
1 / (rank + 2.7) (Mandelbrot, "An informational theory of the statistical structure of language",
1953).
"""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float64, Int64

RELATIONS = ("capital", "currency", "gram1-plural", "gram2-past")
ENTITIES = 30
ENTITY_WORDS = 12
"""context words that only the forms of one entity have"""
FORM_WORDS = 60
"""context words that only the entities' forms of one relation (or base) have"""
BACKGROUND = 3_000
"""words that say nothing"""
NUM_WORDS = 600_000
SENTENCE = 12
"""words: a form in the middle, ENTITY_SHARE and FORM_SHARE words of its kinds, background"""
ENTITY_SHARE = 4
FORM_SHARE = 4
DOCUMENT = 50
"""sentences"""

_SUFFIXES = ("", "grad", "mark", "oni", "este")
_SYLLABLES = tuple(c + v for c in "bdfgklmnprstvz" for v in "aeiou")


def text(num_words: int = NUM_WORDS, seed: int = 0) -> Iterator[bytes]:
    """Documents of 50 sentences, one a line, about `num_words` words; the same for a seed."""
    # Raw bits are the only stream that numpy promises to keep between versions.
    bits = np.random.PCG64(seed)
    words = np.array(vocabulary(), dtype=object)
    for _ in range(max(1, num_words // (SENTENCE * DOCUMENT))):
        raw = bits.random_raw((DOCUMENT, 2 * SENTENCE)) >> np.uint64(11)
        yield " ".join(words[_document(raw * 2.0**-53)]).encode() + b"\n"


def questions() -> str:
    """The planted analogies, in the format of Google's `questions-words.txt`."""
    lines = []
    for relation, section in enumerate(RELATIONS, start=1):
        kind = "syntactic" if section.startswith("gram") else "semantic"
        lines.append(f": {section} ({kind})")
        pairs = [(_form(entity, 0), _form(entity, relation)) for entity in range(ENTITIES)]
        lines += [f"{a} {b} {c} {d}" for a, b in pairs for c, d in pairs if a != c]
    return "\n".join(lines) + "\n"


def vocabulary() -> list[str]:
    """Every word: forms (entity by entity), entity words, form words, background words."""
    forms = [_form(entity, form) for entity in range(ENTITIES) for form in range(len(_SUFFIXES))]
    others = ENTITIES * ENTITY_WORDS + len(_SUFFIXES) * FORM_WORDS + BACKGROUND
    return forms + [_syllables(number, 3) for number in range(others)]


def _document(uniform: Float64[np.ndarray, "s n"]) -> Int64[np.ndarray, " words"]:
    """Word numbers of one document, from uniform numbers, 2·SENTENCE a sentence."""
    entity, form = (
        (uniform[:, [column]] * size).astype(np.int64)
        for column, size in enumerate((ENTITIES, len(_SUFFIXES)))
    )
    first_entity_word = ENTITIES * len(_SUFFIXES)
    first_form_word = first_entity_word + ENTITIES * ENTITY_WORDS
    first_background = first_form_word + len(_SUFFIXES) * FORM_WORDS
    of_entity, of_form, rest = np.split(
        uniform[:, 2 : SENTENCE + 1], [ENTITY_SHARE, ENTITY_SHARE + FORM_SHARE], axis=1
    )
    company = np.hstack(
        [
            first_entity_word + entity * ENTITY_WORDS + _ranks(ENTITY_WORDS, of_entity),
            first_form_word + form * FORM_WORDS + _ranks(FORM_WORDS, of_form),
            first_background + _ranks(BACKGROUND, rest),
        ]
    )
    order = np.argsort(uniform[:, SENTENCE + 1 :], axis=1, kind="stable")
    company = np.take_along_axis(company, order, axis=1)
    middle = company.shape[1] // 2
    word = entity * len(_SUFFIXES) + form
    return np.hstack([company[:, :middle], word, company[:, middle:]]).ravel()


def _ranks(size: int, uniform: Float64[np.ndarray, "s n"]) -> Int64[np.ndarray, "s n"]:
    """Ranks 0 … size - 1, drawn by Zipf–Mandelbrot."""
    cumulative = np.cumsum(1 / (np.arange(size) + 2.7))
    return np.searchsorted(cumulative[:-1] / cumulative[-1], uniform, side="right")


def _form(entity: int, form: int) -> str:
    return _syllables(entity, 2) + _SUFFIXES[form]


def _syllables(number: int, count: int) -> str:
    """The number in base 70, its digits spoken: a distinct word for every number < 70^count."""
    word = ""
    for _ in range(count):
        number, digit = divmod(number, len(_SYLLABLES))
        word = _SYLLABLES[digit] + word
    return word
