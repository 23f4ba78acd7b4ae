"""LaTeX tables: any text as it is written, numbers aligned, and TeX compiles them."""

import re
import shutil
import subprocess

import pandas as pd
import pytest

from w2vjax.report.latex import document, escaped
from w2vjax.report.tables import Table

DASH = "\N{EN DASH}"
TEX = shutil.which("pdflatex")
PAPER = r"""\documentclass{article}\usepackage{booktabs}PACKAGES
\begin{document}\listoftables\input{table}\ref{tab:first}\end{document}
"""
AWKWARD = {
    r"a_b & 50 % \x {y} #1 $ ~ ^": (
        r"a\_b \& 50 \% \textbackslash{}x \{y\} \#1 \$ \textasciitilde{} \textasciicircum{}"
    ),
    "unigram^0.75 ± <1|": r"unigram$^{0.75}$ $\pm$ $<$1$|$",
    "k ≤ 5 → ∞, λ·θ\N{EN DASH}β": r"k $\le$ 5 $\to$ $\infty$, $\lambda$$\cdot$$\theta$--$\beta$",
    "naïve Œuvre, Straße, Łódź": r"na\"{i}ve \OE{}uvre, Stra\ss{}e, \L{}\'{o}d\'{z}",
    "層 of 日本 語": r"\otherletters{層}{U+5C64} of \otherletters{日本}{U+65E5 U+672C} "
    r"\otherletters{語}{U+8A9E}",
    "ضوء": r"\otherletters{ضوء}{U+0636 U+0648 U+0621}",
    "-1 to 2-3, a -b": "$-$1 to 2-3, a -b",
    "two\nlines": "two lines",
}


@pytest.mark.parametrize("text", AWKWARD)
def test_text_is_shown_literally(text):
    assert escaped(text) == AWKWARD[text]
    outside = re.sub(r"\\otherletters\{[^}]*\}", "", escaped(text))
    assert outside.isascii()


def made(caption: str = "A caption") -> Table:
    """Numbers with and without spread, sign, bound; what is missing; a column of texts."""
    text = pd.DataFrame(
        {
            "layer": list(AWKWARD),
            "sampler": DASH,
            "analogies (%)": [
                "9.7 ± 2.3",
                "10.2 ± 118.6",
                DASH,
                "missing",
                "1.0",
                "2.0",
                "3.0",
                "4.0",
            ],
            "p": ["<0.001", "0.345", DASH, "1.000", "0.5", "0.5", "0.5", "0.5"],
            "points": ["+1.0", "-16.9", DASH, "+0.0", "+1.0", "+2.0", "+3.0", "+4.0"],
            "words": ["1,234", "12", "3", "4", "5", "6", "7", "8"],
            "interval": ["-1.0 to +2.0"] * len(AWKWARD),
        }
    )
    bold = pd.DataFrame(False, text.index, text.columns)
    bold.loc[0, ["analogies (%)", "interval"]] = True
    return Table(caption, text, bold, text)


def test_numbers_stand_in_columns_of_siunitx():
    table = made().latex("first", siunitx=True)
    columns = re.search(r"\\begin\{tabular\}\{(.*)\}", table)[1]
    assert re.sub(r"\[.*?\]", "", columns) == "llSSSSr"
    for shape in ("=2.1(4),", "=<1.3,", "=+2.1,", "=4.0,"):
        assert f"table-format{shape}" in columns
    assert "{analogies (\\%)}" in table and "{missing}" in table and "{--}" in table
    assert r"\bfseries 9.7 +- 2.3 & <0.001 & +1.0 & 1234 & \textbf{$-$1.0 to +2.0} \\" in table


def test_without_siunitx_nothing_of_it_is_there():
    table = made().latex("first")
    assert r"\begin{tabular}{llrrrrr}" in table and r"\textbf{9.7 $\pm$ 2.3}" in table
    assert r"\label{tab:first}" in table


@pytest.mark.skipif(not TEX, reason="needs TeX")
@pytest.mark.parametrize("siunitx", [False, True])
def test_tex_compiles_the_tables(tmp_path, siunitx):
    packages = r"\usepackage{siunitx}" if siunitx else ""
    if siunitx and not subprocess.run(["kpsewhich", "siunitx.sty"], capture_output=True).stdout:
        pytest.skip("needs siunitx")
    tables = [made(" ".join(AWKWARD)).latex(name, siunitx) for name in ("first", "second")]
    (tmp_path / "table.tex").write_text(document(tables))
    (tmp_path / "paper.tex").write_text(PAPER.replace("PACKAGES", packages))
    for _ in range(2):  # the second reads the list of tables that the first writes
        command = [TEX, "-halt-on-error", "-interaction=nonstopmode", "paper.tex"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True)
        assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    log = (tmp_path / "paper.log").read_text(errors="replace")
    assert not re.search(r"Missing character|undefined references|^!", log, re.MULTILINE)
