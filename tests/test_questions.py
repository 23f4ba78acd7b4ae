"""Test files: what is read, and that a wrong line is named."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from w2vjax.errors import InputError
from w2vjax.evaluation import questions
from w2vjax.evaluation.questions import (
    google_questions,
    read_questions,
    read_similarity,
    similarity_sets,
)


def test_questions_keep_order_and_sections(tmp_path: Path) -> None:
    path = tmp_path / "q.txt"
    path.write_text(": capitals\na b c d\r\n\n: gram1-adverb\n e f\tg h\n: capitals\ni j k l\n")
    read = read_questions(path)
    assert read.name == "q"
    assert read.sections == ("capitals", "gram1-adverb")
    assert read.section.tolist() == [0, 1, 0]
    assert read.words == (("a", "b", "c", "d"), ("e", "f", "g", "h"), ("i", "j", "k", "l"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (": s\na b c d\na b c\n", "line 3: a question has 4 words, not 3"),
        (": s\na b c d e\n", "line 2: a question has 4 words, not 5"),
        ("a b c d\n: s\n", "line 1: a ': section' line must precede"),
        (":\na b c d\n", "line 1: a section needs a name"),
        ("", "has no questions"),
        (": s\n", "has no questions"),
    ],
)
def test_bad_questions_are_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "q.txt").write_text(text)
    with pytest.raises(InputError, match=message):
        read_questions(tmp_path / "q.txt")


def test_similarity_reads_tabs_spaces_and_comments(tmp_path: Path) -> None:
    (tmp_path / "s.txt").write_text("# word word mean\na\tb\t1.5\n\nc d 2\n")
    assert read_similarity(tmp_path / "s.txt").pairs == (("a", "b", 1.5), ("c", "d", 2.0))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a b 1\na b\n", "line 2: it must hold two words and a number"),
        ("a b c\n", "line 1"),
        ("a b 1 2\n", "line 1"),
        ("a b nan\n", "line 1"),
        ("# nothing\n", "has no judgements"),
        ("", "has no judgements"),
    ],
)
def test_bad_judgements_are_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "s.txt").write_text(text)
    with pytest.raises(InputError, match=message):
        read_similarity(tmp_path / "s.txt")


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
        "import sys; from w2vjax.evaluation.questions import google_questions as g; q = g();"
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
    monkeypatch.setattr(questions, "_gensim_folder", lambda: None)
    with pytest.raises(InputError, match="pip install"):
        google_questions()
    assert similarity_sets() == ()


def test_similarity_sets_are_found_by_name(tmp_path: Path, monkeypatch) -> None:
    pytest.importorskip("gensim")
    monkeypatch.setenv("W2VJAX_DATA", str(tmp_path))
    (tmp_path / "eval" / "word-sim").mkdir(parents=True)
    (tmp_path / "eval" / "word-sim" / "EN-X.txt").write_text("a b 1\n")
    sizes = {found.name: len(found.pairs) for found in similarity_sets()}
    assert sizes == {"EN-SIMLEX-999": 999, "EN-WS-353-ALL": 353, "EN-X": 1}


def test_data_folder_and_gensim_hold_the_same_judgements(monkeypatch) -> None:
    pytest.importorskip("gensim")
    if not os.environ.get("W2VJAX_DATA"):
        pytest.skip("W2VJAX_DATA is not set")
    with_data = {found.name: found for found in similarity_sets()}
    monkeypatch.delenv("W2VJAX_DATA")
    alone = similarity_sets()
    assert len(alone) == 2
    assert all(with_data[found.name] == found for found in alone)
