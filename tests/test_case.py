"""Upper and lower case: words as they are spelled come first, folding finds the others."""

import numpy as np
import pytest

from w2vjax.config.schema import EvalConfig
from w2vjax.evaluation.analogy import analogy, answered
from w2vjax.evaluation.metrics import PROTOCOLS, evaluate, examine
from w2vjax.evaluation.questions import Questions, SimilaritySet
from w2vjax.evaluation.similarity import similarity
from w2vjax.vectors.embeddings import Embeddings, lower_case

APART = [("k\u0131r", "kir"), ("maße", "masse"), ("straße", "strasse"), ("\u017fin", "sin")]
"""words that are one in upper case, and differ"""
ONE = [("Athens", "athens"), ("ΟΔΟΣ", "οδος"), ("ÉCOLE", "école"), ("Ŝ", "ŝ"), ("STRAẞE", "straße")]


def ask(*questions: str) -> Questions:
    words = tuple(tuple(question.split()) for question in questions)
    return Questions("q", ("s",), np.zeros(len(words), np.int32), words, ("",))


def vectors(*words: str) -> Embeddings:
    rows = np.random.default_rng(0).standard_normal((len(words), 20)).astype(np.float32)
    return Embeddings(words, rows)


@pytest.mark.parametrize(("first", "second"), APART)
def test_letters_of_other_languages_do_not_collapse(first, second) -> None:
    assert lower_case(first) != lower_case(second)
    found = vectors(first, second)
    assert (found.row(first), found.row(second)) == (0, 1)
    assert vectors(first).row(second) is None and vectors(second).row(first) is None


@pytest.mark.parametrize(("first", "second"), ONE)
def test_a_word_is_found_in_another_case_where_its_own_is_not_there(first, second) -> None:
    assert vectors("x", first).row(second) == vectors("x", second).row(first) == 1
    assert vectors("x", first).row(second, "exact") is None
    both = vectors(first, second)
    assert (both.row(first), both.row(second)) == (0, 1)


def test_letters_that_would_become_two_stay() -> None:
    assert lower_case("İstanbul") == "İstanbul"
    assert vectors("İstanbul").row("istanbul") is None


def test_of_words_in_other_cases_the_first_stands() -> None:
    assert vectors("x", "NATO", "Nato").row("nato") == 1
    assert vectors("x", "nato", "NATO").row("Nato") == 1


def test_cosines_of_words_that_differ_in_case_are_not_one() -> None:
    found = vectors("us", "US", "polish", "Polish", "they")
    pairs = SimilaritySet("s", (("us", "US", 1), ("Polish", "polish", 2), ("they", "us", 3)))
    exact, folded = similarity(found, pairs, "exact")[0], similarity(found, pairs)[0]
    assert exact.value == folded.value and exact.covered == folded.covered == 3
    cased = SimilaritySet("s", (("They", "US", 1), ("us", "POLISH", 2), ("us", "US", 3)))
    assert similarity(found, cased)[0].covered == 3
    assert similarity(found, cased, "exact")[0].covered == 1


def test_questions_between_words_that_differ_in_case() -> None:
    """Other cases of a question's words are no answers, but for the right one."""
    rows = np.eye(4, dtype=np.float32)
    rows[3] = rows[1] - rows[0] + rows[2]
    found = Embeddings(("us", "them", "US", "THEM"), rows)
    assert analogy(found, ask("us them US THEM")).hits.tolist() == [1]
    close = np.concatenate([rows, rows[1:2] + 1e-3])
    more = Embeddings(("he", "she", "king", "queen", "She"), close)
    assert analogy(more, ask("he she king queen")).hits.tolist() == [1]
    assert analogy(more, ask("he she king She")).hits.tolist() == [0], "queen is nearer"


def test_an_answer_in_another_case_is_right_only_for_a_word_that_is_not_there() -> None:
    rows = np.eye(6, 5, dtype=np.float32)
    rows[3] = rows[4] = rows[1] - rows[0] + rows[2]
    rows[3, 4] = 0.1
    words = ("he", "she", "king", "queen", "QUEEN", "x")
    found = Embeddings(words, rows)
    asked = ask("he she king queen", "he she king QUEEN", "he she king Queen")
    assert analogy(found, asked).hits.tolist() == [0, 1, 1]
    assert analogy(found, asked, case="exact").hits.tolist() == [0, 1, -1]


def test_on_words_in_lower_case_folding_counts_as_it_always_did() -> None:
    """Upper case was folded before: of words in lower case both find the same."""
    draw = np.random.default_rng(1)
    words = [f"w{i}" for i in range(60)]
    found = Embeddings(tuple(words), draw.standard_normal((60, 5)).astype(np.float32))
    asked = [draw.choice(words, 4, replace=False) for _ in range(300)]
    plain = ask(*(" ".join(question) for question in asked))
    cased = ask(*(" ".join(map(str.title, question)) for question in asked))
    for limit, method in ((None, "3CosAdd"), (50, "3CosMul")):
        (one,), (other,) = (answered(found, q, [limit], method) for q in (plain, cased))
        np.testing.assert_array_equal(one.hits, other.hits)
        np.testing.assert_array_equal(one.ranks, other.ranks)
    exact = analogy(found, plain, 50, case="exact")
    np.testing.assert_array_equal(exact.hits, analogy(found, plain, 50).hits)
    assert {0, 1, -1} <= set(exact.hits.tolist())


def test_scores_say_how_case_was_read() -> None:
    found, asked = vectors("he", "she", "king", "queen"), ask("he she king queen")
    sets = [SimilaritySet("s", (("he", "she", 1.0), ("king", "He", 2.0), ("he", "king", 3.0)))]
    for case, said in (("fold", 0), ("exact", 1)):
        config = EvalConfig(case=case)
        scores = (
            *evaluate(found, config, asked, sets),
            *examine(found, config, asked, sets).scores,
        )
        assert len(scores) > len(PROTOCOLS)
        for score in scores:
            assert score.protocol.count("upper and lower case apart") == said, score
