"""The pages that show how: the files they have their reader write run, by the lines that they give.

`test_docs.py` runs their commands and the rest of their Python.
"""

import re
from pathlib import Path

import pytest
from pages import ROOT, blocks, files
from reader import enter

from w2vjax.study.experiment_file import read_experiment
from w2vjax.text import planted

FOLDERS = ("howto", "coming-from")
WRITTEN = [page for name in FOLDERS for page in sorted((ROOT / "docs" / name).glob("*.md"))]

SEEDS = re.compile(r"--seeds \d+")
"""a line of several seeds is run with one, at a fraction of the time"""


def _typed(page: Path, program: str) -> list[str]:
    """The lines of console blocks that call a program, without their `$`."""
    text = "".join(block.text for block in blocks(page, "console")).replace("\\\n", " ")
    return [line[2:] for line in text.splitlines() if line.startswith(f"$ {program} ")]


def _write_files(page: Path, folder: Path) -> None:
    for name, content in files(page).items():
        (folder / name).write_text(content)


def _of_files(page: Path) -> list[str]:
    """The lines that run files of the page's, by themselves or as plugins."""
    return [
        line
        for line in [*_typed(page, "python"), *_typed(page, "w2vjax")]
        if any(name in line for name in files(page) if name.endswith(".py"))
        and "vectors.bin" not in line
    ]


@pytest.mark.parametrize(
    ("page", "line"),
    [(page, line) for page in WRITTEN for line in _of_files(page)],
    ids=lambda value: getattr(value, "stem", None),
)
def test_programs_run_by_the_lines_given(
    page: Path, line: str, folder: Path, capsys: pytest.CaptureFixture
) -> None:
    _write_files(page, folder)
    Path("text.txt").write_bytes(b"".join(planted.text(60_000)))
    enter(SEEDS.sub("--seeds 1", line))
    assert capsys.readouterr().out, line


@pytest.mark.parametrize("page", [p for p in WRITTEN if files(p)], ids=lambda page: page.stem)
def test_files_are_used_and_understood(page: Path, tmp_path: Path) -> None:
    _write_files(page, tmp_path)
    for name in files(page):
        lines = [*_typed(page, "w2vjax"), *_typed(page, "python")]
        assert any(name in line for line in lines), f"nobody runs {name}"
        if name.endswith(".toml"):
            assert read_experiment(tmp_path / name).configs()


def test_every_page_of_a_task_says_what_to_do_when_it_goes_wrong() -> None:
    pages = [page for page in WRITTEN if page.parent.name == "howto" and page.stem != "index"]
    assert len(pages) >= 10
    index = (ROOT / "docs/howto/index.md").read_text()
    for page in pages:
        assert "## When it goes wrong" in page.read_text(), page.stem
        assert f"({page.name})" in index and f"\n{page.stem}\n" in index, page.stem


def test_four_lines_give_a_model_a_sampled_softmax() -> None:
    programs = [block.text for block in blocks(ROOT / "docs/howto/own-model.md", "python")]
    (program,) = [text for text in programs if "nnx.Module" in text]
    ours = [line for line in program.splitlines() if re.search(r"w2vjax|nn\.S|samplers|head", line)]
    assert [line[-3:] for line in ours] == ["# 1", "# 2", "# 3", "# 4"]
