"""Whatever a text is packed in, and whatever kind it is of, the same documents are read."""

import gzip
import io
import os
import tarfile
import threading
import zipfile
from types import SimpleNamespace

import packed
import pytest
from packed import KINDS, PACKERS, WORDS, read

from w2vjax.errors import InputError
from w2vjax.text import containers


@pytest.mark.parametrize("outer", PACKERS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_read_from_every_container(tmp_path, kind, outer):
    path = tmp_path / outer.format(kind)
    path.write_bytes(PACKERS[outer](kind, KINDS[kind]))
    assert read(path) == WORDS


@pytest.mark.parametrize("outer", ["{}", "{}.gz", "a.tar", "a.tar.bz2"])
@pytest.mark.parametrize("kind", ["a.txt", "utf16be-unmarked.txt", "a.jsonl"])
def test_a_pipe_and_standard_input_are_files_too(tmp_path, monkeypatch, kind, outer):
    data = PACKERS[outer](kind, KINDS[kind])
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    assert read("-") == WORDS
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=[data])
    writer.start()
    assert read(tmp_path / "pipe") == WORDS
    writer.join()


def test_a_suffix_that_lies_does_not_matter(tmp_path):
    for name, data in (("a.txt", gzip.compress(packed.plain())), ("a.tar.gz", packed.plain())):
        (tmp_path / name).write_bytes(data)
        assert read(tmp_path / name) == WORDS


def test_the_files_of_a_folder_may_be_of_any_kind(tmp_path):
    for number, (kind, data) in enumerate(KINDS.items()):
        (tmp_path / f"{number:02}-{kind}").write_bytes(data)
    assert read(tmp_path) == WORDS * len(KINDS)


def test_several_texts_are_read_one_after_another(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkdir("my texts")
    for name in ("my texts/2.txt", "my texts/1.txt", "3.txt", "my text"):
        with open(name, "w") as file:
            file.write(name.replace(" ", "_"))
    first, second, third = (["my_texts/1.txt"], ["my_texts/2.txt"], ["3.txt"])
    assert read("3.txt 'my texts'") == [third, first, second]
    assert read("'my texts/*.txt' 3.txt") == [first, second, third]
    assert read("my text?/*.txt") == [first, second]
    assert read("**/*.txt") == [third, first, second]
    assert read("my text") == [["my_text"]]
    assert len(read("3.txt planted")) == 1 + len(read("planted"))
    for wrong, told in (
        ("*.gz", "no file matches"),
        ("3.txt 4.txt", r"no such file.*4\.txt"),
        ("https://example.org/a.txt", r"is an address: download it \(curl -LO https"),
    ):
        with pytest.raises(InputError, match=told):
            read(wrong)


@pytest.mark.parametrize("inside", ["../evil.txt", "/etc/evil.txt", "a/../../evil", "C:\\evil"])
def test_a_tar_with_a_path_outside_its_folder_is_refused(tmp_path, inside):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo(inside))
    with pytest.raises(InputError, match="outside its folder"):
        read(tmp_path / "a.tar")


def test_links_in_a_tar_are_not_followed(tmp_path):
    (tmp_path / "secret").write_text("secret")
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        link = tarfile.TarInfo("a.txt")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path / "secret")
        archive.addfile(link)
    assert read(tmp_path / "a.tar") == []


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.tar.zst"])
@pytest.mark.parametrize("keep", [0.15, 0.5, 0.9])
def test_a_tar_that_is_cut_short_is_damaged(tmp_path, name, keep):
    """In the first header, in the second, and in what is packed."""
    data = PACKERS[name]("a.txt", os.urandom(5_000).hex().encode())
    whole = len(data) if name != "a.tar" else 1_024 + 10_000
    (tmp_path / name).write_bytes(data[: int(whole * keep) // 512 * 512 + 188])
    with pytest.raises(InputError, match="damaged or cut short"):
        read(tmp_path / name)


@pytest.mark.parametrize("cut", [600, 1_000])
def test_a_tar_that_ends_in_a_header_is_damaged(tmp_path, cut):
    (tmp_path / "a.tar").write_bytes(packed.tarred("a.txt", b"some words")[:cut])
    with pytest.raises(InputError, match="damaged or cut short"):
        read(tmp_path / "a.tar")


def test_a_zip_in_an_archive_or_a_pipe_is_told(tmp_path, monkeypatch):
    inner = packed.zipped("a.txt", packed.plain())
    for name, data in (("a.zip", packed.zipped("b.zip", inner)), ("a.gz", gzip.compress(inner))):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError, match="save it as a file"):
            read(tmp_path / name)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(inner)))
    with pytest.raises(InputError, match="standard input is a zip archive"):
        read("-")


def test_a_member_without_a_name_is_read(tmp_path):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(zipfile.ZipInfo(""), packed.plain())
    (tmp_path / "a.zip").write_bytes(made.getvalue())
    assert read(tmp_path / "a.zip") == WORDS


def test_nothing_is_unpacked_to_disk(tmp_path, monkeypatch):
    path = tmp_path / "a.tar.gz"
    path.write_bytes(PACKERS["a.tar.gz"]("a.txt", packed.plain()))
    monkeypatch.setattr(containers.tarfile.TarFile, "extract", None)
    monkeypatch.setattr(containers.tarfile.TarFile, "extractall", None)
    assert read(path) == WORDS
    assert list(tmp_path.iterdir()) == [path]
