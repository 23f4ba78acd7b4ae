"""Files that appear whole or not at all."""

import os

import pytest

from w2vjax import files
from w2vjax.errors import InputError


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "scores.json"
    for data in (b"first and long", b"second"):
        files.check_writable(path)
        files.write(path, data)
        assert path.read_bytes() == data
    assert list(tmp_path.iterdir()) == [path]


def test_a_name_may_be_as_long_as_the_system_takes(tmp_path):
    """And what is checked before the work is what can be written after it."""
    longest = os.pathconf(tmp_path, "PC_NAME_MAX")
    path = tmp_path / ("v" * longest)
    files.check_writable(path)
    files.write(path, b"vectors")
    assert path.read_bytes() == b"vectors"
    with pytest.raises(InputError, match="File name too long"):
        files.check_writable(tmp_path / ("v" * (longest + 1)))


def test_what_cannot_be_written_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "no" / "file", tmp_path / "file" / "below"):
        with pytest.raises(InputError, match=f"cannot write {path}: "):
            files.check_writable(path)
        with pytest.raises(InputError, match=f"cannot write {path}: "):
            files.write(path, b"")

    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.Path, "replace", full)
    told = f"cannot write {tmp_path}/file: No space left.*; free"
    with (
        pytest.raises(InputError, match=told),
        files.written(tmp_path / "file", "free some") as file,
    ):
        file.write(b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("error", [ValueError("wrong"), KeyboardInterrupt()])
def test_whatever_happens_meanwhile_leaves_the_old_file(tmp_path, error):
    path = tmp_path / "scores.json"
    path.write_bytes(b"old")
    with pytest.raises(type(error)), files.written(path) as file:
        file.write(b"new")
        assert len(list(tmp_path.iterdir())) == 2 and path.read_bytes() == b"old"
        raise error
    assert list(tmp_path.iterdir()) == [path] and path.read_bytes() == b"old"


def test_a_folder_that_is_not_ours_is_told_before_the_work(tmp_path, monkeypatch):
    def refused(dir):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files.tempfile, "TemporaryFile", refused)
    with pytest.raises(InputError, match="Permission denied"):
        files.check_writable(tmp_path / "file")
    with pytest.raises(InputError, match="Permission denied"):
        files.make_folder(tmp_path / "folder")


def test_folders_are_made_or_refused(tmp_path):
    files.make_folder(tmp_path / "a" / "b")
    files.make_folder(tmp_path / "a")
    assert list((tmp_path / "a").iterdir()) == [tmp_path / "a" / "b"]
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(InputError, match=f"cannot write {path}: "):
            files.make_folder(path)


def test_a_text_is_read_whatever_ends_its_lines(tmp_path):
    path = tmp_path / "words.txt"
    path.write_bytes("käse\r\nwine\n".encode())
    assert files.read_text(path) == "käse\nwine\n"
    path.write_bytes(b"ten bytes \xff")
    with pytest.raises(InputError, match=f"{path} is not UTF-8 at byte offset 10"):
        files.read_text(path)
    for missing in (tmp_path, tmp_path / "none"):
        with pytest.raises(InputError, match=f"cannot read {missing}: "):
            files.read_text(missing)


def test_a_folder_is_checked_without_being_made(tmp_path):
    for path in (tmp_path, tmp_path / "a" / "b"):
        files.check_folder(path)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below", tmp_path / ("v" * 300)):
        with pytest.raises(InputError, match=f"cannot write {path}: "):
            files.check_folder(path)
