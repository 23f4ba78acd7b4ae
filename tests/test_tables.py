"""Tables: the text is one column, asked for or found and said; nothing is left out silently."""

import io
import json
import sys

import packed
import pytest
from packed import WORDS, Notes, read

from w2vjax.errors import InputError

pytest.importorskip("pyarrow")


def rows_as(kind, rows):
    """The rows as JSON lines, CSV or Parquet."""
    if kind == "jsonl":
        return "".join(json.dumps(row) + "\n" for row in rows).encode()
    if kind == "parquet":
        import pyarrow as pa
        from pyarrow import parquet

        made = io.BytesIO()
        parquet.write_table(pa.Table.from_pylist(rows), made)
        return made.getvalue()
    lines = [",".join(rows[0]), *(",".join(str(v or "") for v in row.values()) for row in rows)]
    return "\n".join(lines).encode()


ROWS = [{"id": n, "body": f"a text {n}", "title": f"of two {n}"} for n in range(3)]


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_the_column_is_asked_for_where_several_hold_text(tmp_path, kind):
    path, notes = tmp_path / f"a.{kind}", Notes()
    path.write_bytes(rows_as(kind, ROWS))
    assert read(path, notes, column="title") == [["of", "two", str(n)] for n in range(3)]
    assert notes.lines() == ()
    with pytest.raises(InputError, match=r"--column.*corpus.column.*id, body, title"):
        read(path)
    with pytest.raises(InputError, match=r"unknown column of .* 'bodi': did you mean body"):
        read(path, column="bodi")


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize(
    "columns",
    [{"text": "a b", "title": "c d"}, {"lang": "en", "text": "a b"}, {"n": 1, "x": "a b"}],
)
def test_the_only_text_or_the_one_called_so_is_read_and_said(tmp_path, kind, columns):
    path, notes = tmp_path / f"a.{kind}", Notes()
    path.write_bytes(rows_as(kind, [columns] * 4))
    assert read(path, notes) == [["a", "b"]] * 4
    (note,) = notes.lines()
    for part in (str(path), "is read, not", "--column"):
        assert part in note


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_lists_of_tokens_fields_of_fields_and_missing_texts(tmp_path, kind):
    path, notes = tmp_path / f"a.{kind}", Notes()
    rows = [{"d": {"tokens": ["a", "b"]}, "n": "x y"}, {"d": {"tokens": None}, "n": "z u"}]
    path.write_bytes(rows_as(kind, rows))
    assert read(path, notes, column="d.tokens") == [["a", "b"]]
    assert notes.lines() == (f"{path}: 1 documents without text are left out",)


def test_a_text_of_several_lines_is_one_document(tmp_path):
    (tmp_path / "a.csv").write_text('id,text\n1,"one\ntwo, ""three"""\n2,four\n')
    assert read(tmp_path / "a.csv") == [["one", "two,", '"three"'], ["four"]]
    (tmp_path / "a.jsonl").write_text('{"text": "one\\ntwo"}\n\n{"text": "four"}\n')
    assert read(tmp_path / "a.jsonl") == [["one", "two"], ["four"]]


def test_a_table_without_names_has_columns_by_number(tmp_path):
    (tmp_path / "a.csv").write_text('2,"first, text"\n4,second text\n')
    assert read(tmp_path / "a.csv", column="2") == [["first,", "text"], ["second", "text"]]
    with pytest.raises(InputError, match="2 columns: there is no column 9"):
        read(tmp_path / "a.csv", column="9")
    (tmp_path / "a.csv").write_text("1,2\na b,c d\n")
    assert read(tmp_path / "a.csv", column="2") == [["c", "d"]], "these are names"


def test_a_column_makes_a_table_of_any_name(tmp_path):
    (tmp_path / "a.txt").write_bytes(packed.delimited("\t"))
    assert read(tmp_path / "a.txt", column="text") == WORDS


