"""Every cell against a reference: differences in accuracy, paired over seeds."""

import pandas as pd

from w2vjax.report.cells import LAYERS
from w2vjax.report.runs import ACCURACY, runs
from w2vjax.report.stats import MIN_SEEDS, holm, paired_difference

COLUMNS = ("cell", "against", "difference", "low", "high", "p", "seeds")
PAPERS_CHOICE = f"{LAYERS['negative-sampling']}, unigram^0.75"


def contrasts(frame: pd.DataFrame) -> pd.DataFrame:
    """Differences in analogy accuracy, shares of 1, to one cell of the records `with_cells`.

    That is the paper's choice, negative sampling from unigram^0.75, or else the cell with the
    highest mean. Columns: cell, against, difference, low and high (Student's 95 % interval), p,
    seeds, and p_holm, corrected for all rows. Cells that share fewer than `MIN_SEEDS` seeds with it
    have no row.
    """
    scores = runs(frame).pivot_table(index="seed", columns="cell", values=ACCURACY, observed=True)
    if scores.shape[1] < 2:
        return pd.DataFrame(columns=[*COLUMNS, "p_holm"])
    scores = scores / 100
    against = PAPERS_CHOICE if PAPERS_CHOICE in scores else scores.mean().idxmax()
    others = [cell for cell in scores if cell != against]
    tests = {cell: paired_difference(scores[cell], scores[against]) for cell in others}
    rows = [(cell, against, *test) for cell, test in tests.items() if test.num >= MIN_SEEDS]
    made = pd.DataFrame(rows, columns=list(COLUMNS))
    made["p_holm"] = holm(made["p"].to_numpy(float))
    return made
