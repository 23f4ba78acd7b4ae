"""Texts as they are found: every kind of file, in every kind of container."""

import bz2
import csv
import gzip
import io
import json
import lzma
import tarfile
import zipfile

from w2vjax.compressed import zstd
from w2vjax.config.schema import CorpusConfig
from w2vjax.text.datasets import source
from w2vjax.text.notes import Notes

DOCUMENTS = ["the cat, it sat", "käse und brot", 'a "quoted" word', "漢字 かな", "the end of it"]
"""cut into words, as all kinds below hold them"""


def plain(mark="", encoding="utf-8", end="\n"):
    return (mark + "".join(document + end for document in DOCUMENTS)).encode(encoding)


def json_lines(row=lambda number, text: {"id": number, "text": text}):
    return "".join(json.dumps(row(n, t)) + "\n" for n, t in enumerate(DOCUMENTS)).encode()


def delimited(delimiter=",", encoding="utf-8", mark=""):
    text = io.StringIO()
    rows = csv.writer(text, delimiter=delimiter)
    rows.writerow(["id", "text"])
    rows.writerows(enumerate(DOCUMENTS))
    return (mark + text.getvalue()).encode(encoding)


def parquet():
    import pyarrow as pa
    from pyarrow import parquet

    made = io.BytesIO()
    table = pa.table({"id": list(range(len(DOCUMENTS))), "text": DOCUMENTS})
    parquet.write_table(table, made)
    return made.getvalue()


KINDS = {
    "a.txt": plain(),
    "no-suffix": plain(),
    "windows.txt": plain("\ufeff", end="\r\n"),
    "utf16le.txt": plain("\ufeff", "utf-16-le"),
    "utf16be.txt": plain("\ufeff", "utf-16-be"),
    "utf16le-unmarked.txt": plain("", "utf-16-le"),
    "utf16be-unmarked.txt": plain("", "utf-16-be"),
    "utf32le.txt": plain("\ufeff", "utf-32-le"),
    "utf32be-unmarked.txt": plain("", "utf-32-be"),
    "a.jsonl": json_lines(),
    "lines-of-json.txt": json_lines(),
    "nested.jsonl": json_lines(lambda n, text: {"id": n, "data": {"text": text, "n": 1}}),
    "only.jsonl": json_lines(lambda n, text: {"id": n, "body": text, "lang": "en"}),
    "tokens.jsonl": json_lines(lambda n, text: text.split()),
    "strings.jsonl": json_lines(lambda n, text: text),
    "a.csv": delimited(),
    "semicolons.csv": delimited(";"),
    "excel.csv": delimited(",", mark="\ufeff"),
    "excel-unicode.tsv": delimited("\t", "utf-16"),
    "a.tsv": delimited("\t"),
    "wiki_00": "".join(f'<doc id="1">\n{text}\n</doc>\n' for text in DOCUMENTS).encode(),
}
"""the same documents under the name that such a file has"""


def zipped(name, data):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("inside")
        archive.writestr(f"inside/{name}", data)
        archive.writestr(f"__MACOSX/inside/._{name}", b"\0\5\x16\7\0\2\0\0Mac OS X")
    return made.getvalue()


def tarred(name, data, mode="w"):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode) as archive:
        archive.addfile(tarfile.TarInfo("inside/"))
        member = tarfile.TarInfo(f"inside/{name}")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return made.getvalue()


PACKERS = {
    "{}": lambda name, data: data,
    "{}.gz": lambda name, data: gzip.compress(data),
    "{}.bz2": lambda name, data: bz2.compress(data),
    "{}.xz": lambda name, data: lzma.compress(data),
    "{}.zst": lambda name, data: zstd.compress(data),
    "{}.gz.gz": lambda name, data: gzip.compress(gzip.compress(data)),
    "{}.zip": zipped,
    "a.tar": tarred,
    "a.tar.gz": lambda name, data: tarred(name, data, "w:gz"),
    "a.tgz": lambda name, data: tarred(name, data, "w:gz"),
    "a.tar.bz2": lambda name, data: tarred(name, data, "w:bz2"),
    "a.tar.zst": lambda name, data: zstd.compress(tarred(name, data)),
    "of-packed.zip": lambda name, data: zipped(f"{name}.gz", gzip.compress(data)),
    "of-packed.tar": lambda name, data: tarred(f"{name}.xz", lzma.compress(data)),
}
"""containers, by the name of the file that holds what is called {}"""


def read(name, notes=None, **settings):
    """The documents of a text, as words."""
    notes = Notes() if notes is None else notes
    text = b"".join(source(CorpusConfig(str(name), **settings)).blocks(lambda size: None, notes))
    return [line.split() for line in text.decode().split("\n") if line.split()]


WORDS = [text.split() for text in DOCUMENTS]
