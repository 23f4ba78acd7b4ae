"""Training settings that suit an output layer, used where a configuration says None."""

from dataclasses import dataclass
from typing import Any, Literal

LONG = 200
"""dimensions from which on vectors are long"""
BLOCK = 64
"""words that share the noise words of `LayerDefaults`"""
WIDER = {"speed": 1, "balance": 2, "accuracy": 4}
"""by priority: as many times more words share as many times more noise words. A step reads and
writes no more rows, and every pair meets more of them, which costs arithmetic"""
CACHED = 1 << 16
"""numbers in the vectors of a step's words, at most, so that its rows stay in a core's cache; but
a block at least. A layer whose step changes the whole matrix does not care"""


@dataclass(frozen=True)
class LayerDefaults:
    """One layer's own settings, found on `simplewiki-2018`, skip-gram, 100 dimensions.

    Higher rates suit large steps (`experiments/steps.py`), lower ones small texts read many times.
    """

    learning_rate: float
    predicts: Literal["neighbours", "centre"] = "neighbours"
    noise_per_block: int = 48
    """shared by `BLOCK` words"""
    tile_size: int = 8
    tokens_per_step: int = 512
    damping: float = 0.03
    pair_cap: float | None = None
    cbow_rate: float = 1.0
    """times the learning rate, for CBOW: of a mean's gradient each of its words gets only a
    share"""
    cbow_noise: int | None = None
    """noise words a block in CBOW, if others suit it"""
    long_noise: int | None = None
    """noise words a block for long vectors in skip-gram, if others suit them"""
    step_fits_cache: bool = True
    """whether a step has fewer words, so that its rows stay in a core's cache"""
    epochs: float = 15.0
    """passes in `w2vjax compare`, which bring layers of very different cost nearer to one clock"""

    def settings(
        self, architecture: str, shared: bool, dim: int, wider: int, block_size: int | None
    ) -> dict[str, Any]:
        """Values of the settings of `TrainConfig` that may be None, by name.

        `shared`: every word of a mean gets its share of the mean's gradient only. `wider`: one of
        `WIDER`, 1 for layers that share no noise. `block_size`: the words of a block, if they are
        chosen already.
        """
        cbow = architecture == "cbow"
        noise = self.cbow_noise if cbow else self.long_noise if dim >= LONG else None
        block = block_size or BLOCK * wider
        cached = max(block, CACHED // dim // block * block)
        size = self.tokens_per_step
        return {
            "predicts": self.predicts,
            "learning_rate": self.learning_rate * (self.cbow_rate if cbow and shared else 1.0),
            "block_size": block,
            "noise_per_block": (noise or self.noise_per_block) * wider,
            "tile_size": self.tile_size,
            "tokens_per_step": min(size, cached) if self.step_fits_cache else size,
            "damping": self.damping,
            "pair_cap": self.pair_cap,
        }


TREE_DEFAULTS = LayerDefaults(
    learning_rate=0.05,
    predicts="centre",  # its path is gathered once, and not once for each of its neighbours
    noise_per_block=1,  # trees draw no noise
    tile_size=6,  # with both windows 16 vectors, a multiple of a processor's
    tokens_per_step=256,
    damping=0.35,
    pair_cap=30.0,
    epochs=5.0,
)
"""of every tree"""
STANDARD_DEFAULTS = LayerDefaults(
    learning_rate=0.07,
    noise_per_block=32,
    damping=0.075,
    cbow_rate=3.25,
    cbow_noise=24,  # an eighth faster than 32, for 0.2 to 2 points of analogies
    long_noise=24,  # with 300 dimensions an eighth faster than 32
)
"""of negative sampling, with which others are compared"""
