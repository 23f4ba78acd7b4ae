"""The priorities speed, balance and accuracy at equal seconds: which should be the default?

Claim: 128 words that share 64 noise words are ahead of 64 that share 32 at every clock; 256 that
share 128 where the text is read often.
Negative sampling at its own rate, from 1 to 8 passes over the first 4 M words (64 dimensions), and
from 1 to 4 over the whole text (100 dimensions), each a run of its own.
Expectation: as claimed; the default is the priority whose line is highest where the usual three
passes end.
Cost: 63 runs, about 25 minutes on 2 cores.
"""

import sys

from w2vjax.commands.grid_command import script
from w2vjax.config.defaults import WIDER
from w2vjax.study.experiment import Experiment, Part

EXPERIMENT = Experiment(
    name="priorities",
    base={"corpus.source": "simplewiki-2018", "output.layer": "negative-sampling"},
    parts=tuple(
        Part(text, {"train.priority": tuple(WIDER), "train.epochs": epochs})
        for text, epochs in (
            ({"corpus.max_words": 4_000_000, "train.dim": 64}, (1.0, 2.0, 4.0, 8.0)),
            ({}, (1.0, 2.0, 4.0)),
        )
    ),
    seeds=3,
)

if __name__ == "__main__":
    sys.exit(script(EXPERIMENT, __doc__))
