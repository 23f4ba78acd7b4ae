"""The command that trains one set of vectors: `w2vjax train`."""

from dataclasses import dataclass, field
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tyro.conf import OmitArgPrefixes

from w2vjax.commands.exit_codes import say
from w2vjax.commands.options import (
    CheckpointOptions,
    Metric,
    Platform,
    Plugin,
    ProcessOptions,
    TextOptions,
    Texts,
    TrainOptions,
    WatchOptions,
    settings,
)
from w2vjax.config.layers import LAYERS
from w2vjax.config.schema import (
    CorpusConfig,
    OutputConfig,
    RunConfig,
    SamplerConfig,
    TrainConfig,
    flatten,
)
from w2vjax.engine import devices, processes
from w2vjax.errors import InputError, unknown
from w2vjax.records.metrics import OWN
from w2vjax.study import plugins

if TYPE_CHECKING:
    from w2vjax.engine.checkpoint import Checkpoints
    from w2vjax.engine.train import Trained
    from w2vjax.text.encoding import EncodedCorpus
    from w2vjax.vectors.embeddings import Embeddings

SUFFIX = ".checkpoints"
LONGEST_NAME = 255
"""bytes that file systems take"""


@dataclass(frozen=True)
class Train:
    """Train word vectors, with word2vec's defaults.

    $ w2vjax train --corpus text.txt.gz --out vectors.bin
    $ w2vjax train --corpus almanac --out vectors.npz --output-layer nce --sampler log-uniform
    """

    corpus: Texts
    out: Path
    """file to write. .bin: word2vec binary; .npz, .safetensors: both matrices and counts; .tsv: the
    Embedding Projector's pair; else word2vec text; .bin.gz, .vec.xz and the like are compressed"""
    output_layer: str = OutputConfig.layer
    """full-, hierarchical-, balanced- or sampled-softmax, negative-sampling, nce"""
    sampler: str = SamplerConfig().name
    """of noise: uniform, unigram^POWER, log-uniform, zipf^POWER; with +uniform(SHARE),
    +temperature(T), +reserved(FIRST WORDS), +unique; with :alias, :cdf, :table or :table(SIZE); by
    the stream: in-batch, learned-unigram"""
    epochs: float = TrainConfig.epochs
    """passes over the text; the last may be a part of one"""
    seed: int = TrainConfig.seed
    """start of every random stream"""
    max_vocab: int | None = CorpusConfig.max_vocab
    """most frequent words kept. None: all"""
    save_vocab: Path | None = None
    """file of the vocabulary, lines of word, tab, count. None: not written"""
    preset: str | None = None
    """settings of another program: word2vec.c, gensim, fasttext, tensorflow, paper. Options given
    otherwise than by default stay. Says what it sets and why, and what stays different"""
    plugin: Plugin = ()
    metric: Metric = ()
    platform: Platform = None
    text: OmitArgPrefixes[TextOptions] = field(default_factory=TextOptions)
    train: OmitArgPrefixes[TrainOptions] = field(default_factory=TrainOptions)
    watch: OmitArgPrefixes[WatchOptions] = field(default_factory=WatchOptions)
    continue_from: Path | None = None
    """vectors to train on with this text, as `--out` or other programs write them; their words
    keep their vectors, and their counts are added to the text's"""
    new_words: Literal["join", "ignore"] = "join"
    """with --continue-from: words that only the text has, --min-count times or more"""
    resume: Path | None = None
    """folder of checkpoints to go on from. None: OUT.checkpoints, if it is there"""
    checkpoints: OmitArgPrefixes[CheckpointOptions] = field(default_factory=CheckpointOptions)
    job: OmitArgPrefixes[ProcessOptions] = field(default_factory=ProcessOptions)

    @processes.together
    def run(self) -> int:
        job = settings(processes.Job, self.job)
        devices.prepare(self.platform, self.train.devices, job)  # before a plugin starts JAX
        plugins.load_all(self.plugin, self.metric)
        if self.output_layer not in LAYERS:
            raise unknown("output layer", self.output_layer, LAYERS)
        from w2vjax.files import check_writable
        from w2vjax.samplers import parse
        from w2vjax.vectors import writing

        config = RunConfig(
            corpus=self.text.config(self.corpus, self.max_vocab),
            output=self.train.output(self.output_layer, parse(self.sampler)),
            train=self.train.train(self.epochs, self.seed),
        )
        if self.preset:
            config = _preset(self.preset, config)
        if processes.leads():
            writing.check_writable(self.out)
        if self.save_vocab:
            if processes.leads():
                check_writable(self.save_vocab)
            if self.save_vocab.resolve() == self.out.resolve():
                raise InputError(f"--out and --save-vocab are both {self.out}: name two files")
        checkpoints = self._checkpoints()
        from w2vjax.study.run import train_watched
        from w2vjax.study.watching import Watching

        watching = settings(Watching, self.watch)
        start, corpus = processes.first(lambda: self._text(config.corpus))
        trained = train_watched(corpus, config, watching, checkpoints, start)
        if not processes.leads():
            return 0
        if self.save_vocab:
            corpus.vocabulary.save(self.save_vocab)
        trained.embeddings.save(self.out)
        checkpoints.remove()
        return _tell(trained, self.out)

    def _text(self, config: CorpusConfig) -> "tuple[Embeddings | None, EncodedCorpus]":
        """The vectors to start from, if any, and the text."""
        from w2vjax.study.continued import continued
        from w2vjax.text.encoding import encode

        if self.continue_from is not None:
            return continued(self.continue_from, config, self.new_words == "join")
        return None, encode(config, progress=processes.leads())

    def _checkpoints(self) -> "Checkpoints":
        """Where they are. Raises `InputError` if there are none to go on from."""
        from w2vjax.engine.checkpoint import Checkpoints

        checkpoints = Checkpoints(
            self.resume or beside(self.out), self.checkpoints.checkpoint_every
        )
        if self.resume is not None and not checkpoints.any_there():
            raise InputError(
                f"--resume {self.resume}: there is no checkpoint; without --resume training starts "
                "anew"
            )
        return checkpoints