def test_a_text_that_looks_like_a_table_is_told(tmp_path):
    (tmp_path / "a.txt").write_text("some words\tin two fields\n" * 12)
    notes = Notes()
    assert len(read(tmp_path / "a.txt", notes)) == 12
    assert "looks like a table of 2 columns" in notes.lines()[0]
    (tmp_path / "a.txt").write_text("# a tree\n1\tsome\t_\n2\twords\t_\n\n" * 6)
    read(tmp_path / "a.txt", notes := Notes())
    assert "looks like a table of 3 columns" in notes.lines()[0]
    (tmp_path / "a.txt").write_text("some words, not a table\n" * 3 + "no comma\n" * 9)
    read(tmp_path / "a.txt", notes := Notes())
    assert notes.lines() == ()


def test_rows_that_do_not_fit_are_counted(tmp_path):
    (tmp_path / "a.csv").write_text("id,text\n1,a b\n2,c d,e\n3\n4,f g\n")
    notes = Notes()
    assert read(tmp_path / "a.csv", notes, column="text") == [["a", "b"], ["c", "d"], ["f", "g"]]
    assert [line.partition(": ")[2] for line in notes.lines()] == [
        "2 rows have more or fewer fields than the first, and may be cut",
        "1 documents without text are left out",
    ]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.json", '[{"text": "a b"}, {"text": "c', "not JSON after 1 values"),
        ("a.json", '[{"text": "a b"}', "not JSON after 1 values"),
        ("a.json", "some words", "not JSON after 0 values"),
        ("a.jsonl", '{"text": "a b"}\n{"text": "c', "line 2 is not JSON"),
        ("a.jsonl", '{"a": 1}\n{"a": 2}\n', "which column is the text"),
        ("a.parquet", "PAR1 and nothing else", "which is Parquet, is damaged"),
    ],
)
def test_damaged_tables_are_told(tmp_path, name, text, told):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=told):
        read(tmp_path / name)


@pytest.mark.parametrize("size", [3, 40, 1 << 18])
@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("shape", ["list", "objects", "tokens", "two lists"])
def test_json_over_several_lines_or_in_a_list(tmp_path, monkeypatch, shape, indent, size):
    monkeypatch.setattr("w2vjax.text.streams.BLOCK", size)
    rows = [{"id": 1, "text": "one [two"}, {"id": 2, "text": "three, {four"}] * 9
    if shape == "tokens":
        rows = [row["text"].split() for row in rows]
    if shape == "objects":
        text = " ".join(json.dumps(row, indent=indent) for row in rows)
    else:
        text = json.dumps(rows, indent=indent) * (1 + (shape == "two lists"))
    (tmp_path / "a.json").write_text(text)
    expected = [["one", "[two"], ["three,", "{four"]] * 9
    assert read(tmp_path / "a.json") == expected * (1 + (shape == "two lists"))


def test_parquet_without_its_package_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_bytes(packed.parquet())
    assert read(tmp_path / "a.txt") == WORDS
    (tmp_path / "a.tar").write_bytes(packed.tarred("a.parquet", packed.parquet()))
    with pytest.raises(InputError, match="Parquet in a stream or an archive"):
        read(tmp_path / "a.tar")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(InputError, match=r"pip install 'w2vjax\[parquet\]'"):
        read(tmp_path / "a.txt")


@pytest.mark.parametrize("text", ["", "\n", "id,text\n", "text"])
def test_a_table_without_rows_is_empty(tmp_path, text):
    (tmp_path / "a.csv").write_text(text)
    assert read(tmp_path / "a.csv") == []
    (tmp_path / "a.jsonl").write_text("\n")
    assert read(tmp_path / "a.jsonl") == []


def test_the_text_of_the_row_goes_before_that_of_a_field(tmp_path):
    rows = [{"user": {"text": "a b"}, "text": "c d"}, {"user": {"text": "a b"}, "text": "e f"}]
    (tmp_path / "a.jsonl").write_bytes(rows_as("jsonl", rows))
    assert read(tmp_path / "a.jsonl") == [["c", "d"], ["e", "f"]]


def test_many_files_of_a_kind_are_one_remark(tmp_path):
    for number in range(4):
        (tmp_path / f"{number}.jsonl").write_bytes(packed.json_lines())
    notes = Notes()
    assert read(tmp_path, notes) == WORDS * 4
    assert notes.lines() == (
        f"{tmp_path}/0.jsonl and 3 more: the column 'text' is read, not id (--column names one)",
    )
