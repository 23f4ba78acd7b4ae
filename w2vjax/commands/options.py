"""What the commands share: groups of options, and the configurations they make.

Defaults are those of `config`. Nothing is checked here: the configurations check themselves.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from tyro.conf import UseAppendAction, arg

from w2vjax.config.schema import CorpusConfig, EvalConfig, OutputConfig, SamplerConfig, TrainConfig
from w2vjax.errors import InputError

T = TypeVar("T")
Texts = Annotated[
    tuple[str, ...],
    arg(
        help="one text or several: data sets (`w2vjax data list`), files, folders, quoted patterns "
        "of them, - (standard input), hf:NAME[:CONFIG[:COLUMN]], gensim:NAME"
    ),
]


def settings(kind: type[T], options: Any, **more: Any) -> T:
    """What a command's options ask for: the options have the names of the settings they give."""
    names = [item.name for item in fields(kind)]  # type: ignore[arg-type]
    given = {name: getattr(options, name) for name in names if hasattr(options, name)}
    return kind(**given | more)


def source_of(texts: Sequence[str]) -> str:
    """One text, or several as a configuration names them. Raises `InputError` for none."""
    if not texts:
        raise InputError("no text is given: name a data set (w2vjax data list), a file or a folder")
    return texts[0] if len(texts) == 1 else shlex.join(texts)


@dataclass(frozen=True)
class TextOptions:
    """How the text is read, and which of its words make the vocabulary."""

    cleaning: Literal["text8", "none"] = CorpusConfig.cleaning
    """local text. text8: lower case, accents folded, digits spelled; none: split on white space"""
    errors: Literal["strict", "replace"] = CorpusConfig.errors
    """bytes that are not UTF-8: stop with their place, or replace them and go on"""
    max_words: int | None = CorpusConfig.max_words
    """words read from the start of the text; None: all"""
    min_count: int = CorpusConfig.min_count
    """occurrences below which a word is dropped"""
    unknown: str | None = CorpusConfig.unknown
    """a word, UNK say, that stands for all words outside the vocabulary; None: they are left out"""
    column: str | None = CorpusConfig.column
    """of JSON lines, CSV and Parquet: the text. None: the only one with text, or "text" """
    phrases: int = CorpusConfig.phrases
    """passes that join words which often come together, new_york; word2phrase's example has 2"""
    phrase_threshold: float = CorpusConfig.phrase_threshold
    """score beyond which two words are joined; twice as high in each pass before the last"""
    phrase_min_count: int = CorpusConfig.phrase_min_count
    """occurrences below which words and pairs join nothing"""

    def config(
        self, texts: Sequence[str], max_vocab: int | None, held_out_every: int | None = None
    ) -> CorpusConfig:
        """The corpus configuration; `InputError` for values out of range."""
        more = {
            "source": source_of(texts),
            "max_vocab": max_vocab,
            "held_out_every": held_out_every,
        }
        return settings(CorpusConfig, self, **more)


@dataclass(frozen=True)
class TrainOptions:
    """How the vectors are trained."""

    architecture: Literal["skip-gram", "cbow"] = TrainConfig.architecture
    """skip-gram: a word predicts each neighbour; cbow: the neighbours' mean predicts the word"""
    dim: int = TrainConfig.dim
    """dimensions of the vectors"""
    window: int = TrainConfig.window
    """neighbours on each side, at most; each word draws its own window from 1 … this"""
    subsample: float = TrainConfig.subsample
    """share of the text above which a word is thinned out; 0 keeps all"""
    num_noise: Annotated[int, arg(aliases=["--negative"])] = OutputConfig.num_noise
    """noise words a pair, in layers that draw noise"""
    collision: Literal["auto", "mask", "expect", "keep", "redraw"] = OutputConfig.collision
    """noise that hits the target: left out, kept or drawn again; auto: kept by nce only"""
    biases: Literal["auto", "none", "zero", "uniform", "unigram"] = OutputConfig.biases
    """of output words, and where they start: 0, -log V or log of the unigram; auto: the layer's"""
    priority: Literal["speed", "balance", "accuracy"] = TrainConfig.priority
    """how many words share noise: 64 share the layer's own number of noise words (speed), 128
    twice as many (balance), 256 four times as many (accuracy)"""
    optimizer: str = TrainConfig.optimizer
    """sgd (damped), adagrad, rowwise-adagrad or adam"""
    learning_rate: float | None = TrainConfig.learning_rate
    """at the start; falls linearly with the words read. None: what suits layer and optimizer"""
    devices: int | None = TrainConfig.devices
    """XLA devices of all processes that share the work, on CPU one a core. None: all there are"""
    sync_words: int | None = TrainConfig.sync_words
    """kept words between two exchanges of the devices' changes. None: fewer, the more devices"""

    def train(self, epochs: float, seed: int) -> TrainConfig:
        """The training configuration; `InputError` for values out of range."""
        return settings(TrainConfig, self, epochs=epochs, seed=seed)

    def output(self, layer: str, sampler: SamplerConfig) -> OutputConfig:
        """The output layer's configuration; `InputError` for values out of range."""
        return settings(OutputConfig, self, layer=layer, sampler=sampler)


