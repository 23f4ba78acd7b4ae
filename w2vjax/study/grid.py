"""Many experiments: the plan first, then what is not yet done, then tables and figures."""

import hashlib
import shutil
import signal
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import jax

from w2vjax.config.layers import draws_noise
from w2vjax.config.schema import RunConfig
from w2vjax.engine import devices
from w2vjax.engine.checkpoint import EVERY, Checkpoints
from w2vjax.errors import InputError, Stopped
from w2vjax.progress import duration, say
from w2vjax.records.file import Row, finished
from w2vjax.records.metrics import OWN
from w2vjax.records.parts import share
from w2vjax.report import build as report
from w2vjax.report import comparison
from w2vjax.report.cells import load
from w2vjax.study import loop, plan, plugins
from w2vjax.study.costs import Clock, cell
from w2vjax.study.executors import Executor
from w2vjax.study.loop import Ended, Outcome
from w2vjax.study.plan import Past, name_of
from w2vjax.study.rank_curves import distributions
from w2vjax.study.run import execute, planned
from w2vjax.study.standing import SPENT
from w2vjax.study.watching import NOT_WATCHED, Watching
from w2vjax.text.encoding import encode

CHECKPOINTS = "checkpoints"
"""folder of the results, while runs go on"""
FAILURES = (FloatingPointError, InputError, MemoryError, jax.errors.JaxRuntimeError)
"""what ends one run, but not the grid"""


def run(
    experiment: str,
    configs: Sequence[RunConfig],
    folder: Path | str,
    shard: str = "1/1",
    show: bool = True,
    seeds_together: int = 1,
    watching: Watching = NOT_WATCHED,
    executor: Executor | None = None,
    platform: str | None = None,
    checkpoint_every: float | None = EVERY,
) -> Outcome:
    """Runs what is not finished in `folder`, records every run as it ends, builds the report.

    A run is known by the hash of its configuration: the same call goes on after an interruption,
    and processes that share the folder share the work: runs that others are at are waited for.
    `shard` i/n takes only every n-th run, from the i-th. A failed run is recorded, and tried again
    by the next call. `seeds_together` runs that differ in the seed alone train as one program, and
    count as one for `shard`: each is recorded as a run by itself, the same to float tolerance, with
    its share of the seconds. `watching` is what to see of the runs to do; those that are finished
    stay as they are.

    `executor` runs them elsewhere, a call of `Job` a group: one of submitit, Dask, Ray or
    `concurrent.futures` (of processes that are spawned, for JAX bears no fork), whose machines see
    `folder`; `platform` is what the jobs compute on (`engine.devices.prepare`). A job that is lost
    costs its runs only: they are recorded as failed.

    Runs leave checkpoints in `folder` (`engine.checkpoint.Checkpoints`) until they are recorded.

    Raises `InputError`, before anything is trained, for an empty grid, a run that comes twice,
    impossible settings, more memory than there is, a folder with runs that are not of this grid,
    and results of another text of the same name; and when records can no longer be written.
    """
    folder, here = Path(folder), executor is None
    past = _past(configs, folder)
    mine = plan.share(plan.grouped(configs, seeds_together), shard)
    groups = [[run for run in group if run.run_id not in past.finished] for group in mine]
    todo = [config for group in groups for config in group]
    corpora = {config: encode(config, progress=show) for config in {c.corpus for c in todo}}
    plan.check_possible(groups, corpora, here)
    past.check_texts(configs, corpora, folder)
    clock = Clock(corpora)
    if show:
        plan.show(experiment, configs, groups, corpora, clock, here)
    _record_plan(experiment, configs, corpora, past, folder)
    places = getattr(executor, "at_once", None) or 1
    turns = Turns(folder, clock, plan.cell_names(configs), show, places)
    job = Job(folder.absolute(), show, watching, checkpoint_every, corpora)
    if executor is not None:
        most = max((config.train.devices or 0 for config in configs), default=0) or None
        job = RemoteJob(job.folder, show, watching, checkpoint_every, {}, platform, most)
    outcome = loop.run_groups(mine, job, folder, turns.tell, "runs", name_of, executor)
    outcome.failed += turns.metrics()
    if finished(folder) >= {config.run_id for config in configs}:
        shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)
    report.build(folder)
    return outcome


@dataclass(frozen=True)
class Job:
    """Executes the runs of a group, but for those that others are at, and records each."""

    folder: Path
    show: bool
    watching: Watching
    checkpoint_every: float | None = EVERY
    corpora: plan.Corpora = field(default_factory=dict)
    """those that are at hand"""

    def __call__(self, group: Sequence[RunConfig]) -> None:
        """Does it, and removes the checkpoints of what is recorded."""
        done = loop.turn(group, self.execute, self.folder, FAILURES)
        for runs in ([done] if done else []) + [[run] for run in done]:
            self.checkpoints(runs).remove()

    def execute(self, group: Sequence[RunConfig]) -> list[list[Row]]:
        """What is to be recorded of each run."""
        corpus, checkpoints = self.corpora[group[0].corpus], self.checkpoints(group)
        made = execute(group, corpus, self.show, self.watching, checkpoints)
        return [rows for _, rows in made]

    def checkpoints(self, group: Sequence[RunConfig]) -> Checkpoints:
        """Those of a run, or of several that train as one program."""
        runs = "+".join(config.run_id for config in group)
        name = runs if len(group) == 1 else hashlib.sha256(runs.encode()).hexdigest()[:16]
        return Checkpoints(self.folder / CHECKPOINTS / name, self.checkpoint_every)


