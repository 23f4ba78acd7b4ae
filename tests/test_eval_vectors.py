"""`w2vjax eval` on vectors as they are found: what it says, and how it ends."""

import json
import re
from pathlib import Path

import pytest
from typed import called
from vector_files import CONTAINERS, FORMS, rows, text

pytestmark = [pytest.mark.usefixtures("folder"), pytest.mark.filterwarnings("default")]

GOOD = rows(3, ("he", "she", "king", "queen"))


@pytest.fixture(autouse=True)
def tests_of_vectors(folder) -> None:
    Path("questions.txt").write_text(": family\nHe she king queen\n")
    Path("pairs.txt").write_text("he she 3\nking queen 2\nhe queen 1\n")


def evaluated(capsys, *arguments: str) -> tuple[int, str, str]:
    tests = ("--questions", "questions.txt", "--similarity", "pairs.txt", "--json", "scores.json")
    return called(capsys, "eval", *arguments, *tests)


@pytest.mark.parametrize("form", ["GloVe", "binary, as gensim", "npz", "UTF-16"])
def test_sound_files_say_nothing(form, capsys) -> None:
    Path("v").write_bytes(CONTAINERS["gzip"](FORMS[form](GOOD)))
    code, output, error = evaluated(capsys, "v", "--errors", "strict")
    assert (code, error) == (0, "") and "1 of 1 covered" in output


def test_what_is_left_out_is_one_line_and_strict_ends_with_2(capsys) -> None:
    Path("v.vec").write_bytes(text([*GOOD, ("he", [1, 2, 3])]))
    code, output, error = evaluated(capsys, "v.vec")
    assert code == 0 and "3 of 3 covered" in output
    told = "v.vec: 1 of 5 rows left out: 1 whose word came before \\('he'\\)"
    assert re.fullmatch(rf"w2vjax: warning: {told}\n", error)
    Path("scores.json").unlink()
    code, output, error = evaluated(capsys, "v.vec", "--errors", "strict")
    assert (code, output) == (2, "") and error.count("\n") == 1
    assert not Path("scores.json").exists()


def test_a_limit_reads_the_first_rows(capsys) -> None:
    Path("v").write_bytes(text(GOOD))
    code, _, _ = evaluated(capsys, "v", "--limit", "2")
    assert code == 0 and json.loads(Path("scores.json").read_text())["words"] == 2


def test_case_is_folded_or_not(capsys) -> None:
    Path("v").write_bytes(text(GOOD))
    assert "1 of 1 covered" in evaluated(capsys, "v")[1]
    output = evaluated(capsys, "v", "--case", "exact")[1]
    assert "0 of 1 covered" in output
    assert "out-of-vocabulary skipped, upper and lower case apart" in output
