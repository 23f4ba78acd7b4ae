"""Time of the Google analogy questions, ours against gensim's, on the same vectors.

Claim: at least ten times gensim's speed, with the same counts, at 30,000 and at 76,000 candidates.
Protocol: 76,000 random vectors of 100 dimensions with a planted offset a section; the words of the
questions are spread over the first 30,000. One warm-up each; then gensim, ours,
gensim, ours … in one process on all cores; wall-clock seconds from the question file to the counts;
medians and, since other work on the machine only ever adds time, the best of each. Cost: about
3 minutes on 2 cores.
"""

import statistics
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import tyro
from gensim.models import KeyedVectors

from w2vjax.clock import Laps, interleaved, seconds
from w2vjax.evaluation.analogy import analogy
from w2vjax.evaluation.found import google_questions
from w2vjax.evaluation.questions import Questions
from w2vjax.vectors.embeddings import Embeddings


def vectors_for(questions: Questions, num_words: int, dim: int) -> Embeddings:
    """Random vectors in which d is c plus the section's offset plus noise."""
    draw = np.random.default_rng(0)
    offsets = 2 * draw.standard_normal((len(questions.sections), dim))
    table: dict[str, np.ndarray] = {}
    for section, (a, b, c, d) in zip(questions.section, questions.words, strict=True):
        for left, right in ((a.lower(), b.lower()), (c.lower(), d.lower())):
            start = table.setdefault(left, draw.standard_normal(dim))
            table.setdefault(right, start + offsets[section] + 1.5 * draw.standard_normal(dim))
    places = draw.choice(30_000, len(table), replace=False)
    words = [f"word{i}" for i in range(num_words)]
    rows = draw.standard_normal((num_words, dim))
    for place, (word, row) in zip(places, table.items(), strict=True):
        words[place], rows[place] = word, row
    return Embeddings(tuple(words), rows.astype(np.float32))


def main(repeats: int = 3, num_words: int = 76_000, dim: int = 100) -> None:
    """Prints one line for each number of candidates."""
    print(__doc__)
    questions = google_questions()
    embeddings = vectors_for(questions, num_words, dim)
    peer = KeyedVectors(dim)
    peer.add_vectors(list(embeddings.words), embeddings.vectors)
    lines = [(s, " ".join(q)) for s, q in zip(questions.section, questions.words, strict=True)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "questions.txt"
        path.write_text(
            "".join(
                f": {name}\n" + "".join(f"{q}\n" for s, q in lines if s == place)
                for place, name in enumerate(questions.sections)
            )
        )
        for candidates in (30_000, num_words):

            def ours(candidates: int = candidates) -> int:
                # a new object each time: normalising the vectors is part of the clock
                fresh = Embeddings(embeddings.words, embeddings.vectors)
                return int((analogy(fresh, google_questions(), candidates).hits == 1).sum())

            def theirs(candidates: int = candidates) -> int:
                _, sections = peer.evaluate_word_analogies(str(path), restrict_vocab=candidates)
                return len(sections[-1]["correct"])

            def timed(work: Callable[[], int], right: list[int]) -> Laps:
                return {"all": seconds(lambda: right.append(work()))}

            times: dict[str, list[float]] = {"gensim": [], "ours": []}
            right: dict[str, list[int]] = {"gensim": [], "ours": []}
            programs = (("gensim", theirs), ("ours", ours))
            measures = {name: partial(timed, work, right[name]) for name, work in programs}
            for lap in interleaved(measures, repeats):
                name, spent = lap.name, lap.seconds["all"]
                times[name].append(spent)
                found = f"{right[name][-1]:,} right"
                print(f"  {candidates:,} {name}: {spent:.3f} s, {found}", flush=True)
            for kind, statistic in (("median", statistics.median), ("best", min)):
                peer_time, our_time = statistic(times["gensim"]), statistic(times["ours"])
                print(
                    f"{candidates:,} candidates, {kind}: gensim {peer_time:.2f} s, "
                    f"ours {our_time:.3f} s, ratio {peer_time / our_time:.1f}"
                )


if __name__ == "__main__":
    tyro.cli(main)
