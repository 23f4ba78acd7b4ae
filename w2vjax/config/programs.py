"""How other programs set word2vec up, in the fields of `RunConfig`.

A preset takes over what decides a program's method: noise, collisions, subsampling, windows, rates.
It leaves alone what its user decides by choosing an architecture or an output layer, and the
engine's own ways (shared noise, summed steps). Where a program differs in what the configuration
has no field for, `pending` names it, and `differs` says in words what stays different.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Fields = Mapping[str, Any]
"""dotted names, as `config.flatten` has them, to values"""


@dataclass(frozen=True)
class Preset:
    """One program's settings."""

    source: str
    """the program or paper, and which of its versions"""
    settings: Mapping[str, tuple[Any, str]]
    """of `RunConfig`, by dotted name: the value, and what the program does"""
    cbow: Fields = field(default_factory=dict)
    """fields that it sets otherwise where the architecture is CBOW"""
    trees: Fields = field(default_factory=dict)
    """and where the output layer is a tree"""
    pending: tuple[str, ...] = ()
    """settings that `RunConfig` has no field for yet, by the names they would have"""
    differs: tuple[str, ...] = ()
    """what stays different from the program"""

    @property
    def fields(self) -> dict[str, Any]:
        """The values alone."""
        return {path: value for path, (value, _) in self.settings.items()}


_SKIP_GRAM_OF_C = "every neighbour predicts the centre"
_C_SUBSAMPLING = "kept with probability sqrt(t/f) + t/f"
_SHARED = (
    "Each pair has noise and a step of its own there; here a block shares its noise, and the steps "
    "of many words are summed."
)
_SUM_GRADIENT = "every neighbour gets all of the mean's gradient"
_SATURATES = "from there on it is 0 or 1"
_SKIPS = "beyond, a score is passed over"

