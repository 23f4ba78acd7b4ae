"""What word2vec.c lets its user choose, with its defaults."""

from dataclasses import dataclass
from typing import Literal

from w2vjax.errors import in_range

LEARNING_RATES = {"cbow": 0.05, "skip-gram": 0.025}
"""at the start, where none is given"""


@dataclass(frozen=True)
class ReplaySettings:
    """A run of word2vec.c on one thread."""

    architecture: Literal["skip-gram", "cbow"] = "cbow"
    """`-cbow`; in skip-gram every neighbour predicts the centre"""
    output: Literal["negative-sampling", "hierarchical-softmax"] = "negative-sampling"
    """`-negative` above 0, or `-hs 1 -negative 0`"""
    window: int = 5
    """`-window`: neighbours on each side, at most"""
    num_noise: int = 5
    """`-negative`: noise words a pair"""
    sample: float = 1e-3
    """`-sample`: share of the text above which a word is thinned out; 0 keeps all"""
    min_count: int = 5
    """`-min-count`: occurrences below which a word is dropped"""
    epochs: int = 5
    """`-iter`: passes over the text"""
    learning_rate: float | None = None
    """`-alpha`: at the start. None: 0.05 for CBOW, 0.025 for skip-gram"""
    table_size: int = 100_000_000
    """slots of the noise table, a constant in word2vec.c"""
    dim: int | None = None
    """`-size`: dimensions of the vectors. None: they are not trained"""

    def __post_init__(self) -> None:
        for name in ("window", "num_noise", "min_count", "epochs"):
            in_range(name, getattr(self, name), 1, 2**31 - 1)
        in_range("table_size", self.table_size, 1, 2**31 - 1)
        in_range("sample", self.sample, 0, 1)
        if self.learning_rate is not None:
            in_range("learning_rate", self.learning_rate, 1e-12)
        if self.dim is not None:
            in_range("dim", self.dim, 1, 65_536)

    @property
    def start_rate(self) -> float:
        """The learning rate at the start."""
        if self.learning_rate is not None:
            return self.learning_rate
        return LEARNING_RATES[self.architecture]
