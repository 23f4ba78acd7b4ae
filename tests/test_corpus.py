"""Local text: every format gives the same text, every damage a clear line."""

import bz2
import gzip
import lzma
import os
import zipfile
from pathlib import Path

import pytest

from w2vjax.config.schema import CorpusConfig
from w2vjax.errors import InputError
from w2vjax.text import streams
from w2vjax.text.cleaning import clean_documents
from w2vjax.text.corpus import files, local, read
from w2vjax.text.notes import Notes
from w2vjax.text.reading import Reading
from w2vjax.text.streams import lines_of

TEXT = "the first document\nthe sécond one\n\nword " + "and so on " * 200 + "\n"


def text_of(path, cleaning="none", errors="strict"):
    config = CorpusConfig(cleaning=cleaning, errors=errors)
    return b"".join(local(Path(path), config).blocks(lambda size: None, Notes()))


def words_of(path, **settings):
    return [line.split() for line in text_of(path, **settings).decode().split("\n") if line.split()]


def write(path, data):
    """Writes `data` packed as the name says."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("inside/a.txt", data)
        return path
    pack = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}
    path.write_bytes(pack.get(path.suffix, bytes)(data))
    return path


NAMES = ["a.txt", "a", "a.txt.gz", "a.bz2", "a.xz", "a.zip"]


@pytest.mark.parametrize("name", NAMES)
def test_every_format_gives_the_same_text(tmp_path, name):
    assert text_of(write(tmp_path / name, TEXT.encode())) == TEXT.encode()


@pytest.mark.parametrize("size", [3, 7, 64, 1 << 18])
@pytest.mark.parametrize("name", ["a.txt", "a.gz"])
def test_no_word_is_torn_whatever_the_block_size(tmp_path, monkeypatch, size, name):
    monkeypatch.setattr(streams, "BLOCK", size)
    path = write(tmp_path / name, TEXT.encode())
    blocks = list(read(path, Reading(), lambda size: None))
    assert b"".join(blocks) == TEXT.encode()
    assert [word for block in blocks for word in block.split()] == TEXT.encode().split()


def test_one_long_line_is_read_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "BLOCK", 1_000)
    path = write(tmp_path / "text8", b"some words and more " * 5_000)
    sizes = [len(block) for block in read(path, Reading(), lambda size: None)]
    assert sum(sizes) == 100_000
    assert max(sizes) < 1_100


def test_a_file_without_white_space_is_not_text(tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "LONGEST_WORD", 1_000)
    monkeypatch.setattr(streams, "BLOCK", 100)
    with pytest.raises(InputError, match="not text"):
        text_of(write(tmp_path / "a.txt", b"x" * 2_000))


def test_a_folder_is_its_sorted_files_and_a_file_ends_a_document(tmp_path):
    (tmp_path / "b").mkdir()
    write(tmp_path / "b" / "z.txt", b"three")
    write(tmp_path / "a.gz", b"one\ntwo")
    write(tmp_path / "c.txt", b"four")
    write(tmp_path / ".hidden", b"no")
    write(tmp_path / "b" / ".hidden", b"no")
    assert [path.name for path in files(tmp_path)] == ["a.gz", "z.txt", "c.txt"]
    assert words_of(tmp_path) == [["one"], ["two"], ["three"], ["four"]]


def test_the_members_of_a_zip_are_documents(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("1.txt", "one")
        archive.mkdir("folder")
        archive.writestr("folder/2.txt", "two\nthree")
    assert words_of(tmp_path / "a.zip") == [["one"], ["two"], ["three"]]


def test_white_space_of_any_language_parts_words(tmp_path):
    text = "日本\u3000語 caf\u00e9\u00a0au\u2009lait"
    path = write(tmp_path / "a.txt", b"\xef\xbb\xbf" + text.encode())
    assert text_of(path).split() == [word.encode() for word in text.split()]


def test_text8_cleaning_of_local_text(tmp_path):
    path = write(tmp_path / "a.txt", "The 2nd Café!\n\n***\nÜber".encode())
    assert text_of(path, cleaning="text8") == b"the two nd cafe\nuber\n"


WIKI = """<doc id="1" url="u" title="April">
April

April is <b>the</b> formula_1th month, Δformula_2 (codice_12).

