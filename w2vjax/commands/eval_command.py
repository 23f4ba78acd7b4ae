"""The command that scores vectors that are there: `w2vjax eval`."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tyro.conf import OmitArgPrefixes, Positional

from w2vjax.commands.exit_codes import say
from w2vjax.commands.options import AnalogyOptions, Metric, Plugin
from w2vjax.errors import InputError
from w2vjax.records.metrics import OWN
from w2vjax.study import plugins

if TYPE_CHECKING:
    from w2vjax.evaluation.questions import Questions, RelationSet, SimilaritySet
    from w2vjax.evaluation.scores import Score

WHOLE = ("analogy/total", "relation/spearman")
"""scores of whole tests, beside those of similarity"""


@dataclass(frozen=True)
class Eval:
    """Score word vectors: analogies, similarity against people's judgements, metrics of one's own.

    Tests are read as they are published: Google's analogies, MSR's, BATS, SemEval-2012's relations;
    WordSim-353, SimLex-999, Rare Words, MEN and their like, with any columns.

    $ w2vjax eval vectors.bin
    $ w2vjax eval glove.6B.300d.txt --limit 100000
    $ w2vjax eval vectors.txt --candidates all --method 3CosMul --oov wrong --json scores.json
    $ w2vjax eval vectors.bin --questions BATS_3.0 --similarity SimLex-999.txt combined.csv
    $ w2vjax eval vectors.bin --metric metric.py:hubness
    """

    vectors: Positional[Path]
    """file of vectors, told by its content: word2vec's binary or text, GloVe's, fastText's .vec,
    .npz, .safetensors; compressed too"""
    limit: int | None = None
    """rows read from the start of the file. None: all"""
    errors: Literal["skip", "strict"] = "skip"
    """rows that are not sound: leave them out and say so, or refuse the file"""
    questions: str | None = None
    """analogies: the file of Google, MSR or one like theirs, the folder of BATS or of SemEval-2012;
    or google, bats, msr by name, where they are at hand. None: Google's"""
    similarity: tuple[str, ...] = ()
    """files of two words and a score a line, as published, or folders of them; or sets at hand by
    name. Without any: the usual sets that are at hand"""
    score_column: str | None = None
    """title of the column of scores in those files (column 3, say, where there are no titles).
    None: the one that is called so, or else the first of numbers; a line says which"""
    json: Path | None = None
    """file of the scores as JSON. None: not written"""
    plugin: Plugin = ()
    metric: Metric = ()
    analogies: OmitArgPrefixes[AnalogyOptions] = field(default_factory=AnalogyOptions)

    def run(self) -> int:
        plugins.load_all(self.plugin, self.metric)
        from w2vjax.evaluation.metrics import evaluate
        from w2vjax.files import check_writable, write
        from w2vjax.vectors.embeddings import Embeddings

        if self.json:
            check_writable(self.json)
        questions, sets = self._tests()
        vectors = Embeddings.load(self.vectors, self.limit, self.errors)
        scores = evaluate(vectors, self.analogies.config(), questions, sets)
        if self.json:
            found = {
                "vectors": str(self.vectors),
                "words": len(vectors.words),
                "dimensions": vectors.vectors.shape[1],
                "scores": [asdict(score) for score in scores],
            }
            write(self.json, json.dumps(found, indent=2).encode() + b"\n")
        _print(scores)
        return 1 if any(score.message for score in scores) else 0

    def _tests(self) -> tuple["Questions | RelationSet | None", "list[SimilaritySet] | None"]:
        """What the vectors are asked; None: the usual."""
        from w2vjax.evaluation.found import google_questions, questions_of, similarity_of
        from w2vjax.evaluation.questions import RelationSet

        named = [similarity_of(name, self.score_column) for name in self.similarity]
        sets = [each for found in named for each in found] or None
        if self.questions is not None:
            return questions_of(self.questions), sets
        try:
            return google_questions(), sets
        except InputError as error:
            if not (sets or self.metric or self.plugin):
                raise
            say(f"no analogies: {error}")
            return RelationSet("", ()), sets


def _print(scores: Sequence["Score"]) -> None:
    """The table for people, what the scores mean, and what none of them can say."""
    width = max((len(score.metric) for score in scores), default=0)
    for score in scores:
        value, unit = _shown(score)
        covered = f"{score.covered:,} of {score.total:,}"
        print(f"{score.metric:{width}}  {value:>5} {unit:7}  {covered:>16} covered")
    for protocol in dict.fromkeys(score.protocol for score in scores):
        print(protocol)
    whole = [s for s in scores if s.metric in WHOLE or s.metric.startswith("similarity/")]
    if empty := [score.metric for score in whole if score.total and not score.covered]:
        more = f" and {len(empty) - 1} more" if len(empty) > 1 else ""
        say(f"{empty[0]}{more}: the vectors have the words of no question: another language, case?")


def _shown(score: "Score") -> tuple[str, str]:
    """The value and its unit."""
    if score.metric.startswith(OWN):
        return "none" if score.value is None else f"{score.value:.4g}", ""
    percent = score.metric.startswith("analogy/") or score.metric.endswith("/maxdiff")
    value = "none" if score.value is None else f"{100 * score.value:.1f}"
    return value, "%" if percent else "rho·100"
