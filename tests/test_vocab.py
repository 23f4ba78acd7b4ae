"""The vocabulary on disk, and how often words are kept."""

import numpy as np
import pytest

from w2vjax.errors import InputError
from w2vjax.text.vocab import Vocabulary, keep_probabilities

COUNTS = np.array([500_000, 90_000, 300, 7, 1])


def vocabulary():
    return Vocabulary(("the", "Ωmega", "b"), np.array([9, 4, 4]), 20)


def test_save_and_load(tmp_path):
    vocabulary().save(tmp_path / "v.tsv")
    assert (tmp_path / "v.tsv").read_bytes() == "the\t9\nΩmega\t4\nb\t4\n".encode()
    found = Vocabulary.load(tmp_path / "v.tsv")
    assert found.words == vocabulary().words
    np.testing.assert_array_equal(found.counts, [9, 4, 4])
    assert found.counts.dtype == np.int64
    assert found.num_words == 17
    assert len(found) == 3
    assert [found.index[word] for word in found.words] == [0, 1, 2]
    assert [path.name for path in tmp_path.iterdir()] == ["v.tsv"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("the\n", "line 1: 'the' is not a word, a tab or space, and a count"),
        ("the 9\nto be 8\n", "line 2: the count 'be 8' is not a positive integer"),
        ("the  9\n", "line 1: the count ' 9' is not a positive integer"),
        ("the 0\n", "line 1: the count '0' is not a positive integer"),
        ("</s> 0\n", "holds no words"),
        ("</s> 3\nthe 9\n</s> 1\n", "line 3: '</s>' comes twice"),
        ("</s> 3\nthe 9\nb 10\n", "line 3: 10 is more than the count before it, 9"),
        ("the\t9\n\nb\t1\n", "line 2: '' is not"),
        ("the\t9\nto be\t8\n", "line 2: 'to be"),
        ("the\t9\nb\t4.5\n", "line 2: the count '4.5' is not a positive integer"),
        ("the\t9\nb\t0\n", "line 2: the count '0' is not a positive integer"),
        ("the\t9\nb\t-4\n", "line 2: the count '-4'"),
        (f"the\t{2**63}\n", "too large"),
        ("the\t9\nb\t10\n", "line 2: 10 is more than the count before it, 9"),
        ("the\t9\nthe\t4\n", "line 2: 'the' comes twice"),
        ("", "holds no words"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(tmp_path, text, message):
    path = tmp_path / "v.tsv"
    path.write_text(text)
    with pytest.raises(InputError, match=r"v\.tsv") as error:
        Vocabulary.load(path)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("text", "words", "counts"),
    [
        ("the 9\nb 4\n", ("the", "b"), [9, 4]),
        ("the 9\r\nb 4\r\n", ("the", "b"), [9, 4]),
        ("</s> 0\nthe 9\nb 4\n", ("the", "b"), [9, 4]),
        ("</s> 5\nthe 9\nb 4", ("the", "</s>", "b"), [9, 5, 4]),
        ("</s>\t50\nthe\t9\n", ("</s>", "the"), [50, 9]),
    ],
)
def test_word2vecs_own_files_are_read(tmp_path, text, words, counts):
    (tmp_path / "v.txt").write_bytes(text.encode())
    found = Vocabulary.load(tmp_path / "v.txt")
    assert found.words == words
    assert found.counts.tolist() == counts


def test_a_missing_or_binary_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot read"):
        Vocabulary.load(tmp_path / "none.tsv")
    (tmp_path / "v.tsv").write_bytes(b"the\t9\n\xff\t3\n")
    with pytest.raises(InputError, match="byte offset 6"):
        Vocabulary.load(tmp_path / "v.tsv")


def test_an_unwritable_place_is_refused_and_leaves_nothing(tmp_path):
    with pytest.raises(InputError, match="cannot write"):
        vocabulary().save(tmp_path / "none" / "v.tsv")
    (tmp_path / "v.tsv").mkdir()
    with pytest.raises(InputError, match="cannot write"):
        vocabulary().save(tmp_path / "v.tsv")
    assert [path.name for path in tmp_path.iterdir()] == ["v.tsv"]


def test_keep_probabilities_as_published():
    # f = 0.05, t = 1e-3: sqrt(0.02) = 0.141421, and 0.02 more in word2vec.c
    counts = np.array([500, 9_500])
    np.testing.assert_allclose(keep_probabilities(counts, 1e-3, "paper")[0], 0.1414213562)
    np.testing.assert_allclose(keep_probabilities(counts, 1e-3, "c")[0], 0.1614213562)


def test_the_c_formula_is_the_source_codes():
    # word2vec.c: (sqrt(cn / (sample * train_words)) + 1) * (sample * train_words) / cn
    total, sample = COUNTS.sum(), 1e-4
    expected = (np.sqrt(COUNTS / (sample * total)) + 1) * (sample * total) / COUNTS
    np.testing.assert_allclose(
        keep_probabilities(COUNTS, sample, "c"), np.minimum(expected, 1), rtol=1e-12
    )


@pytest.mark.parametrize("formula", ["c", "paper"])
def test_rarer_words_are_kept_more(formula):
    keep = keep_probabilities(COUNTS, 1e-4, formula)
    assert (np.diff(keep) >= 0).all()
    assert 0 < keep[0] < keep[1] < 1
    assert keep[-1] == 1
    assert (keep_probabilities(COUNTS, 0, formula) == 1).all()


@pytest.mark.usefixtures("unchecked")
def test_wrong_thresholds_and_formulas_are_refused():
    for threshold in (-1e-3, 1.5, float("nan")):
        with pytest.raises(InputError, match="subsample"):
            keep_probabilities(COUNTS, threshold, "c")
    with pytest.raises(InputError, match="formula 'C'"):
        keep_probabilities(COUNTS, 1e-3, "C")
