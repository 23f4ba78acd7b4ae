"""Which questions the runs of an experiment got right, side by side."""

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Shaped

from w2vjax.errors import InputError
from w2vjax.records.hits import METRIC, decode


@dataclass(frozen=True, eq=False)
class Hits:
    """The answers of several runs to the same questions."""

    runs: tuple[str, ...]
    hit: Bool[np.ndarray, "r q"]
    covered: Bool[np.ndarray, "r q"]
    sections: Shaped[np.ndarray, " q"]
    """name of each question's section"""


def read_hits(frame: pd.DataFrame) -> Hits | None:
    """The answers of all runs in the records that have them; None if no run has.

    Raises `InputError` if they are answers to different questions, or damaged.
    """
    rows = frame[frame["metric"] == METRIC]
    if rows.empty:
        return None
    if rows["questions"].nunique() > 1:
        found = ", ".join(sorted(rows["questions"].unique()))
        raise InputError(
            f"the records mix question sets ({found}): their answers cannot be compared; "
            "keep each in a folder of its own"
        )
    stretches = json.loads(rows["sections"].iloc[0])
    sections = np.repeat([name for name, _ in stretches], [length for _, length in stretches])
    answers = np.stack([decode(text, len(sections)) for text in rows["hits"]])
    return Hits(tuple(rows["run"]), answers == 1, answers >= 0, sections)
