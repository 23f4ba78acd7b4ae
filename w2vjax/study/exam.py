"""What the vectors of runs are asked."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from w2vjax import files
from w2vjax.config.schema import EvalConfig
from w2vjax.errors import InputError
from w2vjax.evaluation.analogy_files import read_questions
from w2vjax.evaluation.found import (
    google_questions,
    questions_of,
    similarity_of,
    similarity_sets,
)
from w2vjax.evaluation.questions import Questions, RelationSet, SimilaritySet
from w2vjax.text import planted

USUAL = EvalConfig()


@dataclass(frozen=True)
class Exam:
    """What vectors are asked."""

    questions: Questions
    sets: tuple[SimilaritySet, ...]

    @classmethod
    def of(cls, corpus: str, asked: EvalConfig = USUAL) -> "Exam":
        """What is asked for, or else Google's analogies and the similarity sets at hand.

        And planted's own analogies for `planted`, with no similarities. Raises `InputError` for
        tests that are nowhere to be found, and for relations, which have no questions.
        """
        made_up = corpus == "planted"
        if asked.questions is not None:
            questions = _questions(asked.questions)
        else:
            questions = _planted() if made_up else google_questions()
        if asked.similarity is not None:
            return cls(questions, similarity_of(asked.similarity))
        return cls(questions, () if made_up else similarity_sets())


def _questions(name: str) -> Questions:
    found = questions_of(name)
    if isinstance(found, RelationSet):
        raise InputError(
            f"questions {name}: runs are asked analogies, and these are relations; score saved "
            "vectors on them by w2vjax eval --questions"
        )
    return found


def _planted() -> Questions:
    with files.workspace(Path(tempfile.gettempdir())) as folder:
        path = folder / "planted.txt"
        path.write_text(planted.questions(), encoding="utf-8")
        return read_questions(path)
