"""Tests by name: those that are installed, and those in the folder of data."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from w2vjax.errors import InputError
from w2vjax.evaluation import found
from w2vjax.evaluation.analogy_files import read_questions
from w2vjax.evaluation.found import (
    google_questions,
    questions_of,
    similarity_of,
    similarity_sets,
)
from w2vjax.evaluation.similarity_files import read_similarity


@pytest.mark.parametrize("read", [read_questions, read_similarity])
def test_unreadable_files(tmp_path: Path, read) -> None:
    with pytest.raises(InputError, match="No such file"):
        read(tmp_path / "none.txt")
    (tmp_path / "latin.txt").write_bytes("a köln\n".encode("latin-1"))
    with pytest.raises(InputError, match="not UTF-8 at byte offset 3"):
        read(tmp_path / "latin.txt")


def test_google_questions_come_from_gensims_folder_without_importing_it() -> None:
    pytest.importorskip("gensim")
    code = (
        "import sys; from w2vjax.evaluation.found import google_questions as g; q = g();"
        "assert 'gensim' not in sys.modules and 'jax' not in sys.modules;"
        "print(len(q.words), len(q.sections))"
    )
    environment = {name: text for name, text in os.environ.items() if name != "W2VJAX_DATA"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.split() == ["19544", "14"]


def test_a_changed_google_file_is_refused(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("W2VJAX_DATA", str(tmp_path))
    (tmp_path / "eval").mkdir()
    (tmp_path / "eval" / "questions-words.txt").write_text(": s\na b c d\n")
    with pytest.raises(InputError, match="not the published file"):
        google_questions()


def test_without_data_google_says_what_to_do_and_sets_are_empty(monkeypatch) -> None:
    monkeypatch.delenv("W2VJAX_DATA", raising=False)
    monkeypatch.setattr(found, "_gensim_folder", lambda: None)
    with pytest.raises(InputError, match="pip install"):
        google_questions()
    assert similarity_sets() == ()


def test_similarity_sets_are_found_by_name(tmp_path: Path, monkeypatch) -> None:
    pytest.importorskip("gensim")
    monkeypatch.setenv("W2VJAX_DATA", str(tmp_path))
    (tmp_path / "eval" / "word-sim").mkdir(parents=True)
    (tmp_path / "eval" / "word-sim" / "EN-X.txt").write_text("a b 1\n")
    sizes = {each.name: len(each.pairs) for each in similarity_sets()}
    assert sizes == {"EN-SIMLEX-999": 999, "EN-WS-353-ALL": 353, "EN-X": 1}


def test_data_folder_and_gensim_hold_the_same_judgements(monkeypatch) -> None:
    pytest.importorskip("gensim")
    if not os.environ.get("W2VJAX_DATA"):
        pytest.skip("W2VJAX_DATA is not set")
    with_data = {each.name: each for each in similarity_sets()}
    monkeypatch.delenv("W2VJAX_DATA")
    alone = similarity_sets()
    assert len(alone) == 2
    assert all(with_data[each.name] == each for each in alone)


@pytest.fixture
def data(tmp_path: Path, monkeypatch) -> Path:
    """The folder of analogies, with two sets."""
    monkeypatch.setenv("W2VJAX_DATA", str(tmp_path))
    folder = tmp_path / "eval" / "analogies"
    (folder / "bats" / "E").mkdir(parents=True)
    (folder / "bats" / "E" / "E01 [a].txt").write_text("a b\nc d/e\n")
    (folder / "msr.txt").write_text("f g h i\n")
    return folder


def test_questions_are_found_by_name_or_path(data: Path) -> None:
    assert questions_of("bats").words == (("a", "b", "c", "d"), ("c", "d", "a", "b"))
    assert questions_of("MSR").words == (("f", "g", "h", "i"),)
    assert questions_of(str(data / "msr.txt")).categories == ("syntactic",)
    with pytest.raises(InputError, match="unknown questions 'batz': did you mean bats"):
        questions_of("batz")
    with pytest.raises(InputError, match=r"cannot read nowhere/q\.txt: No such file"):
        questions_of("nowhere/q.txt")


def test_published_questions_that_are_not_here_say_where_to_put_them(folder: Path) -> None:
    with pytest.raises(InputError, match="bats are not here: give their file or folder, or put it"):
        questions_of("bats")


def test_similarity_sets_are_found_by_name_or_path(data: Path) -> None:
    (data.parent / "word-sim").mkdir()
    (data.parent / "word-sim" / "EN-X.txt").write_text("a b 1\n")
    folder = data.parent / "word-sim"
    (found,) = similarity_of("EN-X")
    assert (found.name, found.pairs) == ("EN-X", (("a", "b", 1.0),))
    assert similarity_of(str(folder / "EN-X.txt")) == similarity_of(str(folder)) == (found,)
    with pytest.raises(InputError, match=r"bats has no judgements: files \.txt, \.csv"):
        similarity_of(str(data / "bats"))
    with pytest.raises(InputError, match="unknown similarity set 'EN-Y': did you mean EN-X"):
        similarity_of("EN-Y")
    with pytest.raises(InputError, match="No such file"):
        similarity_of("EN-X.txt")
