"""Every output layer on one vocabulary, small enough for the exact softmax to take part.

Claim: what is learned depends less on the output layer than on what it costs; the estimates of the
softmax (NCE, sampled softmax) and negative sampling come within a few points of the exact one.
Expectation: negative sampling and the full softmax on top, the balanced tree at the bottom; SPPMI
with SVD ahead on similarity, behind on analogies.
Cost: 35 runs, about 22 minutes on 2 cores, most of it the full softmax.
"""

import sys
from pathlib import Path

from w2vjax.commands.grid_command import script
from w2vjax.study.experiment import Experiment
from w2vjax.study.experiment_file import read_rates

EXPERIMENT = Experiment(
    name="layers",
    base={
        "corpus.source": "simplewiki-2018",
        "corpus.max_words": 6_000_000,
        "corpus.max_vocab": 10_000,
        "corpus.held_out_every": 100,
        "train.epochs": 3.0,
    },
    product={
        "output.layer": (
            *("negative-sampling", "full-softmax", "hierarchical-softmax", "balanced-softmax"),
            *("nce", "sampled-softmax", "sppmi-svd"),
        ),
    },
    seeds=5,
    rates=read_rates(Path(__file__).with_name("rates.json")),
)

if __name__ == "__main__":
    sys.exit(script(EXPERIMENT, __doc__))
