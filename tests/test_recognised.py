"""What is no text is named for what it is, in every container, and never trained on."""

import io
import pickle
import random
import zipfile

import numpy as np
import packed
import pytest
from packed import PACKERS, read

from w2vjax.errors import InputError
from w2vjax.text.recognised import STARTS, encoding_of


def archive(*names):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name in names:
            file.writestr(name, "some words")
    return made.getvalue()


def array():
    made = io.BytesIO()
    np.save(made, np.arange(3))
    return made.getvalue()


NOT_TEXT = {
    "pickle": (pickle.dumps(["some", "words"]), "a pickle of Python"),
    "old pickle": (pickle.dumps({"a": 1}, protocol=2), "a pickle of Python"),
    "web page": (b"\n<!DOCTYPE html>\n<html><body>404</body></html>", "a web page"),
    "marked web page": (b"\xef\xbb\xbf<HTML><p>words", "a web page"),
    "commented web page": (b"<!-- a --><!doctype html public 'x'><head>", "a web page"),
    "xhtml": (b'<?xml version="1.0"?>\n<html xmlns="x">', "a web page"),
    "dump": (b'<mediawiki xmlns="x">\n<page>', "a dump of MediaWiki.*segment_wiki"),
    "xml dump": (b'<?xml version="1.0"?><mediawiki><page>', "a dump of MediaWiki"),
    "utf-16 web page": ("\ufeff<html><body>x</body></html>".encode("utf-16-le"), "a web page"),
    "xml": (b'<?xml version="1.0"?>\n<TEI><p>words</p></TEI>', "is XML"),
    "array": (array(), "a NumPy array"),
    "zeros": (bytes(10_000), "is binary"),
    "noise": (random.Random(0).randbytes(10_000), "is binary"),
    "one zero": (b"a few words\0", "is binary"),
    "gb18030": ("我们 喜欢 自然 语言 处理\n".encode("gb18030") * 9, "not UTF-8: .* iconv"),
    "koi8": ("мама мыла раму\n".encode("koi8-r") * 9, "not UTF-8: .* iconv"),
    "vectors": (b"2 11\n" + (b"word" + b" 0.5" * 11 + b"\n") * 3, "holds word vectors"),
    "glove": ((b"the" + b" -0.25" * 50 + b"\n") * 5, "holds word vectors"),
    "model": (b"\xba\x16\x4f\x2f" + bytes(60), "a model of fastText"),
    "half a PDF": (b"%PDF-1.4", "a PDF, not text: extract its text first: pdftotext"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "git lfs pull"),
}


@pytest.mark.parametrize("errors", ["strict", "replace"])
@pytest.mark.parametrize("outer", ["{}", "{}.gz", "{}.zip", "a.tar.bz2"])
@pytest.mark.parametrize("kind", NOT_TEXT)
def test_it_is_named_in_every_container(tmp_path, kind, outer, errors):
    data, told = NOT_TEXT[kind]
    path = tmp_path / outer.format("a.txt")
    path.write_bytes(PACKERS[outer]("a.txt", data))
    with pytest.raises(InputError, match=told) as error:
        read(path, errors=errors)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("start", STARTS)
def test_known_starts_are_named(tmp_path, start):
    path = tmp_path / "a.txt"
    path.write_bytes(start + bytes(600))
    with pytest.raises(InputError) as error:
        read(path)
    assert STARTS[start][0] in str(error.value) and STARTS[start][1] in str(error.value)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["[Content_Types].xml", "word/document.xml"], "an Office document"),
        (["mimetype", "content.xml"], "an OpenDocument file"),
        (["mimetype", "META-INF/container.xml"], "an e-book"),
        (["META-INF/MANIFEST.MF", "A.class"], "a program"),
        (["input.npy", "counts.npy"], "holds NumPy arrays"),
        (["archive/data.pkl", "archive/version"], "a model of PyTorch"),
    ],
)
def test_documents_that_are_zip_archives_are_named(tmp_path, names, told):
    (tmp_path / "a.txt").write_bytes(archive(*names))
    with pytest.raises(InputError, match=told):
        read(tmp_path / "a.txt")


@pytest.mark.parametrize(
    "text",
    [
        "<p>a paragraph of some markup",
        "ORC is not what it looks like",
        "GIF8 and ID3 are words",
        "<3 is a heart",
        "version 1 of a text",
        '"quoted words" come first',
        "[[Category:Cats]] and more",
        "{not json} at all",
        "10 11\nnumbers 1 2 3 4 5 6 7 8 9 10 11 12\n",
        "caf\u00e9 " * 9,
        "a\tb\nc d\te",
        "PK is a word, BZh too",
        "page one\fpage two\x1b",
    ],
)
def test_texts_that_begin_like_something_else_are_texts(tmp_path, text):
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    assert [word for line in read(tmp_path / "a.txt") for word in line] == text.split()


def test_a_zero_among_many_words_parts_them(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"some words and others " * 50 + b"one\0two")
    assert read(tmp_path / "a.txt")[0][-1] == "one\0two", "the numbering takes it for white space"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize(
    "text",
    ["some plain words\n", "мама мыла раму\n", "我们 喜欢 自然\n", "日本 語 を\n", "caf\u00e9 x\n"],
)
def test_encodings_are_known_without_a_mark(encoding, text):
    data = (text * 9).encode(encoding)
    for cut in (len(data), len(data) - 1, len(data) - 3):
        assert encoding_of(data[:cut]) == encoding
    assert encoding_of((text * 9).encode()) == "utf-8"


def test_an_encoding_that_breaks_off_is_told(tmp_path):
    (tmp_path / "a.txt").write_bytes("\ufeffsome words".encode("utf-16-le") + b"\0\xd8a\0")
    with pytest.raises(InputError, match="looks like UTF-16 and is not"):
        read(tmp_path / "a.txt")
    assert read(tmp_path / "a.txt", errors="replace")[0][:2][0] == "some"


def test_what_was_replaced_is_counted(tmp_path):
    (tmp_path / "a.txt").write_bytes("many words and a caf\u00e9 or two ".encode("latin-1") * 3)
    notes = packed.Notes()
    assert len(read(tmp_path / "a.txt", notes, errors="replace")[0]) == 21
    assert notes.lines() == (f"{tmp_path}/a.txt: 3 places that are not UTF-8 are read as �",)
