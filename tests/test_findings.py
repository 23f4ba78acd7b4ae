"""The numbers of the answer, where README and the documentation tell it: those of the records."""

import re
from pathlib import Path

import pytest
from pages import ROOT

PAGES = [ROOT / "README.md", ROOT / "docs/findings.md"]
LOSSES = ("NEG", "NCE", "sampled softmax")
MINUS = "\N{MINUS SIGN}"


def _rows(page: Path) -> dict[str, list[str]]:
    """Lines of tables by their first cell: the other cells, without bold."""
    lines = page.read_text().replace("**", "").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|" in line]
    return {first: rest for first, *rest in reversed(cells)}


def _differences(folder: str, name: str) -> dict[str, str]:
    """`NEG, log-uniform` to `-2.1 (-3.3 to -1.0)`, of a table of differences."""
    rows = _rows(ROOT / "results" / folder / f"{name}.md")
    return {cell: f"{rest[1]} ({rest[2]})".replace("-", MINUS) for cell, rest in rows.items()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_answer_is_what_the_records_say(page: Path) -> None:
    told, found = _rows(page), _differences("samplers", "differences_within_layers")
    compared = {re.sub(r" \(.*\)$", "", name): cells for name, cells in told.items()}
    shown = {name: cells for name, cells in compared.items() if f"NEG, {name}" in found}
    assert len(shown) >= 3
    for sampler, cells in shown.items():
        assert cells == [found[f"{loss}, {sampler}"] for loss in LOSSES], sampler
    means = re.findall(
        r"^\| (?:NEG|NCE|sampled softmax) +\| unigram\^0\.75 +\| +\**([\d.]+ ± [\d.]+)",
        (ROOT / "results/samplers/table.md").read_text(),
        re.MULTILINE,
    )
    assert told["unigram^0.75 itself (%)"] == means


def test_the_powers_are_those_of_the_records() -> None:
    rows = _rows(ROOT / "docs/findings.md")
    found = _differences("power", "differences")
    powers = [cell.replace(MINUS, "-") for cell in rows["power a"]]
    for place, power in enumerate(powers):
        if power != "0.75":
            told = f"{rows['less 0.75'][place]} ({rows['from'][place]} to {rows['to'][place]})"
            assert told == found[f"NEG, unigram^{power}"], power


def test_sharing_is_that_of_the_records() -> None:
    rows = _rows(ROOT / "docs/findings.md")
    text = (ROOT / "results/sharing/table.md").read_text().replace("**", "")
    for place, (words, noise) in enumerate(
        zip(rows["words that share"], rows["noise words"], strict=True)
    ):
        name = f"unigram^0.75, block_size={words}, noise_per_block={noise}"
        line = re.search(rf"^\| NEG +\| {re.escape(name)} +\|(.*)$", text, re.MULTILINE)
        assert line is not None, name
        cells = [cell.strip() for cell in line[1].split("|")]
        assert rows["analogies answered (%)"][place] == cells[0]
        assert rows["million words/s"][place] in cells
