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
    """The text: documents of 50 sentences, one a line, about `num_words` words; the same for a seed."""
    generator = np.random.Generator(np.random.PCG64(seed))
    words = np.array(vocabulary(), dtype=object)
    for _ in range(max(1, num_words // (SENTENCE * DOCUMENT))):
        yield " ".join(words[_document(generator)]).encode() + b"\n"


def questions() -> str:
    """The planted analogies, in the format of Google's `questions-words.txt`."""
    lines = []
    for relation, section in enumerate(RELATIONS, start=1):
        lines.append(f": {section}")
        pairs = [(_form(entity, 0), _form(entity, relation)) for entity in range(ENTITIES)]
        lines += [f"{a} {b} {c} {d}" for a, b in pairs for c, d in pairs if a != c]
    return "\n".join(lines) + "\n"


def vocabulary() -> list[str]:
    """Every word: forms (entity by entity), entity words, form words, background words."""
    forms = [_form(entity, form) for entity in range(ENTITIES) for form in range(len(_SUFFIXES))]
    others = ENTITIES * ENTITY_WORDS + len(_SUFFIXES) * FORM_WORDS + BACKGROUND
    return forms + [_syllables(number, 3) for number in range(others)]


def _document(generator: np.random.Generator) -> np.ndarray:
    """Word numbers of one document, an int64 vector of SENTENCE·DOCUMENT."""
    entity = generator.integers(ENTITIES, size=(DOCUMENT, 1))
    form = generator.integers(len(_SUFFIXES), size=(DOCUMENT, 1))
    first_entity_word = ENTITIES * len(_SUFFIXES)
    first_form_word = first_entity_word + ENTITIES * ENTITY_WORDS
    first_background = first_form_word + len(_SUFFIXES) * FORM_WORDS

    def ranks(size: int, columns: int) -> np.ndarray:
        weight = 1 / (np.arange(size) + 2.7)
        drawn = generator.random((DOCUMENT, columns))
        return np.searchsorted(np.cumsum(weight / weight.sum())[:-1], drawn)

    of_entity = first_entity_word + entity * ENTITY_WORDS + ranks(ENTITY_WORDS, ENTITY_SHARE)
    of_form = first_form_word + form * FORM_WORDS + ranks(FORM_WORDS, FORM_SHARE)
    rest = SENTENCE - 1 - ENTITY_SHARE - FORM_SHARE
    background = first_background + ranks(BACKGROUND, rest)
    company = generator.permuted(np.hstack([of_entity, of_form, background]), axis=1)
    middle = company.shape[1] // 2
    word = entity * len(_SUFFIXES) + form
    return np.hstack([company[:, :middle], word, company[:, middle:]]).ravel()


def _form(entity: int, form: int) -> str:
    return _syllables(entity, 2) + _SUFFIXES[form]


def _syllables(number: int, count: int) -> str:
    """The number in base 70, its digits spoken: a distinct word for every number < 70^count."""
    word = ""
    for _ in range(count):
        number, digit = divmod(number, len(_SYLLABLES))
        word = _SYLLABLES[digit] + word
    return word
