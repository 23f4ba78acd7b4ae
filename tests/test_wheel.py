"""Test files out of a package that is downloaded, opened, and not installed."""

import hashlib
import subprocess
import zipfile
from pathlib import Path

import pytest

from w2vjax.errors import InputError
from w2vjax.evaluation import found, wheel

CONTENTS = {name: f"{name}\n".encode() for name in wheel.SHA256}


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[dict[str, bytes]]:
    """Stands in for pip: each call puts a wheel of the next contents into the folder asked for."""
    monkeypatch.setenv("W2VJAX_CACHE", str(tmp_path / "cache"))
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in CONTENTS.items()}
    monkeypatch.setattr(wheel, "SHA256", digests)
    answers: list[dict[str, bytes]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess:
        if not answers:
            return subprocess.CompletedProcess(command, 1, "", "trying\nERROR: no network\n")
        place = Path(command[command.index("--dest") + 1]) / "gensim-4.4.0-cp313.whl"
        with zipfile.ZipFile(place, "w") as archive:
            for name, data in answers.pop(0).items():
                archive.writestr(f"{wheel.INSIDE}/{name}", data)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(wheel.subprocess, "run", run)
    return answers


def test_files_are_fetched_once(pip: list) -> None:
    pip.append(CONTENTS)
    folder = wheel.fetch()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == CONTENTS
    assert wheel.fetch() == folder, "without pip, which has no more answers"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, r"no release for this Python, .*\(ERROR: no network\): try again with a network"),
        ({}, "damaged"),
        (CONTENTS | {"simlex999.txt": b"other"}, "simlex999.txt in .* is not the published file"),
    ],
)
def test_what_goes_wrong_is_told_and_nothing_is_kept(pip: list, given, message: str) -> None:
    if given is not None:
        pip.append(given)
    with pytest.raises(InputError, match=message):
        wheel.fetch()
    assert not wheel.folder().exists()


def test_questions_are_sought_there_where_gensim_cannot_be_installed(
    pip: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("W2VJAX_DATA", raising=False)
    monkeypatch.setattr(found.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(wheel, "TOO_NEW", (99,))
    with pytest.raises(InputError, match="demo"):
        found.google_questions()
    monkeypatch.setattr(wheel, "TOO_NEW", (3,))
    with pytest.raises(InputError, match="no network"):
        found.google_questions()
    pip.append(CONTENTS | {wheel.QUESTIONS: b": family\nhe she king queen\n"})
    text = pip[0][wheel.QUESTIONS]
    monkeypatch.setitem(wheel.SHA256, wheel.QUESTIONS, hashlib.sha256(text).hexdigest())
    assert found.google_questions().words == (("he", "she", "king", "queen"),)
