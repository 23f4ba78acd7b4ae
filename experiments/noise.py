"""How many noise words a pair, and whether each pair draws its own or a block shares them.

Claim: sharing noise within a block costs no accuracy, and speed grows by far more than noise words
cost. Five noise words are enough for a text of this size.
Expectation: accuracy rises with k and levels off at 5 to 10; per pair and by block lie within the
noise of the seeds, with the shared noise no better where k is small.
Cost: 50 runs, about 19 minutes on 2 cores, on the first 4 M words: with noise of its own for every
pair, the whole text would take hours.
"""

import sys
from pathlib import Path

from w2vjax.commands.grid_command import script
from w2vjax.study.experiment import Experiment
from w2vjax.study.experiment_file import read_rates

EXPERIMENT = Experiment(
    name="noise",
    base={
        "corpus.source": "simplewiki-2018",
        "corpus.max_words": 4_000_000,
        "output.layer": "negative-sampling",
        "train.epochs": 2.0,
    },
    product={"output.num_noise": (1, 2, 5, 10, 15), "train.grouping": ("block", "pair")},
    seeds=5,
    rates=read_rates(Path(__file__).with_name("rates.json")),
)

if __name__ == "__main__":
    sys.exit(script(EXPERIMENT, __doc__))
