"""Word similarity: rank correlation with coverage, equal to gensim's."""

from pathlib import Path

import numpy as np
import pytest

from w2vjax.evaluation.questions import SimilaritySet
from w2vjax.evaluation.similarity import similarity
from w2vjax.evaluation.similarity_files import read_similarity
from w2vjax.vectors.embeddings import Embeddings


def angles(*degrees: float) -> Embeddings:
    turned = np.radians(degrees)
    words = tuple(f"at{i}" for i in range(len(degrees)))
    return Embeddings(words, np.stack([np.cos(turned), np.sin(turned)], axis=1))


def test_rank_order_is_all_that_counts() -> None:
    embeddings = angles(0, 10, 30, 70)
    pairs = [("at0", "at1", 100.0), ("at0", "at2", 3.0), ("at0", "at3", 2.9)]
    assert similarity(embeddings, SimilaritySet("s", tuple(pairs)))[0].value == pytest.approx(1)
    turned = tuple((a, b, -x) for a, b, x in pairs)
    assert similarity(embeddings, SimilaritySet("s", turned))[0].value == pytest.approx(-1)


def test_coverage_and_case() -> None:
    pairs = (("AT0", "at1", 2.0), ("at0", "At2", 1.0), ("at2", "at3", 0.0), ("at0", "nowhere", 3.0))
    score, p_value = similarity(angles(0, 10, 30, 90), SimilaritySet("mine", pairs))
    assert (score.metric, score.covered, score.total) == ("similarity/mine", 3, 4)
    assert score.value == pytest.approx(1)
    assert 0 <= p_value < 1


@pytest.mark.parametrize(
    "pairs",
    [
        (("no", "words", 1.0), ("here", "at0", 2.0)),
        (("at0", "at1", 1.0), ("at0", "at2", 2.0)),
        (("at0", "at1", 1.0), ("at0", "at2", 1.0), ("at1", "at2", 1.0)),
        (("at0", "at1", 1.0), ("at1", "at0", 2.0), ("at0", "at1", 3.0)),
    ],
)
def test_undefined_is_none_never_nan(pairs) -> None:
    score, p_value = similarity(angles(0, 10, 30), SimilaritySet("s", pairs))
    assert score.value is None and p_value == 1.0


@pytest.mark.parametrize("file", ["wordsim353.tsv", "simlex999.txt"])
def test_rho_equals_gensims(file: str) -> None:
    gensim = pytest.importorskip("gensim")
    path = Path(gensim.__file__).parent / "test" / "test_data" / file
    pairs = read_similarity(path)
    draw = np.random.default_rng(0)
    table: dict[str, np.ndarray] = {}
    for first, second, score in pairs.pairs[::2]:  # the rest is out of vocabulary
        start = table.setdefault(first.lower(), draw.standard_normal(20))
        table.setdefault(second.lower(), score * start / 5 + draw.standard_normal(20))
    asked = {word for *pair, _ in pairs.pairs for word in pair}
    for word in list(table)[::3]:
        if word.upper() not in asked:  # that would be the word meant
            table[word.upper()] = draw.standard_normal(20)
    embeddings = Embeddings(tuple(table), np.array(list(table.values()), np.float32))
    peer = gensim.models.KeyedVectors(20)
    peer.add_vectors(list(table), embeddings.vectors)
    _, spearman, oov = peer.evaluate_word_pairs(str(path), restrict_vocab=None)
    score, p_value = similarity(embeddings, pairs)
    assert score.value == pytest.approx(spearman.statistic, abs=1e-6)
    assert p_value == pytest.approx(spearman.pvalue, abs=1e-6)
    assert 100 * (1 - score.covered / score.total) == pytest.approx(oov)
    assert 0 < score.covered < score.total and score.value > 0.2
