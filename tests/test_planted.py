"""The made-up language: its frequencies, its truth, and that it can be found."""

from collections import Counter

import numpy as np
import pytest

from w2vjax.text import planted


def words(num_words=planted.NUM_WORDS, seed=0):
    return [line.decode().split() for line in planted.text(num_words, seed)]


def test_the_same_seed_gives_the_same_text_and_another_another():
    assert words(3_000) == words(3_000) != words(3_000, seed=1)
    assert sum(map(len, words(3_000))) == 3_000


def test_every_word_is_distinct_and_made_of_letters():
    vocabulary = planted.vocabulary()
    assert len(set(vocabulary)) == len(vocabulary)
    assert all(word.isascii() and word.isalpha() and word.islower() for word in vocabulary)
    assert {word for line in words(30_000) for word in line} <= set(vocabulary)


def test_questions_are_googles_format_and_each_is_planted():
    sections = planted.questions().split(": ")[1:]
    assert [section.split(" (")[0] for section in sections] == list(planted.RELATIONS)
    vocabulary = planted.vocabulary()
    num_forms = len(planted.RELATIONS) + 1
    for relation, section in enumerate(sections, start=1):
        questions = [line.split() for line in section.split("\n")[1:] if line]
        assert len(questions) == planted.ENTITIES * (planted.ENTITIES - 1)
        for question in questions:
            a, b, c, d = (divmod(vocabulary.index(word), num_forms) for word in question)
            assert a[0] == b[0] != c[0] == d[0]
            assert (a[1], b[1], c[1], d[1]) == (0, relation, 0, relation)


def test_background_words_follow_zipf_mandelbrot():
    counts = Counter(word for line in words() for word in line)
    background = planted.vocabulary()[-planted.BACKGROUND :]
    found = np.array([counts[word] for word in background[:50]])
    share = 1 / (np.arange(planted.BACKGROUND) + 2.7)
    expected = (share / share.sum() * sum(counts[word] for word in background))[:50]
    error = np.sqrt(expected)
    assert np.abs(found - expected).max() < 5 * error.max()
    assert (np.abs(found - expected) < 5 * error).all()


def test_the_company_of_a_form_is_its_entity_and_its_form():
    vocabulary = {word: number for number, word in enumerate(planted.vocabulary())}
    num_forms = len(planted.RELATIONS) + 1
    first = planted.ENTITIES * num_forms
    after = first + planted.ENTITIES * planted.ENTITY_WORDS
    end = after + num_forms * planted.FORM_WORDS
    text = np.array([vocabulary[word] for line in words(60_000) for word in line])
    for sentence in text.reshape(-1, planted.SENTENCE):
        entity, form = divmod(sentence[sentence < first].item(), num_forms)
        of_entity = sentence[(sentence >= first) & (sentence < after)] - first
        of_form = sentence[(sentence >= after) & (sentence < end)] - after
        assert of_entity.size == planted.ENTITY_SHARE
        assert of_form.size == planted.FORM_SHARE
        assert (of_entity // planted.ENTITY_WORDS == entity).all()
        assert (of_form // planted.FORM_WORDS == form).all()


def test_word2vec_finds_the_analogies(tmp_path):
    models = pytest.importorskip("gensim.models")
    path = tmp_path / "questions.txt"
    path.write_text(planted.questions())
    model = models.Word2Vec(
        words(), vector_size=32, min_count=5, sample=1e-4, sg=1, negative=5, epochs=2, workers=1,
        seed=1,
    )  # fmt: skip
    accuracy, _ = model.wv.evaluate_word_analogies(str(path), restrict_vocab=len(model.wv))
    assert accuracy > 0.6
