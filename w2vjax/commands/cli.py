"""The commands. Each is a dataclass of options whose `run` does the work and gives the exit code.

JAX is imported only by the commands that compute: help, `report` and `data` do without.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import tyro
from tyro.conf import OmitArgPrefixes, subcommand

from w2vjax.commands.bench_commands import Bench
from w2vjax.commands.data_commands import Data
from w2vjax.commands.eval_command import Eval
from w2vjax.commands.exit_codes import guarded
from w2vjax.commands.grid_command import Grid, launched, run_grid
from w2vjax.commands.options import (
    CheckpointOptions,
    Launch,
    Metric,
    Platform,
    Plugin,
    SeedsTogether,
    TextOptions,
    Texts,
    TrainOptions,
    WatchOptions,
)
from w2vjax.commands.replay_command import Replay
from w2vjax.commands.report_command import Report
from w2vjax.commands.sampler_commands import Samplers
from w2vjax.commands.train_command import Train
from w2vjax.config.layers import LAYERS
from w2vjax.config.schema import (
    CorpusConfig,
    EvalConfig,
    OutputConfig,
    RunConfig,
    SamplerConfig,
    TrainConfig,
)
from w2vjax.engine import devices
from w2vjax.errors import InputError
from w2vjax.study import compare, plugins
from w2vjax.study.launch import Slurm


@dataclass(frozen=True)
class Compare:
    """Compare output layers and samplers: train, evaluate, tabulate and plot.

    Prints the table; leaves it, the figures and all measurements in a folder. If interrupted, the
    same command goes on.

    $ w2vjax compare
    $ w2vjax compare --samplers unigram^0.75 in-batch --outputs negative-sampling sppmi-svd
    $ w2vjax compare --samplers log-uniform log-uniform+unique --outputs nce sampled-softmax
    $ w2vjax compare --corpus my.txt --outputs nce full-softmax --samplers uniform --out results/my
    $ w2vjax compare --plugin mine.py --samplers two-tiers unigram^0.75 --metric metric.py:hubness
    """

    corpus: Texts = (CorpusConfig.source,)
    outputs: tuple[str, ...] = field(default_factory=lambda: tuple(LAYERS))
    """output layers; and sppmi-svd, the closed form that stands beside them"""
    samplers: tuple[str, ...] = compare.SAMPLERS
    """of noise: uniform, unigram^POWER, log-uniform, zipf^POWER; with +uniform(SHARE),
    +temperature(T), +reserved(FIRST WORDS), +unique; with :alias, :cdf, :table or :table(SIZE); by
    the stream: in-batch, learned-unigram"""
    seeds: int = compare.SEEDS
    """runs of every cell"""
    epochs: float | None = None
    """passes over the text. None: for each layer as many as take about the same time"""
    max_vocab: int | None = compare.MAX_VOCAB
    """most frequent words kept; the full softmax costs time in proportion. None: all"""
    held_out_every: int | None = compare.HELD_OUT_EVERY
    """every n-th document is kept out of training, for the likelihood of unseen text"""
    out: Path = Path("results/compare")
    """folder of the records, tables and figures"""
    shard: str = "1/1"
    """i/n: run only every n-th run, from the i-th; for jobs that share the folder"""
    seeds_together: SeedsTogether = 1
    launch: Launch = None
    slurm: OmitArgPrefixes[Slurm] = field(default_factory=Slurm)
    questions: str | None = EvalConfig.questions
    """analogies: a file or folder as published (see `w2vjax eval --help`), or google, bats, msr.
    None: Google's"""
    similarity: str | None = EvalConfig.similarity
    """judgements of similarity: a file or folder as published. None: the usual sets at hand"""
    plugin: Plugin = ()
    metric: Metric = ()
    platform: Platform = None
    text: OmitArgPrefixes[TextOptions] = field(default_factory=TextOptions)
    train: OmitArgPrefixes[TrainOptions] = field(
        default_factory=lambda: TrainOptions(dim=compare.DIM)
    )
    checkpoints: OmitArgPrefixes[CheckpointOptions] = field(default_factory=CheckpointOptions)
    watch: OmitArgPrefixes[WatchOptions] = field(default_factory=WatchOptions)

    def run(self) -> int:
        executor = launched(self.launch, self.slurm, self.out)
        # before a plugin starts JAX; jobs compute, and not this process
        devices.prepare("cpu" if executor else self.platform, self.train.devices)
        plugins.load_all(self.plugin, self.metric)
        base = RunConfig(
            corpus=self.text.config(self.corpus, self.max_vocab, self.held_out_every),
            output=self.train.output(next(iter(self.outputs), OutputConfig.layer), SamplerConfig()),
            train=self.train.train(TrainConfig.epochs, TrainConfig.seed),
            evaluation=EvalConfig(questions=self.questions, similarity=self.similarity),
        )
        cells = compare.cells(base, self.outputs, self.samplers, self.seeds, self.epochs)
        return run_grid(
            "compare",
            cells,
            self.out,
            self.shard,
            seeds_together=self.seeds_together,
            watch=self.watch,
            executor=executor,
            platform=self.platform,
            checkpoints=self.checkpoints,
        )


Command = (
    Annotated[Compare, subcommand("compare")]
    | Annotated[Grid, subcommand("grid")]
    | Annotated[Train, subcommand("train")]
    | Annotated[Eval, subcommand("eval")]
    | Annotated[Report, subcommand("report")]
    | Annotated[Samplers, subcommand("samplers")]
    | Annotated[Bench, subcommand("bench")]
    | Annotated[Data, subcommand("data")]
    | Annotated[Replay, subcommand("replay")]
)
NOT_HERE = (
    "the commands need Linux or macOS, whose locks keep records whole: on Windows use its "
    "Subsystem for Linux; the losses, samplers and heads can be imported"
)
DESCRIPTION = (
    "Compare how word2vec's output layer is trained: by full and hierarchical softmax, negative "
    "sampling, NCE and sampled softmax, with any sampler of noise.\n\n"
    "`w2vjax COMMAND --help` tells a command's options, with units, defaults and examples."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code.

    0; 1: a run failed; 2: wrong input, told in one line (options that do not exist or are no
    numbers end the process, with 2 too); the others stand at `exit_codes.guarded`.
    """

    plugins.end_if_loading()

    def command() -> int:
        if sys.platform == "win32":
            raise InputError(NOT_HERE)
        chosen: Any = tyro.cli(
            Command,
            prog="w2vjax",
            description=DESCRIPTION,
            args=arguments,
            config=(tyro.conf.OmitSubcommandPrefixes,),
        )
        return chosen.run()

    return guarded(command)