</doc>
<doc id="2" url="u" title="May">
May
<doc is not a tag
</doc>
"""


@pytest.mark.parametrize("size", [5, 1 << 18])
def test_wikiextractor_output_is_one_article_a_line(tmp_path, monkeypatch, size):
    monkeypatch.setattr(streams, "BLOCK", size)
    path = write(tmp_path / "wiki_00", WIKI.encode())
    assert words_of(path) == [
        ["April", "April", "is", "<b>the</b>", "th", "month,", "Δformula_2", "(", ")."],
        ["May", "<doc", "is", "not", "a", "tag"],
    ]


def test_the_cleaner_gives_the_published_text_of_simple_wikipedia():
    folder = os.environ.get("W2VJAX_DATA", "")
    sample = Path(folder) / "raw" / "simplewiki-sample.xml"
    whole = Path(folder) / "simplewiki-2018.txt.xz"
    if not (folder and sample.is_file() and whole.is_file()):
        pytest.skip("needs W2VJAX_DATA")
    found = list(clean_documents(lines_of(read(sample, Reading(), lambda size: None))))
    assert len(found) == 353
    with lzma.open(whole) as text:
        assert found == [next(text) for _ in found]


@pytest.mark.parametrize("before", [0, 5, 99_998, 300_000])
def test_bytes_that_are_not_utf8_are_named_by_their_offset(tmp_path, monkeypatch, before):
    monkeypatch.setattr(streams, "BLOCK", 1_000)
    path = write(tmp_path / "a.txt", b"\xef\xbb\xbf" + b"a " * (before // 2) + b"\xff word")
    with pytest.raises(InputError) as error:
        text_of(path)
    offset = before // 2 * 2 + 3
    assert f"{path} is not UTF-8 at byte offset {offset:,}" in str(error.value)
    assert "--errors replace" in str(error.value)
    assert "errors=replace" in str(error.value)
    assert text_of(path, errors="replace").split()[-2:] == ["\ufffd".encode(), b"word"]


def test_a_character_cut_off_by_the_end_is_not_utf8(tmp_path):
    with pytest.raises(InputError, match="byte offset 4"):
        text_of(write(tmp_path / "a.txt", "caf é".encode()[:-1]))


@pytest.mark.parametrize("name", ["a.gz", "a.bz2", "a.xz", "a.zip"])
@pytest.mark.parametrize("keep", [0.5, 0.99])
def test_a_cut_archive_is_damaged(tmp_path, name, keep):
    path = write(tmp_path / name, os.urandom(300_000).hex().encode())
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    with pytest.raises(InputError, match="damaged or cut short") as error:
        text_of(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("name", ["a.gz", "a.bz2", "a.xz", "a.zip"])
def test_what_a_file_is_its_content_says(tmp_path, name):
    (tmp_path / name).write_bytes(b"plain words, not packed at all")
    assert text_of(tmp_path / name) == b"plain words, not packed at all"
    write(tmp_path / name, TEXT.encode()).rename(tmp_path / "b.txt")
    assert text_of(tmp_path / "b.txt") == TEXT.encode()


@pytest.mark.parametrize("inside", ["../evil.txt", "/etc/evil.txt", "a/../../evil", "C:\\evil"])
def test_a_zip_with_a_path_outside_its_folder_is_refused(tmp_path, inside):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("good.txt", "fine")
        archive.writestr(inside, "evil")
    with pytest.raises(InputError, match="outside its folder"):
        text_of(tmp_path / "a.zip")


def test_paths_that_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match="no such file or folder"):
        local(tmp_path / "none.txt", CorpusConfig())
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no files"):
        local(tmp_path / "empty", CorpusConfig())
    with pytest.raises(InputError, match="cannot read"):
        local(tmp_path / ("x" * 500), CorpusConfig())


def test_identity_changes_with_the_text(tmp_path):
    path = write(tmp_path / "a.txt", b"one")
    before = local(path, CorpusConfig()).identity
    assert local(path, CorpusConfig()).identity == before
    os.utime(path, ns=(1, 1))
    assert local(path, CorpusConfig()).identity != before


def test_what_was_read_adds_up_to_the_size_on_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "BLOCK", 100)
    write(tmp_path / "a.txt", TEXT.encode())
    write(tmp_path / "b.xz", TEXT.encode())
    source, moved = local(tmp_path, CorpusConfig()), []
    list(source.blocks(moved.append, Notes()))
    assert sum(moved) == source.size == sum(path.stat().st_size for path in tmp_path.iterdir())
