"""The runs of the DeepWalk example: how they are made and scored, and the table of their scores."""

from dataclasses import dataclass

import pandas as pd

from w2vjax.report.stats import differences, mean_interval
from w2vjax.report.tables import UNDEFINED, Table

SHARES = tuple(range(10, 100, 10))
PUBLISHED = {
    "micro": (35.86, 38.51, 39.96, 40.76, 41.51, 41.85, 42.27, 42.35, 42.40),
    "macro": (21.08, 23.98, 25.71, 26.73, 27.68, 28.28, 28.88, 28.70, 28.21),
}
"""F1 in %, README of github.com/phanein/deepwalk: hierarchical softmax of gensim, 10 shuffles"""
PRIMARY = "micro/50"
"""the score that methods are compared by"""


@dataclass(frozen=True)
class Protocol:
    """How a run is made and scored."""

    num_walks: int = 80
    length: int = 40
    window: int = 10
    dim: int = 128
    shares: tuple[int, ...] = SHARES
    """nodes whose groups are told, in %"""
    num_shuffles: int = 10


QUICK = Protocol(num_walks=5, shares=(10, 50, 90), num_shuffles=2)


def table(rows: pd.DataFrame) -> str:
    """Markdown, from a row a run: `method`, `seed`, the protocol, and `micro/10` … in %."""
    first = rows.iloc[0]
    head = (
        f"DeepWalk through the word2vec engine: {first.num_walks} walks of {first.length} nodes "
        f"from every node, read once, windows of 1 to {first.window}, {first.dim} dimensions. A "
        f"run's score is a mean over {first.num_shuffles} shuffles of the nodes; a method's is the "
        "mean over seeds, ± half of Student's 95 % interval over them. A seed decides walks, first "
        "vectors, noise and shuffles, and is the same for every method.\n"
    )
    scores = [_scores(rows, average).markdown() for average in PUBLISHED]
    return "\n".join([head, *scores, _compared(rows).markdown()])


def _scores(rows: pd.DataFrame, average: str) -> Table:
    shares = [share for share in SHARES if f"{average}/{share}" in rows]
    known = dict(zip(SHARES, PUBLISHED[average], strict=True))
    lines = [
        {"method": "DeepWalk's README", "seeds": ""}
        | {f"{share} %": f"{known[share]:.2f}" for share in shares}
    ]
    for method, own in rows.groupby("method", sort=False):
        line = {"method": str(method), "seeds": str(len(own))}
        for share in shares:
            found = mean_interval(own[f"{average}/{share}"])
            error = f" ± {found.half_width:.2f}" if found.num > 1 else ""
            line[f"{share} %"] = f"{found.mean:.2f}{error}"
        lines.append(line)
    caption = f"{average.capitalize()} F1 in % by the share of nodes whose groups are told"
    return Table.plain(caption, lines, lines)


def _compared(rows: pd.DataFrame) -> Table:
    scores = rows.pivot(index="seed", columns="method", values=PRIMARY)
    best = scores.mean().idxmax()
    made = differences(scores, [(name, best) for name in scores if name != best])
    lines = [
        {
            "method": row.cell,
            "seeds": str(row.seeds),
            "difference": f"{row.difference:+.2f}",
            "95 % interval": f"{row.low:+.2f} to {row.high:+.2f}" if row.seeds > 1 else UNDEFINED,
            "p (Holm)": f"{row.p_holm:.3f}" if row.p_holm == row.p_holm else UNDEFINED,
        }
        for row in made.sort_values("difference", ascending=False).itertuples()
    ]
    caption = f"Micro F1 at 50 % less that of the best, {best}: points, paired over seeds"
    return Table.plain(caption, lines, lines)
