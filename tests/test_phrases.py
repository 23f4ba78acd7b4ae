"""Phrases are those of a plain reading of the formula, however the text is cut into pieces."""

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2vjax.config.schema import CorpusConfig
from w2vjax.errors import InputError
from w2vjax.text import phrases
from w2vjax.text.encoding import encode_documents

LINES = st.lists(
    st.lists(st.sampled_from(["a", "b", "c", "d", "a_b"]), max_size=12), min_size=1, max_size=12
)


def reference(documents, passes, threshold, least):
    """word2phrase.c's rule, word by word."""
    for left in reversed(range(passes)):
        counts = Counter(word for document in documents for word in document)
        pairs = Counter(pair for document in documents for pair in itertools.pairwise(document))
        size = counts.total()
        joined = []
        for document in documents:
            words, before = [], None  # before: the last word, unless it is a phrase's second
            for word in document:
                pair = (before, word)
                frequent = min(counts[before], counts[word], pairs[pair]) >= least
                if (
                    before is not None
                    and frequent
                    and (
                        (pairs[pair] - least) / counts[before] / counts[word] * size
                        > threshold * 2**left
                    )
                ):
                    words[-1] += f"_{word}"
                    before = None
                else:
                    words.append(word)
                    before = word
            joined.append(words)
        documents = joined
    return documents


def found(documents, cache, **changes):
    config = CorpusConfig(min_count=1, **changes)
    corpus = encode_documents(documents, config, cache=cache, progress=False)
    ids = [corpus.vocabulary.words[number] for number in corpus.ids]
    ends = zip(corpus.starts[:-1], corpus.starts[1:], strict=True)
    return corpus, [ids[start:end] for start, end in ends]


@settings(max_examples=60, deadline=None)
@given(
    documents=LINES,
    passes=st.integers(0, 3),
    threshold=st.sampled_from([0.0, 0.5, 1.0, 2.0]),
    least=st.integers(1, 3),
    chunk=st.integers(1, 9),
    most=st.sampled_from([3, 1 << 23]),
)
def test_they_are_those_of_the_formula(
    tmp_path_factory, documents, passes, threshold, least, chunk, most
):
    if not any(documents):
        return
    changes = {"phrases": passes, "phrase_threshold": threshold, "phrase_min_count": least}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(phrases, "CHUNK", chunk)
        patch.setattr(phrases, "MOST_PAIRS", most)
        corpus, words = found(documents, tmp_path_factory.mktemp("cache"), **changes)
    expected = [line for line in reference(documents, passes, threshold, least) if line]
    assert words == expected
    counts = Counter(word for line in expected for word in line)
    assert dict(zip(corpus.vocabulary.words, corpus.vocabulary.counts, strict=True)) == counts
    assert corpus.vocabulary.num_words == counts.total()


def test_new_york_is_one_word_and_new_york_city_in_two_passes(tmp_path):
    rng = np.random.default_rng(0)
    some = [f"w{number}" for number in range(200)]
    documents = [
        [*rng.choice(some, 5), "new", "york", *(["city"] * (n % 2)), *rng.choice(some, 5)]
        for n in range(60)
    ]
    once, _ = found(documents, tmp_path, phrases=1, phrase_threshold=5.0)
    assert once.vocabulary.index["new_york"] == 0
    twice, _ = found(documents, tmp_path, phrases=2, phrase_threshold=5.0)
    assert twice.vocabulary.counts[twice.vocabulary.index["new_york_city"]] == 30
    assert "new" not in twice.vocabulary.index
    plain, _ = found(documents, tmp_path)
    assert plain.sha256 == once.sha256, "the checksum is the text's"
    assert not any("_" in word for word in plain.vocabulary.words)


def test_settings_out_of_range_are_told():
    for name, value in (("phrases", -1), ("phrase_threshold", -1.0), ("phrase_min_count", 0)):
        with pytest.raises(InputError, match=name):
            CorpusConfig(**{name: value})


def test_memory_is_bounded_by_the_pairs_counted_at_a_time(tmp_path, monkeypatch):
    sizes, unique = [], np.unique

    def watched(keys, **more):
        if "return_counts" in more:
            sizes.append(len(keys))
        return unique(keys, **more)

    documents = [[f"w{number**2 % 89}" for number in range(5_000)]]
    monkeypatch.setattr(phrases, "MOST_PAIRS", 1_000)
    monkeypatch.setattr(phrases.np, "unique", watched)
    found(documents, tmp_path, phrases=1)
    assert len(sizes) >= 6 and max(sizes) < 2_000
