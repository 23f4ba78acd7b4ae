"""Adagrad, row-wise Adagrad and Adam against damped gradient descent, each at several rates.

Claim: damped gradient descent is as accurate as Adagrad at its best rate, and faster; one number a
row loses little of Adagrad.
Expectation: as claimed; Adagrad is best at 0.8 or above, Adam at 0.03 or above.
Cost: 60 runs of one pass over the whole text, about 17 minutes on 2 cores.
"""

import sys

from w2vjax.commands.grid_command import script
from w2vjax.study.experiment import Experiment, Part

RATES = {
    "sgd": (0.03, 0.045, 0.07, 0.105),
    "adagrad": (0.1, 0.2, 0.4, 0.8, 1.2, 1.8),
    "rowwise-adagrad": (0.1, 0.2, 0.4, 0.8, 1.2, 1.8),
    "adam": (0.01, 0.02, 0.03, 0.06),
}
"""to be tried of each optimizer, on both sides of its best"""

EXPERIMENT = Experiment(
    name="optimizers",
    base={
        "corpus.source": "simplewiki-2018",
        "output.layer": "negative-sampling",
        "train.epochs": 1.0,
    },
    parts=tuple(
        Part({"train.optimizer": name}, {"train.learning_rate": rates})
        for name, rates in RATES.items()
    ),
    seeds=3,
)

if __name__ == "__main__":
    sys.exit(script(EXPERIMENT, __doc__))
