"""Laws of the stream of kept words: which words, in which order, on which device."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from w2vjax.config.schema import RunConfig, TrainConfig
from w2vjax.config.settings import Settings
from w2vjax.engine import kept_words
from w2vjax.engine.kept_words import Plan
from w2vjax.engine.stream import NO_DOCUMENT, Layout, Segment, Stream, segments
from w2vjax.text.encoding import EncodedCorpus
from w2vjax.text.vocab import Vocabulary, keep_probabilities

WINDOW = 3
TRAIN = TrainConfig(
    window=WINDOW,
    subsample=0,
    epochs=1,
    tokens_per_step=16,
    sync_words=3 * 16,
    seed=5,
    block_size=4,
)
CONFIG = Settings.of(RunConfig(train=TRAIN))


def corpus_of(ids: np.ndarray, starts: np.ndarray) -> EncodedCorpus:
    counts = np.bincount(ids)
    words = tuple(f"w{number}" for number in range(len(counts)))
    vocabulary = Vocabulary(words, counts.astype(np.int64), len(ids))
    return EncodedCorpus(vocabulary, ids.astype(np.int32), starts, "0" * 64, "made up")


def places(num_words: int = 400, seed: int = 0) -> EncodedCorpus:
    """Every word is its own place in the text; documents of 1 to 12 words."""
    lengths = np.random.default_rng(seed).integers(1, 13, num_words)
    ends = np.cumsum(lengths)
    starts = np.concatenate([[0], ends[ends < num_words], [num_words]])
    return corpus_of(np.arange(num_words), starts.astype(np.int64))


def document_of(corpus: EncodedCorpus, ids: np.ndarray) -> np.ndarray:
    """True documents of words that are their own places."""
    return np.searchsorted(corpus.starts, ids, side="right") - 1


def streamed(
    corpus: EncodedCorpus, config: Settings, devices: int = 1, **plan: object
) -> list[Segment]:
    whole = Plan(corpus, config, **plan)
    return list(segments(whole, Layout.of(config, devices, whole.kept_words())))


def centres(found: list[Segment], device: int | None = None) -> np.ndarray:
    """Words that are trained on, in order: one device's, or all, device by device."""
    inside = slice(WINDOW, -WINDOW)
    devices = range(len(found[0].tokens)) if device is None else [device]
    words = [
        part.tokens[number, inside][part.documents[number, inside] != NO_DOCUMENT]
        for number in devices
        for part in found
    ]
    return np.concatenate(words)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("epochs", [0.3, 1.0, 2.5])
@pytest.mark.parametrize("devices", [1, 2, 3, 8])
def test_every_kept_word_is_a_centre_once_an_epoch(devices, epochs, shuffle, monkeypatch):
    """Of the last part of an epoch, whole documents."""
    monkeypatch.setattr(kept_words, "PIECE", 37)
    corpus = places()
    found = streamed(corpus, replace(CONFIG, epochs=epochs, shuffle=shuffle), devices)
    size, whole = len(corpus.ids), int(epochs)
    seen = np.bincount(centres(found), minlength=size)
    assert len(seen) == size and set(seen - whole) <= {0, 1}
    again = seen > whole
    assert abs(seen.sum() - epochs * size) < 12
    for document in np.split(again, corpus.starts[1:-1]):
        assert document.all() or not document.any()
    assert sum(part.kept_words for part in found) == seen.sum()
    assert len({part.tokens.shape for part in found}) == 1, "one program for all"
    assert found[0].tokens.shape[0] == devices


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("longest", [5, 10_000])
@pytest.mark.parametrize("devices", [1, 3])
def test_windows_hold_the_neighbours_of_the_text_and_of_no_other_document(
    devices, longest, shuffle, monkeypatch
):
    """Documents stay whole, but for those that are longer than the longest."""
    monkeypatch.setattr(kept_words, "PIECE", 23)
    monkeypatch.setattr(kept_words, "LONGEST", longest)
    corpus = places()
    every = np.arange(len(corpus.ids))
    document = document_of(corpus, every)
    unit = document * 1_000 + (every - corpus.starts[document]) // longest
    seen = 0
    for part in streamed(corpus, replace(CONFIG, epochs=2, shuffle=shuffle), devices):
        for tokens, documents in zip(part.tokens, part.documents, strict=True):
            for centre in range(WINDOW, len(tokens) - WINDOW):
                if documents[centre] == NO_DOCUMENT:
                    continue
                near = np.arange(centre - WINDOW, centre + WINDOW + 1)
                near = near[documents[near] == documents[centre]]
                around = every[np.abs(every - tokens[centre]) <= WINDOW]
                around = around[unit[around] == unit[tokens[centre]]]
                np.testing.assert_array_equal(tokens[near], around)
                seen += 1
    assert seen == 2 * len(every)