PRESETS: dict[str, Preset] = {
    "word2vec.c": Preset(
        source="word2vec.c 0.1c, by its defaults",
        settings={
            "corpus.min_count": (5, "-min-count 5"),
            "output.sampler.distribution": ("unigram", "noise by counts^0.75"),
            "output.sampler.power": (0.75, "a constant"),
            "output.sampler.mechanism": ("table", "a table of words, rounded up to whole slots"),
            "output.sampler.table_size": (100_000_000, "a constant: 400 MB"),
            "output.num_noise": (5, "-negative 5"),
            "output.collision": ("mask", "noise that is the target is passed over"),
            "train.predicts": ("centre", _SKIP_GRAM_OF_C),
            "train.window": (5, "-window 5"),
            "train.dynamic_window": (True, "uniform on 1 … window"),
            "train.subsample": (1e-3, "-sample 1e-3"),
            "train.subsample_formula": ("c", _C_SUBSAMPLING),
            "train.learning_rate": (0.025, "-alpha: 0.025, and 0.05 for CBOW"),
            "train.learning_rate_floor": (1e-4, "a ten-thousandth of the start"),
            "train.cbow_gradient": ("sum", _SUM_GRADIENT),
            "output.sigmoid_limit": (6.0, "MAX_EXP: its table of the sigmoid ends at 6"),
            "output.sigmoid_beyond": (
                "saturate",
                f"{_SATURATES}; in trees a score beyond is passed over",
            ),
        },
        cbow={"train.learning_rate": 0.05},
        trees={"output.sigmoid_beyond": "skip"},
        pending=("corpus.line_end",),
        differs=(
            _SHARED,
            "Newlines are words there: in the counts, in the table (a draw of one becomes a "
            "uniform word) and in the tree, where they stand first whatever their count.",
            "Sentences end at newlines and after 1,000 kept words.",
            "The sigmoid is read from a table of 1,000 entries.",
            "`w2vjax replay` has none of these differences.",
        ),
    ),
    "gensim": Preset(
        source="gensim 4, models.Word2Vec, by its defaults",
        settings={
            "corpus.min_count": (5, "min_count=5"),
            "output.sampler.distribution": ("unigram", "noise by counts^ns_exponent"),
            "output.sampler.power": (0.75, "ns_exponent=0.75"),
            "output.sampler.mechanism": ("cdf", "bisection of cumulative probabilities"),
            "output.num_noise": (5, "negative=5"),
            "output.collision": ("mask", "noise that is the target is passed over"),
            "train.predicts": ("centre", _SKIP_GRAM_OF_C),
            "train.window": (5, "window=5"),
            "train.dynamic_window": (True, "shrink_windows=True: uniform on 1 … window"),
            "train.subsample": (1e-3, "sample=1e-3"),
            "train.subsample_formula": ("c", _C_SUBSAMPLING),
            "train.learning_rate": (0.025, "alpha=0.025, for CBOW too"),
            "train.learning_rate_floor": (0.004, "min_alpha=1e-4, as a share of alpha"),
            "train.cbow_gradient": ("sum", _SUM_GRADIENT),
            "output.sigmoid_limit": (6.0, "MAX_EXP: its table of the sigmoid ends at 6"),
            "output.sigmoid_beyond": ("skip", _SKIPS),
        },
        differs=(
            _SHARED,
            "The cumulative probabilities are whole numbers up to 2^31 - 1 there, up to 2^32 here.",
            "The learning rate falls to min_alpha at the end there; here it falls towards 0 until "
            "it meets the floor.",
            "Sentences end after 10,000 words.",
        ),
    ),
    "fasttext": Preset(
        source="fastText, unsupervised, by its defaults, without subwords",
        settings={
            "corpus.min_count": (5, "-minCount 5"),
            "output.sampler.distribution": ("unigram", "noise by counts^0.5"),
            "output.sampler.power": (0.5, "a constant: flatter than word2vec's 0.75"),
            "output.sampler.mechanism": ("table", "a list of words, rounded up to whole entries"),
            "output.sampler.table_size": (
                10_000_000,
                "a constant, about which the list's length lies",
            ),
            "output.num_noise": (5, "-neg 5"),
            "output.collision": ("redraw", "drawn again until it is not the target"),
            "train.predicts": ("neighbours", "the centre predicts every neighbour"),
            "train.window": (5, "-ws 5"),
            "train.dynamic_window": (True, "uniform on 1 … window"),
            "train.subsample": (1e-4, "-t 1e-4"),
            "train.subsample_formula": ("c", _C_SUBSAMPLING),
            "train.learning_rate": (0.05, "-lr 0.05"),
            "train.learning_rate_floor": (0.0, "falls to 0"),
            "train.cbow_gradient": ("sum", _SUM_GRADIENT),
            "output.sigmoid_limit": (8.0, "its table of the sigmoid ends at 8"),
            "output.sigmoid_beyond": ("saturate", _SATURATES),
        },
        pending=("train.subwords",),
        differs=(
            _SHARED,
            "Words are represented by their subwords too, unless it is told not to.",
            "The list gives every word the ceiling of its share; word2vec.c's table, used here, "
            "rounds otherwise.",
        ),
    ),
    "tensorflow": Preset(
        source="TensorFlow's tutorial, word2vec_basic.py",
        settings={
            "corpus.min_count": (1, "the vocabulary is cut by size alone"),
            "corpus.max_vocab": (50_000, "vocabulary_size = 50000, UNK among them"),
            "corpus.unknown": ("UNK", "words outside the vocabulary are one word"),
            "output.layer": ("nce", "tf.nn.nce_loss"),
            "output.sampler.distribution": (
                "log-uniform",
                "what nce_loss draws from unless it is told otherwise",
            ),
            "output.sampler.mechanism": ("closed-form", "a formula of the rank"),
            "output.sampler.unique": (True, "the 64 words of a batch are all different"),
            "output.num_noise": (64, "num_sampled = 64"),
            "output.collision": ("keep", "remove_accidental_hits=False in nce_loss"),
            "output.biases": ("zero", "nce_biases, zeros at first"),
            "train.architecture": ("skip-gram", "skip-gram only"),
            "train.predicts": ("neighbours", "the centre predicts a neighbour"),
            "train.dim": (128, "embedding_size = 128"),
            "train.window": (1, "skip_window = 1"),
            "train.dynamic_window": (False, "windows are not drawn"),
            "train.subsample": (0.0, "no word is thinned out"),
            "train.noise_per_block": (64, "every pair of a batch has the same 64 noise words"),
            "train.block_size": (64, "a batch of 128 pairs: 64 words with two neighbours each"),
            "train.tokens_per_step": (64, "a batch a step"),
            "train.learning_rate": (1 / 128, "1.0, of the mean over a batch's 128 pairs"),
            "train.learning_rate_floor": (1.0, "the same throughout"),
            "train.damping": (0.0, "the gradient as it is"),
            "train.devices": (1, "one batch after another; more devices add up their changes"),
        },
        differs=(
            "UNK is the first word there, whatever its count; here it stands by its count, and "
            "log-uniform goes by that order.",
            "Expected counts are by the number of tries that a batch's noise took there, here by "
            "the expected number.",
            "Vectors start within ±1 there, and the outputs normal of deviation 1/sqrt(128); "
            "here they start as word2vec.c's.",
            "At the ends of documents a batch has fewer pairs here.",
        ),
    ),
    "paper": Preset(
        source="Mikolov et al. 2013b, Distributed Representations of Words and Phrases",
        settings={
            "corpus.min_count": (5, "section 3: words that occur less than 5 times are left out"),
            "output.sampler.distribution": (
                "unigram",
                "section 2.2: the unigram distribution to the power 3/4",
            ),
            "output.sampler.power": (0.75, "section 2.2"),
            "output.sampler.mechanism": (
                "alias",
                "the distribution itself, not a table's rounding of it",
            ),
            "output.num_noise": (5, "table 1: NEG-5"),
            "output.collision": ("keep", "equation 4: noise does not depend on the target"),
            "train.architecture": ("skip-gram", "section 2"),
            "train.predicts": ("neighbours", "equation 1: a word predicts its neighbours"),
            "train.dim": (300, "section 3"),
            "train.window": (5, "section 4.1: context size 5"),
            "train.dynamic_window": (True, "Mikolov et al. 2013a: R neighbours, uniform on 1 … C"),
            "train.subsample": (1e-5, "section 2.3: around 1e-5"),
            "train.subsample_formula": (
                "paper",
                "equation 5: thrown away with probability 1 - sqrt(t/f)",
            ),
        },
        differs=(
            _SHARED,
            "The paper does not give the learning rate: it stays the layer's own.",
        ),
    ),
}
"""Every preset by name."""
