"""Tables as text: Markdown, LaTeX (booktabs), CSV; `page.html` shows the same rows."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup, escape
from pandas.io.formats.style import Styler
from tabulate import tabulate

from w2vjax.report import latex

MISSING = "missing"
"""planned, but not measured"""
UNDEFINED = "\N{EN DASH}"
"""there is no such number"""
Row = Mapping[str, Any]
Columns = dict[str, Callable[[Row], str]]
"""by header, what a row shows there"""


def number(value: Any, digits: int, scale: float = 1.0) -> str:
    """A number, or a dash where there is none."""
    missing = value is None or pd.isna(value)
    return UNDEFINED if missing else f"{scale * value:,.{digits}f}"


def numbers(field: str, digits: int, scale: float = 1.0) -> Callable[[Row], str]:
    """The column of a field that holds numbers."""
    return lambda row: number(row[field], digits, scale)


def texts(field: str) -> Callable[[Row], str]:
    """The column of a field that holds names."""
    return lambda row: str(row[field])


@dataclass(frozen=True)
class Table:
    """A table, a row a cell: `text` to read, `bold` to mark, `raw` to calculate with."""

    caption: str
    text: pd.DataFrame
    bold: pd.DataFrame
    raw: pd.DataFrame

    @classmethod
    def plain(
        cls,
        caption: str,
        text: pd.DataFrame | Sequence[Mapping[str, str]],
        raw: pd.DataFrame | Sequence[Mapping[str, Any]],
    ) -> "Table":
        """A table without bold cells."""
        frame = pd.DataFrame(text)
        bold = pd.DataFrame(False, frame.index, frame.columns)
        return cls(caption, frame, bold, pd.DataFrame(raw))

    @classmethod
    def of(cls, caption: str, columns: Columns, rows: pd.DataFrame | Sequence[Row]) -> "Table":
        """The columns of these rows, without bold cells."""
        every = rows.to_dict("records") if isinstance(rows, pd.DataFrame) else rows
        text = [{header: show(row) for header, show in columns.items()} for row in every]
        return cls.plain(caption, text, rows)

    def markdown(self) -> str:
        """A GitHub table, the caption above it."""
        table = tabulate(
            self.marked(lambda text: text.replace("|", r"\|"), "**{}**"),
            headers=[str(name) for name in self.text],
            tablefmt="github",
            disable_numparse=True,
            colalign=["left"] * 2 + ["right"] * (self.text.shape[1] - 2),
        )
        return f"{self.caption}\n\n{table}\n"

    def latex(self, name: str, siunitx: bool = False) -> str:
        r"""A floating table, `\label{tab:NAME}`; needs booktabs, and siunitx where that is asked.

        With siunitx numbers stand in its columns, aligned at their points.
        """
        head = [(str(header), False) for header in self.text]
        return latex.floating(name, self.caption, [head, *self.cells()], siunitx)

    def csv(self) -> str:
        """Means, bounds and counts as recorded, without rounding or units."""
        return self.raw.to_csv(index=False, lineterminator="\n", float_format="%.10g")

    def files(self, name: str, siunitx: bool = False) -> dict[str, bytes]:
        """`NAME.md`, `.tex` and `.csv`."""
        return table_files({name: self}, name, siunitx=siunitx)

    def cells(self) -> list[list[tuple[str, bool]]]:
        """The rows: text, and whether it is bold."""
        rows = zip(self.text.to_numpy(), self.bold.to_numpy(), strict=True)
        return [list(zip(texts, bolds, strict=True)) for texts, bolds in rows]

    def style(self) -> Styler:
        """The table as pandas shows it in a notebook, and writes it."""
        marks = self.bold.map(lambda bold: "font-weight: bold" * bool(bold))
        return self.text.style.apply(lambda _: marks, axis=None).set_caption(self.caption).hide()

    def marked(self, escape: Callable[[str], str], mark: str) -> list[list[str]]:
        """The rows as text, each escaped, the bold ones within `mark`."""
        return [
            [mark.format(escape(text)) if bold else escape(text) for text, bold in row]
            for row in self.cells()
        ]


def table_files(
    tables: Mapping[str, Table], name: str, head: str = "", siunitx: bool = False
) -> dict[str, bytes]:
    """All in `NAME.md`, after a head, and in `NAME.tex`; each in a CSV of its own name."""
    texts = {
        f"{name}.md": head + "\n".join(table.markdown() for table in tables.values()),
        f"{name}.tex": latex.document(
            [table.latex(each, siunitx) for each, table in tables.items()]
        ),
        **{f"{each}.csv": table.csv() for each, table in tables.items()},
    }
    return {file: text.encode() for file, text in texts.items()}


def html(text: str) -> Markup:
    """The text as HTML shows it literally; `^0.75` becomes an exponent."""
    return Markup(re.sub(r"\^(-?[\d.]*\d|a\b)", r"<sup>\1</sup>", str(escape(text))))
