"""Scores by word frequency: bands part the questions and pairs by their rarest word."""

import numpy as np
import pytest
from test_analogy import ask, planted

from w2vjax.config.schema import EvalConfig
from w2vjax.evaluation import bands
from w2vjax.evaluation.analogy import analogy, answered
from w2vjax.evaluation.metrics import PROTOCOLS, examine
from w2vjax.evaluation.questions import Questions, SimilaritySet
from w2vjax.vectors.embeddings import Embeddings


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bands for a vocabulary of 172 words."""
    monkeypatch.setattr(bands, "RANKS", (60, 110, 150, 200))


def rarest(embeddings: Embeddings, words) -> int:
    return 1 + max(embeddings.words.index(word) for word in words)


def test_bands_part_the_questions():
    embeddings, questions = planted(noise=1.0), ask()
    [whole] = answered(embeddings, questions, [None])
    scores = bands.analogy_bands(whole)
    assert [score.rank for score in scores] == [60, 110, 150, 200]
    assert sum(score.covered for score in scores) == len(questions.words)
    right = sum(score.value * score.covered for score in scores if score.covered)
    assert right == pytest.approx((whole.hits == 1).sum())
    ranks = np.array([rarest(embeddings, words) for words in questions.words])
    second = whole.hits[(ranks > 60) & (ranks <= 110)]
    assert scores[1].covered == len(second) > 0 and scores[1].value == pytest.approx(second.mean())
    assert "rank 61 to 110" in scores[1].protocol


def test_bands_end_with_the_candidates_and_leave_out_unknown_words():
    embeddings, questions = planted(), ask()
    some = Questions("q", questions.sections, questions.section, questions.words)
    [first] = answered(embeddings, some, [110])
    assert [score.rank for score in bands.analogy_bands(first)] == [60, 110]
    assert sum(score.covered for score in bands.analogy_bands(first)) == (first.hits >= 0).sum()
    nowhere = Questions("q", ("s",), np.zeros(1, np.int32), (("a", "b", "c", "d"),))
    [none] = answered(embeddings, nowhere, [None])
    assert [(s.value, s.covered) for s in bands.analogy_bands(none)] == [(None, 0)] * 4


def test_similarity_bands_pool_sets_of_any_scale():
    embeddings = planted()
    words = embeddings.words
    cosines = embeddings.normalised @ embeddings.normalised.T
    ends = [(2 * n, n + 1) for n in range(1, 30)] + [(2 * n, n + 40) for n in range(41, 50)]
    pairs = sorted((float(cosines[a, b]), words[a], words[b]) for a, b in ends)
    judged = [(a, b, score) for score, a, b in pairs]
    large = [(b, a, 1_000 * score - 7) for score, a, b in pairs]

    def found(*sets):
        named = [SimilaritySet(str(number), tuple(one)) for number, one in enumerate(sets)]
        return bands.similarity_bands(embeddings, named)

    alone = found(judged)
    assert [score.covered for score in alone] == [29, 9, 0, 0] and alone[0].total == 38
    assert [score.value for score in alone[:2]] == [pytest.approx(1), pytest.approx(1)]
    assert alone[2].value is None and "rank 61 to 110" in alone[1].protocol
    assert found(judged, large) == alone, "a pair counts once"
    assert all(score.value > 0.95 for score in found(judged[::2], large[1::2])[:2]), "own scales"


def test_one_pass_answers_every_protocol():
    embeddings, questions = planted(noise=1.0), ask()
    config = EvalConfig(110, "3CosMul", "wrong")
    sets = [SimilaritySet("s", (("l0x0", "r0x0", 1.0), ("l0x1", "noise1", 0.0)))]
    found = examine(embeddings, config, questions, sets)
    by_name = {score.metric: score for score in found.scores if score.rank is None}
    for name, kind in PROTOCOLS.items():
        own = analogy(
            *(embeddings, questions),
            *(kind.analogy_candidates, kind.analogy_method, kind.analogy_oov),
        ).scores[0]
        score = by_name[f"analogy/protocol/{name}"]
        assert (score.value, score.protocol) == (own.value, own.protocol)
    main = analogy(embeddings, questions, 110, "3CosMul", "wrong")
    assert by_name["analogy/total"] == main.scores[0]
    np.testing.assert_array_equal(found.hits == 1, main.hits == 1)
    assert (found.hits == -1).sum() == main.scores[0].total - main.scores[0].covered > 0
    assert {score.metric for score in found.scores if score.rank} == {
        "analogy/band",
        "similarity/band",
    }
