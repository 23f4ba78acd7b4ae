"""The exponent of the noise: negative sampling from unigram^-0.5 to ^1.25, and Zipf's laws beside.

Claim: 0.75 (Mikolov et al. 2013b) is near the best, but the optimum is flat.
Expectation: accuracy rises from -0.5, is flat between 0.5 and 1, and falls beyond; log-uniform and
zipf^1, functions of the rank alone, lie near unigram^1; rare words gain from small powers.
Cost: 60 runs, about 14 minutes on 2 cores.
"""

import sys
from pathlib import Path

from w2vjax.commands.grid_command import script
from w2vjax.study.experiment import Experiment
from w2vjax.study.experiment_file import read_rates

POWERS = ("-0.5", "-0.25", "0", "0.25", "0.5", "0.75", "1", "1.25")
EXPERIMENT = Experiment(
    name="power",
    base={
        "corpus.source": "simplewiki-2018",
        "output.layer": "negative-sampling",
        "train.epochs": 2.0,
    },
    product={
        "sampler": (
            *(f"unigram^{power}" for power in POWERS),
            *("zipf^0.5", "zipf^0.75", "zipf^1", "log-uniform"),
        )
    },
    seeds=5,
    rates=read_rates(Path(__file__).with_name("rates.json")),
)

if __name__ == "__main__":
    sys.exit(script(EXPERIMENT, __doc__))
