"""Many experiments: the plan first, then what is not yet done, then tables and figures."""

import contextlib
import fcntl
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax

from w2vjax import files, outputs
from w2vjax.config import BASELINES, SAMPLED_LAYERS, CorpusConfig, RunConfig
from w2vjax.errors import InputError
from w2vjax.program import mesh_of
from w2vjax.reporting import records, report
from w2vjax.study import baseline
from w2vjax.study.durations import Clock, cell, duration
from w2vjax.study.rank_curves import distributions
from w2vjax.study.run import Exam, Row, about, execute
from w2vjax.text.encoding import EncodedCorpus, encode

PLANNED = "run/planned"
FAILED = "run/failed"
FAILURES = (FloatingPointError, InputError, MemoryError, jax.errors.JaxRuntimeError)
"""what ends one run, but not the grid"""


@dataclass
class Outcome:
    """What has become of the runs of a grid."""

    finished: int = 0
    """here and before"""
    failed: list[str] = field(default_factory=list)
    """names of runs that failed this time"""
    elsewhere: int = 0
    """runs that another process is at"""


def run(
    experiment: str,
    configs: Sequence[RunConfig],
    folder: Path | str,
    shard: str = "1/1",
    show: bool = True,
) -> Outcome:
    """Runs what is not finished in `folder`, records every run as it ends, builds the report.

    A run is known by the hash of its configuration: the same call goes on after an interruption,
    and processes that share the folder share the work. `shard` i/n takes only every n-th run, from
    the i-th. A failed run is recorded, and tried again by the next call.

    Raises `InputError`, before anything is trained, for an empty grid, a run that comes twice,
    impossible settings, and results of another text of the same name.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is no folder: choose another place for the results")
    _distinct(configs)
    mine = _share(configs, shard)
    past = _Past.of(folder)
    todo = [config for config in mine if config.run_id not in past.finished]
    corpora = {config: encode(config, progress=show) for config in {c.corpus for c in todo}}
    for config in {(c.corpus, c.output, c.train.devices): c for c in todo}.values():
        _possible(config, corpora[config.corpus])
    _same_texts(configs, corpora, past, folder)
    file = records.Records(folder)
    clock = Clock(corpora)
    if show:
        _print_plan(experiment, configs, todo, corpora, clock)
    planned = [about(c, experiment) for c in configs if c.run_id not in past.planned]
    file.append(row | {"metric": PLANNED, "value": None} for row in planned)
    for text, corpus in corpora.items():
        used = {c.output.sampler for c in todo if c.corpus == text and _sampled(c)}
        samplers = sorted(used, key=lambda s: s.name)
        file.append(distributions(samplers, corpus.vocabulary.counts, experiment))
    session = _Session(experiment, corpora, file, clock, show)
    session.outcome.finished = len(mine) - len(todo)
    try:
        for number, config in enumerate(todo, start=1):
            line = session.run(config)
            if show:
                left = duration(clock.left(todo[number:]))
                _say(f"[{number}/{len(todo)}] {_name(config)}: {line}; {left} left")
    except KeyboardInterrupt:
        kept = f"{session.outcome.finished} of {len(mine)} runs are finished and kept in {folder}"
        _say(f"interrupted: {kept}; the same command goes on from there")
        raise
    report.build(folder)
    return session.outcome


@dataclass(frozen=True)
class _Session:
    """One call at work."""

    experiment: str
    corpora: dict[CorpusConfig, EncodedCorpus]
    file: records.Records
    clock: Clock
    show: bool
    outcome: Outcome = field(default_factory=Outcome)

    def run(self, config: RunConfig) -> str:
        """One run, recorded, unless another process has it. Returns what to say of it."""
        with _claim(self.file.path, config.run_id) as claimed:
            if not claimed:
                self.outcome.elsewhere += 1
                return "another process is at it"
            if config.run_id in records.finished(self.file.path):
                self.outcome.finished += 1
                return "another process has done it"
            begin = time.monotonic()
            line = self._run(config)
            self.clock.took(config, time.monotonic() - begin)
            return line

    def _run(self, config: RunConfig) -> str:
        try:
            rows = execute(config, self.corpora[config.corpus], self.experiment, self.show)[1]
        except FAILURES as error:
            message = (str(error).strip() or repr(error)).splitlines()[0]
            failure = {"metric": FAILED, "value": None, "message": message}
            self.file.append([about(config, self.experiment) | records.provenance() | failure])
            self.outcome.failed.append(_name(config))
            return f"failed: {message}"
        self.file.append(rows)
        self.outcome.finished += 1
        return _summary(rows)


@dataclass(frozen=True)
class _Past:
    """What the folder's records say already."""

    planned: frozenset[str] = frozenset()
    finished: dict[str, str] = field(default_factory=dict)
    """the runs, and the checksum of the text of each"""

    @classmethod
    def of(cls, folder: Path) -> "_Past":
        path = folder / records.FILE_NAME
        if not path.exists() or not path.stat().st_size:
            return cls()
        rows = records.read(folder)
        done = rows[rows["metric"] == records.FINISHED]
        planned = rows.loc[rows["metric"] == PLANNED, "run"]
        texts = dict(zip(done["run"], done["corpus_sha256"], strict=True)) if len(done) else {}
        return cls(frozenset(planned), texts)


