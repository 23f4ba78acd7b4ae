"""One experiment: train, evaluate, and what there is to record of it."""

import time
from collections.abc import Iterable, Sequence
from math import isnan

import numpy as np

from w2vjax import machine
from w2vjax.config.layers import draws_noise, layer_class
from w2vjax.config.schema import OutputConfig, RunConfig, flatten
from w2vjax.engine import devices
from w2vjax.engine.checkpoint import NO_CHECKPOINTS, Checkpoints
from w2vjax.engine.history import Look, LossPoint
from w2vjax.engine.placement import mesh_of
from w2vjax.engine.train import train, train_replicas
from w2vjax.engine.trained import Trained
from w2vjax.evaluation.metrics import Score, examine
from w2vjax.evaluation.own import OWN
from w2vjax.records import hits
from w2vjax.records.file import Row
from w2vjax.records.metrics import FINISHED, OWN_METRICS, PLANNED
from w2vjax.records.metrics import OWN as PREFIX
from w2vjax.records.provenance import provenance
from w2vjax.study import plugins
from w2vjax.study.baseline import CLOSED_FORMS
from w2vjax.study.exam import Exam
from w2vjax.study.unseen import unseen_likelihood, unseen_pairs
from w2vjax.study.watching import MAIN, NOT_WATCHED, Watching
from w2vjax.study.watching import rows as curve_rows
from w2vjax.text.encoding import EncodedCorpus
from w2vjax.vectors.embeddings import Embeddings

CURVE_POINTS = 40


def train_watched(
    corpus: EncodedCorpus,
    config: RunConfig,
    watching: Watching,
    checkpoints: Checkpoints = NO_CHECKPOINTS,
    start: Embeddings | None = None,
) -> Trained:
    """One run, scored at the end as on the way, if at all.

    Raises `InputError` for impossible settings and for questions that are nowhere to be found,
    `FloatingPointError` if training diverges.
    """
    exam = Exam.of(config.corpus.source, config.evaluation) if watching.evaluate_every else None
    with watching.watch([config], corpus, exam.questions if exam else None) as watch:
        trained = train(corpus, config, watch=watch, checkpoints=checkpoints, start=start)
        watch.tell(config, trained.words, watch.score(config, trained))
    return trained


def execute(
    configs: Sequence[RunConfig],
    corpus: EncodedCorpus,
    show: bool = True,
    watching: Watching = NOT_WATCHED,
    checkpoints: Checkpoints = NO_CHECKPOINTS,
) -> list[tuple[Trained, list[Row]]]:
    """Trains runs as one program and evaluates each; what was trained, and the rows to record.

    The last row ends the run and says where and with what it was made; the row that plans the run,
    `planned`, says what it is. Of several runs each has an equal share of the seconds, so that they
    add up to what was spent, and speeds are those of all together; `replicas` tells how many.
    `watching` says what is to be seen of them on the way, and what of it is recorded; `checkpoints`
    where they leave what they have come to. It stays there: the rows are not yet recorded.

    Raises `InputError` for impossible settings and for runs that cannot share a program,
    `FloatingPointError` if training diverges, `Stopped` if a signal has stopped it.
    """
    exam = Exam.of(configs[0].corpus.source, configs[0].evaluation)
    closed = CLOSED_FORMS.get(configs[0].output.layer)
    replicas = 1 if closed else len(configs)
    with watching.watch(configs, corpus, exam.questions, show) as watch:
        if closed:
            trained = [closed.solve(corpus, config, show) for config in configs]
        else:
            trained = train_replicas(
                corpus, configs, show=show, watch=watch, checkpoints=checkpoints
            )
        ended = []
        for config, each in zip(configs, trained, strict=True):
            scores, rows = _rows(config, corpus, each, exam, replicas)
            watch.tell(config, each.words, scores)
            ended.append((each, rows))
    return ended


