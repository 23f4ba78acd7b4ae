"""Answers to analogy questions, counted: accuracies by section and by category."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Int, Int8

from w2vjax.evaluation.questions import KINDS, OTHER, Questions
from w2vjax.evaluation.scores import Score, spelling
from w2vjax.vectors.embeddings import Case

Method = Literal["3CosAdd", "3CosMul"]
OutOfVocabulary = Literal["skip", "wrong"]


@dataclass(frozen=True, eq=False)
class Answered:
    """Which questions one method got right among one number of candidates."""

    candidates: int | None
    method: Method
    hits: Int8[np.ndarray, " q"]
    """1 right, 0 wrong, -1 not covered"""
    ranks: Int[np.ndarray, " q"]
    """of each question's rarest word, from 1; of several right answers the most frequent counts; 0
    where a word has no vector"""
    case: Case = "fold"
    """whether words were sought in other cases too"""


@dataclass(frozen=True, eq=False)
class AnalogyResult:
    """Accuracies, and what became of each question."""

    scores: tuple[Score, ...]
    """total, semantic, syntactic, other categories, then every section; none without questions"""
    hits: Int8[np.ndarray, " q"]
    """in the order of the file: 1 right, 0 wrong, -1 not covered"""


def judged(questions: Questions, answered: Answered, oov: OutOfVocabulary) -> AnalogyResult:
    """Accuracies by section, with the protocol that they were found by."""
    covered = answered.hits >= 0
    hits = np.where(covered, answered.hits, 0 if oov == "wrong" else -1).astype(np.int8)
    policy = "skipped" if oov == "skip" else "counted wrong"
    limit = "all" if answered.candidates is None else f"top {answered.candidates:,}"
    protocol = f"{answered.method}, {limit} candidates, out-of-vocabulary {policy}"
    protocol += spelling(answered.case)
    return AnalogyResult(_scores(questions, hits, covered, protocol), hits)


def _scores(
    questions: Questions,
    hits: Int8[np.ndarray, " q"],
    covered: Bool[np.ndarray, " q"],
    protocol: str,
) -> tuple[Score, ...]:
    scores = []
    for name, group in _groups(questions).items():
        if not group.any():
            continue
        counted = hits[group & (hits >= 0)]
        value = float(np.mean(counted == 1)) if covered[group].any() else None
        num_covered, total = int(covered[group].sum()), int(group.sum())
        scores.append(Score(f"analogy/{name}", value, num_covered, total, protocol))
    return tuple(scores)


def _groups(questions: Questions) -> dict[str, Bool[np.ndarray, " q"]]:
    """Which questions each score is of."""
    categories = [questions.category_of(place) for place in range(len(questions.sections))]
    meaning = np.array([KINDS.get(category, OTHER) for category in categories])
    groups = {"total": np.full(len(questions.words), True)}
    groups |= {kind: (meaning == kind)[questions.section] for kind in ("semantic", "syntactic")}
    for category in dict.fromkeys(categories):
        if category not in (*groups, OTHER):
            groups[f"category/{category}"] = (np.array(categories) == category)[questions.section]
    for place, name in enumerate(questions.sections):
        groups[f"section/{name}"] = questions.section == place
    return groups
