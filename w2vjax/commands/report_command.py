"""The command that makes tables, figures and pages of records."""

from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

from w2vjax.commands.exit_codes import say


@dataclass(frozen=True)
class Report:
    """Build the tables, figures and report.html of folders of records; print the table.

    $ w2vjax report results/compare
    $ w2vjax report results/compare --venue icml --columns analogies "million words/s" --siunitx
    $ w2vjax report results/a results/b --out paper --cells "full softmax" "NEG, unigram^0.75=ours"
    """

    folders: Positional[tuple[Path, ...]]
    """folders that hold records; of several, cells of one name whose settings differ are told
    apart by them, and a run that is in both counts once"""
    out: Path | None = None
    """folder to write into. None: the first"""
    venue: str | None = None
    """neurips, icml, iclr, aistats, acl, tmlr, ieee: widths and letters of its figures"""
    columns: tuple[str, ...] = ()
    """of the table, beside layer and sampler: headers, with or without units. Without any: all"""
    cells: tuple[str, ...] = ()
    """to show, in this order; CELL=NAME under another name. Without any: all"""
    against: str | None = None
    """cell that the others are compared with. None: negative sampling with word2vec's noise, or
    the best"""
    figures: tuple[str, ...] = ()
    """to draw, accuracy_against_speed say. Without any: all there is data for"""
    siunitx: bool = False
    """numbers of LaTeX tables in columns of siunitx"""

    def run(self) -> int:
        from w2vjax.errors import InputError
        from w2vjax.files import read_text
        from w2vjax.report import build as report
        from w2vjax.report.choice import Choice

        if not self.folders:
            raise InputError("no folder is given: name one that holds records")
        choice = Choice(
            self.columns, self.cells, self.against, self.figures, self.venue, self.siunitx
        )
        files = report.build(*self.folders, choice=choice, out=self.out)
        out = self.out or self.folders[0]
        print(read_text(out / "table.md"))
        say(f"{len(files)} files written into {out}")
        return 0
