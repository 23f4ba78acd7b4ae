"""Every loss that draws noise with every sampler, at the full vocabulary.

Claim: the sampler matters more for negative sampling, whose optimum holds it, than for NCE and
sampled softmax, which correct for it.
Expectation: unigram^0.75 near the top everywhere; uniform worst for negative sampling; log-uniform,
TensorFlow's default, close to unigram^1, whose law it resembles.
Cost: 95 runs, about 20 minutes on 2 cores.
"""

import sys
from pathlib import Path

from w2vjax.commands.grid_command import script
from w2vjax.study.experiment import Experiment, Part
from w2vjax.study.experiment_file import read_rates

EXPERIMENT = Experiment(
    name="samplers",
    base={
        "corpus.source": "simplewiki-2018",
        "corpus.held_out_every": 100,
        "train.epochs": 2.0,
    },
    parts=(
        Part(
            product={
                "output.layer": ("negative-sampling", "nce", "sampled-softmax"),
                "sampler": (
                    *("uniform", "unigram^0.5", "unigram^0.75", "unigram^1"),
                    *("log-uniform", "in-batch"),
                ),
            }
        ),
        Part({"output.layer": "hierarchical-softmax"}),
    ),
    seeds=5,
    rates=read_rates(Path(__file__).with_name("rates.json")),
)

if __name__ == "__main__":
    sys.exit(script(EXPERIMENT, __doc__))
