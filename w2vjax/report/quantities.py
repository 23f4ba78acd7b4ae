"""What the table of a comparison shows of its cells, and where it stands in the records."""

import math
import re
from dataclasses import dataclass
from functools import partial

import pandas as pd

from w2vjax.records.metrics import OWN
from w2vjax.report.runs import similarity_sets
from w2vjax.report.tables import MISSING, UNDEFINED

MOST_SETS = 4
"""with more similarity sets than this, the table shows the main ones; the records hold all"""
SIGNS = {"higher": 1, "lower": -1}
"""by which values of a metric are the better ones"""
TAKEN = ("layer", "sampler", "epochs", "seeds")
"""headers of other columns, which a metric of one's own may share its name with"""
DIGITS = 3
"""that count, of a metric of one's own"""


@dataclass(frozen=True)
class Quantity:
    """One quantity of a table: where it is in the records, and how it is shown."""

    header: str
    metric: str
    """a metric, or the name of a field that holds one number a run"""
    scale: float = 1.0
    """shown = recorded * scale"""
    digits: int = 1
    score: bool = False
    """has an interval, and what is not worse than the best is bold"""
    sign: int = 1
    """-1 where lower is better, 0 where it cannot be said: none is bold"""
    absent: str = MISSING
    """shown where a cell has no such measurement"""
    optional: bool = True
    """left out if no cell has it"""


def quantities(frame: pd.DataFrame) -> list[Quantity]:
    """The columns of the table of these records, beside layer, sampler and seeds."""
    whole = frame.loc[frame["x"].isna(), "metric"]  # and not a band's or a curve's
    sets = sorted({name for name in whole if name.startswith("similarity/")})
    if len(sets) > MOST_SETS:
        sets = sorted(similarity_sets(frame))
    similarities = [
        Quantity(f"{_set_name(name)} (Spearman·100)", name, 100, score=True) for name in sets
    ]
    loss = Quantity("held-out loss (nats)", "likelihood/held-out", digits=3, score=True, sign=-1,
                    absent=UNDEFINED)  # fmt: skip
    return [
        Quantity("analogies (%)", "analogy/total", 100, score=True, optional=False),
        Quantity("semantic (%)", "analogy/semantic", 100, score=True),
        Quantity("syntactic (%)", "analogy/syntactic", 100, score=True),
        *similarities,
        loss,
        *map(partial(_own, frame), own_names(frame)),
        Quantity("epochs", "config.train.epochs"),
        Quantity("million words/s", "speed/words", 1e-6, digits=2, optional=False),
        Quantity("training (s)", "seconds"),
        Quantity("compile (s)", "compile_seconds"),
    ]


def _set_name(metric: str) -> str:
    name = metric.removeprefix("similarity/")
    known = {"wordsim353": "WordSim-353", "simlex999": "SimLex-999"}
    return known.get(re.sub(r"[^a-z0-9]", "", name.lower()), name)


def own_names(frame: pd.DataFrame) -> list[str]:
    """The metrics of one's own, as they are recorded, in the order of their rows."""
    return list(dict.fromkeys(frame.loc[frame["metric"].str.startswith(OWN), "metric"]))


def _own(frame: pd.DataFrame, name: str) -> Quantity:
    rows = frame[frame["metric"] == name]
    told = list(rows["better"].dropna()) if "better" in rows else []
    sign = SIGNS[told[0]] if told else 0
    largest = rows["value"].abs().max()
    magnitude = math.floor(math.log10(largest)) if largest and largest == largest else 0
    digits = max(0, DIGITS - 1 - magnitude)
    short = name.removeprefix(OWN)
    header = name if short in TAKEN else short
    # optional=False: a metric that gave nothing at all is missed
    return Quantity(header, name, digits=digits, score=True, sign=sign, optional=False)