@pytest.mark.parametrize("devices", [1, 2])
def test_steps_may_be_shorter_than_a_window(devices):
    corpus = places(50)
    config = replace(CONFIG, tokens_per_step=1, block_size=1, sync_words=1)
    found = streamed(corpus, config, devices)
    assert found[0].tokens.shape == (devices, 1 + 2 * WINDOW)
    assert sorted(centres(found)) == list(range(50))


def test_words_come_in_the_order_of_the_text_or_in_one_of_every_epochs_own():
    corpus = places()
    size, config = len(corpus.ids), replace(CONFIG, epochs=2)
    np.testing.assert_array_equal(centres(streamed(corpus, config)), np.tile(np.arange(size), 2))
    orders = [np.arange(size)]
    for seed in (0, 1):
        words = centres(streamed(corpus, replace(config, seed=seed, shuffle=True)))
        orders += [words[:size], words[size:]]
    for number, order in enumerate(orders):
        assert all((order != other).mean() > 0.5 for other in orders[:number])


def test_devices_get_equal_parts():
    """No device waits for another: kept words differ by about a document."""
    corpus = zipf()
    config = replace(CONFIG, subsample=1e-2, shuffle=True, epochs=1, tokens_per_step=512)
    found = streamed(corpus, config, devices=4)
    sizes = [len(centres(found, device)) for device in range(4)]
    assert max(sizes) - min(sizes) < 500 + 4 * np.sqrt(sum(sizes))


def test_one_document_read_twice_is_two():
    """The last words of an epoch are no neighbours of the first of the next."""
    corpus = corpus_of(np.arange(40), np.array([0, 40]))
    config = replace(CONFIG, epochs=2, tokens_per_step=96, sync_words=96)
    part = streamed(corpus, config)[0]
    end = WINDOW + 40
    assert part.tokens[0, end - 1] == 39 and part.tokens[0, end] == 0
    assert part.documents[0, end - 1] != part.documents[0, end]


def zipf(num_words: int = 60_000, num_types: int = 40) -> EncodedCorpus:
    weights = 1 / np.arange(1, num_types + 1)
    generator = np.random.default_rng(1)
    ids = np.sort(generator.choice(num_types, num_words, p=weights / weights.sum()))
    ids = generator.permutation(ids)
    return corpus_of(ids, np.arange(0, num_words + 1, 500, dtype=np.int64))


@pytest.mark.parametrize("formula", ["c", "paper"])
@pytest.mark.parametrize("devices", [1, 2])
def test_words_are_kept_as_often_as_their_probability_says(devices, formula):
    corpus = zipf()
    config = replace(
        CONFIG, subsample=1e-2, subsample_formula=formula, epochs=3, tokens_per_step=4096
    )
    seen = np.bincount(centres(streamed(corpus, config, devices)), minlength=40)
    keep = keep_probabilities(corpus.vocabulary.counts, 1e-2, formula)
    draws = 3 * corpus.vocabulary.counts
    error = np.sqrt(draws * keep * (1 - keep))
    assert (np.abs(seen - draws * keep) <= 4 * error).all()
    assert keep.min() < 0.4 and keep.max() == 1
    plan = Plan(corpus, config)
    assert abs(plan.kept_words() - seen.sum()) < 4 * np.sqrt(np.square(error).sum())
    assert plan.kept_words() == pytest.approx(draws @ keep)


def test_the_same_seed_gives_the_same_words_however_they_are_cut():
    """Output layers differ in tokens a step and in steps a segment, and see the same words."""
    corpus, config = zipf(), replace(CONFIG, subsample=1e-2, epochs=1.5, tokens_per_step=512)
    words = centres(streamed(corpus, config))
    for other in (
        replace(config, tokens_per_step=128, block_size=16),
        replace(config, sync_words=50 * 512, learning_rate=0.5, damping=1.0, dim=7),
    ):
        np.testing.assert_array_equal(words, centres(streamed(corpus, other)))
    other = centres(streamed(corpus, replace(config, seed=6)))
    assert len(other) != len(words) or (other != words).any()


