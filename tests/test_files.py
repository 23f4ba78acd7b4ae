"""Files that appear whole or not at all."""

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


def test_what_cannot_be_written_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "no" / "file", tmp_path / "file" / "below"):
        with pytest.raises(InputError, match=f"cannot write {path}: "):
            files.check_writable(path)
        with pytest.raises(InputError, match=f"cannot write {path}: "):
            files.write(path, b"")

    def full(self, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.Path, "write_bytes", full)
    with pytest.raises(InputError, match="No space left"):
        files.write(tmp_path / "file", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_is_not_ours_is_told_before_the_work(tmp_path, monkeypatch):
    def refused(dir):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files.tempfile, "TemporaryFile", refused)
    with pytest.raises(InputError, match="Permission denied"):
        files.check_writable(tmp_path / "file")
