"""Degrees of relational similarity: are pairs that people find typical like the prototypes?"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from scipy import stats

from w2vjax.evaluation.questions import Choice, Relation, RelationSet
from w2vjax.evaluation.scores import Score, spelling
from w2vjax.vectors.embeddings import Case, Embeddings

Pair = tuple[str, str]
SPEARMAN = "Spearman's rho of the mean cosine of b - a with the prototypes', mean over relations"
MAX_DIFF = "most and least typical of four pairs, as most judges chose, mean over relations"


def relational(embeddings: Embeddings, relations: RelationSet, case: Case = "fold") -> list[Score]:
    """How well vectors grade pairs by their relation (Jurgens et al. 2012, sections 4 and 5).

    A pair a, b is as typical as the mean, over the relation's prototypes, of the cosine between
    their differences b - a of normalised vectors (Mikolov, Yih & Zweig 2013, section 5):
    `relation/spearman` is Spearman's rho with people's ratings, and where their choices are
    known `relation/maxdiff` is the share of most and least typical pairs found. Both are
    means over relations; pairs with a word that has no vector are left out. Then one rho for each
    relation, None where fewer than three of its pairs, or none of its prototypes, have vectors.
    `case` as of `similarity`.
    """
    rhos, shares, each = [], [], []
    choices = answered = 0
    for relation in relations.relations:
        degrees = _degrees(embeddings, relation, case)
        rho = _rho(relation, degrees)
        name = f"relation/section/{relation.name}"
        each.append(Score(name, rho, len(degrees), len(relation.rated), SPEARMAN.split(",")[0]))
        rhos += [] if rho is None else [rho]
        right = [_share(choice, degrees) for choice in relation.choices if _known(choice, degrees)]
        shares += [float(np.mean(right))] if right else []
        choices, answered = choices + len(relation.choices), answered + len(right)
    if not each:
        return []
    covered, total = sum(s.covered for s in each), sum(s.total for s in each)
    made = [_mean("relation/spearman", rhos, covered, total, SPEARMAN)]
    if choices:
        made.append(_mean("relation/maxdiff", shares, answered, choices, MAX_DIFF))
    return [replace(s, protocol=s.protocol + spelling(case)) for s in (*made, *each)]


def _mean(name: str, values: list[float], covered: int, total: int, protocol: str) -> Score:
    value = float(np.mean(values)) if values else None
    return Score(name, value, covered, total, f"{protocol}, out-of-vocabulary skipped")


def _degrees(embeddings: Embeddings, relation: Relation, case: Case) -> dict[Pair, float]:
    """How typical each rated pair is that has vectors; none without prototypes."""
    stand = _differences(embeddings, [*relation.prototypes], case)
    rated = _differences(embeddings, [(a, b) for a, b, _ in relation.rated], case)
    if not stand:
        return {}
    prototypes = np.stack([*stand.values()])
    return {pair: float(np.mean(prototypes @ change)) for pair, change in rated.items()}


def _differences(embeddings: Embeddings, pairs: list[Pair], case: Case) -> dict[Pair, np.ndarray]:
    """b - a of each pair, of length 1, or 0 where they are equal."""
    made = {}
    for a, b in pairs:
        both = embeddings.row(a, case), embeddings.row(b, case)
        if None not in both:
            ends = embeddings.unit(np.array(both, np.int64))
            change = ends[1] - ends[0]
            length = float(np.linalg.norm(change))
            made[a, b] = change / length if length else change
    return made


def _rho(relation: Relation, degrees: Mapping[Pair, float]) -> float | None:
    rated = [(score, degrees[a, b]) for a, b, score in relation.rated if (a, b) in degrees]
    if len(rated) < 3 or any(len(set(column)) < 2 for column in zip(*rated, strict=True)):
        return None
    return float(stats.spearmanr(rated).statistic)


def _known(choice: Choice, degrees: Mapping[Pair, float]) -> bool:
    return all(pair in degrees for pair in choice.pairs)


def _share(choice: Choice, degrees: Mapping[Pair, float]) -> float:
    """The share of the two choices that is right."""
    ranked = sorted(choice.pairs, key=lambda pair: degrees[pair])
    return ((ranked[-1] in choice.most) + (ranked[0] in choice.least)) / 2
