"""The command that runs an experiment given as data: `w2vjax grid`, and the scripts like it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import tyro
from tyro.conf import OmitArgPrefixes, Positional

from w2vjax.commands.exit_codes import guarded, say
from w2vjax.commands.options import (
    CheckpointOptions,
    Launch,
    Metric,
    Platform,
    Plugin,
    SeedsTogether,
    WatchOptions,
    settings,
)
from w2vjax.config.schema import RunConfig
from w2vjax.engine import devices
from w2vjax.study import plugins
from w2vjax.study.executors import Executor
from w2vjax.study.experiment import Experiment
from w2vjax.study.launch import Slurm
from w2vjax.study.launch import executor as launcher

WATCH, CHECKPOINTS = WatchOptions(), CheckpointOptions()


def run_grid(
    experiment: str,
    configs: Sequence[RunConfig],
    folder: Path,
    shard: str,
    finish: Callable[[Path], None] | None = None,
    seeds_together: int = 1,
    watch: WatchOptions = WATCH,
    executor: Executor | None = None,
    platform: str | None = None,
    checkpoints: CheckpointOptions = CHECKPOINTS,
) -> int:
    """Runs what is not done yet, prints the table, hands the folder on; returns the exit code."""
    from w2vjax.files import read_text
    from w2vjax.study import grid
    from w2vjax.study.watching import Watching

    outcome = grid.run(
        experiment,
        configs,
        folder,
        shard,
        seeds_together=seeds_together,
        watching=settings(Watching, watch),
        executor=executor,
        platform=platform,
        checkpoint_every=checkpoints.checkpoint_every,
    )
    print(read_text(folder / "table.md"))
    if finish is not None:
        finish(folder)
    say(f"records, tables and figures: {folder}")
    for name in outcome.failed:
        say(f"failed: {name}")
    return 1 if outcome.failed else 0


def launched(launch: str | None, slurm: Slurm, folder: Path) -> Executor | None:
    """What executes the runs; None: this process. Raises `InputError` for what is not there."""
    return None if launch is None else launcher(launch, slurm, folder)


@dataclass(frozen=True)
class GridOptions:
    """Where the results go, and which of the runs to do."""

    out: Path | None = None
    """folder of the records, tables and figures. None: results/ and the experiment's name"""
    seeds: int | None = None
    """runs of every cell. None: what the experiment says"""
    quick: bool = False
    """try it all out on a small made-up text: two values an axis, one seed, results/NAME-quick"""
    shard: str = "1/1"
    """i/n: run only every n-th run, from the i-th; for jobs that share the folder"""
    seeds_together: SeedsTogether = 1
    plugin: Plugin = ()
    metric: Metric = ()
    platform: Platform = None
    launch: Launch = None
    slurm: OmitArgPrefixes[Slurm] = field(default_factory=Slurm)
    checkpoints: OmitArgPrefixes[CheckpointOptions] = field(default_factory=CheckpointOptions)
    watch: OmitArgPrefixes[WatchOptions] = field(default_factory=WatchOptions)

    def run(self, experiment: Experiment, finish: Callable[[Path], None] | None = None) -> int:
        """Runs the experiment as `run_grid` does."""
        chosen = experiment if self.seeds is None else replace(experiment, seeds=self.seeds)
        launch = self.launch or (None if self.quick else experiment.launch)
        executor = launched(launch, self.slurm.over(experiment.slurm), self.folder(experiment))
        platform = self.platform if executor is None else "cpu"
        name = self.name(experiment)
        files: list[str | Path] = [*experiment.plugins, *self.plugin]
        metrics = [*experiment.metrics, *self.metric]
        if files or metrics:  # which may start JAX
            devices.prepare(platform, experiment.most_devices())
            plugins.load_all(files, metrics)
        configs = (chosen.quick() if self.quick else chosen).configs()
        most = max((config.train.devices or 0 for config in configs), default=0)
        devices.prepare(platform, most or None)
        return run_grid(
            name,
            configs,
            self.folder(experiment),
            self.shard,
            finish,
            self.seeds_together,
            self.watch,
            executor,
            self.platform,
            self.checkpoints,
        )

    def name(self, experiment: Experiment) -> str:
        """The experiment's in its records."""
        return f"{experiment.name}-quick" if self.quick else experiment.name

    def folder(self, experiment: Experiment) -> Path:
        """Where its results go."""
        return self.out or Path("results") / self.name(experiment)


@dataclass(frozen=True)
class Grid:
    """Run an experiment that a TOML or JSON file describes: cells, seeds, all else by default.

    Prints the plan, then a line a run, then the table; leaves it, figures and all measurements in a
    folder. If interrupted, the same command goes on. Such a file, with any fields of the
    configuration by their dotted names:

        seeds = 3                       # 0, 1, 2; a list names them
        [base]                          # what all cells share
        corpus.source = "almanac"
        train.epochs = 5.0
        [product]                       # every combination
        output.layer = ["nce", "negative-sampling"]
        sampler = ["unigram^0.75", "log-uniform"]
        [zip]                           # these advance together
        train.dim = [64, 128]
        train.window = [5, 8]
        [[parts]]                       # more cells, with their own base, product and zip
        base.output.layer = "hierarchical-softmax"

    Beside `seeds`, `launch = "slurm"` and a table `[slurm]` of the options below say where the runs
    go, `plugins = ["mine.py"]` and `metrics = ["metric.py:hubness"]` name files of
    one's own, which lie beside the experiment's.

    $ w2vjax grid my.toml
    $ w2vjax grid my.toml --quick
    $ w2vjax grid my.json --out results/mine --shard 2/8
    $ w2vjax grid my.toml --launch local:4
    $ w2vjax grid my.toml --launch slurm --partition gpu --minutes 240 --gpus 1
    $ w2vjax grid my.toml --status
    $ w2vjax grid results/compare --watch
    """

    file: Positional[Path]
    """the experiment; `.json` is JSON, anything else TOML. With --watch or --status, or a folder of
    results"""
    watch: bool = False
    """run nothing, but follow a grid that runs elsewhere, until it ends: from another terminal"""
    status: bool = False
    """run nothing, but tell what is done, what runs where and since when, what failed and why, and
    what is left"""
    results: OmitArgPrefixes[GridOptions] = field(default_factory=GridOptions)

    def run(self) -> int:
        from w2vjax.study.experiment_file import read_experiment

        if not (self.watch or self.status):
            return self.results.run(read_experiment(self.file))
        from w2vjax.commands import live

        look = live.status if self.status else live.follow
        if self.file.is_dir():
            return look(self.file)
        return look(self.results.folder(read_experiment(self.file)))


def script(
    experiment: Experiment | Callable[[], Experiment],
    description: str | None,
    finish: Callable[[Path], None] | None = None,
    arguments: Sequence[str] | None = None,
) -> int:
    """The main of an experiment's script: `sys.exit(script(EXPERIMENT, __doc__))`.

    Options are those of `w2vjax grid`. `finish` is called with the folder of the results. Returns
    the exit code; see `exit_codes.guarded`.
    """

    plugins.end_if_loading()

    def command() -> int:
        options: Any = tyro.cli(GridOptions, description=description, args=arguments)
        return options.run(experiment() if callable(experiment) else experiment, finish)

    return guarded(command)
