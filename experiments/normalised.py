"""NCE with and without output biases that start normalised.

Claim: NCE takes its scores for log-probabilities. Without biases they start at 0, far above -log V,
and words that noise seldom draws stay there; with biases that start at the log of the unigram every
sampler is far below a uniform guess, log V = 11.2 nats.
Expectation: without biases unigram^1 is above a uniform guess, the others a little below it; with
them all lie within 0.2 nats of each other, and accuracy rises by several points.
Cost: 16 runs, about 20 minutes on 2 cores.
"""

import sys
from pathlib import Path

from w2vjax.commands.grid_command import script
from w2vjax.study.experiment import Experiment
from w2vjax.study.experiment_file import read_rates

EXPERIMENT = Experiment(
    name="normalised",
    base={
        "corpus.source": "simplewiki-2018",
        "corpus.held_out_every": 100,
        "output.layer": "nce",
        "train.epochs": 2.0,
    },
    product={
        "output.biases": ("unigram", "none"),
        "sampler": ("uniform", "unigram^0.75", "unigram^1", "log-uniform"),
    },
    seeds=2,
    rates=read_rates(Path(__file__).with_name("rates.json")),
)

if __name__ == "__main__":
    sys.exit(script(EXPERIMENT, __doc__))
