"""All scores of trained vectors at once."""

from collections.abc import Sequence

from w2vjax.config import EvalConfig
from w2vjax.evaluation.analogy import AnalogyResult, analogy
from w2vjax.evaluation.likelihood import held_out
from w2vjax.evaluation.questions import Questions, SimilaritySet, google_questions, similarity_sets
from w2vjax.evaluation.scores import Score
from w2vjax.evaluation.similarity import similarity
from w2vjax.vectors.embeddings import Embeddings

__all__ = ["AnalogyResult", "Score", "analogy", "evaluate", "held_out", "similarity"]


def evaluate(
    embeddings: Embeddings,
    config: EvalConfig | None = None,
    questions: Questions | None = None,
    sets: Sequence[SimilaritySet] | None = None,
) -> list[Score]:
    """Analogy scores by section, then one score for each similarity set.

    `questions` defaults to Google's, `sets` to the usual ones that are at hand.
    Raises `InputError` if Google's questions are wanted and not installed.
    """
    config = EvalConfig() if config is None else config
    questions = google_questions() if questions is None else questions
    sets = similarity_sets() if sets is None else sets
    result = analogy(
        embeddings,
        questions,
        candidates=config.analogy_candidates,
        method=config.analogy_method,
        oov=config.analogy_oov,
    )
    return [*result.scores, *(similarity(embeddings, pairs)[0] for pairs in sets)]
