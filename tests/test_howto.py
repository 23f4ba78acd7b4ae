"""The programs of the pages that show how: each runs as it stands, from a folder with a text."""

import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pages import ROOT, blocks, files

from w2vjax import Embeddings
from w2vjax.study.experiment_file import read_experiment
from w2vjax.text import planted

FOLDERS = ("howto", "coming-from")
WRITTEN = [page for name in FOLDERS for page in sorted((ROOT / "docs" / name).glob("*.md"))]
PROGRAMS = [page for page in WRITTEN if blocks(page, "python", "toml")]


def _furnish(page: Path, folder: Path) -> None:
    """The page's files, a text, vectors and the repository's records, where pages look."""
    for name, content in files(page).items():
        (folder / name).write_text(content)
    (folder / "text.txt").write_bytes(b"".join(planted.text(60_000)))
    words = tuple(f"w{number}" for number in range(20))
    Embeddings(words, np.eye(20, dtype=np.float32)).save(folder / "vectors.bin")
    (folder / "results").mkdir()
    for found in (ROOT / "results").iterdir():
        if found.is_dir() and found.name != "compare":
            (folder / "results" / found.name).symlink_to(found)


def _typed(page: Path, program: str) -> list[str]:
    """The lines of console blocks that call a program, without their `$`."""
    lines = "".join(block.text for block in blocks(page, "console")).splitlines()
    return [line[2:] for line in lines if line.startswith(f"$ {program} ")]


def _program(page: Path) -> str:
    """The blocks of Python that are no files, as the reader runs them: in turn."""
    named = [*files(page).values()]
    return "\n".join(b.text for b in blocks(page, "python") if b.text not in named)


def _run(line: str, folder: Path) -> None:
    """What the reader types; it must print something and end well."""
    command = [sys.executable, *shlex.split(line)[1:]]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, f"{line}\n{done.stderr}"
    assert done.stdout, line


@pytest.mark.parametrize("page", PROGRAMS, ids=lambda page: page.stem)
def test_its_programs_run(page: Path, tmp_path: Path) -> None:
    _furnish(page, tmp_path)
    for line in _typed(page, "python"):
        _run(line, tmp_path)
    if source := _program(page):
        (tmp_path / "page.py").write_text(source)
        _run("python page.py", tmp_path)


@pytest.mark.parametrize("page", PROGRAMS, ids=lambda page: page.stem)
def test_its_files_are_used(page: Path, tmp_path: Path) -> None:
    for name, content in files(page).items():
        (tmp_path / name).write_text(content)
        program = "w2vjax" if name.endswith(".toml") else "python"
        assert any(name in line for line in _typed(page, program)), f"nobody runs {name}"
        if name.endswith(".toml"):
            assert read_experiment(tmp_path / name).configs()


def test_every_page_of_a_task_says_what_to_do_when_it_goes_wrong() -> None:
    pages = [page for page in WRITTEN if page.parent.name == "howto" and page.stem != "index"]
    assert len(pages) >= 10
    index = (ROOT / "docs/howto/index.md").read_text()
    for page in pages:
        assert "## When it goes wrong" in page.read_text(), page.stem
        assert f"({page.name})" in index and f"\n{page.stem}\n" in index, page.stem
