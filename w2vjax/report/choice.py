"""What of a comparison is shown, in what order and under what names, and how."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from w2vjax.errors import InputError, unknown
from w2vjax.report.cells import NO_SAMPLER, load, with_cells
from w2vjax.report.tables import Table

DISTRIBUTION = "distribution/"
Records: TypeAlias = pd.DataFrame | Path | str
"""a frame that `cells.load` gives, or a folder"""


@dataclass(frozen=True)
class Choice:
    """What a report shows; by default all there is."""

    columns: tuple[str, ...] = ()
    """of the table, beside layer and sampler: headers, with or without their units"""
    cells: tuple[str, ...] = ()
    """in this order; `CELL=NAME` under another name"""
    against: str | None = None
    """the cell that the others are compared with"""
    figures: tuple[str, ...] = ()
    venue: str | None = None
    """whose widths and letters figures have"""
    siunitx: bool = False
    """whether numbers of LaTeX tables stand in columns of siunitx"""

    def command(self) -> str:
        """The options of `w2vjax report` that choose the same; empty by default."""
        words: list[str] = []
        for name, value in vars(self).items():
            if value and value is not True:
                values = [value] if isinstance(value, str) else list(value)
                words += [f"--{name}", *values]
            elif value:
                words.append(f"--{name}")
        return "".join(f" {shlex.quote(word)}" for word in words)


ALL = Choice()


def chosen(records: Records, cells: Sequence[str]) -> pd.DataFrame:
    """The records of these cells, of a folder or as `cells.load` gives them, `with_cells`."""
    frame = records if isinstance(records, pd.DataFrame) else load(records)
    return of_cells(with_cells(frame), cells)


def of_cells(frame: pd.DataFrame, wanted: Sequence[str]) -> pd.DataFrame:
    """The records `with_cells` of the wanted cells, in their order and under their new names.

    A renamed cell is its own layer. All cells where none is wanted. Raises `InputError` for an
    unknown cell, and for a name that is given twice.
    """
    if not wanted:
        return frame
    names = renamed(frame, wanted)
    rows = frame[frame["cell"].isna() | frame["cell"].isin(names)]
    cells = rows["cell"].astype(object).map(names)
    new = cells.notna() & (cells != rows["cell"].astype(object))
    rows = rows.assign(
        cell=pd.Categorical(cells, list(names.values()), ordered=True),
        layer=rows["layer"].astype(object).where(~new, cells),
        variant=rows["variant"].astype(object).where(~new, NO_SAMPLER),
    )
    firsts = rows.dropna(subset=["cell"]).sort_values("cell", kind="stable")
    for name in ("layer", "variant"):
        order = list(dict.fromkeys(firsts[name].dropna()))
        rows[name] = pd.Categorical(rows[name], order, ordered=True)
    left = set(frame["sampler"].dropna()) - set(rows["sampler"].dropna())
    return rows[~rows["metric"].isin([DISTRIBUTION + sampler for sampler in left])]


def renamed(frame: pd.DataFrame, wanted: Sequence[str]) -> dict[str, str]:
    """The names of the wanted cells by the names they have in the records."""
    known = list(frame["cell"].cat.categories)
    names: dict[str, str] = {}
    for each in wanted:
        cell, _, name = (each, "", each) if each in known else each.rpartition("=")
        if cell not in known:
            raise unknown("cell", cell or each, known)
        if cell in names or name in names.values():
            raise InputError(f"--cells {each}: {name!r} is there twice; give each cell once")
        names[cell] = name
    return names


def narrowed(table: Table, columns: Sequence[str]) -> Table:
    """The table with these columns beside its first two; its CSV stays whole.

    Raises `InputError` for a column that it does not have.
    """
    if not columns:
        return table
    headers = list(map(str, table.text))
    short: Mapping[str, str] = {header.partition(" (")[0]: header for header in headers}
    kept = headers[:2]
    for name in columns:
        header = name if name in headers else short.get(name)
        if header is None:
            raise unknown("column", name, headers)
        kept += [header] * (header not in kept)
    return replace(table, text=table.text[kept], bold=table.bold[kept])
