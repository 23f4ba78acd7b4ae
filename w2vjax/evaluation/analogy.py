"""Analogies: a is to b as c is to which word?

3CosAdd answers argmax_x cos(x, b) − cos(x, a) + cos(x, c) (Mikolov, Yih & Zweig 2013, section 4);
3CosMul answers argmax_x s(x, b)·s(x, c) / (s(x, a) + ε) with s = (1 + cos)/2 and ε = 0.001 (Levy &
Goldberg 2014, section 6). Both are sums of three rows of one small matrix: the similarities, or
their logarithms, of the words that occur in questions with the candidates. Questions that share
a and b share the difference of two of them.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float32, Int
from threadpoolctl import threadpool_limits

from w2vjax import machine
from w2vjax.errors import InputError, in_range, unknown
from w2vjax.evaluation.analogy_scores import (
    AnalogyResult,
    Answered,
    Method,
    OutOfVocabulary,
    judged,
)
from w2vjax.evaluation.questions import Questions
from w2vjax.vectors.embeddings import Case, Embeddings, lower_case

EPSILON = np.float32(0.001)
CANDIDATES_PER_CHUNK = 8_000  # no power of two: rows that lie whole pages apart would be slow
QUESTIONS_PER_BLOCK = 64


def analogy(
    embeddings: Embeddings,
    questions: Questions,
    candidates: int | None = 30_000,
    method: Method = "3CosAdd",
    oov: OutOfVocabulary = "skip",
    case: Case = "fold",
) -> AnalogyResult:
    """Accuracy on analogy questions, as word2vec's `compute-accuracy` and gensim count it.

    Only the first `candidates` words (None: all) may be asked about or be answers. The words of
    the question are no answers. Words whose vector is 0 are never answers. A question with a word
    outside the candidates is left out (`skip`) or counts as wrong (`wrong`). Where several words
    are right, the best candidate must be one of them, and one of them must be a candidate.

    Folding `case`, a word that is not there as it is spelled is the first that differs in case
    alone, and is answered by any of these; nor are the question's words answers in another case,
    unless that is the right answer. With `exact` only the word as it is spelled counts.

    Raises `InputError` for an unknown method or policy, or less than one candidate.
    """
    if oov not in ("skip", "wrong"):
        raise unknown("out-of-vocabulary policy", oov, ("skip", "wrong"))
    return judged(questions, answered(embeddings, questions, [candidates], method, case)[0], oov)


def answered(
    embeddings: Embeddings,
    questions: Questions,
    candidates: Sequence[int | None],
    method: Method = "3CosAdd",
    case: Case = "fold",
) -> list[Answered]:
    """Answers every question among each number of `candidates` (None: all), in one pass.

    The most candidates cost as much as they do alone; the fewer are looked up on the way there.

    Raises `InputError` for an unknown method, less than one candidate, or no questions.
    """
    if method not in ("3CosAdd", "3CosMul"):
        raise unknown("analogy method", method, ("3CosAdd", "3CosMul"))
    for number in candidates:
        if number is not None:
            in_range("candidates", number, 1)
    if not questions.words:
        raise InputError(f"the question set {questions.name!r} has no questions")
    num_words = len(embeddings.words)
    limits = [num_words if n is None else min(n, num_words) for n in candidates]
    stands_for = _stands_for(embeddings, max(limits), case)
    words = {word for question in questions.words for word in question[:3]}
    rows = {word: _or_none(embeddings.row(word, case)) for word in words}
    asked = np.array([[rows[word] for word in question[:3]] for question in questions.words])
    right, spelled = _right(embeddings, questions, case)
    rarest = _rarest(asked, right, num_words)
    known = rarest < max(limits)
    banned = _banned(stands_for, asked[known], right[known])
    answers = _answers(embeddings, asked[known], banned, method, limits)
    made = []
    for number, limit in zip(candidates, limits, strict=True):
        hits = np.full(len(asked), -1, np.int8)
        best = answers[limit]
        found = np.where(spelled[known], best[:, None], stands_for[best][:, None])
        hits[known] = (best >= 0) & (found == right[known]).any(axis=1)
        hits[rarest >= limit] = -1
        ranks = np.where(rarest < num_words, rarest + 1, 0)
        made.append(Answered(number, method, hits, ranks, case))
    return made


def _stands_for(embeddings: Embeddings, num: int, case: Case) -> Int[np.ndarray, " n"]:
    """The first row, of all words, of those that are one with each of the first words."""
    if case == "exact":
        return np.arange(num)
    folded = embeddings.folded
    return np.array([folded[lower_case(word)] for word in embeddings.words[:num]], np.int64)


def _or_none(row: int | None) -> int:
    return -1 if row is None else row


def _right(
    embeddings: Embeddings, questions: Questions, case: Case
) -> tuple[Int[np.ndarray, "q m"], Bool[np.ndarray, "q m"]]:
    """The rows that are right answers, and whether the words are there as they are spelled.

    Filled up with -1, for words without vectors.
    """
    also = questions.also or [()] * len(questions.words)
    rows = [(question[3], *more) for question, more in zip(questions.words, also, strict=True)]
    found = {
        word: (_or_none(embeddings.row(word, case)), word in embeddings.index)
        for word in {word for row in rows for word in row}
    }
    table = np.full((len(rows), max(map(len, rows))), -1)
    spelled = np.full(table.shape, True)
    for place, row in enumerate(rows):
        table[place, : len(row)] = [found[word][0] for word in row]
        spelled[place, : len(row)] = [found[word][1] for word in row]
    return table, spelled


def _rarest(
    asked: Int[np.ndarray, "q 3"], right: Int[np.ndarray, "q m"], num_words: int
) -> Int[np.ndarray, " q"]:
    """The largest id of a, b, c and the most frequent right answer; `num_words`: one is unknown."""
    answer = np.where(right >= 0, right, num_words).min(axis=1)
    known = np.all(asked >= 0, axis=1)
    return np.where(known, np.maximum(asked.max(axis=1), answer), num_words)


def _answers(
    embeddings: Embeddings,
    asked: Int[np.ndarray, "q 3"],
    banned: Int[np.ndarray, "q m"],
    method: Method,
    limits: Sequence[int],
) -> dict[int, Int[np.ndarray, " q"]]:
    """The best of the first candidates for each question, by their number, a limit.

    Of equals the first; -1 if there is none.
    """
    order = np.lexsort((asked[:, 1], asked[:, 0]))
    asked, banned = asked[order], banned[order]
    rows, places = np.unique(asked, return_inverse=True)
    places = places.reshape(asked.shape)
    asked_unit = embeddings.unit(rows)
    blocks = _blocks(places)

    def chunk(ends: tuple[int, int]) -> tuple[Float32[np.ndarray, " q"], Int[np.ndarray, " q"]]:
        start, stop = ends
        unit = embeddings.unit(slice(start, stop))  # a second matrix would be as large as the first
        plus, minus = _terms(asked_unit @ unit.T, method)
        dead = np.flatnonzero(np.all(unit == 0, axis=1))
        return _best(plus, minus, places, blocks, banned - start, dead)

    best_score = np.full(len(asked), -np.inf, np.float32)
    best = np.full(len(asked), -1, np.int64)
    found: dict[int, Int[np.ndarray, " q"]] = {}
    chunks = _chunks(limits)
    # numpy lets go of the interpreter lock in everything that takes time here; a core's product
    # starts no threads of its own: they would be in the way of the other cores
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(machine.cores()) as pool:
        for (start, stop), (score, place) in zip(chunks, pool.map(chunk, chunks), strict=True):
            better = score > best_score
            best_score[better] = score[better]
            best[better] = start + place[better]
            if stop in limits:
                found[stop] = np.empty_like(best)
                found[stop][order] = best
    return found


def _chunks(limits: Sequence[int]) -> list[tuple[int, int]]:
    """Stretches of the candidates, none of them across a limit."""
    return [
        (start, min(start + CANDIDATES_PER_CHUNK, last))
        for first, last in pairwise([0, *sorted(set(limits))])
        for start in range(first, last, CANDIDATES_PER_CHUNK)
    ]


def _blocks(places: Int[np.ndarray, "q 3"]) -> list[slice]:
    """Runs of questions with the same a and b, cut where they grow long."""
    change = np.flatnonzero(np.any(places[1:, :2] != places[:-1, :2], axis=1)) + 1
    ends = [0, *change.tolist(), len(places)]
    return [
        slice(start, min(start + QUESTIONS_PER_BLOCK, stop))
        for first, stop in pairwise(ends)
        for start in range(first, stop, QUESTIONS_PER_BLOCK)
    ]


def _terms(
    cosines: Float32[np.ndarray, "u n"], method: Method
) -> tuple[Float32[np.ndarray, "u n"], Float32[np.ndarray, "u n"]]:
    """What a word adds to the score as b or c, and what it takes away as a."""
    if method == "3CosAdd":
        return cosines, cosines
    shifted = (cosines + 1) / 2
    return np.log(np.maximum(shifted, np.finfo(np.float32).tiny)), np.log(
        np.maximum(shifted, 0) + EPSILON
    )


def _best(
    plus: Float32[np.ndarray, "u n"],
    minus: Float32[np.ndarray, "u n"],
    places: Int[np.ndarray, "q 3"],
    blocks: list[slice],
    banned: Int[np.ndarray, "q m"],
    dead: Int[np.ndarray, " z"],
) -> tuple[Float32[np.ndarray, " q"], Int[np.ndarray, " q"]]:
    """Score and column of each question's best candidate in one chunk of `n`."""
    num_questions, num_columns = len(places), plus.shape[1]
    score = np.empty(num_questions, np.float32)
    best = np.empty(num_questions, np.int64)
    buffer = np.empty((QUESTIONS_PER_BLOCK, num_columns), np.float32)
    question, place = np.nonzero((banned >= 0) & (banned < num_columns))
    column = banned[question, place]
    firsts = [part.start for part in blocks]
    ends = pairwise([*np.searchsorted(question, firsts), len(question)])
    for part, (first, last) in zip(blocks, ends, strict=True):
        a, b = places[part.start, :2]
        c = places[part, 2]
        change = plus[b] - minus[a]
        change[dead] = -np.inf
        # mode "clip" writes straight into `out`; the default goes through a copy
        sums = np.take(plus, c, axis=0, out=buffer[: len(c)], mode="clip")
        sums += change
        sums[question[first:last] - part.start, column[first:last]] = -np.inf
        best[part] = sums.argmax(axis=1)
        score[part] = sums[np.arange(len(c)), best[part]]
    return score, best


def _banned(
    stands_for: Int[np.ndarray, " n"], asked: Int[np.ndarray, "q 3"], right: Int[np.ndarray, "q r"]
) -> Int[np.ndarray, "q m"]:
    """The words of each question, and, but for right answers, all that are one with them.

    Rows are filled up with repeats.
    """
    others = np.flatnonzero(stands_for != np.arange(len(stands_for)))
    others = others[np.isin(stands_for[others], stands_for[asked])]
    more: dict[int, list[int]] = {}
    for other in others:
        more.setdefault(int(stands_for[other]), []).append(int(other))
    most = max(map(len, more.values()), default=0)
    table = np.repeat(np.arange(len(stands_for))[:, None], most + 1, axis=1)
    for word, forms_of_it in more.items():
        table[word, 1 : len(forms_of_it) + 1] = forms_of_it
    forms = table[stands_for[asked]]
    answers = (forms[..., None] == right[:, None, None]).any(axis=-1)
    kept = np.where(answers, asked[..., None], forms)
    return np.concatenate([asked, kept.reshape(len(asked), 3 * (most + 1))], axis=1)
