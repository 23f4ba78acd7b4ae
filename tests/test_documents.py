"""Documents that a program holds: the same corpus as of a file, and the classic faults refused."""

import sqlite3
from pathlib import Path

import numpy as np
import pytest

import w2vjax
from w2vjax.config.schema import CorpusConfig
from w2vjax.errors import InputError, InputWarning
from w2vjax.text.encoding import encode, encode_documents

TEXTS = ["the cat\nsat  on", "the dog", "käse\u00a0und brot", "the cat"]
ALL = CorpusConfig(min_count=1)


def same(one, other):
    return (
        one.vocabulary.words == other.vocabulary.words
        and one.vocabulary.counts.tolist() == other.vocabulary.counts.tolist()
        and one.ids.tolist() == other.ids.tolist()
        and one.starts.tolist() == other.starts.tolist()
        and one.sha256 == other.sha256
    )


def encoded(documents, cache, config=ALL, **more):
    return encode_documents(documents, config, cache=cache, progress=False, **more)


@pytest.fixture
def expected(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("".join(" ".join(text.split()) + "\n" for text in TEXTS), encoding="utf-8")
    return encode(CorpusConfig(str(path), min_count=1), tmp_path / "cache", progress=False)


def forms():
    import pandas as pd

    yield "list", TEXTS
    yield "tuple", tuple(TEXTS)
    yield "generator", (text for text in TEXTS)
    yield "tokens", [text.split() for text in TEXTS]
    yield "tuples of tokens", (tuple(text.split()) for text in TEXTS)
    yield "mixed", [TEXTS[0], *(text.split() for text in TEXTS[1:])]
    yield "arrays", [np.array(text.split()) for text in TEXTS]
    yield "array", np.array(TEXTS)
    yield "column of pandas", pd.Series(TEXTS)
    yield "values", dict(enumerate(TEXTS)).values()


@pytest.mark.parametrize("form", [name for name, _ in forms()])
def test_every_form_gives_the_corpus_of_the_file(tmp_path, expected, form):
    assert same(encoded(dict(forms())[form], tmp_path / "cache"), expected)


def test_an_open_file_and_rows_of_a_database_are_documents(tmp_path, expected):
    with open(tmp_path / "a.txt", encoding="utf-8") as file:
        assert same(encoded(file, tmp_path / "cache"), expected)
    base = sqlite3.connect(":memory:")  # which only this thread may read
    base.execute("create table texts (text)")
    base.executemany("insert into texts values (?)", [[text] for text in TEXTS])
    rows = base.execute("select text from texts")
    assert same(encoded((text for (text,) in rows), tmp_path / "cache"), expected)
    base.close()


def test_it_is_read_once_and_kept_by_what_was_read(tmp_path):
    asked = []

    def texts():
        for text in TEXTS:
            asked.append(text)
            yield text

    first = encoded(texts(), tmp_path)
    assert asked == TEXTS
    assert same(encoded(TEXTS, tmp_path, name="mine"), first)
    assert len(list((tmp_path / "encoded").iterdir())) == 1
    assert not same(encoded(TEXTS[:3], tmp_path), first)
    assert encoded(TEXTS, tmp_path, CorpusConfig(min_count=2)).vocabulary.words == ("the", "cat")
    assert len(list((tmp_path / "encoded").iterdir())) == 3
    assert (first.name, encoded(TEXTS, tmp_path, name="mine").name) == ("documents", "mine")


def test_settings_count_as_for_a_file(tmp_path):
    config = CorpusConfig(min_count=1, cleaning="text8", max_words=5)
    assert encoded(TEXTS, tmp_path, config).vocabulary.words == ("the", "cat", "on", "sat")
    config = CorpusConfig(min_count=1, max_vocab=2, unknown="UNK")
    assert encoded(TEXTS, tmp_path, config).vocabulary.words == ("UNK", "the")


def test_what_is_missing_is_left_out_and_counted(tmp_path, expected):
    import pandas as pd

    texts = [None, *TEXTS[:2], float("nan"), pd.NA, *TEXTS[2:], None]
    for _ in range(2):  # from the cache too
        with pytest.warns(InputWarning, match="documents: 4 documents without text are left out"):
            assert same(encoded(texts, tmp_path / "1"), expected)
    with pytest.warns(InputWarning, match="documents: 2 empty tokens are left out"):
        encoded([["a", ""], ["", "b"]], tmp_path / "2")
    with pytest.warns(InputWarning, match="documents: 1 documents without text are left out"):
        encoded([None, *["a b"] * 200_000], tmp_path / "3", CorpusConfig(max_words=9))


@pytest.mark.parametrize(
    ("documents", "told"),
    [
        ("the cat sat", r"of type str: give a list of documents, \[text\]"),
        (b"the cat", "of type bytes"),
        (Path("a.txt"), r"give encode\(CorpusConfig\('a.txt'\)\)"),
        ({"a": "the cat"}, r"of type dict: give .*values\(\)"),
        (7, "of type int: give strings or lists of tokens"),
        (["the cat", b"sat"], "document 1 is of type bytes"),
        (["the cat", 3], "document 1 is of type int"),
        ([np.int64(3)], "document 0 is of type int64"),
        (np.array([["a", "b"]])[None], "document 0 is of type ndarray"),
        ([{"text": "the cat"}], "document 0 is of type dict"),
        ([["the", 3]], r"document 0 holds 3, of type int: .*str\(token\)"),
        ([["New York"]], "document 0 holds the token 'New York', with white space"),
        (["a", "\ud800"], "document 1 has half a character"),
        ([], "documents is empty"),
        (["", " "], "documents is empty"),
    ],
)
def test_classic_faults_are_told(tmp_path, unchecked, documents, told):
    with pytest.raises(InputError, match=told):
        encoded(documents, tmp_path)


def test_a_frame_is_no_column(tmp_path):
    import pandas as pd

    with pytest.raises(InputError, match=r"of type DataFrame: give .*documents\['text'\]"):
        encoded(pd.DataFrame({"text": TEXTS}), tmp_path)
    with pytest.raises(InputError, match="which is a data set's"):
        encoded(TEXTS, tmp_path, name="planted")


def test_a_fault_of_the_documents_own_comes_through(tmp_path):
    def texts():
        yield "the cat"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        encoded(texts(), tmp_path)
    assert list((tmp_path / "encoded").iterdir()) == []


def test_it_is_offered_at_the_top():
    assert w2vjax.encode_documents is encode_documents
