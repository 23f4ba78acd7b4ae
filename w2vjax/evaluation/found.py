"""Tests by name: those that are installed, and those in the folder that W2VJAX_DATA names."""

import hashlib
import importlib.util
import os
import sys
from pathlib import Path

from w2vjax.errors import InputError, unknown
from w2vjax.evaluation import wheel
from w2vjax.evaluation.analogy_files import read_questions
from w2vjax.evaluation.questions import Questions, RelationSet, SimilaritySet
from w2vjax.evaluation.relation_files import is_relations, read_relations
from w2vjax.evaluation.similarity_files import read_similarity

GOOGLE_SHA256 = wheel.SHA256[wheel.QUESTIONS]
GOOGLE = "google"
JUDGEMENTS = (".txt", ".csv", ".tsv", ".tab")
PUBLISHED = ("bats", "msr")
"""question sets that others than Google have published, by the names of their files or folders"""


def questions_of(name: str) -> Questions | RelationSet:
    """The questions of a file or folder, or of a set by its name.

    `google`; or what lies in `$W2VJAX_DATA/eval/analogies`, such as `bats` and `msr`. The files of
    SemEval-2012 are relations. Raises `InputError`, with the names that are known, for what is
    neither, and as `read_questions` and `read_relations`.
    """
    if Path(name).exists():
        return _read(Path(name))
    if name.lower() == GOOGLE:
        return google_questions()
    data = _data_folder()
    there = {path.stem.lower(): path for path in _entries(data / "analogies")} if data else {}
    if name.lower() in there:
        return _read(there[name.lower()])
    if name.lower() in PUBLISHED:
        raise InputError(
            f"the questions {name} are not here: give their file or folder, or put it into the "
            "folder eval/analogies of the folder that W2VJAX_DATA names"
        )
    if Path(name).name != name or Path(name).suffix:
        raise InputError(f"cannot read {name}: No such file or directory")
    raise unknown("questions", name, dict.fromkeys([GOOGLE, *PUBLISHED, *there]))


def similarity_of(name: str, column: str | None = None) -> tuple[SimilaritySet, ...]:
    """The judgements of a file, its scores in `column`, or of all files of a folder.

    Or of a set at hand (`similarity_sets`), by its name. Raises `InputError`, with the names that
    are known, for what is none of this.
    """
    path = Path(name)
    if path.is_dir():
        files = [file for file in _entries(path) if file.suffix.lower() in JUDGEMENTS]
        if not files:
            raise InputError(f"{path} has no judgements: files {', '.join(JUDGEMENTS)} are needed")
        return tuple(read_similarity(file, column=column) for file in files)
    if path.exists() or path.name != name or path.suffix:
        return (read_similarity(path, column=column),)
    known = {found.name: found for found in similarity_sets()}
    if name not in known:
        raise unknown("similarity set", name, known)
    return (known[name],)


def google_questions() -> Questions:
    """The 19,544 Google analogy questions (Mikolov et al. 2013a, section 4.1).

    Sought in `$W2VJAX_DATA/eval` and in the installed gensim; where gensim has no release for this
    Python, pip downloads it for the file (`wheel`). Raises `InputError` if they are in none of
    these places, or are not the published file.
    """
    for folder in (_data_folder(), _gensim_folder()):
        path = folder / wheel.QUESTIONS if folder else None
        if path and path.is_file():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            if digest != GOOGLE_SHA256:
                raise InputError(
                    f"{path} is not the published file: sha256 {digest}, expected {GOOGLE_SHA256}"
                )
            return read_questions(path)
    if sys.version_info >= wheel.TOO_NEW:
        return read_questions(wheel.fetch() / wheel.QUESTIONS)
    raise InputError(
        "questions-words.txt is not here: pip install 'w2vjax[demo]' brings it (with gensim), or "
        "put it into the folder eval of the folder that W2VJAX_DATA names"
    )


def similarity_sets() -> tuple[SimilaritySet, ...]:
    """The usual similarity sets that are at hand, by name.

    WordSim-353 (EN-WS-353-ALL) and SimLex-999 (EN-SIMLEX-999) from the installed gensim; these and
    all others from `$W2VJAX_DATA/eval/word-sim/*.txt`. Empty if neither is there.
    """
    sets: dict[str, SimilaritySet] = {}
    gensim, data = _gensim_folder(), _data_folder()
    if gensim:
        for file, name in (("wordsim353.tsv", "EN-WS-353-ALL"), ("simlex999.txt", "EN-SIMLEX-999")):
            if (gensim / file).is_file():
                sets[name] = read_similarity(gensim / file, name)
    if data:
        for path in (data / "word-sim").glob("*.txt"):
            sets[path.stem] = read_similarity(path)
    return tuple(sets[name] for name in sorted(sets))


def _read(path: Path) -> Questions | RelationSet:
    return read_relations(path) if is_relations(path) else read_questions(path)


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _data_folder() -> Path | None:
    folder = os.environ.get("W2VJAX_DATA")
    return Path(folder) / "eval" if folder else None


def _gensim_folder() -> Path | None:
    """Of the installed gensim, or of what was downloaded in its place."""
    # found, not imported: importing gensim takes a second
    spec = importlib.util.find_spec("gensim")
    if spec and spec.origin:
        return Path(spec.origin).parent / "test" / "test_data"
    return wheel.folder()
