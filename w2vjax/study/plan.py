"""What a grid is about to do: refused where it cannot be done, told before it starts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax

from w2vjax import machine
from w2vjax.config.layers import LAYERS
from w2vjax.config.schema import BASELINES, CorpusConfig, RunConfig, flatten
from w2vjax.config.settings import num_draws
from w2vjax.engine import prospects
from w2vjax.engine.placement import mesh_of
from w2vjax.errors import InputError, in_range
from w2vjax.evaluation.own import OWN
from w2vjax.losses import layers as outputs
from w2vjax.progress import duration, say
from w2vjax.records import file as records
from w2vjax.records.metrics import FINISHED, OWN_METRICS, PLANNED, PLUGIN
from w2vjax.study import baseline, plugins
from w2vjax.study.costs import GIB, Clock, cell, memory
from w2vjax.study.exam import Exam
from w2vjax.text.encoding import EncodedCorpus

NAMED = 3
"""runs that a message names; more are counted"""
Corpora = Mapping[CorpusConfig, EncodedCorpus]
Group = Sequence[RunConfig]
"""runs that train as one program"""


@dataclass(frozen=True)
class Past:
    """What a folder's records say already."""

    planned: frozenset[str] = frozenset()
    finished: Mapping[str, str] = field(default_factory=dict)
    """the runs, and the checksum of the text of each"""
    runs: Mapping[str, str] = field(default_factory=dict)
    """names of all runs that are mentioned"""
    laws: frozenset[str] = frozenset()
    """metrics that belong to no run: the samplers' distributions"""
    own: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """the metrics of the user's that each finished run was scored by"""
    plugins: frozenset[tuple[str, str]] = frozenset()
    """the user's files that finished runs were made with: their names, and the SHA-256 of each"""

    @classmethod
    def of(cls, folder: Path) -> "Past":
        """Empty if there are no records yet. Raises `InputError` as `records.file.rows` does."""
        if records.is_empty(folder):
            return cls()
        rows = records.rows(folder)
        ends = [row for row in rows if row["metric"] == FINISHED]
        done = {row["run"]: row["corpus_sha256"] for row in ends}
        own = {row["run"]: frozenset(row.get(OWN_METRICS, "").split()) for row in ends}
        names = {
            row["run"]: f"{row['label']}, seed {row['seed']}" for row in rows if row.get("run")
        }
        planned = frozenset(row["run"] for row in rows if row["metric"] == PLANNED)
        laws = frozenset(row["metric"] for row in rows if row.get("run") is None)
        files = {item for row in ends for item in row.items() if item[0].startswith(PLUGIN)}
        return cls(planned, done, names, laws, own, frozenset(files))

    def check(self, configs: Sequence[RunConfig], folder: Path) -> None:
        """Raises `InputError` if the folder holds runs that are none of these."""
        own = {config.run_id for config in configs}
        others = [name for run, name in self.runs.items() if run not in own]
        if others:
            more = f" and {len(others) - NAMED} more" if len(others) > NAMED else ""
            raise InputError(
                f"{folder} holds runs of another grid or of other settings "
                f"({'; '.join(others[:NAMED])}{more}): choose another folder for this one"
            )

    def check_own(self, configs: Sequence[RunConfig], folder: Path) -> None:
        """Raises `InputError` unless finished runs were made with the user's files as they are.

        And scored by the metrics that are asked for now: their vectors are gone.
        """
        now = plugins.fields()
        for name, digest in self.plugins:
            if now.get(name, digest) != digest:
                raise InputError(
                    f"{folder} holds runs made with another {name.removeprefix(PLUGIN)} than it is "
                    "now: choose another folder"
                )
        finished = [config.run_id for config in configs if config.run_id in self.finished]
        going_on = len(finished) < len(configs)
        for run in finished:
            lacking = [*sorted(OWN.keys() - self.own[run])]
            if lacking or (going_on and self.own[run] - OWN.keys()):
                by = ", ".join(sorted(self.own[run])) or "no metric of one's own"
                raise InputError(
                    f"{folder} holds runs that were scored by {by}, and now "
                    f"{', '.join(sorted(OWN)) or 'none'} is asked for: vectors are not kept, so "
                    "ask for the same, or choose another folder"
                )

    def check_texts(self, configs: Sequence[RunConfig], corpora: Corpora, folder: Path) -> None:
        """Raises `InputError` if runs were made on a text that has changed since."""
        for config in configs:
            text = self.finished.get(config.run_id)
            corpus = corpora.get(config.corpus)
            if text and corpus and text != corpus.sha256:
                raise InputError(
                    f"{folder} holds runs on another text than {corpus.name} is now (its sha256 "
                    f"was {text}, is {corpus.sha256}): choose another folder"
                )


def check_distinct(configs: Sequence[RunConfig]) -> None:
    """Raises `InputError` for an empty grid and for a run that comes twice."""
    if not configs:
        raise InputError("the grid is empty: it needs at least one run")
    seen: set[str] = set()
    for config in configs:
        if config.run_id in seen:
            raise InputError(f"the grid holds the run {name_of(config)} twice")
        seen.add(config.run_id)


