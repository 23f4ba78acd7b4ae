"""word2vec.c replayed: its traces of a text, and the rules one by one.

`word2vec_c/*.trace` were written by word2vec.c 0.1c itself, compiled with `gcc -O2` and given
statements that print what it does.
"""

from collections import Counter
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from w2vjax.errors import InputError
from w2vjax.replay.events import Centre, Event, GeneratorState, Pair, Rate, Sentence, Unended
from w2vjax.replay.generator import Generator
from w2vjax.replay.reading import ReplayVocabulary, count_words
from w2vjax.replay.run import learning_rate, run, sentences
from w2vjax.replay.settings import ReplaySettings
from w2vjax.replay.trace import trace

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