def _tell(trained: "Trained", out: Path) -> int:
    """Prints how it went; returns the exit code: 1 if a metric of the user's has failed."""
    from w2vjax.evaluation.own import own_scores

    vectors = trained.embeddings.vectors
    seconds = trained.seconds
    last = next((point for point in reversed(trained.curve) if not isnan(point.noise)), None)
    for name, number in (
        ("words", trained.words),
        ("kept words", trained.kept_words),
        ("pairs", trained.pairs),
    ):
        print(f"{name:12}{number:>14,}  {number / seconds:>14,.0f} a second")
    if last:
        loss = f"{last.positive + last.noise:.3f} nats a pair at the end"
        print(f"{'loss':12}{loss} ({last.positive:.3f} targets, {last.noise:.3f} the rest)")
    else:
        print(f"{'loss':12}none: no pair was trained")
    print(f"{'time':12}{seconds:.1f} s, and {trained.compile_seconds:.1f} s to compile")
    print(f"{'vectors':12}{len(vectors):,} words, {vectors.shape[1]} numbers each: {out}")
    own = own_scores(trained.embeddings)
    for score in own:
        name = score.metric.removeprefix(OWN)
        print(f"{name:12}{'none' if score.value is None else f'{score.value:.4g}'}")
    return 1 if any(score.message for score in own) else 0


def beside(path: Path) -> Path:
    """Where the checkpoints of a run are whose vectors go to `path`."""
    name = path.name.encode()[: LONGEST_NAME - len(SUFFIX)].decode(errors="ignore")
    return path.with_name(name + SUFFIX)


def _preset(name: str, config: RunConfig) -> RunConfig:
    """The configuration under a preset, and on standard error what that means."""
    from w2vjax.config import presets, programs

    fields = presets.fields_of(name, config)
    made = presets.apply(name, config, unless=RunConfig())
    preset, now = programs.PRESETS[name], flatten(made)
    say(f"preset {name}: {preset.source}")
    for path, value in fields.items():
        kept = "" if now[path] == value else f", but {now[path]} was asked for"
        say(f"  {path} = {value}: {preset.settings[path][1]}{kept}")
    for line in (*preset.differs, *(f"There is no setting for {path}." for path in preset.pending)):
        say(f"  stays different: {line}")
    return made
