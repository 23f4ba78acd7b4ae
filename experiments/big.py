"""The best samplers again on a text twice as large and of another kind.

Claim: what is best on Simple English Wikipedia is best on English Wikipedia.
Expectation: the same order as in `samplers`, whose three best cells it takes, with TensorFlow's
log-uniform beside, within the noise of the seeds.
Cost: 15 runs, about 9 minutes on 2 cores. Needs results/samplers.
"""

import sys
from pathlib import Path

from w2vjax.commands.grid_command import script
from w2vjax.errors import InputError
from w2vjax.records.file import is_empty
from w2vjax.report.runs import accuracies
from w2vjax.study.experiment import Experiment, Part
from w2vjax.study.experiment_file import read_rates

NUM_BEST = 3
ASKED = "negative-sampling / log-uniform"
"""is part of the question, whatever its place"""


def experiment(samplers: Path = Path("results/samplers")) -> Experiment:
    """The grid, from the records of the experiment before."""
    if is_empty(samplers):
        raise InputError(f"{samplers} holds no records: run experiments/samplers.py first")
    labels = [label for label in accuracies(samplers).index if " / " in label][:NUM_BEST]
    if ASKED not in labels:
        labels.append(ASKED)
    layers, names = zip(*(label.split(" / ") for label in labels), strict=True)
    return Experiment(
        name="big",
        base={"corpus.source": "enwiki-2018", "train.epochs": 2.0},
        zip={"output.layer": layers, "sampler": names},
        parts=(Part({"output.layer": "hierarchical-softmax"}),),
        seeds=3,
        rates=read_rates(Path(__file__).with_name("rates.json")),
    )


if __name__ == "__main__":
    sys.exit(script(experiment, __doc__))
