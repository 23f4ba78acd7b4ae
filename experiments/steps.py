"""Words a step: how much of the text may pass before the matrices change.

Claim: damping lets steps grow from 512 to 8,192 kept words with the accuracy of small ones, though
on repetitive text plain sums of gradients diverge. Every layer but the exact softmax, a pass of
which takes over an hour (`results/clock`: 0.2 % of it in 10 seconds).
On all devices (None), each with steps of its own: with two, twice as many words pass before all
that they change has met. The sampled layers also on one device, over three passes.
Rates: the layers' own, but for NCE and sampled softmax, whose own suit steps of 512 words and small
texts; at 8,192 they learn too little with them.
Expectation: within 1.5 points of each other; no run ends in numbers that are not finite.
Cost: 117 runs, about an hour on 2 cores.
"""

import sys

from w2vjax.commands.grid_command import script
from w2vjax.study.experiment import Experiment, Part

SAMPLED = ("negative-sampling", "nce", "sampled-softmax")
TOKENS = (512, 2048, 8192)
EXPERIMENT = Experiment(
    name="steps",
    base={"corpus.source": "simplewiki-2018"},
    product={
        "train.epochs": (1.0, 3.0),
        "output.layer": (*SAMPLED, "hierarchical-softmax", "balanced-softmax"),
        "train.tokens_per_step": TOKENS,
    },
    parts=(
        Part(
            {"train.epochs": 3.0, "train.devices": 1},
            {"output.layer": SAMPLED, "train.tokens_per_step": TOKENS},
        ),
    ),
    seeds=3,
    rates={"nce / unigram^0.75": 0.085, "sampled-softmax / unigram^0.75": 0.05},
)

if __name__ == "__main__":
    sys.exit(script(EXPERIMENT, __doc__))
