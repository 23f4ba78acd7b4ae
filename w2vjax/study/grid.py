"""Many experiments: the plan first, then what is not yet done, then tables and figures."""

import contextlib
import fcntl
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax

from w2vjax import files
from w2vjax.config.layers import draws_noise
from w2vjax.config.schema import CorpusConfig, RunConfig
from w2vjax.errors import InputError
from w2vjax.progress import say
from w2vjax.records import file as records
from w2vjax.records.metrics import FAILED
from w2vjax.records.provenance import provenance
from w2vjax.report import report
from w2vjax.study import plan
from w2vjax.study.durations import Clock, cell, duration
from w2vjax.study.plan import Past, name_of
from w2vjax.study.rank_curves import distributions
from w2vjax.study.run import Row, execute, planned
from w2vjax.text.encoding import EncodedCorpus, encode

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
    impossible settings, more memory than there is, a folder with runs that are not of this grid,
    and results of another text of the same name; and when records can no longer be written.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is no folder: choose another place for the results")
    plan.check_distinct(configs)
    mine = plan.share(configs, shard)
    past = Past.of(folder)
    past.check(configs, folder)
    todo = [config for config in mine if config.run_id not in past.finished]
    corpora = {config: encode(config, progress=show) for config in {c.corpus for c in todo}}
    plan.check_possible(todo, corpora)
    past.check_texts(configs, corpora, folder)
    file = records.Records(folder)
    clock = Clock(corpora)
    if show:
        plan.show(experiment, configs, todo, corpora, clock)
    file.append(planned(c, experiment) for c in configs if c.run_id not in past.planned)
    for text, corpus in corpora.items():
        used = {c.output.sampler for c in todo if c.corpus == text and draws_noise(c.output.layer)}
        samplers = sorted(used, key=lambda s: s.name)
        laws = distributions(samplers, corpus.vocabulary.counts, experiment)
        file.append(row for row in laws if row["metric"] not in past.laws)
    session = _Session(experiment, corpora, file, clock, show)
    session.outcome.finished = len(mine) - len(todo)
    names = plan.cell_names(configs)
    try:
        for number, config in enumerate(todo, start=1):
            line = session.run(config)
            if show:
                left = duration(clock.left(todo[number:]))
                name = f"{names[cell(config)]}, seed {config.train.seed}"
                say(f"[{number}/{len(todo)}] {name}: {line}; {left} left")
    except (KeyboardInterrupt, InputError) as error:  # a full disk, say
        kept = f"{session.outcome.finished} of {len(mine)} runs are finished and kept in {folder}"
        how = "stopped" if isinstance(error, InputError) else "interrupted"
        say(f"{how}: {kept}; the same command goes on from there")
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
            rows = execute(config, self.corpora[config.corpus], self.show)[1]
        except FAILURES as error:
            message = (str(error).strip() or repr(error)).splitlines()[0]
            failure = {"metric": FAILED, "value": None, "message": message}
            self.file.append([{"run": config.run_id} | provenance() | failure])
            self.outcome.failed.append(name_of(config))
            return f"failed: {message}"
        self.file.append(rows)
        self.outcome.finished += 1
        return _summary(rows)


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


def _summary(rows: Iterable[Row]) -> str:
    found: dict[str, Any] = {row["metric"]: row["value"] for row in rows}
    accuracy = found.get("analogy/total")
    shown = "no analogies covered" if accuracy is None else f"{100 * accuracy:.1f} % of analogies"
    return f"{shown}, {found['speed/words'] / 1e6:.2f} M words/s"
