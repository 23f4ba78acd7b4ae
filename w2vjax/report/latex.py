"""Tables in LaTeX: booktabs, plain or with columns of siunitx; every letter that pdfLaTeX sets."""

import re
import unicodedata
from collections.abc import Sequence

NUMBER = re.compile(r"<?[+-]?[\d,]+(\.\d+)?( ± [\d,]+(\.\d+)?)?")
"""what a column of siunitx takes"""
SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
SPECIAL |= {letter: "\\" + letter for letter in "&%$#_{}"}
SPECIAL |= {letter: f"${letter}$" for letter in "<>|"}
SYMBOLS = {
    **{"\N{EN DASH}": "--", "\N{EM DASH}": "---", "…": r"\ldots{}"},
    **{"\N{NO-BREAK SPACE}": "~", "\N{RIGHT SINGLE QUOTATION MARK}": "'", "“": "``", "”": "''"},
    **{"ß": r"\ss{}", "ø": r"\o{}", "Ø": r"\O{}", "æ": r"\ae{}", "Æ": r"\AE{}"},
    **{"œ": r"\oe{}", "Œ": r"\OE{}", "ł": r"\l{}", "Ł": r"\L{}", "§": r"\S{}"},
}
FORMULAS = {
    **{"±": r"\pm", "·": r"\cdot", "\N{MULTIPLICATION SIGN}": r"\times", "\N{MINUS SIGN}": "-"},
    **{"≤": r"\le", "≥": r"\ge", "≠": r"\ne", "≈": r"\approx", "∞": r"\infty", "∈": r"\in"},
    **{"→": r"\to", "←": r"\leftarrow", "↔": r"\leftrightarrow", "↑": r"\uparrow"},
    **{"↓": r"\downarrow", "√": r"\surd", "∑": r"\sum", "∂": r"\partial", "²": "^2", "³": "^3"},
    **{"°": r"^\circ", "µ": r"\mu"},
}
FORMULAS |= {
    letter: "\\" + unicodedata.name(letter).rpartition(" ")[2].lower().replace("lamda", "lambda")
    for letter in "αβγδεζηθικλμνξπρστυφχψω"
}
ACCENTS = {
    **{0x300: "`", 0x301: "'", 0x302: "^", 0x303: "~", 0x304: "=", 0x306: "u", 0x307: "."},
    **{0x308: '"', 0x30A: "r", 0x30B: "H", 0x30C: "v", 0x327: "c"},
}
"""by the combining letter that Unicode takes them for"""
OTHERS = "otherletters"
DEFINED = (
    "% pdfLaTeX has no letters of other scripts and shows their codes; XeLaTeX and LuaLaTeX set\n"
    "% them where the font has them.\n"
    rf"\providecommand{{\{OTHERS}}}[2]{{\ifdefined\Umathcode#1\else[#2]\fi}}" + "\n"
)


def escaped(text: str) -> str:
    """The text as LaTeX shows it literally; `^0.75` becomes an exponent.

    Letters that pdfLaTeX does not have go into the command `otherletters`, with their codes.
    """
    power = r"\^(-?[\d.]*\d|a\b)"
    text = re.sub(r"\s+", " ", unicodedata.normalize("NFC", text))
    others = r"(?P<others>[^\x20-\x7e]+)|(?P<minus>(?<!\S)-(?=\d))"
    return re.sub(rf"{power}|{others}|[{re.escape(''.join(SPECIAL))}]", _set, text)


def floating(
    name: str, caption: str, rows: Sequence[Sequence[tuple[str, bool]]], siunitx: bool
) -> str:
    """A table with `tab:NAME` as label; needs booktabs, and siunitx where that is asked for.

    `rows`: texts, and whether they are bold; the first is the head.
    """
    columns = list(zip(*rows, strict=True))
    formats = [_format([text for text, _ in column[1:]]) for column in columns]
    numeric = [siunitx and place >= 2 and bool(each) for place, each in enumerate(formats)]
    head, *body = (
        " & ".join(_cell(*cell, number) for cell, number in zip(row, numeric, strict=True)) + r" \\"
        for row in rows
    )
    align = "".join(
        each if number else "l" if place < 2 else "r"
        for place, (each, number) in enumerate(zip(formats, numeric, strict=True))
    )
    lines = [
        r"\begin{table}",
        rf"\caption{{{escaped(caption)}}}",
        rf"\label{{tab:{name}}}",
        r"\centering",
        rf"\begin{{tabular}}{{{align}}}",
        *[r"\toprule", head, r"\midrule", *body, r"\bottomrule"],
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def document(tables: Sequence[str]) -> str:
    """Tables for a paper to `\\input`, with what they need defined."""
    text = "\n".join(tables)
    return (DEFINED if rf"\{OTHERS}{{" in text else "") + text


def _cell(text: str, bold: bool, number: bool) -> str:
    if number and NUMBER.fullmatch(text):
        return (r"\bfseries " if bold else "") + text.replace(",", "").replace("±", "+-")
    text = rf"\textbf{{{escaped(text)}}}" if bold else escaped(text)
    return f"{{{text}}}" if number else text


def _format(texts: Sequence[str]) -> str:
    """The column of siunitx that aligns these numbers; empty if there are none."""
    numbers = [text.replace(",", "") for text in texts if NUMBER.fullmatch(text)]
    if not numbers:
        return ""
    values = [number.partition(" ± ") for number in numbers]
    sign = "<" * any("<" in number for number in numbers)
    sign += next((each for each in "+-" if any(each in value for value, _, _ in values)), "")
    wholes, _, parts = zip(
        *(value.strip("<+-").partition(".") for value, _, _ in values), strict=True
    )
    bounds = max(len(bound.replace(".", "")) for _, _, bound in values)
    shape = f"{sign}{max(map(len, wholes))}.{max(map(len, parts))}" + f"({bounds})" * bool(bounds)
    options = ["separate-uncertainty"] * bool(bounds) + ["retain-explicit-plus"] * ("+" in sign)
    return f"S[{', '.join([f'table-format={shape}', *options, 'detect-weight', 'mode=text'])}]"


def _set(match: re.Match[str]) -> str:
    if match[1]:
        return f"$^{{{match[1]}}}$"
    if match["minus"]:
        return "$-$"
    if match["others"] is None:
        return SPECIAL[match[0]]
    pieces = re.findall(r"[^\x20-\x7e]", match["others"])
    made = [_letter(letter) for letter in pieces]
    text, left = "", ""
    for letter, known in zip([*pieces, ""], [*made, ""], strict=True):
        if known is None:
            left += letter
            continue
        if left:
            codes = " ".join(f"U+{ord(each):04X}" for each in left)
            text, left = rf"{text}\{OTHERS}{{{left}}}{{{codes}}}", ""
        text += known
    return text


def _letter(letter: str) -> str | None:
    """A letter beyond ASCII in pdfLaTeX, None where it has none."""
    if letter in SYMBOLS:
        return SYMBOLS[letter]
    if letter in FORMULAS:
        return f"${FORMULAS[letter]}$"
    parts = unicodedata.normalize("NFD", letter)
    if len(parts) == 2 and parts[0].isascii() and ord(parts[1]) in ACCENTS:
        return rf"\{ACCENTS[ord(parts[1])]}{{{parts[0]}}}"
    return None