def _rows(
    config: RunConfig, corpus: EncodedCorpus, trained: Trained, exam: Exam, replicas: int
) -> tuple[dict[str, float], list[Row]]:
    """The main scores with those of one's own, and what is recorded."""
    begin = time.perf_counter()
    found = examine(trained.embeddings, config.evaluation, exam.questions, exam.sets)
    scores = list(found.scores)
    if config.corpus.held_out_every is not None and config.output.layer not in CLOSED_FORMS:
        unseen = unseen_likelihood(trained, config, corpus, unseen_pairs(corpus, config))
        scores += [unseen] if unseen else []
    facts = _facts(config, corpus, trained, replicas)
    facts["evaluation_seconds"] = time.perf_counter() - begin
    at: Row = {"run": config.run_id}
    rows = [at | _of_score(score) for score in scores]
    questions = exam.questions
    rows.append(
        at | hits.fields(found.hits, questions.digest, questions.sections, questions.section)
    )
    for what in ("words", "kept_words", "pairs"):
        metric = f"speed/{what.replace('_', '-')}"
        rows.append(at | {"metric": metric, "value": facts[what] / facts["seconds"]})
    rows += _curve(config.run_id, trained.curve, trained.words)
    main = {s.metric: s.value for s in scores if s.metric in MAIN and s.value is not None}
    end = Look(trained.words, trained.seconds, main)
    rows += curve_rows(config.run_id, trained.looks, end, replicas)
    own = {s.metric: s.value for s in scores if s.metric.startswith(PREFIX) and s.value is not None}
    return main | own, [*rows, at | facts | provenance() | {"metric": FINISHED, "value": None}]


def planned(config: RunConfig, experiment: str) -> Row:
    """The row that says what a run is to be."""
    return {
        "metric": PLANNED,
        "value": None,
        "experiment": experiment,
        "run": config.run_id,
        "label": config.output.label,
        **_names(config.output),
        "seed": config.train.seed,
        **{f"config.{name}": value for name, value in flatten(config.resolved()).items()},
    }


def _names(output: OutputConfig) -> Row:
    """What reports call a layer and its sampler, and what it is."""
    layer = CLOSED_FORMS.get(output.layer) or layer_class(output.layer)
    sampler = output.sampler.name if draws_noise(output.layer) else None
    return {"layer": layer.title, "layer.help": layer.help, "sampler": sampler}


def _facts(config: RunConfig, corpus: EncodedCorpus, trained: Trained, replicas: int) -> Row:
    """Where, on what and how fast. Speeds are per second of training, compiling apart."""
    return {
        **devices.described(),
        "num_devices": mesh_of(config.train).size,
        "peak_memory": machine.peak_memory(),
        "corpus_sha256": corpus.sha256,
        "vocabulary": len(corpus.vocabulary),
        "words": trained.words,
        "kept_words": trained.kept_words,
        "pairs": trained.pairs,
        "replicas": replicas,
        "seconds": trained.seconds / replicas,
        "compile_seconds": trained.compile_seconds / replicas,
        **plugins.fields(),
        **({OWN_METRICS: " ".join(sorted(OWN))} if OWN else {}),
    }


def _of_score(score: Score) -> Row:
    row = {
        "metric": score.metric,
        "value": score.value,
        "covered": score.covered,
        "total": score.total,
        "evaluation": score.protocol,
    }
    more = {"x": score.rank, "better": score.better, "message": score.message}
    return row | {name: value for name, value in more.items() if value is not None}


def _curve(run: str, points: Iterable[LossPoint], words: int) -> list[Row]:
    """The loss at no more than `CURVE_POINTS` places, the same ones for every run as long; none
    where there was no pair."""
    stretches: dict[int, list[LossPoint]] = {}
    for point in points:
        if isnan(point.positive):
            continue
        place = min(CURVE_POINTS, max(1, -(-point.words * CURVE_POINTS // words)))
        stretches.setdefault(place, []).append(point)
    rows = []
    for place, held in stretches.items():
        positive = float(np.mean([point.positive for point in held]))
        noise = float(np.mean([point.noise for point in held]))
        at = {"run": run, "x": round(words * place / CURVE_POINTS)}
        for name, value in (
            ("total", positive + noise),
            ("positive", positive),
            ("noise", noise),
        ):
            rows.append(at | {"metric": f"loss/{name}", "value": value})
    return rows
