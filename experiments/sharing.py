"""How much noise a block of words shares: accuracy against speed, from 16 to 512 noise words.

Claim: sharing noise costs accuracy, and more noise words win it back. Twice as many words that
share twice as many noise words read no more rows of the matrix, so that the speed falls slowly.
Every sampled layer at its own rate; the priorities speed, balance and accuracy are the second,
third and fourth point.
Expectation: accuracy rises up to 128 noise words and stays there.
Cost: 54 runs, about 25 minutes on 2 cores, on the first 4 M words, 64 dimensions, three passes.
"""

import sys

from w2vjax.commands.grid_command import script
from w2vjax.study.experiment import Experiment

EXPERIMENT = Experiment(
    name="sharing",
    base={
        "corpus.source": "simplewiki-2018",
        "corpus.max_words": 4_000_000,
        "train.dim": 64,
        "train.epochs": 3.0,
    },
    product={"output.layer": ("negative-sampling", "nce", "sampled-softmax")},
    zip={
        "train.block_size": (64, 64, 128, 256, 512, 512),
        "train.noise_per_block": (16, 32, 64, 128, 256, 512),
    },
    seeds=3,
)

if __name__ == "__main__":
    sys.exit(script(EXPERIMENT, __doc__))
