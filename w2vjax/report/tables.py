"""Tables as text: Markdown, LaTeX (booktabs), HTML, CSV."""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
from tabulate import tabulate


@dataclass(frozen=True)
class Table:
    """A table, a row a cell: `text` to read, `bold` to mark, `raw` to calculate with."""

    caption: str
    text: pd.DataFrame
    bold: pd.DataFrame
    raw: pd.DataFrame

    def markdown(self) -> str:
        """A GitHub table, the caption above it."""
        rows = self._marked(lambda text: text.replace("|", r"\|"), "**{}**")
        table = tabulate(
            rows,
            headers=[str(name) for name in self.text],
            tablefmt="github",
            disable_numparse=True,
            colalign=["left"] * 2 + ["right"] * (self.text.shape[1] - 2),
        )
        return f"{self.caption}\n\n{table}\n"

    def latex(self) -> str:
        r"""A floating table; needs `\usepackage{booktabs}`."""
        rows = [
            [escape_latex(str(name)) for name in self.text],
            *self._marked(escape_latex, r"\textbf{{{}}}"),
        ]
        head, *body = [" & ".join(row) + r" \\" for row in rows]
        align = "ll" + "r" * (self.text.shape[1] - 2)
        lines = [
            r"\begin{table}",
            rf"\caption{{{escape_latex(self.caption)}}}",
            r"\centering",
            rf"\begin{{tabular}}{{{align}}}",
            *[r"\toprule", head, r"\midrule", *body, r"\bottomrule"],
            r"\end{tabular}",
            r"\end{table}",
        ]
        return "\n".join(lines) + "\n"

    def html(self) -> str:
        """A `table` element, the first two columns to the left; the caption is the caller's."""
        head = "".join(f'<th scope="col">{escape_html(str(name))}</th>' for name in self.text)
        body = (
            "".join(f"<td>{cell}</td>" for cell in row)
            for row in self._marked(escape_html, "<strong>{}</strong>")
        )
        rows = "\n".join(f"<tr>{row}</tr>" for row in body)
        return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"

    def csv(self) -> str:
        """Means, bounds and counts as recorded, without rounding or units."""
        return self.raw.to_csv(index=False, lineterminator="\n", float_format="%.10g")

    def files(self, name: str) -> dict[str, bytes]:
        """`NAME.md`, `.tex` and `.csv`."""
        made = {"md": self.markdown(), "tex": self.latex(), "csv": self.csv()}
        return {f"{name}.{kind}": text.encode() for kind, text in made.items()}

    def _marked(self, escape: Callable[[str], str], mark: str) -> list[list[str]]:
        return [
            [
                mark.format(escape(text)) if bold else escape(text)
                for text, bold in zip(texts, bolds, strict=True)
            ]
            for texts, bolds in zip(self.text.to_numpy(), self.bold.to_numpy(), strict=True)
        ]


def escape_html(text: str) -> str:
    """The text as HTML shows it literally; `^0.75` becomes an exponent."""
    return re.sub(r"\^(-?[\d.]*\d|a\b)", r"<sup>\1</sup>", html.escape(text))


def escape_latex(text: str) -> str:
    """The text as LaTeX shows it literally; `^0.75` becomes an exponent."""
    special = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    symbols = {"±": r"$\pm$", "\N{EN DASH}": "--", "·": r"$\cdot$"}
    symbols |= {"<": "$<$", ">": "$>$"}

    def replace(match: re.Match[str]) -> str:
        if match[1]:
            return f"$^{{{match[1]}}}$"
        return (special | symbols).get(match[0], "\\" + match[0])

    pattern = "[" + re.escape("\\~^&%$#_{}" + "".join(symbols)) + "]"
    return re.sub(rf"\^(-?[\d.]*\d)|{pattern}", replace, text)
