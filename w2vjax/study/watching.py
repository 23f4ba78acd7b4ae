"""What users ask to see of a run while it trains, and what of it is recorded."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property

from w2vjax import scalars
from w2vjax.config.schema import RunConfig
from w2vjax.engine import processes
from w2vjax.engine.history import Look
from w2vjax.engine.trained import Trained
from w2vjax.engine.watch import UNWATCHED, Watch
from w2vjax.errors import in_range
from w2vjax.evaluation.analogy import analogy
from w2vjax.evaluation.questions import Questions
from w2vjax.progress import say
from w2vjax.records.file import Row
from w2vjax.records.metrics import CURVE
from w2vjax.study.unseen import Pairs, unseen_likelihood, unseen_pairs
from w2vjax.text.encoding import EncodedCorpus

MAIN = ("analogy/total", "analogy/semantic", "analogy/syntactic", "likelihood/held-out")
"""the scores of a look"""


@dataclass(frozen=True)
class Watching:
    """What is to be seen of runs while they train. It changes no run, and no run's id."""

    evaluate_every: float | None = None
    """raw words between two scores of the vectors; None: they are scored at the end alone"""
    log_to: tuple[str, ...] = ()
    """where numbers go, `KIND:PLACE` (`scalars.BACK_ENDS`)"""

    def __post_init__(self) -> None:
        if self.evaluate_every is not None:
            in_range("evaluate_every", self.evaluate_every, 1)
        for target in self.log_to:
            scalars.check(target)

    @contextmanager
    def watch(
        self,
        configs: Sequence[RunConfig],
        corpus: EncodedCorpus,
        questions: Questions | None,
        show: bool = True,
    ) -> Iterator[Watch]:
        """What training is to be given for runs on a corpus; targets are closed at the end.

        Where scores are asked for on the way, there must be `questions`. Of several processes the
        first one scores and tells.
        """
        watch, writers = UNWATCHED, {}
        if self.evaluate_every is not None and questions is not None:
            scorer = Scorer(corpus, configs[0], questions, show)
            watch = replace(watch, every=float(self.evaluate_every), score=scorer)
        if not processes.leads():  # the others look when it looks
            yield replace(UNWATCHED, every=watch.every)
            return
        if self.log_to:
            for config in configs:
                name = f"{config.output.label}, seed {config.train.seed}, {config.run_id[:6]}"
                writers[config.run_id] = scalars.Writers(self.log_to, name)

            def tell(config: RunConfig, words: int, numbers: Mapping[str, float]) -> None:
                for name, value in numbers.items():
                    writers[config.run_id].scalar(name, value, words)

            watch = replace(watch, tell=tell)
        try:
            yield watch
        finally:
            for each in writers.values():
                each.close()


NOT_WATCHED = Watching()


@dataclass(frozen=True)
class Scorer:
    """Scores vectors on the way: the analogies, and the text kept out of training if there is."""

    corpus: EncodedCorpus
    config: RunConfig
    """of all runs but for what replicas may differ in"""
    questions: Questions
    show: bool

    def __call__(self, config: RunConfig, trained: Trained) -> Mapping[str, float]:
        asked = config.evaluation
        found = analogy(
            trained.embeddings,
            self.questions,
            candidates=asked.analogy_candidates,
            method=asked.analogy_method,
            oov=asked.analogy_oov,
            case=asked.case,
        ).scores
        unseen = self._pairs and unseen_likelihood(trained, config, self.corpus, self._pairs)
        scores = {
            score.metric: score.value
            for score in (*found, *([unseen] if unseen else []))
            if score.metric in MAIN and score.value is not None
        }
        if self.show:
            say(f"  {told(trained.words, trained.seconds, scores)}")
        return scores

    @cached_property
    def _pairs(self) -> Pairs | None:
        if self.config.corpus.held_out_every is None:
            return None
        return unseen_pairs(self.corpus, self.config)


def told(words: int, seconds: float, scores: Mapping[str, float]) -> str:
    """A look for people, on one line."""
    parts = [f"{words / 1e6:.1f} M words, {seconds:.1f} s"]
    if "analogy/total" in scores:
        parts.append(f"{100 * scores['analogy/total']:.1f} % of analogies")
    if "likelihood/held-out" in scores:
        parts.append(f"{scores['likelihood/held-out']:.3f} nats on held-out text")
    return ": ".join([parts[0], ", ".join(parts[1:]) or "nothing to score"])


def rows(run: str, looks: Sequence[Look], end: Look, replicas: int) -> list[Row]:
    """The scores on the way, and those at the end, as a curve: none where nobody looked.

    `x` is raw words, `elapsed` seconds of training: of several runs each has its share of them.
    """
    return [
        {"run": run, "metric": CURVE + name, "value": value, "x": look.words}
        | {"elapsed": look.seconds / replicas}
        for look in ([*looks, end] if looks else [])
        for name, value in look.scores.items()
    ]
