"""Every cell against a reference: differences in accuracy, paired over seeds."""

import pandas as pd

from w2vjax.reporting.cells import LAYERS
from w2vjax.reporting.runs import ACCURACY, runs
from w2vjax.reporting.stats import MIN_SEEDS, holm, paired_difference

COLUMNS = ("cell", "reference", "mean", "low", "high", "p", "p_holm")
PAPERS_CHOICE = f"{LAYERS['negative-sampling']}, unigram^0.75"


def contrasts(frame: pd.DataFrame) -> pd.DataFrame:
    """Differences in analogy accuracy (a share of 1) to the reference, of the records `with_cells`.

    The reference is the paper's choice, negative sampling from unigram^0.75, or else the cell with
    the highest mean. Columns: cell, reference, mean, low, high (Student's 95 % interval), p, and
    p_holm, corrected for all rows. Cells that share fewer than `MIN_SEEDS` seeds with the reference
    have no row.
    """
    scores = runs(frame).pivot_table(index="seed", columns="cell", values=ACCURACY, observed=True)
    if scores.shape[1] < 2:
        return pd.DataFrame(columns=list(COLUMNS))
    scores = scores / 100
    reference = PAPERS_CHOICE if PAPERS_CHOICE in scores else scores.mean().idxmax()
    others = [cell for cell in scores if cell != reference]
    tests = {cell: paired_difference(scores[cell], scores[reference]) for cell in others}
    rows = [
        (cell, reference, test.mean, test.low, test.high, test.p)
        for cell, test in tests.items()
        if test.num >= MIN_SEEDS
    ]
    made = pd.DataFrame(rows, columns=list(COLUMNS[:-1]))
    made["p_holm"] = holm(made["p"].to_numpy(float))
    return made