@dataclass(frozen=True)
class ProcessOptions:
    """Several processes that train one model, each started with the same options."""

    distributed: bool = False
    """srun or mpirun started the processes, and tells each who it is"""
    coordinator: str | None = None
    """HOST:PORT of process 0, as the others reach it. None: srun or mpirun knows, or one process"""
    num_processes: int | None = None
    """how many there are"""
    process_id: int | None = None
    """which one this is, from 0"""
    start_timeout: int = 120
    """seconds for which they wait for each other at the start"""


@dataclass(frozen=True)
class AnalogyOptions:
    """How analogies are scored."""

    candidates: int | Literal["all"] = EvalConfig.analogy_candidates or "all"
    """answers are sought among this many most frequent words"""
    method: Literal["3CosAdd", "3CosMul"] = EvalConfig.analogy_method
    """how the three words of a question are combined"""
    oov: Literal["skip", "wrong"] = EvalConfig.analogy_oov
    """questions with a word outside the candidates: left out, or counted as wrong"""
    case: Literal["fold", "exact"] = EvalConfig.case
    """a word of a test that is not there as it is spelled: the first that differs in case alone, or
    none"""

    def config(self) -> EvalConfig:
        """The evaluation's configuration."""
        candidates = None if self.candidates == "all" else self.candidates
        return EvalConfig(candidates, self.method, self.oov, case=self.case)


@dataclass(frozen=True)
class WatchOptions:
    """What is to be seen of training on the way. It changes no vectors."""

    evaluate_every: float | None = None
    """raw words after which the vectors are scored on the way, 5e6 say; not counted as training.
    None: at the end alone"""
    log_to: tuple[str, ...] = ()
    """where loss, learning rate, speed and scores go: tensorboard:FOLDER, trackio:PROJECT,
    wandb:PROJECT, mlflow:URI, jsonl:FILE"""


@dataclass(frozen=True)
class CheckpointOptions:
    """What is left of training on the way, so that the same command goes on after a stop."""

    checkpoint_every: float | None = 300.0
    """seconds from one checkpoint to the next. None: one is written when Ctrl-C, SIGTERM, SIGUSR1
    or SIGUSR2 stops training, and no other"""


Plugin = Annotated[
    UseAppendAction[tuple[Path, ...]],
    arg(
        metavar="FILE.py",
        help="a Python file that registers samplers, output layers or metrics of one's own; may be "
        "given several times",
    ),
]
Metric = Annotated[
    UseAppendAction[tuple[str, ...]],
    arg(
        metavar="FILE.py:FUNCTION",
        help="a function of one's own, of the vectors, that gives a number or several by name; may "
        "be given several times",
    ),
]
Platform = Annotated[
    Literal["cpu", "gpu", "tpu"] | None,
    arg(help="where to compute. None: the best that JAX finds"),
]
Launch = Annotated[
    str | None,
    arg(
        metavar="local:N|slurm",
        help="where the runs go: N at a time on this machine, each with its share of the cores, or "
        "to Slurm, as an array of jobs. None: one after the other, here",
    ),
]
SeedsTogether = Annotated[
    int,
    arg(
        help="seeds of a cell that train as one program, each recorded by itself with its share of "
        "the seconds. For accelerators, which small steps leave idle; on CPU cores it is slower"
    ),
]