@dataclass(frozen=True)
class RemoteJob(Job):
    """The same in another process, on whatever machine: all that it needs travels with it."""

    platform: str | None = None
    devices: int | None = None
    plugins: tuple[Path, ...] = field(default_factory=lambda: tuple(plugins.LOADED))
    metrics: tuple[str, ...] = field(default_factory=lambda: tuple(plugins.METRICS))

    def __call__(self, group: Sequence[RunConfig]) -> None:
        """Makes JAX and the user's files ready first."""
        devices.prepare(self.platform, self.devices)
        plugins.load_all(self.plugins, self.metrics)
        try:
            super().__call__(group)
        except Stopped as stopped:  # with a checkpoint; now the signal is submitit's, if it is its
            if callable(signal.getsignal(stopped.signal_number)):
                signal.raise_signal(stopped.signal_number)
            raise

    def execute(self, group: Sequence[RunConfig]) -> list[list[Row]]:
        """Reads the text from the cache; what cannot be done on this machine is a failure."""
        corpora = {group[0].corpus: encode(group[0].corpus, progress=self.show)}
        plan.check_possible([group], corpora)
        here = Job(self.folder, self.show, self.watching, self.checkpoint_every, corpora)
        return here.execute(group)

    def checkpoint(self, group: Sequence[RunConfig]) -> Any:
        """For submitit: a job that is pre-empted or out of time is queued again, as it was."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self, group)


@dataclass(frozen=True)
class Turns:
    """What is told of runs as they end."""

    folder: Path
    clock: Clock
    names: Mapping[RunConfig, str]
    """of cells"""
    show: bool
    places: int = 1
    """how many run at a time"""
    failed: Counter[str] = field(default_factory=Counter)
    """metrics of the user's that gave no value, and why: in how many runs"""

    def metrics(self) -> list[str]:
        """What is told at the end of those metrics."""
        found = self.failed.items()
        return [f"metric {told} ({num} of the runs, which are kept)" for told, num in found]

    def tell(self, ended: Ended[RunConfig]) -> None:
        """A line on what has become of a run, and the time left; the table where it has grown."""
        if ended.rows:
            self.clock.took(ended.cell, sum(ended.rows[-1].get(name, 0.0) for name in SPENT))
        for row in ended.rows:
            if row["metric"].startswith(OWN) and row.get("message"):
                self.failed[f"{row['evaluation'].partition(': ')[0]}: {row['message']}"] += 1
        if not self.show:
            return
        left = duration(self.clock.left(ended.left) / self.places)
        turn = f"[{ended.number}/{ended.number + len(ended.left)}]"
        name = f"{self.names[cell(ended.cell)]}, seed {ended.cell.train.seed}"
        say(f"{turn} {name}: {ended.reason or _summary(ended.rows)}; {left} left")
        if _grown(ended) and len(self.names) <= comparison.MOST_CELLS:
            made = comparison.table(load(self.folder))
            so_far = f"So far, with {len(ended.left)} runs and about {left} left:"
            say(f"\n{replace(made, caption=so_far).markdown()}")


def _grown(ended: Ended[RunConfig]) -> bool:
    """Whether a seed has come to its end in all cells, with others to come in the next cell."""
    if not ended.left or not ended.rows:
        return False
    others = {config.train.seed for config in ended.left}
    return ended.cell.train.seed not in others and cell(ended.left[0]) != cell(ended.cell)


def _past(configs: Sequence[RunConfig], folder: Path) -> Past:
    """What the folder says already. Raises `InputError` unless it may become that of the grid."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is no folder: choose another place for the results")
    plan.check_distinct(configs)
    past = Past.of(folder)
    past.check(configs, folder)
    past.check_own(configs, folder)
    return past


def _record_plan(
    experiment: str,
    configs: Sequence[RunConfig],
    corpora: plan.Corpora,
    past: Past,
    folder: Path,
) -> None:
    """All runs, and the laws of noise on the texts of those to do, unless they stand there."""
    if any(config.run_id not in past.planned for config in configs):
        share(folder, "plan", (planned(config, experiment) for config in configs))
    for rows in _laws(configs, corpora, experiment):
        if rows[0]["metric"] not in past.laws:
            share(folder, "law", rows)


def _laws(
    configs: Sequence[RunConfig], corpora: plan.Corpora, experiment: str
) -> Iterator[list[Row]]:
    """The distributions of the samplers that the runs draw from, text by text, law by law."""
    for text, corpus in corpora.items():
        used = {
            config.output.sampler
            for config in configs
            if config.corpus == text and draws_noise(config.output.layer)
        }
        samplers = sorted(used, key=lambda sampler: sampler.name)
        rows = distributions(samplers, corpus.vocabulary.counts, experiment)
        yield from ([*law] for _, law in groupby(rows, lambda row: row["metric"]))


def _summary(rows: Iterable[Row]) -> str:
    found: dict[str, Any] = {row["metric"]: row["value"] for row in rows}
    accuracy = found.get("analogy/total")
    shown = "no analogies covered" if accuracy is None else f"{100 * accuracy:.1f} % of analogies"
    return f"{shown}, {found['speed/words'] / 1e6:.2f} M words/s"
