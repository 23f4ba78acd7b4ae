"""word2vec.c replayed: its traces of a text, and the rules one by one.

`word2vec_c/*.trace` were written by word2vec.c 0.1c itself, compiled with `gcc -O2` and given
statements that print what it does.
"""

from collections import Counter
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2vjax.errors import InputError
from w2vjax.losses.trees import huffman
from w2vjax.replay.events import Centre, Event, GeneratorState, Pair, Rate, Sentence, Unended
from w2vjax.replay.generator import Generator
from w2vjax.replay.noise import NoiseTable, keep_shares
from w2vjax.replay.paths import paths
from w2vjax.replay.reading import LINE_END, ReplayVocabulary, count_words, read_words
from w2vjax.replay.run import learning_rate, run, sentences
from w2vjax.replay.settings import ReplaySettings
from w2vjax.replay.trace import trace
from w2vjax.replay.weights import Weights
from w2vjax.samplers.mechanisms import fill_table
from w2vjax.text.vocab import keep_probabilities

FOLDER = Path(__file__).parent / "word2vec_c"
NOISE, TREE = "negative-sampling", "hierarchical-softmax"
TRACES = {
    "skip-gram-noise": ReplaySettings("skip-gram", NOISE, 3, 4, 0.05, 2, epochs=2, dim=3),
    "cbow-noise": ReplaySettings("cbow", NOISE, 5, 3, 0, 1, epochs=2, dim=3),
    "skip-gram-tree": ReplaySettings("skip-gram", TREE, 2, 5, 0.02, 1, epochs=2, dim=3),
    "cbow-tree": ReplaySettings("cbow", TREE, 4, 5, 0.1, 3, epochs=2, dim=3),
}


def replayed(text: bytes, **changes) -> tuple[ReplayVocabulary, list[Event]]:
    chosen = ReplaySettings(**{"min_count": 1, "sample": 0.0, "epochs": 1, **changes})
    vocabulary = count_words(text, chosen.min_count)
    return vocabulary, list(run(text, vocabulary, chosen))


@pytest.mark.parametrize("name", TRACES)
def test_the_trace_is_that_of_word2vec_c(name: str) -> None:
    expected = (FOLDER / f"{name}.trace").read_bytes().splitlines()
    assert b"".join(trace(FOLDER / "text.txt", TRACES[name])).splitlines() == expected


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


@pytest.mark.parametrize(("keep", "kept"), [(10 / 65_536, ()), (11 / 65_536, (1,))])
def test_a_word_is_dropped_if_its_draw_is_greater(keep: float, kept: tuple[int, ...]) -> None:
    """The first draw is 11 of 65,536; the line's end draws nothing."""
    generator = Generator(0)
    assert next(sentences([1, 0], [1.0, keep], generator)) == Sentence(kept, 2)
    assert generator.state == 11


@pytest.mark.parametrize("architecture", ["skip-gram", "cbow"])
def test_pairs_are_the_neighbours_in_reach_from_left_to_right(architecture) -> None:
    text = b"a b c d e f g\nh a c\n\nb d f h\n"
    _, events = replayed(text, architecture=architecture, window=4)
    pairs, sentences = Counter(), [e for e in events if isinstance(e, Sentence)]
    assert [len(s.ids) for s in sentences] == [7, 3, 0, 4]
    sentence, position, seen = (), -1, 0
    for event in events:
        if isinstance(event, Sentence):
            sentence, position = event.ids, -1
        elif isinstance(event, Centre):
            position, seen, reach = position + 1, 0, event.reach
            around = [
                sentence[place]
                for place in range(position - reach, position + reach + 1)
                if 0 <= place < len(sentence) and place != position
            ]
        elif isinstance(event, Pair):
            assert event.target == sentence[position]
            assert list(event.inputs) == around[seen : seen + len(event.inputs)]
            seen += len(event.inputs)
            pairs[architecture] += 1
            assert seen <= len(around) and (architecture != "cbow" or seen == len(around))
    assert pairs[architecture] > 10


def test_noise_is_neither_the_target_nor_a_line_end() -> None:
    _, events = replayed(b"a b c a b\n" * 40, num_noise=7)
    noise = [(e.target, word) for e in events if isinstance(e, Pair) for word in e.noise]
    assert len(noise) == 7 * 200
    assert all(word not in (0, target) for target, word in noise)
    assert {word for _, word in noise} == {None, 1, 2, 3}


def test_an_empty_sentence_draws_one_number() -> None:
    """The window of nobody: the same text with a blank line ends one draw later."""
    _, plain = replayed(b"a b c\n")
    _, blank = replayed(b"a b c\n\n")
    states = [
        e.number for events in (plain, blank) for e in events if isinstance(e, GeneratorState)
    ]
    assert Generator(states[0]).next() == states[1]
    assert Centre(None, 5 - states[1] % 5) in blank


def test_sentences_end_after_a_thousand_words_and_the_rest_is_lost_without_a_newline() -> None:
    _, events = replayed(b"a b " * 1100, output=TREE, window=1)
    assert [len(e.ids) for e in events if isinstance(e, Sentence)] == [1000, 1000]
    assert [len(e.ids) for e in events if isinstance(e, Unended)] == [200]


