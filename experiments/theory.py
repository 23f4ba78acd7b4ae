"""Where the sampled losses lead: converged scores against theory, for every sampler.

Claim: whatever the noise distribution q, negative sampling's scores converge to
log P(w, c) / (P(c) q(w)) - log k, those of NCE to log P(w|c), and those of sampled softmax to
log P(w|c) plus a constant of the context. Expectation: R² and slope of 1 to five digits for every
sampler in the registry. Protocol: a made-up table of 8 × 8 words, as many dimensions, the layers'
own definitions with the exact expectation over one noise word in place of draws, collisions kept.
Cost: about half a minute on 1 core. Writes records, a table and a figure into `results/theory`.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tyro

from w2vjax.config.layers import layer_class, sampled_layers
from w2vjax.progress import track
from w2vjax.records.file import Records, finished
from w2vjax.records.metrics import FINISHED
from w2vjax.records.provenance import provenance
from w2vjax.report import build as report
from w2vjax.samplers import SAMPLERS
from w2vjax.study import loop
from w2vjax.study.theory import NUM_NOISE, NUM_WORDS, Optimum, joint, optimum

TABLE_SIZE = 1_000_000


class Cell(NamedTuple):
    """One output layer with one sampler."""

    layer: str
    sampler: str

    @property
    def run_id(self) -> str:
        return f"{self.layer} / {self.sampler}"


def rows(cell: Cell, at: Optimum) -> list[dict[str, Any]]:
    """The records of one optimum: its fit, then every cell of the table."""
    base = {"experiment": "theory", "run": cell.run_id, "sampler": cell.sampler}
    base |= {"layer": layer_class(cell.layer).title}
    made = [
        base | {"metric": f"theory/{name}", "x": number, "value": value}
        for name, scores in (("wanted", at.wanted), ("found", at.found))
        for number, value in enumerate(np.ravel(scores).tolist())
    ]
    facts = base | {"words": NUM_WORDS, "noise": NUM_NOISE, "theory": at.theory} | provenance()
    for name in ("r_squared", "slope", "largest_error"):
        made.append(facts | {"metric": f"theory/{name}", "value": getattr(at, name)})
    return [*made, facts | {"metric": FINISHED, "value": None}]


def main(out: Path = Path("results/theory")) -> None:
    """Converges what is not in the folder yet, and prints the table."""
    cells, table = [Cell(layer, name) for layer in sampled_layers() for name in SAMPLERS], joint()
    done = finished(out)
    left = sum(cell.run_id not in done for cell in cells)

    def execute(cell: Cell) -> list[dict[str, Any]]:
        config = replace(SAMPLERS[cell.sampler], table_size=TABLE_SIZE)
        return rows(cell, optimum(cell.layer, config, table))

    with track("theory", left, "optima") as advance:
        loop.run(cells, execute, Records(out), lambda _: advance(1, 1), noun="optima")
    report.build(out)
    print((out / "table.md").read_text())


if __name__ == "__main__":
    tyro.cli(main)
