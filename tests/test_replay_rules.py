"""What word2vec.c reads and draws, rule by rule: words, vocabulary, paths, noise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2vjax.errors import InputError
from w2vjax.losses.trees import huffman
from w2vjax.replay.generator import Generator
from w2vjax.replay.noise import NoiseTable, keep_shares
from w2vjax.replay.paths import paths
from w2vjax.replay.reading import LINE_END, count_words, read_words
from w2vjax.samplers.mechanisms import fill_table
from w2vjax.text.vocab import keep_probabilities


def test_generator_by_hand() -> None:
    generator = Generator(0)
    assert generator.next() == 11
    assert generator.share() == ((11 * 25_214_903_917 + 11) & 0xFFFF) / 65_536
    assert Generator(2**64 - 1).next() == 2**64 - 25_214_903_917 + 11


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", []),
        (b"a b", [b"a"]),
        (b"a b ", [b"a", b"b"]),
        (b"a\n", [b"a", LINE_END]),
        (b" \t a \tb\n\n", [b"a", b"b", LINE_END, LINE_END]),
        (b"a\r\nb\rc\r ", [b"a", LINE_END, b"bc"]),
        (b"</s> \n", [LINE_END, LINE_END]),
        (b"x" * 98 + b" " + b"x" * 99 + b" " + b"x" * 300 + b" ", [b"x" * 98] * 3),
        (b"a\0b \0 ", [b"a", b""]),
        (b"\xff\x0b\xc2\xa0 ", [b"\xff\x0b\xc2\xa0"]),
    ],
)
def test_words_are_read_as_in_c(text: bytes, words: list[bytes]) -> None:
    assert list(read_words(text)) == words


def test_a_last_word_of_any_length_is_dropped_at_once() -> None:
    """Looking for its end from every byte of it would take minutes."""
    assert list(read_words(b"a " + b"x" * 1_000_000)) == [b"a"]


def test_vocabulary_has_the_line_end_first_and_ties_as_first_met() -> None:
    vocabulary = count_words(b"z a b b a z c c c once\n", min_count=2)
    assert vocabulary.words == (LINE_END, b"c", b"z", b"a", b"b")
    assert vocabulary.counts == (1, 3, 2, 2, 2)
    assert vocabulary.num_words == 10
    assert count_words(b"a a ", min_count=2).counts == (0, 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [(b"", "no words"), (b"\n\n", "no words"), (b"last", "no words"), (b"a b\n", "2 times")],
)
def test_no_vocabulary(text: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        count_words(text, min_count=2)


@settings(deadline=None)
@given(st.lists(st.integers(1, 50), min_size=2, max_size=40))
def test_paths_are_huffmans_where_counts_fall(counts: list[int]) -> None:
    counts.sort(reverse=True)
    tree, root = huffman(np.array(counts)), len(counts) - 2
    for word, path in enumerate(paths(counts)):
        length = int(tree.lengths[word])
        assert [1 - 2 * turn for turn in path.turns] == tree.turns[word, :length].tolist()
        assert [root - node for node in path.nodes] == tree.nodes[word, :length].tolist()


def test_a_rare_line_end_makes_the_tree_longer_than_huffmans() -> None:
    """Counts 1 | 8 4 4: 4 + 4, then that and 8, and `</s>` last, right under the root."""
    counts = (1, 8, 4, 4)
    assert [path.turns for path in paths(counts)] == [(0,), (1, 1), (1, 0, 1), (1, 0, 0)]
    assert np.asarray(huffman(np.array(counts)).lengths).tolist() == [3, 1, 2, 3]


@pytest.mark.parametrize("size", [1, 5, 64, 1000])
def test_noise_is_drawn_from_the_table(size: int) -> None:
    counts = (3, 40, 9, 9, 2, 1)
    share = np.array(counts) ** 0.75
    slots = np.repeat(np.arange(6), fill_table(share / share.sum(), size))
    table, generator, plain = NoiseTable(counts, size), Generator(0), Generator(0)
    for _ in range(500):
        number = plain.next()
        slot = slots[(number >> 16) % size]
        assert table.draw(generator) == (slot if slot else number % 5 + 1)


def test_kept_shares_are_those_of_the_vocabulary_in_float32() -> None:
    counts = (0, 900, 90, 9, 1)
    shares = np.array(keep_shares(counts, 0.01))
    expected = keep_probabilities(np.array(counts[1:]), 0.01)
    np.testing.assert_allclose(np.minimum(shares, 1)[1:], expected, rtol=1e-6)
    assert (shares == shares.astype(np.float32)).all() and (shares != np.round(shares, 3)).any()
