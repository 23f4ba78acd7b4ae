"""How often words stand near each other: the pairs that training would see, counted."""

import numpy as np
from jaxtyping import Int64
from scipy.sparse import coo_array, csr_array

from w2vjax.config.schema import TrainConfig
from w2vjax.engine.kept_words import Plan
from w2vjax.engine.stream import NO_DOCUMENT, Layout, Segment, segments
from w2vjax.progress import track

PIECE = 1 << 21
"""kept words whose pairs are counted at once"""


def cooccurrence(plan: Plan, show: bool = True) -> tuple[csr_array, int]:
    """Pairs of the stream by their two words, `[v, v]` int64, and the number of kept words.

    The words kept are those of training, epoch by epoch; windows of random size count in
    expectation: neighbours at distance j have weight (w - j + 1) / w (Levy, Goldberg & Dagan 2015,
    section 3.1). Counts are `window` times as much, which makes them whole numbers. Each pair of
    places is counted once, in the upper triangle: add the transpose to have it both ways. Memory
    grows with the number of different pairs, 12 bytes each, three times over while it sums up.
    """
    config, size = plan.config, len(plan.corpus.vocabulary)
    expected = plan.kept_words()
    layout = Layout(1, 1, int(min(PIECE, max(1.0, expected))), config.window)
    sums: list[csr_array] = []
    kept_words = 0
    with track("co-occurrence", expected, "M kept words", show) as advance:
        for segment in segments(plan, layout):
            sums.append(_count(segment, config, size))
            # Sums of like size are added, so that each pair is moved only a few times.
            while len(sums) > 1 and sums[-2].nnz < 2 * sums[-1].nnz:
                sums.append(sums.pop() + sums.pop())
            kept_words += segment.kept_words
            advance(segment.kept_words, segment.kept_words / 1e6)
    total = csr_array((size, size), dtype=np.int64)
    while sums:
        total = total + sums.pop()
    return total, kept_words


def _count(segment: Segment, config: TrainConfig, size: int) -> csr_array:
    """The pairs of one segment, each by the place on its left."""
    window, tokens, documents = config.window, segment.tokens[0], segment.documents[0]
    here = np.arange(window, len(tokens) - window)
    here = here[documents[here] != NO_DOCUMENT]
    rows, columns, weights = [], [], []
    for distance in range(1, window + 1):
        near = here[documents[here] == documents[here + distance]]
        words = np.stack([tokens[near], tokens[near + distance]])
        rows.append(words.min(axis=0))
        columns.append(words.max(axis=0))
        times = window - distance + 1 if config.dynamic_window else window
        weights.append(np.full(len(near), times))
    at = np.concatenate(rows), np.concatenate(columns)
    return coo_array((np.concatenate(weights), at), shape=(size, size)).tocsr()


def marginals(upper: csr_array) -> Int64[np.ndarray, " v"]:
    """How often each word stands in a pair, `[v]`, of the upper triangle of `cooccurrence`."""
    return np.asarray(upper.sum(axis=0)) + np.asarray(upper.sum(axis=1))
