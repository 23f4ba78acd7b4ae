"""Vectors as they are found: every form in every container, whatever the file is called."""

import os
from pathlib import Path

import numpy as np
import pytest
from vector_files import CONTAINERS, FORMS, TEXT_FORMS, WORDS, Rows, binary, rows, text

from w2vjax.errors import InputError, InputWarning
from w2vjax.vectors import source
from w2vjax.vectors.embeddings import Embeddings


def check(path: Path, data: bytes, expected: Rows, **how) -> None:
    path.write_bytes(data)
    found = Embeddings.load(path, **how)
    assert found.words == tuple(word for word, _ in expected)
    np.testing.assert_array_equal(
        found.vectors, np.array([numbers for _, numbers in expected], np.float32)
    )
    assert found.vectors.dtype == np.float32 and found.vectors.flags["C_CONTIGUOUS"]


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_read_in_every_container(form, container, tmp_path) -> None:
    data = CONTAINERS[container](FORMS[form](rows()))
    check(tmp_path / "v", data, rows(), errors="strict")


@pytest.mark.parametrize("suffix", [".bin", ".txt", ".npz", ".gz", ".safetensors", ".tsv", ".zip"])
@pytest.mark.parametrize("form", FORMS)
def test_the_name_tells_nothing(form, suffix, tmp_path) -> None:
    check(tmp_path / f"v{suffix}", FORMS[form](rows()), rows(), errors="strict")


@pytest.mark.parametrize("form", FORMS)
def test_a_limit_takes_the_first_rows(form, tmp_path) -> None:
    check(tmp_path / "v", FORMS[form](rows()), rows()[:4], limit=4, errors="strict")
    check(tmp_path / "v", FORMS[form](rows()), rows(), limit=400, errors="strict")
    with pytest.raises(InputError, match="limit"):
        Embeddings.load(tmp_path / "v", limit=0)


@pytest.mark.parametrize("form", FORMS)
def test_one_number_a_row_and_one_row(form, tmp_path) -> None:
    check(tmp_path / "v", FORMS[form](rows(1)), rows(1), errors="strict")
    one = rows(3, ("word",))
    check(tmp_path / "v", FORMS[form](one), one, errors="strict")


@pytest.mark.parametrize("form", [*TEXT_FORMS, "binary, as word2vec.c", "npz", "safetensors"])
def test_words_may_hold_blanks(form, tmp_path) -> None:
    """The last D fields are the numbers."""
    if form in ("several blanks", "decimal commas"):
        pytest.skip("the words would be others")
    spaced = rows(3, (". . .", "new york", "route 66", "the", "a b c d", "san  josé", "of", "to"))
    if form in ("TABs", "npz", "safetensors"):
        spaced = [*spaced, ("version 2.0", [0.5, 1.5, 2.5])]
        check(tmp_path / "v", FORMS[form](spaced), spaced, errors="strict")
        return
    with pytest.warns(
        InputWarning, match=r"5 words hold blanks and are read \((line|row) [123], '\. \. \.'\)$"
    ):
        check(tmp_path / "v", FORMS[form](spaced), spaced)
    with pytest.raises(InputError, match=r"a word holds blanks .*`--errors skip` reads it"):
        Embeddings.load(tmp_path / "v", errors="strict")


@pytest.mark.parametrize("form", FORMS)
def test_rows_are_the_same_wherever_they_are_cut(form, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(source, "BLOCK", 300)
    many = rows(11, [f"wörd{i}" for i in range(60)])
    if form == "safetensors":
        pytest.skip("the first block tells its kind, and the rest is read at once")
    check(tmp_path / "v", FORMS[form](many), many, errors="strict")


def test_glove_whose_first_row_looks_like_a_header(tmp_path) -> None:
    numbers = [("10", [4.0]), ("the", [0.5]), ("of", [-0.25])]
    check(tmp_path / "v", text(numbers, header=False), numbers, errors="strict")


@pytest.mark.parametrize("digits", [b"1e-5", b"-1.5E+2", b".5", b"5.", b"+2", b"0", b"1e-50"])
def test_numbers_as_programs_write_them(digits, tmp_path) -> None:
    expected = [("a", [float(digits), 1.5]), ("b", [2.5, 3.5])]
    check(tmp_path / "v", b"2 2\na " + digits + b" 1.5\nb 2.5 3.5\n", expected)


def test_words_of_an_npz_may_be_strings(tmp_path) -> None:
    np.savez(tmp_path / "v.npz", words=np.array(["a", "köln"]), vectors=np.eye(2))
    assert Embeddings.load(tmp_path / "v.npz").words == ("a", "köln")


@pytest.mark.parametrize("container", ["nothing", "gzip", "zip"])
@pytest.mark.parametrize("form", ["GloVe", "binary, as gensim", "npz", "safetensors"])
def test_a_pipe_is_read(form, container, tmp_path) -> None:
    ends = os.pipe()
    os.write(ends[1], CONTAINERS[container](FORMS[form](rows())))
    os.close(ends[1])
    found = Embeddings.load(Path(f"/dev/fd/{ends[0]}"), errors="strict")
    os.close(ends[0])
    assert found.words == WORDS


def test_gensim_reads_the_same(tmp_path) -> None:
    gensim = pytest.importorskip("gensim")
    load = gensim.models.KeyedVectors.load_word2vec_format
    for form, how in (
        ("word2vec text", {}),
        ("binary, as word2vec.c", {"binary": True}),
    ):
        path = tmp_path / "v"
        path.write_bytes(FORMS[form](rows()))
        theirs, ours = load(path, **how), Embeddings.load(path)
        assert tuple(theirs.index_to_key) == ours.words == WORDS
        np.testing.assert_array_equal(theirs.vectors, ours.vectors)


def test_a_row_that_is_out_of_step_takes_no_other_with_it(tmp_path) -> None:
    """A blank in a word of gensim's binary files, whose rows have no end of their own."""
    words = ("the", "of", "new york", "to", "and", "in")
    (tmp_path / "v").write_bytes(binary(rows(25, words), end=b""))
    with pytest.warns(InputWarning, match="2 of 6 rows left out: 2 out of step"):
        found = Embeddings.load(tmp_path / "v")
    assert found.words == ("the", "of", "and", "in")
    expected = [numbers for word, numbers in rows(25, words) if word in found.words]
    np.testing.assert_array_equal(found.vectors, np.array(expected, np.float32))


@pytest.mark.parametrize("end", [b"\n", b""])
def test_the_byte_order_is_told_by_the_numbers(end, tmp_path) -> None:
    """Small or large, rounded to half precision or not; what no order makes sense of stays."""
    generator = np.random.default_rng(0)
    words = [f"word{n}" for n in range(30)]
    for scale in (1e-4, 1.0, 300.0):
        for kind in ("<f4", "<f2"):
            numbers = (scale * generator.normal(size=(30, 8))).astype(kind).astype("<f4")
            made = binary(list(zip(words, numbers.tolist(), strict=True)), end)
            (tmp_path / "low").write_bytes(made)
            for row in numbers:
                made = made.replace(row.tobytes(), row.byteswap().tobytes())
            (tmp_path / "high").write_bytes(made)
            np.testing.assert_array_equal(Embeddings.load(tmp_path / "low").vectors, numbers)
            with pytest.warns(InputWarning, match="with the high byte first alone"):
                found = Embeddings.load(tmp_path / "high")
            np.testing.assert_array_equal(found.vectors, numbers)
            assert found.words == tuple(words)
    with pytest.raises(InputError, match="high byte first"):
        Embeddings.load(tmp_path / "high", errors="strict")
