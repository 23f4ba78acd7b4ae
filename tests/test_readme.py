"""What README says works as it stands there, and fits on a screen or two."""

import re
import shlex
from pathlib import Path

import pytest
from pages import ROOT, blocks
from reader import enter

README = ROOT / "README.md"
SMALL = ("--corpus", "planted", "--max-words", "60000", "--dim", "10", "--epochs", "1")
MOST_BYTES = 8_192


def test_a_new_sampler_is_a_row_of_the_table(folder: Path, capsys: pytest.CaptureFixture) -> None:
    _, program = blocks(README, "python")
    assert len([line for line in program.text.splitlines() if line.strip()]) < 30
    command = "compare --plugin mine.py --samplers two-tiers unigram^0.75"
    assert f"`w2vjax {command}`" in README.read_text()
    options = (*command.split(), *SMALL, "--outputs", "negative-sampling", "--seeds", "1")
    Path("mine.py").write_text(program.text)
    enter(shlex.join(["w2vjax", *options]))
    printed = capsys.readouterr().out
    assert re.search(r"^\| NEG +\| two-tiers +\| +[*\d]", printed, re.MULTILINE), printed
    assert re.search(r"^\| NEG +\| unigram\^0.75 +\| +[*\d]", printed, re.MULTILINE)
    assert Path("results/compare/table.md").exists()


def test_twenty_lines_are_a_model_with_a_sampled_loss(
    folder: Path, capsys: pytest.CaptureFixture
) -> None:
    program, _ = blocks(README, "python")
    assert len([line for line in program.text.splitlines() if line.strip()]) <= 20
    Path("model.py").write_text(program.text)
    enter("python model.py")
    printed = capsys.readouterr().out
    assert re.fullmatch(r"[01]\.\d\d nats\n", printed), printed
    assert "has 4.17" in program.text, "log 65"


def test_it_is_short_and_leads_on() -> None:
    text = README.read_text()
    assert len(text.encode()) <= MOST_BYTES
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert len(links) > 10
    assert not [link for link in links if not (ROOT / link).is_file()]
    assert {path.name for path in (ROOT / "docs").glob("*.md")} - {
        Path(link).name for link in links
    } <= {"index.md", "bibliography.md", "changelog.md"}
