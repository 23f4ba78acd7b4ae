"""The learning rate of every cell of the study, on a seed that is used for nothing else.

Claim: methods are compared at their own best learning rate, each given the same number of tries.
Expectation: flat optima; small rates for NCE and sampled softmax, whose steps grow with k.
Cost: 116 runs, about 20 minutes on 2 cores: one pass over the whole text, the full softmax over the
first 6 M words with 10,000 of vocabulary, as in `layers`. Prints each cell's accuracy by rate, and
writes the best rates to its folder, the layer's default where it is within a point of the best;
copied to rates.json beside this file, they are fixed, and all experiments use them. SPPMI has no
learning rate.
"""

import json
import sys
from pathlib import Path

from w2vjax.commands.grid_command import script
from w2vjax.config.layers import layer_class
from w2vjax.files import write
from w2vjax.report.runs import accuracies, best_setting
from w2vjax.study.experiment import Experiment, Part

SEED = 1_000
RATE = "train.learning_rate"
FULL = {"corpus.source": "simplewiki-2018"}
CAPPED = {**FULL, "corpus.max_words": 6_000_000, "corpus.max_vocab": 10_000}
SAMPLERS = ("uniform", "unigram^0.5", "unigram^0.75", "unigram^1", "log-uniform", "in-batch")
MORE_SAMPLERS = (
    *("unigram^-0.5", "unigram^-0.25", "unigram^0", "unigram^0.25", "unigram^1.25"),
    *("zipf^0.5", "zipf^0.75", "zipf^1"),
)
RATES = {
    "negative-sampling": (0.03, 0.045, 0.07, 0.105),
    "nce": (0.025, 0.05, 0.075, 0.1),
    "sampled-softmax": (0.015, 0.025, 0.0375, 0.055),
    "hierarchical-softmax": (0.025, 0.05, 0.075, 0.1),
    "balanced-softmax": (0.025, 0.05, 0.075, 0.1),
    "full-softmax": (0.03, 0.07, 0.105, 0.15),
}
"""to be tried of each layer, equally many; the layer's default among them"""
NOISE = 0.01
"""accuracy that tells nothing of one seed: within it the layer's default stands"""


def part(layer: str, base: dict, samplers: tuple[str, ...] = ()) -> Part:
    """The cells of a layer at each of its rates."""
    axes = {"sampler": samplers} if samplers else {}
    return Part({**base, "output.layer": layer}, {**axes, RATE: RATES[layer]})


EXPERIMENT = Experiment(
    name="tuning",
    base={"train.epochs": 1.0},
    parts=(
        part("negative-sampling", FULL, SAMPLERS + MORE_SAMPLERS),
        part("nce", FULL, SAMPLERS),
        part("sampled-softmax", FULL, SAMPLERS),
        part("hierarchical-softmax", FULL),
        part("balanced-softmax", FULL),
        part("full-softmax", CAPPED),
    ),
    seeds=(SEED,),
)


def chosen(folder: Path) -> dict[str, float]:
    """The rate of every cell: the best, or the layer's default where it is as good."""
    found, best = accuracies(folder, f"config.{RATE}"), best_setting(folder, f"config.{RATE}")
    for label, rate in best.items():
        tried, usual = found[label], layer_class(label.split(" / ")[0]).defaults.learning_rate
        if usual in tried and tried[rate] - tried[usual] <= NOISE:
            best[label] = usual
    return best


def tell(folder: Path) -> str:
    """A line a cell: its rate, and the accuracy at each."""
    found = accuracies(folder, f"config.{RATE}")
    lines = []
    for label, rate in chosen(folder).items():
        tried = found[label].sort_index()
        shown = ", ".join(f"{at:g}: {100 * value:.1f} %" for at, value in tried.items())
        edge = len(tried) > 1 and rate in (tried.index[0], tried.index[-1])
        lines.append(f"{label}: {rate:g} ({shown}){'; at the end of its range' if edge else ''}")
    return "\n".join(lines)


def finish(folder: Path) -> None:
    """Prints what was found and writes the rates beside the records."""
    print(tell(folder))
    write(folder / "rates.json", (json.dumps(chosen(folder), indent=2) + "\n").encode())


if __name__ == "__main__":
    sys.exit(script(EXPERIMENT, __doc__, finish))
