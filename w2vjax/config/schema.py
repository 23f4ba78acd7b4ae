"""Configuration as data: frozen dataclasses, with all defaults but those that layers differ in."""

from dataclasses import dataclass, field, replace
from typing import Literal

from w2vjax.config.defaults import WIDER
from w2vjax.config.identity import LATER, digest
from w2vjax.config.identity import flatten as flatten
from w2vjax.config.layers import LAYERS, draws_noise, layer_class
from w2vjax.config.optimizers import SGD, named_optimizer
from w2vjax.config.sampler import SamplerConfig as SamplerConfig
from w2vjax.errors import InputError, in_range


@dataclass(frozen=True)
class CorpusConfig:
    """Which text, and which of its words."""

    source: str = "almanac"
    """a named data set (`w2vjax data list`), a file, a folder, a pattern of them, `-` (standard
    input), hf:NAME[:CONFIG[:COLUMN]], gensim:NAME; several with spaces between, quoted as in a
    shell"""
    cleaning: Literal["text8", "none"] = "none"
    """local text. text8: lower case, accents folded, digits spelled; none: split on white space"""
    errors: Literal["strict", "replace"] = "strict"
    """what to do with bytes that are not UTF-8"""
    max_words: int | None = None
    """read only this many words from the start of the text"""
    min_count: int = 5
    """drop words that occur less often"""
    max_vocab: int | None = None
    """keep at most this many words, the most frequent"""
    unknown: str | None = None
    """words outside the vocabulary become this word, one of `max_vocab` and a word like any other;
    the text may have it already. None: they are left out"""
    held_out_every: int | None = None
    """keep every n-th document out of training, for the likelihood of unseen text"""
    column: str | None = field(default=None, metadata=LATER)
    """of JSON lines, CSV and Parquet: the text. None: the only one with text, or "text" """
    phrases: int = field(default=0, metadata=LATER)
    """passes that join words which often come together: new_york (`text.phrases`)"""
    phrase_threshold: float = field(default=100.0, metadata=LATER)
    """score beyond which two words are joined; twice as high in each pass before the last"""
    phrase_min_count: int = field(default=5, metadata=LATER)
    """words and pairs that occur less often join nothing"""

    def __post_init__(self) -> None:
        in_range("min_count", self.min_count, 1)
        if self.held_out_every is not None:
            in_range("held_out_every", self.held_out_every, 2)
        in_range("phrases", self.phrases, 0, 10)
        in_range("phrase_threshold", self.phrase_threshold, 0)
        in_range("phrase_min_count", self.phrase_min_count, 1)
        for name in ("max_words", "max_vocab"):
            if getattr(self, name) is not None:
                in_range(name, getattr(self, name), 1)
        if self.unknown is not None and self.unknown.split() != [self.unknown]:
            raise InputError(f"unknown is {self.unknown!r}: it must be one word, such as UNK")


BASELINES = ("sppmi-svd",)
"""Closed forms that stand beside the output layers (`study.baseline`)."""


