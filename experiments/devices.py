"""The same training on 1, 2, 4 and 8 devices, each on its own part of the text.

Claim: exchanged in the share that `exchange.share` gives, changes keep the accuracy of one device.
Expectation: within a point of one device, up to the noise of the seeds.
Cost: 32 runs, about 25 minutes on 2 cores. Needs JAX_NUM_CPU_DEVICES=8 in the environment on a CPU.
"""

import sys

from w2vjax.commands.grid_command import script
from w2vjax.study.experiment import Experiment

EXPERIMENT = Experiment(
    name="devices",
    base={"corpus.source": "simplewiki-2018"},
    product={
        "train.epochs": (1.0, 3.0),
        "output.layer": ("negative-sampling", "hierarchical-softmax"),
        "train.devices": (1, 2, 4, 8),
    },
    seeds=2,
)

if __name__ == "__main__":
    sys.exit(script(EXPERIMENT, __doc__))
