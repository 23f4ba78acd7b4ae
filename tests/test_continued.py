"""Laws of training continued with a new text: words keep what they have, new ones join."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_train import SMALL, same_bits, short

from w2vjax.commands.cli import main
from w2vjax.config.schema import CorpusConfig, OutputConfig, RunConfig
from w2vjax.engine.kept_words import Plan
from w2vjax.engine.train import train
from w2vjax.errors import InputError, InputWarning
from w2vjax.text.encoding import EncodedCorpus, encode_documents
from w2vjax.text.grown import grown
from w2vjax.vectors.embeddings import Embeddings

TEXT = ["b b a new", "x y", "a b new rare", "new c c c"]
OLD, COUNTS = ("a", "b", "c", "d"), np.array([6, 2, 2, 1])


def encoded(documents: list[str] = TEXT) -> EncodedCorpus:
    return encode_documents(documents, CorpusConfig(min_count=1), progress=False)


def read(corpus: EncodedCorpus) -> list[list[str]]:
    words = np.array(corpus.vocabulary.words)[corpus.ids]
    return [part.tolist() for part in np.split(words, corpus.starts[1:-1])]


def test_counts_are_added_and_frequent_new_words_join():
    corpus = grown(encoded(), OLD, COUNTS, min_count=2)
    assert corpus.vocabulary.words == ("a", "b", "c", "new", "d")
    assert corpus.vocabulary.counts.tolist() == [8, 5, 5, 3, 1]
    assert read(corpus) == [["b", "b", "a", "new"], ["a", "b", "new"], ["new", "c", "c", "c"]]
    assert corpus.occurrences.tolist() == [2, 3, 3, 3, 0], "those of the text alone"
    assert corpus.vocabulary.num_words == 14, "raw words of the text"


def test_no_word_joins_if_none_is_to():
    corpus = grown(encoded(), OLD, COUNTS, min_count=None)
    assert set(corpus.vocabulary.words) == set(OLD)
    assert read(corpus) == [["b", "b", "a"], ["a", "b"], ["c", "c", "c"]]
    with pytest.raises(InputError, match="no word of the vocabulary"):
        grown(encoded(["x y z"]), OLD, COUNTS, min_count=None)


def test_kept_words_are_expected_by_the_text_and_thinned_out_by_all_counts():
    """A word that fills the new text and is rare in all is hardly thinned out."""
    corpus = grown(encoded(["d a"] * 50), OLD, np.array([100_000, 2, 2, 1]), min_count=None)
    plan = Plan(corpus, replace(SMALL, subsample=1e-3, epochs=1))
    keep = dict(zip(corpus.vocabulary.words, plan.keep(), strict=True))
    assert keep["d"] == 1 and keep["a"] < 0.05
    assert plan.kept_words() == pytest.approx(50 * (keep["d"] + keep["a"]))


LONG = TEXT * 30
STILL = replace(SMALL, learning_rate=1e-9, learning_rate_floor=0.0, damping=0.0)


@pytest.mark.parametrize("layer", ["negative-sampling", "nce", "full-softmax"])
def test_words_start_from_their_vectors_and_new_ones_as_ever(layer):
    """Steps are next to nothing: what there is at the end is what training started from."""
    generator = np.random.default_rng(0)
    vectors, outputs = generator.normal(size=(2, 4, 6)).astype(np.float32)
    start = Embeddings(OLD, vectors, outputs, COUNTS)
    corpus = grown(encoded(LONG), OLD, COUNTS, min_count=60)
    config = RunConfig(output=OutputConfig(layer), train=STILL)
    found = train(corpus, config, show=False, start=start).embeddings
    for row, word in enumerate(OLD):
        np.testing.assert_allclose(found.vectors[found.index[word]], vectors[row], atol=1e-6)
        np.testing.assert_allclose(found.outputs[found.index[word]], outputs[row], atol=1e-6)
    new = found.vectors[found.index["new"]]
    assert (np.abs(new) <= 0.5 / 6 + 1e-6).all() and new.any()
    np.testing.assert_allclose(found.outputs[found.index["new"]], 0, atol=1e-6)


def test_a_tree_keeps_input_vectors_alone():
    start = Embeddings(OLD, np.ones((4, 6), np.float32), None, COUNTS)
    corpus = grown(encoded(LONG), OLD, COUNTS, min_count=60)
    config = RunConfig(output=OutputConfig("hierarchical-softmax"), train=STILL)
    found = train(corpus, config, show=False, start=start)
    np.testing.assert_allclose(found.embeddings.vectors[0], 1, atol=1e-6)
    np.testing.assert_allclose(found.parameters.output, 0, atol=1e-6)


def test_what_was_learned_helps():
    config = RunConfig(train=replace(SMALL, epochs=4))
    first = train(short(), config, show=False)
    again = train(short(), config, show=False, start=first.embeddings)
    assert again.curve[0].positive + again.curve[0].noise < 0.98 * (
        first.curve[0].positive + first.curve[0].noise
    )
    assert not same_bits(first, again)


def test_vectors_without_outputs_are_told_and_other_dimensions_refused():
    config = RunConfig(train=SMALL)
    words = short().vocabulary.words
    start = Embeddings(words, np.ones((len(words), 6), np.float32))
    with pytest.warns(InputWarning, match="have no output vectors"):
        train(short(), config, show=False, start=start)
    start = Embeddings(words, np.ones((len(words), 9), np.float32))
    with pytest.raises(InputError, match=r"9 numbers each.*set --dim 9"):
        train(short(), config, show=False, start=start)


def test_the_command_trains_on(folder: Path, capsys: pytest.CaptureFixture[str]):
    Path("one.txt").write_text("a b c d e f g h\n" * 40)
    Path("two.txt").write_text("a b c x y z g h\n" * 40)
    common = ["--dim", "6", "--epochs", "1", "--devices", "1", "--subsample", "0"]
    assert main(["train", "--corpus", "one.txt", "--out", "one.npz", *common]) == 0
    more = ["train", "--corpus", "two.txt", "--continue-from", "one.npz", *common]
    assert main([*more, "--out", "two.npz", "--save-vocab", "words.tsv"]) == 0
    assert "continues from 8 words of one.npz; 3 of the text join them" in capsys.readouterr().err
    both = Embeddings.load("two.npz")
    assert set(both.words) == set("abcdefghxyz")
    assert dict(zip(both.words, both.counts.tolist(), strict=True))["a"] == 80
    assert main([*more, "--out", "same.npz", "--new-words", "ignore"]) == 0
    assert set(Embeddings.load("same.npz").words) == set("abcdefgh")
    assert main([*more, "--out", "x.npz", "--max-vocab", "5"]) == 2
    assert "--max-vocab and --continue-from" in capsys.readouterr().err
