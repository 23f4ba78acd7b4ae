"""word2vec.c's table of noise words, from 1e5 to 1e8 entries, against the exact alias method.

Claim: the table's rounding changes which rare words are ever drawn, but not what is learned.
Expectation: no difference in accuracy beyond the noise of the seeds, except perhaps at 1e5 entries
for 76,000 words, and there for rare words; large tables are slower, since they leave the cache.
Cost: 25 runs, about 6 minutes on 2 cores.
"""

import sys
from pathlib import Path

from w2vjax.commands.grid_command import script
from w2vjax.study.experiment import Experiment
from w2vjax.study.experiment_file import read_rates

SIZES = ("1e5", "1e6", "1e7", "1e8")
# The tuned rate is that of the law, whatever draws from it.
RATE = read_rates(Path(__file__).with_name("rates.json")).get("negative-sampling / unigram^0.75")
EXPERIMENT = Experiment(
    name="table",
    base={
        "corpus.source": "simplewiki-2018",
        "output.layer": "negative-sampling",
        "train.epochs": 2.0,
        "train.learning_rate": RATE,
    },
    product={
        "sampler": ("unigram^0.75:alias", *(f"unigram^0.75:table({size})" for size in SIZES)),
    },
    seeds=5,
)

if __name__ == "__main__":
    sys.exit(script(EXPERIMENT, __doc__))
