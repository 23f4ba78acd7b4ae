"""A run of word2vec.c on one thread, as a stream of events.

Nothing that is drawn depends on the vectors: `weights` learns from the same events. The version
replayed is 0.1c, with `-iter`, compiled without `-Ofast`: that flag lets the compiler replace
quotients by products, which moves a threshold or the end of a stretch of the table now and then.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from w2vjax.replay.events import Centre, Epoch, Event, GeneratorState, Pair, Rate, Sentence, Unended
from w2vjax.replay.generator import Generator
from w2vjax.replay.noise import NoiseTable, keep_shares
from w2vjax.replay.reading import ReplayVocabulary, read_words
from w2vjax.replay.settings import ReplaySettings

SENTENCE = 1000
"""words left by subsampling after which a sentence ends, with or without a newline"""
RATE_WORDS = 10_000
"""words after which the learning rate falls"""
RATE_FLOOR = 0.0001
"""share of its start below which it does not fall"""

Noise = Callable[[int], tuple[int | None, ...]]
"""of a target: its noise words, None where one was the target"""


def run(text: bytes, vocabulary: ReplayVocabulary, settings: ReplaySettings) -> Iterator[Event]:
    """All events, in word2vec.c's order.

    The learning rate falls once more than 10,000 words have been read since it last did: after the
    first centre of the sentence that reaches beyond them. What an epoch leaves below 10,000 counts
    with the next fall, but does not bring it nearer.
    """
    index = vocabulary.index
    ids = [index[word] for word in read_words(text) if word in index]
    generator = Generator(0)
    thinned = np.float32(settings.sample) > 0
    keep = keep_shares(vocabulary.counts, settings.sample) if thinned else None
    pairs = _PAIRS[settings.architecture]
    draw = _noise(vocabulary, settings, generator)
    num_words = settings.epochs * vocabulary.num_words
    counted = 0
    yield Rate(learning_rate(settings.start_rate, 0, num_words))
    for epoch in range(1, settings.epochs + 1):
        yield Epoch(epoch)
        waiting = 0
        for sentence in sentences(ids, keep, generator):
            yield sentence
            waiting += sentence.num_read
            if isinstance(sentence, Unended):
                break
            # an empty sentence still draws a window, for a word left over from the one before
            for position, word in enumerate(sentence.ids or (None,)):
                reach = settings.window - generator.next() % settings.window
                yield Centre(word, reach)
                yield from pairs(sentence.ids, position, reach, draw)
                if waiting > RATE_WORDS:
                    counted, waiting = counted + waiting, 0
                    yield Rate(learning_rate(settings.start_rate, counted, num_words))
        counted += waiting
        yield GeneratorState(generator.state)


def learning_rate(start: float, words: int, num_words: int) -> float:
    """`start · (1 - words / (num_words + 1))`, at least a ten-thousandth of the start; in float32.

    `words` have been read of `num_words` in all epochs.
    """
    first = np.float32(start)
    left = np.float32(1) - np.float32(words) / np.float32(num_words + 1)
    return float(max(first * left, np.float32(float(first) * RATE_FLOOR)))


def sentences(
    ids: Sequence[int], keep: Sequence[float] | None, generator: Generator
) -> Iterator[Sentence | Unended]:
    """One pass over the text. A sentence's draws are made when it is asked for.

    A word draws a share, and is dropped if that is greater than the share in which it is kept.
    """
    kept: list[int] = []
    start = 0
    for place, word in enumerate(ids, start=1):
        if word and (keep is None or keep[word] >= generator.share()):
            kept.append(word)
        if not word or len(kept) == SENTENCE:
            yield Sentence(tuple(kept), place - start)
            kept, start = [], place
    yield Unended(tuple(kept), len(ids) - start)


def _noise(vocabulary: ReplayVocabulary, settings: ReplaySettings, generator: Generator) -> Noise:
    """What draws a pair's noise: nothing for hierarchical softmax."""
    if settings.output == "hierarchical-softmax":
        return lambda target: ()
    table = NoiseTable(vocabulary.counts, settings.table_size)

    def draw(target: int) -> tuple[int | None, ...]:
        words = [table.draw(generator) for _ in range(settings.num_noise)]
        return tuple(word if word != target else None for word in words)

    return draw


def _skip_gram(ids: Sequence[int], position: int, reach: int, draw: Noise) -> Iterator[Pair]:
    for neighbour in _neighbours(ids, position, reach):
        yield Pair((neighbour,), ids[position], draw(ids[position]))


def _cbow(ids: Sequence[int], position: int, reach: int, draw: Noise) -> Iterator[Pair]:
    if neighbours := _neighbours(ids, position, reach):
        yield Pair(neighbours, ids[position], draw(ids[position]))


def _neighbours(ids: Sequence[int], position: int, reach: int) -> tuple[int, ...]:
    """From left to right, within the sentence."""
    return (*ids[max(0, position - reach) : position], *ids[position + 1 : position + reach + 1])


_PAIRS = {"skip-gram": _skip_gram, "cbow": _cbow}
