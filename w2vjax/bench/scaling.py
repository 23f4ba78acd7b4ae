"""What a step costs as vocabularies, dimensions and noise grow, on text by Zipf's law."""

from collections.abc import Sequence

import numpy as np

from w2vjax.bench.ledger import Ledger
from w2vjax.bench.settings import Care, Point, growth
from w2vjax.bench.subject import Subject
from w2vjax.clock import interleaved
from w2vjax.config.schema import flatten
from w2vjax.progress import track
from w2vjax.text.encoding import EncodedCorpus
from w2vjax.text.vocab import Vocabulary

STREAM = 1 << 20
"""words of text"""
DOCUMENT = 1_000
"""words of a document"""


def zipf_corpus(num_words: int, length: int = STREAM, seed: int = 0) -> EncodedCorpus:
    """`length` words drawn from `num_words` by Zipf's law, the n-th with probability ∝ 1/n.

    The vocabulary's counts are that law's, not the sample's: rare words are there too.
    """
    ranks = np.arange(1, num_words + 1)
    bounds = np.cumsum(1 / ranks)
    draws = np.random.default_rng(seed).random(length) * bounds[-1]
    ids = np.minimum(np.searchsorted(bounds, draws), num_words - 1).astype(np.int32)
    counts = np.maximum(1, 5 * num_words // ranks).astype(np.int64)
    words = tuple(map(str, range(num_words)))
    starts = np.append(np.arange(0, length, DOCUMENT), length)
    return EncodedCorpus(Vocabulary(words, counts, int(counts.sum())), ids, starts, "", "zipf")


def scaling(points: Sequence[Sequence[Point]], care: Care, ledger: Ledger) -> None:
    """Times every point's step into the ledger; the layers of one variable and value in turn."""
    total = sum(len(together) for together in points)
    corpus = zipf_corpus(points[0][0].words)
    with track("scaling", total, "programs") as advance:
        for together in points:
            if together[0].words != len(corpus.vocabulary):
                corpus = zipf_corpus(together[0].words)
            subjects = {_name(point): Subject(corpus, point.config) for point in together}
            for point, subject in zip(together, subjects.values(), strict=True):
                _describe(ledger, point, subject)
            measures = {name: subject.measure for name, subject in subjects.items()}
            for lap in interleaved(measures, care.repeats, care.seconds):
                steps = subjects[lap.name].amounts().steps
                taken = lap.seconds["program"]
                ledger.measured(lap.name, "seconds", taken, lap.repeat, steps=steps)
            advance(len(together), len(together))


def _name(point: Point) -> str:
    return f"{point.config.output.label} / {point.variable} = {point.value}"


def _describe(ledger: Ledger, point: Point, subject: Subject) -> None:
    config = subject.run.configs[0]
    ledger.describe(
        _name(point),
        **{f"config.{name}": value for name, value in flatten(config).items()},
        layer=subject.run.layer.title,
        growth=growth(config.output.layer),
        variable=point.variable,
        amount=point.value,
        vocabulary=point.words,
        compile_seconds=subject.made.seconds,
        num_devices=subject.run.mesh.size,
    )