def _distinct(configs: Sequence[RunConfig]) -> None:
    if not configs:
        raise InputError("the grid is empty: it needs at least one run")
    seen: set[str] = set()
    for config in configs:
        if config.run_id in seen:
            raise InputError(f"the grid holds the run {_name(config)} twice")
        seen.add(config.run_id)


def _share(configs: Sequence[RunConfig], shard: str) -> list[RunConfig]:
    part, slash, parts = shard.partition("/")
    if not (slash and part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts)):
        raise InputError(f"shard is {shard!r}: it must be i/n with 1 <= i <= n, such as 2/8")
    return list(configs[int(part) - 1 :: int(parts)])


def _possible(config: RunConfig, corpus: EncodedCorpus) -> None:
    """Raises `InputError` for what would make the run fail at its start."""
    mesh_of(config.train)
    Exam.of(config.corpus.source)
    if config.output.layer in BASELINES:
        baseline.check(config, corpus)
    else:
        outputs.build(config.output, 1, corpus.vocabulary.counts)


def _same_texts(
    configs: Sequence[RunConfig],
    corpora: dict[CorpusConfig, EncodedCorpus],
    past: _Past,
    folder: Path,
) -> None:
    for config in configs:
        text = past.finished.get(config.run_id)
        corpus = corpora.get(config.corpus)
        if text and corpus and text != corpus.sha256:
            raise InputError(
                f"{folder} holds runs on another text than {corpus.name} is now (its sha256 was "
                f"{text}, is {corpus.sha256}): choose another folder"
            )


@contextlib.contextmanager
def _claim(path: Path, run_id: str) -> Iterator[bool]:
    """Whether the run is this process's alone: one locked byte of `.lock`, free when it ends."""
    byte = int(run_id, 16) >> 2  # offsets are signed
    lock = path.with_name(".lock")
    try:
        file = lock.open("ab")
    except OSError as error:
        raise files.failure(lock, error) from None
    with file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
        except (BlockingIOError, PermissionError):
            yield False
            return
        yield True


def _print_plan(
    experiment: str,
    configs: Sequence[RunConfig],
    todo: Sequence[RunConfig],
    corpora: dict[CorpusConfig, EncodedCorpus],
    clock: Clock,
) -> None:
    by_cell: dict[RunConfig, list[RunConfig]] = {}
    for config in configs:
        by_cell.setdefault(cell(config), []).append(config)
    _say(f"{experiment}: {len(by_cell)} cells, {len(configs)} runs, {len(todo)} of them to do")
    for corpus in corpora.values():
        words, size = corpus.vocabulary.num_words, len(corpus.vocabulary)
        _say(f"  text: {corpus.name}, {words:,} words, {size:,} in the vocabulary")
    waiting = {config.run_id for config in todo}
    for runs in by_cell.values():
        left = [config for config in runs if config.run_id in waiting]
        time_left = f"about {duration(clock.left(left))}" if left else "done"
        seeds = _counted(len(runs), "seed")
        epochs = _counted(runs[0].train.epochs, "epoch")
        _say(f"  {runs[0].output.label}: {epochs}, {seeds}, {time_left}")
    if todo:
        _say(f"  all: roughly {duration(clock.left(todo))}, until the first runs correct it")


def _summary(rows: Iterable[Row]) -> str:
    found: dict[str, Any] = {row["metric"]: row["value"] for row in rows}
    accuracy = found.get("analogy/total")
    shown = "no analogies covered" if accuracy is None else f"{100 * accuracy:.1f} % of analogies"
    return f"{shown}, {found['speed/words'] / 1e6:.2f} M words/s"


def _sampled(config: RunConfig) -> bool:
    return config.output.layer in SAMPLED_LAYERS


def _name(config: RunConfig) -> str:
    return f"{config.output.label}, seed {config.train.seed}"


def _counted(number: float, noun: str) -> str:
    return f"{number:g} {noun}{'s' * (number != 1)}"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
