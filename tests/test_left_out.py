"""Rows that are not sound: the others are read, one line tells what is missing, strict refuses."""

import gzip
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from vector_files import CONTAINERS, FORMS, TEXT_FORMS, binary, npz, rows, text

from w2vjax.errors import InputError, InputWarning
from w2vjax.vectors import source
from w2vjax.vectors.embeddings import Embeddings

GOOD = rows(3, ("the", "of", "and", "in"))
NUMBERS = [0.25, 1.5, 2.0]
FAULTS = {
    "twice": (("of", NUMBERS), "whose word came before ('of')"),
    "NaN": (("odd", [0.5, np.nan, 1]), "with NaN or infinity"),
    "infinity": (("odd", [0.5, -np.inf, 1]), "with NaN or infinity"),
    "no word": (("", NUMBERS), "without a word"),
    "cut letter": (("デー".encode()[:-1], NUMBERS), "whose word is not UTF-8"),
    "Latin 1": (("café".encode("latin-1"), NUMBERS), "whose word is not UTF-8"),
}
NO_TEXT = ("UTF-16", "UTF-16 with the high byte first", "npz", "safetensors")


def told(path: Path, **how) -> tuple[Embeddings, str]:
    """What is read, and the one line that is told, without the path."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = Embeddings.load(path, **how)
    (warning,) = caught
    assert warning.category is InputWarning
    message = str(warning.message)
    where, _, line = message.partition(": ")
    assert where.split(":")[0] == str(path) and "\n" not in line
    return found, line


@pytest.mark.parametrize("place", [0, 2, 4])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("form", FORMS)
def test_one_bad_row_takes_no_other_with_it(form, fault, place, tmp_path) -> None:
    bad, why = FAULTS[fault]
    if isinstance(bad[0], bytes) and form in NO_TEXT:
        pytest.skip("is UTF-8 as a whole")
    if fault == "no word" and form == "several blanks":
        pytest.skip("they are no rows")
    made = [*GOOD[:place], bad, *GOOD[place:]]
    if fault == "twice" and place < 2:
        made, why = [*GOOD[:1], GOOD[0], *GOOD[1:]], "whose word came before ('the')"
    path = tmp_path / "v"
    path.write_bytes(FORMS[form](made))
    found, message = told(path)
    assert found.words == ("the", "of", "and", "in")
    np.testing.assert_array_equal(found.vectors, np.array([x for _, x in GOOD], np.float32))
    assert message.startswith("1 of 5 rows left out: 1 ") and why in message
    with pytest.raises(InputError, match=re.escape(f"{path}: a row {why.split(' (')[0]} (")):
        Embeddings.load(path, errors="strict")


LINES = {
    "too few": (b"odd 0.5 1\n", "with too few or too many numbers (line 3, 'odd 0.5 1')"),
    "word alone": (b"odd\n", "with too few or too many numbers (line 3, 'odd')"),
    "too many": (b"odd 0.5 1 2 3.5\n", "with too few or too many numbers"),
    "no number": (b"odd 0.5 x 1.5\n", "with something that is no number (line 3, 'odd')"),
    "underscore": (b"odd 0.5 1_0 1.5\n", "with something that is no number"),
    "decimal comma": (b"odd 0,5 1,0 1,5\n", "with something that is no number"),
    "too large": (b"odd 0.5 1e99 1.5\n", "with NaN or infinity (line 3, 'odd')"),
    "prose": (b"as we said before\n", "with something that is no number"),
}


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("fault", LINES)
def test_one_bad_line_takes_no_other_with_it(fault, header, tmp_path) -> None:
    line, why = LINES[fault]
    lines = text(GOOD, header=False).splitlines(keepends=True)
    lines.insert(2, line)
    path = tmp_path / "v"
    path.write_bytes((b"5 3\n" if header else b"") + b"".join(lines))
    found, message = told(path)
    assert found.words == ("the", "of", "and", "in")
    where = why if header is False else why.replace("line 3", "line 4")
    assert f"1 of 5 rows left out: 1 {where}" in message
    with pytest.raises(InputError, match=r"line [34], '(odd|as)"):
        Embeddings.load(path, errors="strict")


def test_one_row_of_two_is_enough(tmp_path) -> None:
    for first in (b"2 2\n", b""):
        (tmp_path / "v").write_bytes(first + b"a 1 2\nb 1 x\n")
        found, message = told(tmp_path / "v")
        assert found.words == ("a",) and message.startswith("1 of 2 rows left out")


def test_the_line_is_told_wherever_it_stands(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(source, "BLOCK", 100)
    lines = text(rows(3, [f"word{i}" for i in range(80)])).splitlines(keepends=True)
    lines[60:60] = [b"\n", b"odd 1 2\n"]
    (tmp_path / "v").write_bytes(b"".join(lines))
    assert "(line 62, 'odd 1 2')" in told(tmp_path / "v")[1]


def test_reasons_are_counted_and_one_example_is_given(tmp_path) -> None:
    bad = [("of", NUMBERS), ("x", [np.nan] * 3), ("y", [np.inf] * 3), ("in", NUMBERS)]
    (tmp_path / "v").write_bytes(text([*GOOD, *bad]))
    _, message = told(tmp_path / "v")
    assert message == (
        "4 of 8 rows left out: 2 with NaN or infinity (line 7, 'x'), "
        "2 whose word came before ('of')"
    )


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("form", ["word2vec text", "binary, as word2vec.c", "binary, as gensim"])
def test_fewer_rows_than_promised(form, container, tmp_path) -> None:
    data = FORMS[form](GOOD).replace(b"4 3\n", b"9 3\n")
    (tmp_path / "v").write_bytes(CONTAINERS[container](data))
    found, message = told(tmp_path / "v")
    assert len(found.words) == 4
    assert message == "the first line promises 9 rows, 4 are there: is it cut short?"
    assert len(Embeddings.load(tmp_path / "v", limit=3).words) == 3
    with pytest.raises(InputError, match="promises 9 rows, 4"):
        Embeddings.load(tmp_path / "v", errors="strict")


def test_more_rows_than_promised(tmp_path) -> None:
    path = tmp_path / "v"
    path.write_bytes(text(GOOD).replace(b"4 3\n", b"2 3\n"))
    found, message = told(path)
    assert len(found.words) == 4 and message == "the first line promises 2 rows, 4 are there"
    path.write_bytes(binary(GOOD).replace(b"4 3\n", b"2 3\n"))
    found, message = told(path)
    assert len(found.words) == 2
    assert message == "what comes after the 2 promised rows is left out"


def test_a_first_line_that_contradicts_the_rows(tmp_path) -> None:
    path = tmp_path / "v"
    for first in (b"4 300\n", b"999999999999 300\n"):
        path.write_bytes(first + text(GOOD, header=False))
        found, message = told(path)
        assert found.vectors.shape == (4, 3)
        assert message == "the first line promises 300 numbers a row, the rows have 3"


def test_a_list_of_counts_is_doubted(tmp_path) -> None:
    path = tmp_path / "v"
    path.write_bytes(b"the 1061396\nof 593677\nand 416629\n")
    found, message = told(path)
    assert len(found.words) == 3
    assert message == "one whole number a row: is it a list of counts?"


@pytest.mark.parametrize("form", [*TEXT_FORMS, "binary, as word2vec.c", "binary, as gensim"])
def test_a_file_cut_anywhere_gives_the_rows_before(form, tmp_path) -> None:
    data = FORMS[form](rows(4))
    for end in range(len(data) // 2, len(data) - 8, 7):
        (tmp_path / "v").write_bytes(data[:end])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", InputWarning)
            found = Embeddings.load(tmp_path / "v")
        whole = len(found.words) - 1  # the last number may be cut
        expected = np.array([numbers for _, numbers in rows(4)], np.float32)
        np.testing.assert_array_equal(found.vectors[:whole], expected[:whole])


@pytest.mark.parametrize("container", ["gzip", "bzip2", "xz", "Zstandard"])
def test_a_compressed_file_cut_short_gives_the_rows_before(
    container, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(source, "BLOCK", 10_000)
    many = rows(20, [f"word{i}" for i in range(2000)])
    data = CONTAINERS[container](text(many, header=False))
    path = tmp_path / "v"
    path.write_bytes(data[: len(data) * 9 // 10])
    found, message = told(path)
    assert 0 < len(found.words) < 2000
    assert "the compressed data are damaged or cut short: get it again" in message
    with pytest.raises(InputError, match="damaged"):
        Embeddings.load(path, errors="strict")
    path.write_bytes(gzip.compress(b"x")[:10])
    with pytest.raises(InputError, match="damaged"):
        Embeddings.load(path)


def test_other_arrays_lose_the_same_rows(tmp_path) -> None:
    made = Embeddings(("a", "b", "c"), np.eye(3), np.eye(3) * 2, np.array([5, 4, 3]))
    made.vectors[1, 1] = np.nan
    made.save(tmp_path / "v.npz")
    found, _ = told(tmp_path / "v.npz")
    assert found.words == ("a", "c") and found.counts.tolist() == [5, 3]
    np.testing.assert_array_equal(found.outputs, 2 * np.eye(3)[[0, 2]])


def test_nothing_sound_is_an_error(tmp_path) -> None:
    bad = [("x", [np.nan] * 3), ("y", [np.nan] * 3)]
    for make in (text, binary, npz):
        (tmp_path / "v").write_bytes(make(bad))
        with pytest.raises(InputError, match="holds no sound row: 2 of 2 rows left out"):
            Embeddings.load(tmp_path / "v")


def test_the_line_where_it_was_loaded_is_warned(tmp_path) -> None:
    (tmp_path / "v").write_bytes(text([*GOOD, GOOD[0]]))
    program = "import sys, w2vjax\nw2vjax.Embeddings.load(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "v"], capture_output=True, text=True, check=True
    )
    assert done.stderr.startswith("<string>:2: InputWarning: ")