def test_the_learning_rate_falls_after_the_first_centre_beyond_ten_thousand_words() -> None:
    """Sentences of 1,000 words read: the 11th makes 11,000. Each epoch counts anew."""
    line = b"a b c " * 333 + b"\n"
    _, events = replayed(line * 25, output=TREE, window=1, epochs=2)
    rates = [e for e in events if isinstance(e, Rate)]
    expected = [0, 11_000, 22_000, 36_000, 47_000]
    assert [r.value for r in rates] == [learning_rate(0.05, n, 50_000) for n in expected]
    place = events.index(rates[1])
    before = events[:place]
    assert sum(isinstance(e, Sentence) for e in before) == 11
    last = max(i for i, e in enumerate(before) if isinstance(e, Sentence))
    kinds = [kind for kind, _ in groupby(before[last + 1 :], key=type)]
    assert kinds == [Centre, Pair] and isinstance(events[place + 1], Centre)


def test_learning_rate_by_hand() -> None:
    assert learning_rate(0.5, 3, 7) == pytest.approx(0.5 * (1 - 3 / 8))
    assert learning_rate(0.5, 7, 7) == pytest.approx(0.5 / 8)
    assert learning_rate(0.5, 10**6, 10**6) == pytest.approx(0.5e-4)
    assert learning_rate(0.025, 0, 7) == float(np.float32(0.025)) != 0.025


def test_first_vectors_come_from_a_generator_of_their_own() -> None:
    weights, generator = Weights(3, 2), Generator(1)
    expected = [(generator.share() - 0.5) / 2 for _ in range(6)]
    np.testing.assert_array_equal(weights.inputs.ravel(), np.array(expected, np.float32))
    assert not weights.outputs.any()


def sigmoid_of_the_table(score: float) -> float:
    """1,000 entries 0.012 apart from -6, and 83 a unit of score where 83.3 would be right."""
    value = 1 / (1 + np.exp(6 - 0.012 * np.floor((score + 6) * 83)))
    assert value == pytest.approx(1 / (1 + np.exp(-score)), abs=0.016)
    return value


@pytest.mark.parametrize("tree", [False, True])
@pytest.mark.parametrize("inputs", [(1,), (1, 2, 2)])
def test_a_step_descends_the_textbook_loss(tree: bool, inputs: tuple[int, ...]) -> None:
    """-log σ of the score for 1, -log σ of minus the score for 0; CBOW's inputs: all of it each."""
    ways = paths((2, 4, 3, 2)) if tree else None
    weights = Weights(4, 5, ways)
    generator = np.random.default_rng(0)
    weights.inputs = generator.normal(size=(4, 5)).astype(np.float32)
    weights.outputs = generator.normal(size=(4, 5)).astype(np.float32)
    hidden = weights.inputs[list(inputs)].astype(np.float64).mean(axis=0)
    rows = weights.outputs.astype(np.float64)
    labels = {3: 1, 1: 0, 2: 0}
    if ways:
        labels = dict(zip(ways[3].nodes, [1 - turn for turn in ways[3].turns], strict=True))
    slopes = {row: sigmoid_of_the_table(rows[row] @ hidden) - y for row, y in labels.items()}
    slope = sum(slope * rows[row] for row, slope in slopes.items())
    before = weights.inputs.copy(), weights.outputs.copy()
    weights.learn(Rate(0.1))
    weights.learn(Pair(inputs, 3, () if tree else (1, None, 2)))
    for row in range(4):
        expected = before[0][row] - 0.1 * inputs.count(row) * slope
        np.testing.assert_allclose(weights.inputs[row], expected, atol=1e-6)
        expected = before[1][row] - 0.1 * slopes.get(row, 0) * hidden
        np.testing.assert_allclose(weights.outputs[row], expected, atol=1e-6)


def test_scores_are_added_in_float32_from_the_first_dimension_to_the_last() -> None:
    """10^8 + 1 - 10^8 is 0 in that order and precision, and 1 in any other."""
    weights = Weights(2, 3)
    weights.inputs[0], weights.outputs[1] = (1e8, 1, -1e8), 1
    weights.learn(Rate(1.0))
    weights.learn(Pair((0,), 1, ()))
    assert weights.outputs[1, 1] == pytest.approx(2 - sigmoid_of_the_table(0), abs=1e-6)


@pytest.mark.parametrize(("tree", "moves"), [(False, True), (True, False)])
def test_beyond_six_noise_saturates_and_trees_stand_still(tree: bool, moves: bool) -> None:
    """A score of -8 where +1 was wanted."""
    ways = paths((2, 1)) if tree else None
    weights = Weights(2, 1, ways)
    weights.inputs[:], weights.outputs[:] = 4, -2
    target = 0 if not ways else next(w for w in (0, 1) if ways[w].turns == (0,))
    weights.learn(Rate(0.5))
    weights.learn(Pair((1 - target,), target, ()))
    assert weights.outputs.min() == -2
    assert weights.outputs.max() == (0 if moves else -2)
    assert weights.inputs.min() == (3 if moves else 4)


def test_numbers_beyond_float32_are_an_error() -> None:
    weights = Weights(2, 2)
    weights.inputs[:], weights.outputs[:] = 1e38, -1e38
    weights.learn(Rate(1.0))
    with pytest.raises(FloatingPointError, match="lower the learning rate"):
        weights.learn(Pair((0,), 1, ()))


@pytest.mark.parametrize(
    "wrong",
    [
        {"window": 0},
        {"num_noise": 0},
        {"min_count": 0},
        {"epochs": 0},
        {"table_size": 0},
        {"sample": -0.1},
        {"dim": 0},
        {"learning_rate": 0.0},
    ],
    ids=str,
)
def test_settings_out_of_range(wrong: dict) -> None:
    (name,) = wrong
    with pytest.raises(InputError, match=f"{name} is {wrong[name]}: it must be"):
        ReplaySettings(**wrong)
