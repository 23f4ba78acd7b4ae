"""Texts that other packages fetch: stand-ins for the packages, and what is told without them."""

import json
import logging
import sys
from types import ModuleType

import packed
import pytest
from packed import DOCUMENTS, WORDS, Notes, read

from w2vjax.config.schema import CorpusConfig
from w2vjax.errors import InputError
from w2vjax.text.datasets import source


class Rows:
    """As a data set of the package `datasets` is."""

    def __init__(self, rows, fingerprint="f1"):
        self.rows, self._fingerprint = rows, fingerprint
        self.column_names = list(rows[0])

    def __iter__(self):
        return iter(self.rows)

    def select_columns(self, names):
        return Rows([{name: row[name] for name in names} for row in self.rows])

    def iter(self, batch_size):
        for start in range(0, len(self.rows), batch_size):
            some = self.rows[start : start + batch_size]
            yield {name: [row[name] for row in some] for name in self.column_names}


ROWS = [{"id": n, "text": text, "title": "some words"} for n, text in enumerate(DOCUMENTS)]


@pytest.fixture
def hub(monkeypatch):
    """The calls, and what the next of them gives."""
    package, calls = ModuleType("datasets"), []
    package.given = {"train": Rows(ROWS)}

    def load_dataset(*arguments):
        calls.append(arguments)
        if isinstance(package.given, Exception):
            raise package.given
        return package.given

    package.load_dataset, package.calls = load_dataset, calls
    monkeypatch.setitem(sys.modules, "datasets", package)
    return package


def test_a_data_set_of_the_hub_is_its_column(hub):
    assert read("hf:some/text", notes := Notes()) == WORDS
    assert notes.lines() == (
        "hf:some/text: the column 'text' is read, not id, title (--column names one)",
    )
    assert read("hf:some/text:2023.simple:title", notes := Notes()) == [["some", "words"]] * 5
    assert notes.lines() == ()
    assert read("hf:some/text::text") == read("hf:some/text", column="text") == WORDS
    assert hub.calls[:2] == [("some/text", None), ("some/text", "2023.simple")]


def test_splits_fields_and_missing_texts(hub):
    rows = [{"a": {"b": "one two"}, "n": 1}, {"a": {"b": None}, "n": 2}]
    hub.given = {"test": Rows(rows), "validation": Rows(ROWS)}
    assert read("hf:x", notes := Notes(), column="a.b") == [["one", "two"]]
    assert notes.lines() == (
        "hf:x: the split test is read, not validation",
        "hf:x: 1 documents without text are left out",
    )
    hub.given = Rows(rows)
    assert read("hf:x::a.b") == read("hf:x", notes := Notes()) == [["one", "two"]]
    assert notes.lines()[0] == "hf:x: the column 'a.b' is read, not n (--column names one)"


def test_a_changed_data_set_has_another_identity(hub):
    first = source(CorpusConfig("hf:x")).identity
    hub.given = {"train": Rows(ROWS, "f2")}
    assert source(CorpusConfig("hf:x")).identity != first


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("hf:", None, "write hf:NAME"),
        ("hf:a:b:c:d", None, "write hf:NAME"),
        ("hf:x::txt", None, "unknown column of hf:x::txt 'txt': did you mean text"),
        ("hf:x", ConnectionError("no network\nat all"), r"cannot load hf:x \(no network\): check"),
        ("hf:x", ValueError(), r"cannot load hf:x \(ValueError\)"),
        ("hf:x", {"train": Rows([{"a": "b c", "d": "e f"}])}, "give --column .*a, d"),
    ],
)
def test_what_the_hub_has_not_is_told(hub, name, given, told):
    hub.given = given or hub.given
    with pytest.raises(InputError, match=told) as error:
        read(name)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "module", "extra"), [("hf:x", "datasets", "hf"), ("gensim:x", "gensim", "gensim")]
)
def test_without_the_package_it_is_told_what_to_install(monkeypatch, name, module, extra):
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, "gensim.downloader", None)
    with pytest.raises(InputError, match=rf"needs the package {module}: pip .*w2vjax\[{extra}\]"):
        read(name)


@pytest.fixture
def gensim(monkeypatch, tmp_path):
    downloader = pytest.importorskip("gensim.downloader")
    monkeypatch.setattr(downloader, "BASE_DIR", str(tmp_path))

    def refuse(*_):
        raise OSError("no network")

    monkeypatch.setattr(downloader, "urlopen", refuse)
    return downloader


def test_a_text_of_gensim_is_what_it_has_fetched(gensim, tmp_path):
    corpora = {"small": {"parts": 1, "file_name": "small.gz"}}
    information = {"corpora": corpora, "models": {"vectors-50": {}}}
    (tmp_path / "information.json").write_text(json.dumps(information))
    (tmp_path / "small").mkdir()
    data = packed.PACKERS["{}.gz"]("", packed.json_lines())
    (tmp_path / "small" / "small.gz").write_bytes(data)
    assert read("gensim:small") == WORDS
    assert source(CorpusConfig("gensim:small")).name == "gensim:small"
    with pytest.raises(InputError, match="a set of vectors, not a text"):
        read("gensim:vectors-50")
    with pytest.raises(InputError, match="unknown text of gensim 'smal': did you mean small"):
        read("gensim:smal")


def test_gensim_without_network_is_one_line(gensim, caplog):
    with pytest.raises(InputError, match=r"cannot load gensim:text8 .*: check the") as error:
        read("gensim:text8")
    assert "\n" not in str(error.value)
    assert not caplog.records, "gensim's traceback"
    assert logging.getLogger("gensim.downloader").level == logging.NOTSET
