"""The priorities speed, balance and accuracy at equal seconds: which should be the default?

Claim: 128 words that share 64 noise words are ahead of 64 that share 32 at every clock; 256 that
share 128 where the text is read often.
Negative sampling at its own rate, from 1 to 8 passes over the same text, each a run of its own.
Expectation: as claimed; the default is the priority whose line is highest where the usual three
passes end.
Cost: 36 runs, about 10 minutes on 2 cores, on the first 4 M words, 64 dimensions.
"""

import sys

from w2vjax.commands.grid_command import script
from w2vjax.config.defaults import WIDER
from w2vjax.study.experiment import Experiment

EXPERIMENT = Experiment(
    name="priorities",
    base={
        "corpus.source": "simplewiki-2018",
        "corpus.max_words": 4_000_000,
        "output.layer": "negative-sampling",
        "train.dim": 64,
    },
    product={"train.priority": tuple(WIDER), "train.epochs": (1.0, 2.0, 4.0, 8.0)},
    seeds=3,
)

if __name__ == "__main__":
    sys.exit(script(EXPERIMENT, __doc__))