@dataclass(frozen=True)
class OutputConfig:
    """The output layer: how a hidden vector is trained to predict a target."""

    layer: str = "negative-sampling"
    """one of `layers.LAYERS`: negative-sampling, hierarchical-softmax, full-softmax, …; or of
    `BASELINES`"""
    sampler: SamplerConfig = field(default_factory=SamplerConfig)
    """where noise comes from (sampled layers only)"""
    num_noise: int = 5
    """k: noise words a pair; each shared noise word then counts k/K of a pair's noise. 0 in layers
    without noise"""
    collision: Literal["auto", "mask", "expect", "keep", "redraw"] = "auto"
    """noise that hits the target: left out (mask), left out in expectation (expect), kept, or drawn
    again. auto: kept by nce, left out by the others"""
    biases: Literal["auto", "none", "zero", "uniform", "unigram"] = "auto"
    """a bias a word, added to its logits: none; or one that starts at 0 (zero: TensorFlow), at
    -log V (uniform) or at log of the word's share of the kept words (unigram). auto: unigram for
    nce, none for the others. Layers with one output row a word only"""
    sigmoid_limit: float | None = None
    """score beyond which the logistic loss's slope is cut, where a table of the sigmoid ends in
    other programs (word2vec.c: 6). None: nowhere"""
    sigmoid_beyond: Literal["saturate", "skip"] = "saturate"
    """beyond it the sigmoid is 0 or 1 (saturate), or nothing is learned from the score (skip)"""
    shared_nodes: int = 16
    """busiest nodes of a tree that all targets of a step score at once"""

    def __post_init__(self) -> None:
        in_range("num_noise", self.num_noise, 0, 65_536)
        if self.num_noise == 0 and (self.layer in BASELINES or draws_noise(self.layer)):
            raise InputError(
                f"num_noise is 0: {self.layer} needs noise, one word a pair at least; 0 is for "
                "layers without noise, such as hierarchical-softmax"
            )
        in_range("shared_nodes", self.shared_nodes, 0)
        if self.sigmoid_limit is not None:
            in_range("sigmoid_limit", self.sigmoid_limit, 1e-3, 1e3)

    @property
    def label(self) -> str:
        """What a comparison calls it: the layer and, where it draws noise, its sampler."""
        return f"{self.layer} / {self.sampler.name}" if draws_noise(self.layer) else self.layer


OPTIONAL_BOUNDS = {
    "learning_rate": 1e-12,
    "block_size": 1,
    "noise_per_block": 1,
    "tile_size": 1,
    "tokens_per_step": 1,
    "devices": 1,
    "damping": 0,
    "pair_cap": 1e-6,
    "sync_words": 1,
    "frequent_rows": 1,
}
"""The least value of settings that may be None."""


@dataclass(frozen=True)
class TrainConfig:
    """How the vectors are trained."""

    architecture: Literal["skip-gram", "cbow"] = "skip-gram"
    """skip-gram: a word predicts each neighbour; cbow: the neighbours' mean predicts the word"""
    predicts: Literal["neighbours", "centre"] | None = None
    """skip-gram: a word predicts its neighbours (the paper), or they predict it (word2vec.c).
    None: the layer's own"""
    cbow_gradient: Literal["mean", "sum"] = "mean"
    """cbow: every neighbour gets its share of the mean's gradient (mean), or all of it (sum:
    word2vec.c, gensim, fastText)"""
    dim: int = 100
    """dimensions of the vectors"""
    window: int = 5
    """neighbours on each side, at most"""
    dynamic_window: bool = True
    """draw each word's window uniformly from 1 … window, as word2vec does"""
    subsample: float = 1e-4
    """threshold t above which frequent words are thinned out; 0 keeps all"""
    subsample_formula: Literal["c", "paper"] = "c"
    """keep with probability sqrt(t/f) + t/f (word2vec.c) or sqrt(t/f) (the paper)"""
    epochs: float = 5.0
    """passes over the text; the last may be a part of one"""
    shuffle: bool = False
    """read the documents in a new order every epoch"""
    optimizer: str = SGD
    """what makes steps of gradients, one of `optimizers.OPTIMIZERS`: sgd, adagrad,
    rowwise-adagrad, adam"""
    learning_rate: float | None = None
    """at the start; falls linearly with the words read. None: the optimizer's or the layer's own"""
    learning_rate_floor: float = 1e-4
    """the learning rate never falls below this share of its start"""
    grouping: Literal["block", "pair"] = "block"
    """block: consecutive words share noise; pair: each draws its own (the reference, slow)"""
    priority: Literal["speed", "balance", "accuracy"] = "speed"
    """how many words share noise, where block_size and noise_per_block are not given: 64 share the
    layer's own number (speed), 128 twice as many (balance), 256 four times as many (accuracy)"""
    block_size: int | None = None
    """consecutive words that share noise. None: what the priority says"""
    noise_per_block: int | None = None
    """K: noise words shared by a block. None: the layer's own, times what the priority says"""
    tile_size: int | None = None
    """consecutive words whose windows are scored at once: speed alone. None: the layer's own.
    Where neighbours predict the centre against noise, it is block_size"""
    tokens_per_step: int | None = None
    """kept words whose gradients are summed before they are applied. None: the layer's own"""
    damping: float | None = None
    """a row's step is divided by max(1, damping · rate · its curvature in the step): from ½ on none
    overshoots (`damping.Damping`); 0: not at all. None: the layer's own. Of sgd alone"""
    pair_cap: float | None = None
    """an input row's by max(1, its pairs in the step / pair_cap) instead, if given: in trees, where
    None stands for the layer's own"""
    compute_dtype: Literal["float32", "bfloat16"] = "float32"
    """in which vectors are multiplied; sums and parameters are float32"""
    matmul_precision: Literal["default", "high", "highest"] = "default"
    """of products on devices that round float32: XLA's precision"""
    devices: int | None = None
    """XLA devices, each training on its own part of the text. None: all there are"""
    model_devices: int = 1
    """devices that share one copy of the matrices, each with its part of the dimensions"""
    sync_words: int | None = None
    """kept words, of all devices together, between two exchanges of the frequent rows' changes.
    None: 2^20 / devices², but at most 2^18, and a 32nd of the run"""
    frequent_rows: int | None = None
    """first rows of the matrices, exchanged every time; four times as many are every fourth time,
    and so on. None: 2^14 / devices"""
    seed: int = 0
    """start of every random stream"""

    def __post_init__(self) -> None:
        in_range("dim", self.dim, 1, 65_536)
        in_range("window", self.window, 1, 1_000)
        in_range("subsample", self.subsample, 0, 1)
        in_range("epochs", self.epochs, 1e-6, 1e6)
        in_range("learning_rate_floor", self.learning_rate_floor, 0, 1)
        in_range("model_devices", self.model_devices, 1)
        in_range("seed", self.seed, 0, 2**32 - 1)
        for name, low in OPTIONAL_BOUNDS.items():
            if getattr(self, name) is not None:
                in_range(name, getattr(self, name), low)