def test_every_epoch_and_every_device_draws_anew():
    """Four passes over the same document again and again keep different words of it."""
    corpus = corpus_of(np.tile(zipf(500).ids, 80), np.arange(0, 40_001, 500))
    config = replace(CONFIG, subsample=1e-2, tokens_per_step=1024)
    passes = []
    for device in range(2):
        one, two = (
            centres(streamed(corpus, replace(config, epochs=epochs), 2), device)
            for epochs in (1, 2)
        )
        np.testing.assert_array_equal(two[: len(one)], one)
        passes += [one, two[len(one) :]]
    for first in range(4):
        for second in range(first):
            both = min(len(passes[first]), len(passes[second]))
            assert both > 5_000
            assert (passes[first][:both] != passes[second][:both]).any()


@pytest.mark.parametrize("devices", [1, 2])
def test_documents_held_out_are_never_trained_on(devices, monkeypatch):
    monkeypatch.setattr(kept_words, "PIECE", 37)
    corpus = places()
    config = replace(CONFIG, epochs=2)
    trained, held = (
        Counter(centres(streamed(corpus, config, devices, **plan)).tolist())
        for plan in ({"held_out_every": 4}, {"held_out_every": 4, "held_out": True})
    )
    assert not set(trained) & set(held)
    assert set((trained + held).values()) == {2} and len(trained + held) == len(corpus.ids)
    assert set(document_of(corpus, np.array(list(held))) % 4) == {3}
    assert 3 not in document_of(corpus, np.array(list(trained))) % 4
    assert 2 * Plan(corpus, config, 4).words() == trained.total()
    assert 2 * Plan(corpus, config, 4, True).words() == held.total()


def test_progress_rises_evenly_from_zero_to_the_end():
    corpus = places(1_000)
    found = streamed(corpus, replace(CONFIG, epochs=2), devices=2)
    progress = np.concatenate([part.progress for part in found]).astype(np.float64)
    assert len(found) > 5 and progress[0] == 0
    steps = np.diff(progress)
    live = progress[1:] < 1
    np.testing.assert_allclose(steps[live], 2 * 16 / 2_000, rtol=1e-3)
    assert (steps >= 0).all() and progress.max() <= 1 and progress[-1] > 0.95


@pytest.mark.parametrize("kept_words, devices", [(1, 1), (160, 1), (10_000, 2), (10_001, 3)])
def test_segments_are_even_and_no_longer_than_asked(kept_words, devices):
    layout = Layout.of(CONFIG, devices, kept_words)
    longest = max(1, CONFIG.sync_words // (16 * devices))  # of each device: they count together
    assert 1 <= layout.steps <= longest
    each = layout.shard * devices
    needed = -(-kept_words // each)
    assert needed * each - kept_words < each
    shortest = -(-kept_words // (devices * 16 * longest))
    assert needed == shortest, "no more segments than sync_words asks for"


@pytest.mark.parametrize("subsample, size", [(0, 1), (0, 16), (1e-2, 16), (1e-2, 64)])
@pytest.mark.parametrize("devices, shuffle", [(1, False), (2, True), (3, False)])
def test_a_stream_goes_on_from_the_end_of_any_segment(
    devices, shuffle, subsample, size, monkeypatch
):
    """It reads on from there, and gives the same to the last bit."""
    monkeypatch.setattr(kept_words, "PIECE", 37)
    corpus = zipf(600) if subsample else places(200)
    changes = {"shuffle": shuffle, "subsample": subsample, "tokens_per_step": size}
    config = replace(CONFIG, epochs=2.5, block_size=1, sync_words=3 * size, **changes)
    plan = Plan(corpus, config)
    stream = Stream.of(plan, Layout.of(config, devices, plan.kept_words()))
    whole = list(stream.segments())
    for number in range(0, len(whole), max(1, len(whole) // 6)):
        again = Stream.of(plan, stream.layout, stream.parts.cuts).segments(whole[number].after)
        for one, other in zip(again, whole[number + 1 :], strict=True):
            assert all(map(np.array_equal, one[:4], other[:4])) and one.after == other.after
