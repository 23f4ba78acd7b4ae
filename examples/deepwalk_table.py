"""The table of the DeepWalk example: the published scores, ours, and what is better than what."""

import pandas as pd

from w2vjax.report.stats import differences, mean_interval
from w2vjax.report.tables import Table

SHARES = tuple(range(10, 100, 10))
PUBLISHED = {
    "micro": (35.86, 38.51, 39.96, 40.76, 41.51, 41.85, 42.27, 42.35, 42.40),
    "macro": (21.08, 23.98, 25.71, 26.73, 27.68, 28.28, 28.88, 28.70, 28.21),
}
"""F1 in %, README of github.com/phanein/deepwalk: hierarchical softmax of gensim, 10 shuffles"""
PRIMARY = "micro/50"
"""the score that methods are compared by"""


def table(rows: pd.DataFrame) -> str:
    """Markdown, from a row a run: `method`, `seed`, and `micro/10` … in %."""
    scores = [_scores(rows, average).markdown() for average in PUBLISHED]
    return "\n".join([*scores, _compared(rows).markdown()])


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
            "95 % interval": f"{row.low:+.2f} to {row.high:+.2f}",
            "p (Holm)": f"{row.p_holm:.3f}",
        }
        for row in made.sort_values("difference", ascending=False).itertuples()
    ]
    caption = f"Micro F1 at 50 % less that of the best, {best}: points, paired over seeds"
    return Table.plain(caption, lines, lines)