@dataclass(frozen=True)
class EvalConfig:
    """How vectors are scored."""

    analogy_candidates: int | None = 30_000
    """answers are sought among this many most frequent words; None: all"""
    analogy_method: Literal["3CosAdd", "3CosMul"] = "3CosAdd"
    """how the three words of a question are combined"""
    analogy_oov: Literal["skip", "wrong"] = "skip"
    """questions with a word outside the candidates are left out, or counted as wrong"""
    case: Literal["fold", "exact"] = field(default="fold", metadata=LATER)
    """a word that has no vector stands for the one that differs in case alone, or for none"""
    questions: str | None = field(default=None, metadata=LATER)
    """analogies: a file, a folder or a set at hand by its name (`evaluation.found`). None: Google's
    (of the planted text, its own)"""
    similarity: str | None = field(default=None, metadata=LATER)
    """judgements: a file, a folder of files or a set at hand. None: the usual ones at hand"""

    def __post_init__(self) -> None:
        if self.analogy_candidates is not None:
            in_range("analogy_candidates", self.analogy_candidates, 1)


@dataclass(frozen=True)
class RunConfig:
    """One experiment: everything that decides its numbers."""

    corpus: CorpusConfig = field(default_factory=CorpusConfig)
    output: OutputConfig = field(default_factory=OutputConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    evaluation: EvalConfig = field(default_factory=EvalConfig)

    @property
    def run_id(self) -> str:
        """Hash of the resolved configuration: equal experiments have equal ids."""
        return digest(self.resolved())

    def resolved(self) -> "RunConfig":
        """The same with the layer's own values where a training setting is None.

        A closed form has none: it takes no steps.
        """
        train = self.train
        if self.output.layer not in LAYERS:
            return self
        layer = layer_class(self.output.layer)
        own = layer.defaults.settings(
            architecture=train.architecture,
            shared=train.cbow_gradient == "mean",
            dim=train.dim,
            wider=WIDER[train.priority] if layer.draws_noise else 1,
            block_size=train.block_size,
        )
        own |= named_optimizer(train.optimizer).settings
        missing = {name: value for name, value in own.items() if getattr(train, name) is None}
        return replace(self, train=replace(train, **missing))