def grouped(configs: Sequence[RunConfig], size: int) -> list[list[RunConfig]]:
    """Runs that differ in the seed alone, `size` a group, in the order of the first of each.

    A closed form is alone, for it takes no steps. Raises `InputError` for a size below 1.
    """
    in_range("seeds_together", size, 1)
    groups: list[list[RunConfig]] = []
    open_ones: dict[RunConfig, list[RunConfig]] = {}
    for config in configs:
        group = open_ones.setdefault(cell(config), [])
        if not group:
            groups.append(group)
        group.append(config)
        if len(group) == size or config.output.layer in BASELINES:
            del open_ones[cell(config)]
    return groups


def share(groups: Sequence[Group], shard: str) -> list[Group]:
    """Those of shard `i/n`: every n-th from the i-th. Raises `InputError` for other texts."""
    part, slash, parts = shard.partition("/")
    if not (slash and part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts)):
        raise InputError(f"shard is {shard!r}: it must be i/n with 1 <= i <= n, such as 2/8")
    return list(groups[int(part) - 1 :: int(parts)])


def check_possible(groups: Sequence[Group], corpora: Corpora, here: bool = True) -> None:
    """Raises `InputError` for what would make a run fail at its start, or not fit into memory.

    `here`: whether they are executed on this machine, whose memory and devices count then. Warns
    where a run will learn little (`engine.prospects.warn`).
    """
    configs = [config for group in groups for config in group]
    for config in {cell(config): config for config in configs}.values():
        prospects.check(corpora[config.corpus], config)
        prospects.warn(corpora[config.corpus], config)
    # The memory first, for building takes some of it.
    for group in filter(None, groups if here else ()):
        needed, there = _memory(group, corpora), _available()
        if there is not None and needed > there:
            more = f" and {len(group) - 1} more seeds" if len(group) > 1 else ""
            fewer = "seeds_together, " if len(group) > 1 else ""
            raise InputError(
                f"{name_of(group[0])}{more} needs about {needed / GIB:.1f} GiB of memory and "
                f"{there / GIB:.1f} GiB are available: lower {fewer}dim, max_vocab, table_size or "
                "devices"
            )
    # Settings that are built apart.
    for source, asked in {(c.corpus.source, c.evaluation) for c in configs}:
        Exam.of(source, asked)
    for config in {(c.corpus, c.output, c.train.devices, _draws(c)): c for c in configs}.values():
        if config.output.layer in BASELINES:
            baseline.check(config, corpora[config.corpus])
        else:
            counts = corpora[config.corpus].vocabulary.counts
            outputs.build(config.output, _draws(config), counts)


def show(
    experiment: str,
    configs: Sequence[RunConfig],
    groups: Sequence[Group],
    corpora: Corpora,
    clock: Clock,
    here: bool = True,
) -> None:
    """Prints the cells, and the time and, `here`, memory that those to do are expected to take."""
    names, todo = cell_names(configs), [config for group in groups for config in group]
    by_cell: dict[RunConfig, list[RunConfig]] = {}
    for config in configs:
        by_cell.setdefault(cell(config), []).append(config)
    say(f"{experiment}: {len(by_cell)} cells, {len(configs)} runs, {len(todo)} of them to do")
    for corpus in corpora.values():
        words, size = corpus.vocabulary.num_words, len(corpus.vocabulary)
        say(f"  text: {corpus.name}, {words:,} words, {size:,} in the vocabulary")
    waiting = {config.run_id for config in todo}
    for compared, runs in by_cell.items():
        left = [config for config in runs if config.run_id in waiting]
        time_left = f"about {duration(clock.left(left))}" if left else "done"
        seeds = _counted(len(runs), "seed")
        epochs = _counted(runs[0].train.epochs, "epoch")
        say(f"  {names[compared]}: {epochs}, {seeds}, {time_left}")
    if todo:
        time_left, needed = duration(clock.left(todo)), ""
        if here:
            most = max(_memory(group, corpora) for group in groups if group)
            there = _available()
            of = f" of {there / GIB:.1f} available" if there is not None else ""
            needed = f"; {most / GIB:.1f} GiB{of}"
        say(f"  all: roughly {time_left}, until the first runs correct it{needed}")


def cell_names(configs: Sequence[RunConfig]) -> dict[RunConfig, str]:
    """What to call each cell: its label, and the settings that tell it from namesakes."""
    namesakes: dict[str, dict[RunConfig, dict[str, Any]]] = {}
    for config in map(cell, configs):
        namesakes.setdefault(config.output.label, {})[config] = flatten(config)
    names = {}
    for label, cells in namesakes.items():
        first = next(iter(cells.values()))
        telling = [name for name in first if len({str(c[name]) for c in cells.values()}) > 1]
        for config, fields in cells.items():
            details = [f"{name.rpartition('.')[2]}={fields[name]}" for name in telling]
            names[config] = ", ".join([label, *details])
    return names


def name_of(config: RunConfig) -> str:
    """What messages call a run."""
    return f"{config.output.label}, seed {config.train.seed}"


def _draws(config: RunConfig) -> int:
    """Noise words of a block; what is no output layer has none."""
    return num_draws(config) if config.output.layer in LAYERS else 0


def _memory(group: Group, corpora: Corpora) -> float:
    first = group[0]
    return memory(first, corpora[first.corpus], mesh_of(first.train).size, len(group))


def _available() -> int | None:
    """Bytes for runs; None for an accelerator, whose memory is its own."""
    return machine.available_memory() if jax.devices()[0].platform == "cpu" else None


def _counted(number: float, noun: str) -> str:
    return f"{number:g} {noun}{'s' * (number != 1)}"
