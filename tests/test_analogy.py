"""Analogies: equal to a plain float64 definition, and to gensim's counts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from w2vjax.config.schema import EvalConfig
from w2vjax.errors import InputError
from w2vjax.evaluation import analogy as module
from w2vjax.evaluation.analogy import analogy, answered
from w2vjax.evaluation.analogy_files import read_questions
from w2vjax.evaluation.found import google_questions
from w2vjax.evaluation.metrics import evaluate
from w2vjax.evaluation.questions import Questions, SimilaritySet
from w2vjax.vectors.embeddings import Embeddings


def planted(num_pairs: int = 12, noise: float = 0.5, dim: int = 20, seed: int = 0) -> Embeddings:
    """Words l0r0, l0r1 … whose vectors differ by one of three offsets, then 100 words of noise."""
    draw = np.random.default_rng(seed)
    words, rows = [], []
    for relation in range(3):
        offset = 2 * draw.standard_normal(dim)
        for pair in range(num_pairs):
            left = draw.standard_normal(dim)
            words += [f"l{relation}x{pair}", f"r{relation}x{pair}"]
            rows += [left, left + offset + noise * draw.standard_normal(dim)]
    words += [f"noise{i}" for i in range(100)]
    rows += list(draw.standard_normal((100, dim)))
    order = draw.permutation(len(words))
    return Embeddings(tuple(words[i] for i in order), np.array(rows, np.float32)[order])


def ask(num_pairs: int = 12) -> Questions:
    sections = ("capital", "gram1-x", "gram2-y")
    section, words = [], []
    for relation in range(3):
        for i in range(num_pairs):
            for j in range(num_pairs):
                if i != j:
                    section.append(relation)
                    left = f"l{relation}x"
                    right = f"r{relation}x"
                    words.append((f"{left}{i}", f"{right}{i}", f"{left}{j}", f"{right}{j}"))
    categories = ("semantic", "syntactic", "syntactic")
    return Questions("planted", sections, np.array(section, np.int32), tuple(words), categories)


def plain(embeddings: Embeddings, questions: Questions, candidates, method) -> np.ndarray:
    """The definition, question by question, in float64."""
    words = embeddings.words[:candidates]
    lower = [word.lower() for word in words]

    def find(word: str) -> int:
        """As it is spelled, or else the first that differs in case alone."""
        return words.index(word) if word in words else lower.index(word.lower())

    rows = embeddings.vectors[: len(words)].astype(np.float64)
    lengths = np.linalg.norm(rows, axis=1)
    unit = rows / np.where(lengths > 0, lengths, 1)[:, None]
    hits = []
    for question in questions.words:
        if not {word.lower() for word in question} <= set(lower):
            hits.append(-1)
            continue
        a, b, c, d = map(find, question)
        to_a, to_b, to_c = unit @ unit[a], unit @ unit[b], unit @ unit[c]
        if method == "3CosAdd":
            score = to_b - to_a + to_c
        else:
            score = (1 + to_b) / 2 * (1 + to_c) / 2 / ((1 + to_a) / 2 + 0.001)
        banned = [lower[row] for row in (a, b, c)]
        legal = [
            i not in (a, b, c) and (w not in banned or i == d) and lengths[i] > 0
            for i, w in enumerate(lower)
        ]
        best = np.argmax(np.where(legal, score, -np.inf))
        right = best == d if question[3] in words else lower[best] == lower[d]
        hits.append(int(any(legal) and right))
    return np.array(hits)


@pytest.mark.parametrize("chunk", [1, 37, 4096])
@pytest.mark.parametrize("candidates", [None, 120])
@pytest.mark.parametrize("method", ["3CosAdd", "3CosMul"])
def test_equals_the_definition(method, candidates, chunk, monkeypatch) -> None:
    monkeypatch.setattr(module, "CANDIDATES_PER_CHUNK", chunk)
    monkeypatch.setattr(module, "QUESTIONS_PER_BLOCK", 29)
    embeddings, questions = planted(), ask()
    result = analogy(embeddings, questions, candidates, method)
    expected = plain(embeddings, questions, candidates, method)
    np.testing.assert_array_equal(result.hits, expected)
    assert {0, 1} <= set(expected.tolist())
    assert (-1 in expected) == (candidates == 120)


def test_few_candidates_are_answered_on_the_way_to_many(monkeypatch) -> None:
    monkeypatch.setattr(module, "CANDIDATES_PER_CHUNK", 50)
    embeddings, questions = planted(noise=1.0), ask()
    numbers = [120, None, 60, 1_000, 120]
    for number, one in zip(numbers, answered(embeddings, questions, numbers), strict=True):
        expected = plain(embeddings, questions, number, "3CosAdd")
        np.testing.assert_array_equal(one.hits, expected)
    assert len({tuple(one.hits) for one in answered(embeddings, questions, numbers)}) == 3


def test_the_methods_differ() -> None:
    add, mul = (analogy(planted(noise=1.0), ask(), method=m).hits for m in ("3CosAdd", "3CosMul"))
    assert (add != mul).any()


def test_case_variants_and_zero_vectors_equal_the_definition() -> None:
    base = planted()
    draw = np.random.default_rng(3)
    # variants in upper case lie close to their words: they would be the answers if they could
    shouted = tuple(word.upper() for word in base.words)
    near = base.vectors + 0.1 * draw.standard_normal(base.vectors.shape).astype(np.float32)
    vectors = np.concatenate([base.vectors, near])
    vectors[[base.index["l0x0"], base.index["r1x1"], base.index["noise5"]]] = 0
    embeddings = Embeddings(base.words + shouted, vectors)
    for questions in (ask(), spelled(str.title), spelled(str.upper)):
        result = analogy(embeddings, questions, None)
        np.testing.assert_array_equal(result.hits, plain(embeddings, questions, None, "3CosAdd"))
        assert 0.2 < result.scores[0].value < 1


def spelled(how) -> Questions:
    """The questions in other cases."""
    asked = ask()
    words = tuple(tuple(how(word) for word in question) for question in asked.words)
    return replace(asked, words=words)


def test_all_vectors_zero_or_no_candidate_left_is_wrong() -> None:
    questions = Questions("q", ("s",), np.zeros(1, np.int32), (("a", "b", "c", "d"),))
    zeros = Embeddings(("a", "b", "c", "d"), np.zeros((4, 2)))
    assert analogy(zeros, questions).hits.tolist() == [0]
    same = Questions("q", ("s",), np.zeros(1, np.int32), (("a", "a", "a", "a"),))
    assert analogy(Embeddings(("a",), np.ones((1, 2))), same).hits.tolist() == [0]


def test_equal_scores_go_to_the_more_frequent_word() -> None:
    rows = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 1], [0, 1, 1]], np.float32)
    questions = Questions(
        "q", ("s",), np.zeros(2, np.int32), (("a", "b", "c", "d"), ("a", "b", "c", "e"))
    )
    assert analogy(Embeddings(("a", "b", "c", "d", "e"), rows), questions).hits.tolist() == [1, 0]


def test_scores_add_up_and_say_their_coverage() -> None:
    questions = ask()
    skipped = analogy(planted(), questions, 120, oov="skip")
    wrong = analogy(planted(), questions, 120, oov="wrong")
    for result, policy in ((skipped, "skipped"), (wrong, "counted wrong")):
        by_name = {score.metric: score for score in result.scores}
        assert list(by_name)[:3] == ["analogy/total", "analogy/semantic", "analogy/syntactic"]
        total = by_name["analogy/total"]
        assert total.protocol == f"3CosAdd, top 120 candidates, out-of-vocabulary {policy}"
        assert 0 < total.covered < total.total == len(questions.words)
        sections = [by_name[f"analogy/section/{name}"] for name in questions.sections]
        assert by_name["analogy/semantic"].value == sections[0].value
        parts = (by_name["analogy/semantic"], by_name["analogy/syntactic"])
        for group in (sections, parts):
            assert sum(score.covered for score in group) == total.covered
            assert sum(score.total for score in group) == total.total
            counted = [s.covered if policy == "skipped" else s.total for s in group]
            right = sum(s.value * n for s, n in zip(group, counted, strict=True))
            assert right == pytest.approx(total.value * sum(counted))
            assert right == pytest.approx(np.sum(result.hits == 1))
    assert (skipped.hits == -1).sum() == total.total - total.covered
    assert set(wrong.hits.tolist()) == {0, 1}
    np.testing.assert_array_equal(wrong.hits == 1, skipped.hits == 1)


def test_nothing_covered_has_no_value() -> None:
    result = analogy(Embeddings(("x",), np.ones((1, 2))), ask())
    assert {score.value for score in result.scores} == {None}
    assert {score.covered for score in result.scores} == {0}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "3CosAdds"}, "did you mean 3CosAdd"),
        ({"oov": "drop"}, "known: skip, wrong"),
        ({"candidates": 0}, "at least 1"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_wrong_settings(arguments: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        analogy(planted(), ask(), **arguments)


@pytest.mark.parametrize("oov", ["skip", "wrong"])
@pytest.mark.parametrize("mixed_case", [False, True])  # with it, words are what is spelled alike
def test_counts_equal_gensims(tmp_path: Path, oov: str, mixed_case: bool) -> None:
    gensim = pytest.importorskip("gensim")
    google = google_questions()
    lines, last = [], -1
    for place, question in list(zip(google.section.tolist(), google.words, strict=True))[::25]:
        if place != last:
            lines.append(f": {google.sections[place]}")
            last = place
        lines.append(" ".join(question))
    path = tmp_path / "some.txt"
    path.write_text("\n".join(lines))
    questions = read_questions(path)
    embeddings = _google_like(questions, mixed_case)
    num = len(embeddings.words) * 4 // 5
    result = analogy(embeddings, questions, num, oov=oov, case="exact" if mixed_case else "fold")
    peer = gensim.models.KeyedVectors(embeddings.vectors.shape[1])
    peer.add_vectors(list(embeddings.words), embeddings.vectors)
    score, sections = peer.evaluate_word_analogies(
        *(str(path), num, not mixed_case, oov == "wrong")
    )
    ours = {score.metric: score for score in result.scores}
    assert ours["analogy/total"].value == pytest.approx(score)
    assert 0.1 < score < 0.9 and ours["analogy/total"].covered < len(questions.words)
    for place, theirs in enumerate(sections[:-1]):
        assert theirs["section"] == questions.sections[place]
        hits = result.hits[questions.section == place]
        assert len(theirs["correct"]) == (hits == 1).sum()
        assert len(theirs["incorrect"]) == (hits == 0).sum()


def _google_like(questions: Questions, mixed_case: bool) -> Embeddings:
    draw = np.random.default_rng(5)
    table: dict[str, np.ndarray] = {}
    offsets = 2 * draw.standard_normal((len(questions.sections), 30))
    for place, (a, b, c, d) in zip(questions.section, questions.words, strict=True):
        for left, right in ((a, b), (c, d)):
            start = table.setdefault(left.lower(), draw.standard_normal(30))
            table.setdefault(right.lower(), start + offsets[place] + 0.8 * draw.standard_normal(30))
    for i in range(500):
        table[f"noise{i}"] = draw.standard_normal(30)
    if mixed_case:
        for word in list(table)[::3]:
            table[word.title()] = table[word] + 0.3 * draw.standard_normal(30)
    words = list(table)
    draw.shuffle(words)
    return Embeddings(tuple(words), np.array([table[word] for word in words], np.float32))


def test_evaluate_takes_the_protocol_from_the_configuration() -> None:
    config = EvalConfig(analogy_candidates=None, analogy_method="3CosMul", analogy_oov="wrong")
    pairs = SimilaritySet("s", (("l0x0", "r0x0", 1.0), ("l0x1", "noise1", 0.0)))
    scores = evaluate(planted(), config, ask(), [pairs])
    assert scores[0].protocol == "3CosMul, all candidates, out-of-vocabulary counted wrong"
    assert scores[-1].metric == "similarity/s" and scores[-1].covered == 2
