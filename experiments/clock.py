"""Accuracy against seconds: every layer trained to the same clocks, at the full vocabulary.

Claim: at any clock that a CPU user would wait for, negative sampling and its like lead, since the
exact softmax sees a hundredth of the text that they see.
Expectation: the sampled layers first at every clock, the trees behind them by the ratio of speeds,
the full softmax near zero. Each clock is a run of its own, for the learning rate falls to its end.
Cost: 54 runs, about 8 minutes on 2 cores.
"""

import sys
from pathlib import Path

from w2vjax.commands.grid_command import script
from w2vjax.study.experiment import Experiment, Part
from w2vjax.study.experiment_file import read_rates

WORDS = 19_386_762
SECONDS = (2, 4, 8)
# Words a second on 2 cores, rounded: they set how much text a clock allows, and so only about how
# long a run takes. What is shown are the seconds that it took.
SPEEDS = {
    "negative-sampling": 4.2e6,
    "nce": 3.6e6,
    "sampled-softmax": 3.1e6,
    "hierarchical-softmax": 0.95e6,
    "balanced-softmax": 1.0e6,
    "full-softmax": 5.3e3,
}
EXPERIMENT = Experiment(
    name="clock",
    base={"corpus.source": "simplewiki-2018"},
    parts=tuple(
        Part(
            {"output.layer": layer},
            {"train.epochs": tuple(round(speed * s / WORDS, 4) for s in SECONDS)},
        )
        for layer, speed in SPEEDS.items()
    ),
    seeds=3,
    rates=read_rates(Path(__file__).with_name("rates.json")),
)

if __name__ == "__main__":
    sys.exit(script(EXPERIMENT, __doc__))
