"""A run of word2vec.c as text: a line an event, so that two traces can be compared by `diff`.

    word ID COUNT WORD           the vocabulary; the word as the file's bytes have it
    path ID TURNS NODES…         hierarchical softmax: turns as 0 (left) and 1, nodes from the root
    rate, epoch, sentence, …     what happens: the classes of `events`
    vector ID NUMBERS…           the vectors at the end, if they are trained

Numbers that are float32 have nine digits, which tell it exactly. Ids are word2vec.c's.
"""

from collections.abc import Iterator
from pathlib import Path as File

from w2vjax.errors import InputError
from w2vjax.files import opened
from w2vjax.progress import track
from w2vjax.replay.events import Sentence, Unended
from w2vjax.replay.paths import paths
from w2vjax.replay.reading import count_words
from w2vjax.replay.run import run
from w2vjax.replay.settings import ReplaySettings
from w2vjax.replay.weights import Weights


def trace(file: File, settings: ReplaySettings, show: bool = True) -> Iterator[bytes]:
    """The lines of a run over a file, newlines included.

    The file is read as bytes, in any encoding, and held in memory. Progress is shown on request.
    Raises `InputError` if the file cannot be read or holds no word that occurs often enough, and
    `FloatingPointError` if the vectors grow beyond float32.
    """
    with opened(file) as stream:
        text = stream.read()
    try:
        vocabulary = count_words(text, settings.min_count)
    except InputError as error:
        raise InputError(f"{file}: {error}") from None
    for number, (count, word) in enumerate(zip(vocabulary.counts, vocabulary.words, strict=True)):
        yield b"word %d %d %s\n" % (number, count, word)
    ways = paths(vocabulary.counts) if settings.output == "hierarchical-softmax" else None
    for number, way in enumerate(ways or ()):
        turns, nodes = "".join(map(str, way.turns)), " ".join(map(str, way.nodes))
        yield f"path {number} {turns} {nodes}\n".encode()
    weights = Weights(len(vocabulary), settings.dim, ways) if settings.dim else None
    total = settings.epochs * vocabulary.num_words
    with track(f"replaying {file.name}", total, "thousand words", show) as advance:
        for event in run(text, vocabulary, settings):
            if weights:
                weights.learn(event)
            yield f"{event}\n".encode()
            if isinstance(event, Sentence | Unended):
                advance(event.num_read, event.num_read / 1e3)
    if weights:
        for number, row in enumerate(weights.inputs):
            yield f"vector {number} {' '.join(f'{value:.9g}' for value in row)}\n".encode()
