"""All scores of trained vectors at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int8

from w2vjax.config.schema import EvalConfig
from w2vjax.evaluation.analogy import analogy, answered
from w2vjax.evaluation.analogy_scores import AnalogyResult, judged
from w2vjax.evaluation.bands import analogy_bands, similarity_bands
from w2vjax.evaluation.found import google_questions, similarity_sets
from w2vjax.evaluation.likelihood import held_out
from w2vjax.evaluation.own import own_scores
from w2vjax.evaluation.questions import Questions, RelationSet, SimilaritySet
from w2vjax.evaluation.relations import relational
from w2vjax.evaluation.scores import Score
from w2vjax.evaluation.similarity import similarity
from w2vjax.vectors.embeddings import Embeddings

__all__ = ["AnalogyResult", "Score", "analogy", "evaluate", "examine", "held_out", "similarity"]

PROTOCOLS = {
    f"{candidates or 'all'},{method},{oov}": EvalConfig(candidates, method, oov)
    for candidates in (30_000, None)
    for method in ("3CosAdd", "3CosMul")
    for oov in ("skip", "wrong")
}
"""every way that analogies are commonly scored: candidates, method, out-of-vocabulary policy"""


def evaluate(
    embeddings: Embeddings,
    config: EvalConfig | None = None,
    questions: Questions | RelationSet | None = None,
    sets: Sequence[SimilaritySet] | None = None,
) -> list[Score]:
    """Analogy scores by section, one score for each similarity set, and the metrics of one's own.

    `questions` defaults to Google's, `sets` to the usual ones that are at hand. Relations have
    scores of their own in place of the analogies'. Raises `InputError` if Google's questions are
    wanted and not installed.
    """
    config = EvalConfig() if config is None else config
    questions = google_questions() if questions is None else questions
    sets = similarity_sets() if sets is None else sets
    if isinstance(questions, RelationSet):
        asked: Sequence[Score] = relational(embeddings, questions, config.case)
    else:
        asked = analogy(
            embeddings,
            questions,
            candidates=config.analogy_candidates,
            method=config.analogy_method,
            oov=config.analogy_oov,
            case=config.case,
        ).scores
    similar = [similarity(embeddings, pairs, config.case)[0] for pairs in sets]
    return [*asked, *similar, *own_scores(embeddings)]


@dataclass(frozen=True, eq=False)
class Examination:
    """Everything that there is to say of vectors."""

    scores: tuple[Score, ...]
    """as of `evaluate`; analogies under each of `PROTOCOLS`; both kinds of test by band; metrics of
    one's own"""
    hits: Int8[np.ndarray, " q"]
    """1 right, 0 wrong, -1 not covered, whatever is then made of it"""


def examine(
    embeddings: Embeddings,
    config: EvalConfig,
    questions: Questions,
    sets: Sequence[SimilaritySet],
) -> Examination:
    """`evaluate`, every other protocol of the analogies, and the scores by word frequency.

    Case is folded, or not, in all of them. Protocols share the work: a pass over the vocabulary for
    each method answers them all.
    """
    limits = list(dict.fromkeys([config.analogy_candidates, 30_000, None]))
    found = {
        (one.candidates, one.method): one
        for method in dict.fromkeys(kind.analogy_method for kind in PROTOCOLS.values())
        for one in answered(embeddings, questions, limits, method, config.case)
    }
    main = found[config.analogy_candidates, config.analogy_method]
    scores = [
        *judged(questions, main, config.analogy_oov).scores,
        *(similarity(embeddings, pairs, config.case)[0] for pairs in sets),
    ]
    for name, kind in PROTOCOLS.items():
        one = found[kind.analogy_candidates, kind.analogy_method]
        total = judged(questions, one, kind.analogy_oov).scores[0]
        scores.append(replace(total, metric=f"analogy/protocol/{name}"))
    scores += analogy_bands(main) + similarity_bands(embeddings, sets, config.case)
    scores += own_scores(embeddings)
    return Examination(tuple(scores), main.hits)
