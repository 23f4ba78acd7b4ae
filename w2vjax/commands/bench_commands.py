"""The commands that measure: `w2vjax bench layers`, `scaling` and `peers`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import OmitArgPrefixes, subcommand

from w2vjax.bench import settings as bench
from w2vjax.commands.exit_codes import say
from w2vjax.commands.options import (
    Platform,
    Plugin,
    TextOptions,
    Texts,
    TrainOptions,
    settings,
    source_of,
)
from w2vjax.config.layers import LAYERS
from w2vjax.config.schema import CorpusConfig, OutputConfig, RunConfig, SamplerConfig, TrainConfig
from w2vjax.engine import devices
from w2vjax.study import compare, plugins

if TYPE_CHECKING:
    from w2vjax.bench.ledger import Ledger


@dataclass(frozen=True)
class Layers:
    """Time every output layer on this device, against the device's own ceilings.

    Speed in words, kept words and pairs a second; FLOP/s and bytes/s against a large matrix product
    and a large copy on the same devices; memory; compile time. Prints the tables; leaves them,
    the figures and all measurements in a folder.

    $ w2vjax bench layers
    $ w2vjax bench layers --corpus my.txt --outputs nce negative-sampling --samplers uniform
    """

    corpus: Texts = (CorpusConfig.source,)
    outputs: tuple[str, ...] = field(default_factory=lambda: tuple(LAYERS))
    """output layers"""
    samplers: tuple[str, ...] = ("unigram^0.75", "log-uniform")
    """of noise: uniform, unigram^POWER, log-uniform, zipf^POWER; with :alias, :cdf or :table"""
    max_vocab: int | None = CorpusConfig.max_vocab
    """most frequent words kept; the full softmax costs time in proportion. None: all"""
    repeats: int = bench.Care.repeats
    """measurements of each program, one segment of training each; medians are shown"""
    seconds: float = bench.Care.seconds
    """a program that has run for so many seconds is measured no more, twice at least"""
    matmul_size: int = bench.CeilingConfig.matmul_size
    """n of the product of two matrices [n, n] on every device, the ceiling of FLOP/s"""
    copy_mebibytes: int = bench.CeilingConfig.copy_mebibytes
    """MiB that every device copies, the ceiling of bytes/s"""
    out: Path = Path("results/bench-layers")
    """folder of the records, tables and figures"""
    plugin: Plugin = ()
    platform: Platform = None
    text: OmitArgPrefixes[TextOptions] = field(default_factory=TextOptions)
    train: OmitArgPrefixes[TrainOptions] = field(default_factory=TrainOptions)

    def run(self) -> int:
        devices.prepare(self.platform, self.train.devices)  # before a plugin starts JAX
        plugins.load_all(self.plugin)
        base = RunConfig(
            corpus=self.text.config(self.corpus, self.max_vocab),
            output=self.train.output(OutputConfig.layer, SamplerConfig()),
            train=self.train.train(TrainConfig.epochs, TrainConfig.seed),
        )
        care, ceiling = settings(bench.Care, self), settings(bench.CeilingConfig, self)
        configs = compare.cells(base, self.outputs, self.samplers, 1, TrainConfig.epochs)
        from w2vjax.bench.layers import layers
        from w2vjax.text.encoding import encode

        corpus = encode(base.corpus)
        return _measured(
            self.out,
            bench.LAYERS,
            lambda ledger: layers(corpus, configs, care, ceiling, ledger),
        )


@dataclass(frozen=True)
class Scaling:
    """Time a training step as the vocabulary, the dimensions and the noise grow.

    On text made by Zipf's law. Fits how the time grows, and prints it beside theory: negative
    sampling flat in the vocabulary, hierarchical softmax logarithmic, full softmax linear.

    $ w2vjax bench scaling
    $ w2vjax bench scaling --outputs nce --dim 64 128 256 --vocabulary 1000 10000 --repeats 5
    """

    outputs: tuple[str, ...] = ()
    """output layers. Without any: one whose cost does not grow with the vocabulary, one whose cost
    does by its logarithm, and one in proportion"""
    vocabulary: tuple[int, ...] = bench.SWEEPS["vocabulary"]
    """V: words of the vocabulary, one after the other; none: not varied"""
    dim: tuple[int, ...] = bench.SWEEPS["dim"]
    """d: dimensions of the vectors"""
    num_noise: tuple[int, ...] = bench.SWEEPS["num_noise"]
    """k: noise words a pair"""
    noise_per_block: tuple[int, ...] = bench.SWEEPS["noise_per_block"]
    """K: noise words that a block shares"""
    block_size: tuple[int, ...] = bench.SWEEPS["block_size"]
    """words of a block"""
    words: int = bench.VOCABULARY
    """words of the vocabulary while another quantity is varied"""
    largest_full: int = bench.LARGEST_FULL
    """vocabulary up to which the full softmax takes part"""
    repeats: int = bench.Care.repeats
    """measurements of each program; medians are shown"""
    seconds: float = 5.0
    """a program that has run for so many seconds is measured no more, twice at least"""
    devices: int | None = TrainConfig.devices
    """XLA devices that share the work, on CPU one a core. None: all there are"""
    out: Path = Path("results/bench-scaling")
    """folder of the records, tables and figures"""
    platform: Platform = None

    def run(self) -> int:
        train = TrainConfig(subsample=0.0, sync_words=bench.SYNC_WORDS, devices=self.devices)
        care = settings(bench.Care, self)
        sweeps = {variable: getattr(self, variable) for variable in bench.SWEEPS}
        points = bench.points(
            RunConfig(train=train), self.outputs, sweeps, self.words, self.largest_full
        )
        devices.prepare(self.platform, self.devices)
        from w2vjax.bench.scaling import scaling

        return _measured(self.out, bench.SCALING, lambda ledger: scaling(points, care, ledger))


@dataclass(frozen=True)
class Peers:
    """Train with other programs on the same text and cores, and compare speed and accuracy.

    gensim, fastText and word2vec.c, those that are installed (`pip install 'w2vjax[peers]'`).
    Google analogies for all, by 3CosAdd among the 30,000 most frequent words. Then our runs with
    fewer epochs, for the time to reach each peer's accuracy.

    $ w2vjax bench peers --corpus simplewiki-2018
    $ w2vjax bench peers --layer hierarchical-softmax --peers gensim --repeats 2 --ladder
    """

    corpus: Texts = (CorpusConfig.source,)
    peers: tuple[str, ...] = bench.PROGRAMS
    """programs, by the names of their packages: gensim, fasttext, word2vec"""
    layer: Literal["negative-sampling", "hierarchical-softmax"] = bench.PeerConfig.layer
    """output layer"""
    architecture: Literal["skip-gram", "cbow"] = bench.PeerConfig.architecture
    """skip-gram: a word predicts each neighbour; cbow: the neighbours' mean predicts the word"""
    dim: int = bench.PeerConfig.dim
    """dimensions of the vectors"""
    window: int = bench.PeerConfig.window
    """neighbours on each side, at most"""
    num_noise: int = bench.PeerConfig.num_noise
    """noise words a pair"""
    epochs: int = bench.PeerConfig.epochs
    """passes over the text"""
    max_words: int | None = None
    """words read from the start of the text; None: all"""
    repeats: int = 3
    """runs of each program, in turn with the others'; medians are shown"""
    ladder: tuple[float, ...] = bench.LADDER
    """epochs of our runs that seek each peer's accuracy, the fewest first; none: left out"""
    out: Path = Path("results/bench-peers")
    """folder of the records, tables and figures"""

    def run(self) -> int:
        there, missing = bench.installed(self.peers)
        asked = settings(bench.PeerConfig, self, corpus=source_of(self.corpus))
        bench.check_peers(self.repeats, self.ladder)
        for name in missing:
            say(f"{name} is not installed and left out: pip install 'w2vjax[peers]'")
        from w2vjax.bench.peers import peers

        failed: list[str] = []

        def measure(ledger: "Ledger") -> None:
            failed.extend(peers(asked, there, self.repeats, self.ladder, ledger))

        code = _measured(self.out, bench.PEERS, measure, device=False)
        for line in failed:
            say(f"failed: {line}")
        return 1 if failed else code


@dataclass(frozen=True)
class Bench:
    """Measure: output layers on this device, growth of a step's cost, other programs."""

    action: (
        Annotated[Layers, subcommand("layers")]
        | Annotated[Scaling, subcommand("scaling")]
        | Annotated[Peers, subcommand("peers")]
    )

    def run(self) -> int:
        return self.action.run()


def _measured(
    folder: Path, experiment: str, measure: Callable[["Ledger"], None], device: bool = True
) -> int:
    """Measures into the folder's records, then builds the tables and figures, and prints."""
    from w2vjax.bench.ledger import Ledger
    from w2vjax.files import make_folder, read_text
    from w2vjax.records.file import Records
    from w2vjax.report import build as report

    make_folder(folder)
    try:
        measure(Ledger(Records(folder), experiment, device))
    except KeyboardInterrupt:
        say(f"interrupted: what is measured is kept; `w2vjax report {folder}` shows it")
        raise
    files = report.build(folder)
    print(read_text(folder / "table.md"))
    say(f"records, and {len(files)} files of tables and figures: {folder}")
    return 0
