"""Analogy questions in every format that they are published in, and what is told of the rest."""

import codecs
import gzip
from pathlib import Path

import numpy as np
import pytest

from w2vjax.errors import InputError, InputWarning
from w2vjax.evaluation.analogy import analogy, answered
from w2vjax.evaluation.analogy_files import read_questions
from w2vjax.evaluation.questions import GOOGLE_SECTIONS, Questions
from w2vjax.evaluation.similarity_files import read_similarity
from w2vjax.vectors.embeddings import Embeddings

FILES = {
    "google": {"q.txt": ": family\nking queen man woman\n: gram8-plural\ncat cats dog dogs\n"},
    "google of one's own": {"q.txt": ": plural (syntactic)\ncat cats dog dogs\n: x y\na b c d\n"},
    "msr": {"msr.txt": "good\tbetter\trough\trougher\r\ngood\tbest\trough\troughest\r\n"},
    "msr with kinds": {
        "EN-MSR.txt": "good better rough JJ_JJR rougher\ncat cats dog NN_NNS dogs\n"
    },
    "msr in two files": {
        "word_relationship.questions": "good better rough\ncat cats dog\n",
        "word_relationship.answers": "JJ_JJR rougher\nNN_NNS dogs\n",
    },
    "bats": {
        "1_Inflectional_morphology/I01 [noun - plural].txt": "cat\tcats\ndog\tdogs\r\n",
        "4_Lexicographic_semantics/L01 [hypernyms].txt": "ant\tinsect/animal/\nbee\tinsect/thing\n",
    },
    "bats, one file": {"E06 [animal - young].txt": "cat kitten\ndog puppy/pup\n"},
    "commas": {"q.csv": "king,queen,man,woman\ncat, cats, dog, dogs\n"},
    "folders by kind": {"semantic/a.txt": "a b\nc d\n", "b.txt": "e f g h\n"},
}
READ: dict[str, list[tuple[str, str, str]]] = {
    "google": [
        ("family", "semantic", "king queen man woman"),
        ("gram8-plural", "syntactic", "cat cats dog dogs"),
    ],
    "google of one's own": [
        ("plural", "syntactic", "cat cats dog dogs"),
        ("x y", "other", "a b c d"),
    ],
    "msr": [
        ("msr", "syntactic", "good better rough rougher"),
        ("msr", "syntactic", "good best rough roughest"),
    ],
    "msr with kinds": [
        ("JJ_JJR", "syntactic", "good better rough rougher"),
        ("NN_NNS", "syntactic", "cat cats dog dogs"),
    ],
    "bats": [
        ("I01 [noun - plural]", "inflectional", "cat cats dog dogs"),
        ("I01 [noun - plural]", "inflectional", "dog dogs cat cats"),
        ("L01 [hypernyms]", "lexicographic", "ant insect bee insect|thing"),
        ("L01 [hypernyms]", "lexicographic", "bee insect ant insect|animal"),
    ],
    "bats, one file": [
        ("E06 [animal - young]", "encyclopedic", "cat kitten dog puppy|pup"),
        ("E06 [animal - young]", "encyclopedic", "dog puppy cat kitten"),
    ],
    "commas": [("q", "other", "king queen man woman"), ("q", "other", "cat cats dog dogs")],
    "folders by kind": [
        ("b", "other", "e f g h"),
        ("a", "semantic", "a b c d"),
        ("a", "semantic", "c d a b"),
    ],
}
READ["msr in two files"] = READ["msr with kinds"]


def write(folder: Path, files: dict[str, str]) -> Path:
    """The files, and what is to be read: the folder, or its first file where it has no folders."""
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(text.encode())
    return folder if any("/" in name for name in files) else folder / next(iter(files))


def told(questions: Questions) -> list[tuple[str, str, str]]:
    """Section, category and words of each question, right answers apart by bars."""
    also = questions.also or [()] * len(questions.words)
    return [
        (
            questions.sections[at],
            questions.category_of(at),
            " ".join([*q[:3], "|".join([q[3], *m])]),
        )
        for at, q, m in zip(questions.section.tolist(), questions.words, also, strict=True)
    ]


@pytest.mark.parametrize("name", FILES)
def test_every_published_format_is_read(name: str, tmp_path: Path) -> None:
    assert told(read_questions(write(tmp_path, FILES[name]))) == READ[name]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "how", ["mark", "utf-16", "gzip", "carriage returns", "comments and blank lines"]
)
def test_however_it_was_saved(name: str, how: str, tmp_path: Path) -> None:
    path = write(tmp_path, FILES[name])
    for file in [file for file in tmp_path.rglob("*") if file.is_file()]:
        text = file.read_bytes().decode()
        match how:
            case "mark":
                file.write_bytes(codecs.BOM_UTF8 + text.encode())
            case "utf-16":
                file.write_bytes(text.encode("utf-16"))
            case "gzip":
                file.write_bytes(gzip.compress(text.encode()))
            case "carriage returns":
                file.write_bytes(text.replace("\r", "").replace("\n", "\r").encode())
            case _:
                file.write_text("# a note\n\n" + text.replace("\n", "\n \n"))
    assert told(read_questions(path)) == READ[name]


def test_a_google_set_in_another_language_keeps_its_categories(tmp_path: Path) -> None:
    lines = [f": {name}\na b c d" for name in GOOGLE_SECTIONS]
    read = read_questions(write(tmp_path, {"de.txt": "\n".join(lines)}))
    assert dict(zip(read.sections, read.categories, strict=True)) == GOOGLE_SECTIONS
    assert [*GOOGLE_SECTIONS.values()].count("syntactic") == 9


def test_what_a_section_is_called_says_nothing_else(tmp_path: Path) -> None:
    read = read_questions(write(tmp_path, {"q.txt": ": grammar\na b c d\n: gram1\ne f g h\n"}))
    assert read.categories == ("other", "other")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (": s\na b c d\na b c\n", "line 3: a question has 4 words, not 3"),
        (": s\na b c d\na b c d e\n", "line 3: a question has 4 words, not 5"),
        ("a b c d\n: s\n", "line 1: a ': section' line must precede"),
        (":\na b c d\n", "line 1: a section needs a name"),
        ("king\n", "line 1: a question has 4 words, not 1"),
        ("a b c\n", "line 1: a question has 4 words, not 3"),
        ("a b c d e\n", "line 1: a question is a b c KIND d"),
        ("a /\nb /\n", "line 1: a pair is a and its b"),
        ("a b\n", "has no questions"),
        ("", "has no questions"),
        (": s\n", "has no questions"),
    ],
)
def test_what_is_no_test_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_questions(write(tmp_path, {"q.txt": text}))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"PK\x03\x04rest", "is a zip archive: unpack it, and give the file or folder in it"),
        (b"<!DOCTYPE html><html><body>Not found</body></html>", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a pointer of git-lfs"),
        (b"\x89PNG\r\n\x1a\n\0\0", "is a picture"),
        (b"a b c k\xf6ln\n", "is not UTF-8 at byte offset 7: save it as UTF-8"),
    ],
)
@pytest.mark.parametrize("read", [read_questions, read_similarity])
def test_what_is_no_text_is_named(read, data: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "q.txt").write_bytes(data)
    with pytest.raises(InputError, match=message):
        read(tmp_path / "q.txt")


def test_a_line_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, {"q.txt": ": s\na b c d\nnew york b c d\ne f g h\n"})
    with pytest.warns(InputWarning, match="1 of 3 lines is left out: line 3: a question has 4"):
        assert len(read_questions(path).words) == 2


def test_an_empty_file_of_a_folder_is_told(tmp_path: Path) -> None:
    files = FILES["bats"] | {"2_Derivational/D01 [x].txt": "", "README.txt": "What this is.\n"}
    with pytest.warns(InputWarning, match=r"left out, without questions, 2 of 4 files: 2_Der.*D01"):
        assert told(read_questions(write(tmp_path, files))) == READ["bats"]
    (tmp_path / "nothing").mkdir()
    with pytest.raises(
        InputError, match="nothing has no questions: lines of four words, or of two"
    ):
        read_questions(tmp_path / "nothing")


def test_questions_and_answers_must_be_as_many(tmp_path: Path) -> None:
    path = write(tmp_path, FILES["msr in two files"] | {"word_relationship.answers": "JJ_JJR x\n"})
    with pytest.raises(InputError, match=r"2 questions, .* 1 answers"):
        read_questions(path)


ANGLES = {"a": 0, "b": 40, "c": 100, "near": 141, "far": 147, "other": 250}


def of_answers(d: str, *also: str) -> Questions:
    more = (also,) if also else ()
    return Questions("q", ("s",), np.zeros(1, np.int32), (("a", "b", "c", d),), ("other",), more)


@pytest.mark.parametrize(
    ("answers", "hit", "rank"),
    [
        (("near",), 1, 4),
        (("far",), 0, 5),
        (("far", "near"), 1, 4),
        (("nowhere", "near"), 1, 4),
        (("nowhere", "far"), 0, 5),
        (("nowhere", "neither"), -1, 0),
        (("b", "near"), 1, 3),  # b is no answer, as a word of the question, and the other is
        (("b", "c"), 0, 3),
    ],
)
def test_any_of_several_answers_is_right(answers, hit, rank) -> None:
    turned = np.radians([*ANGLES.values()])
    embeddings = Embeddings(tuple(ANGLES), np.stack([np.cos(turned), np.sin(turned)], axis=1))
    (found,) = answered(embeddings, of_answers(*answers), [None])
    assert (found.hits.tolist(), found.ranks.tolist()) == ([hit], [rank])


def test_an_answer_must_be_a_candidate() -> None:
    turned = np.radians([*ANGLES.values()])
    embeddings = Embeddings(tuple(ANGLES), np.stack([np.cos(turned), np.sin(turned)], axis=1))
    limits = [3, 4, 5]
    hits = [one.hits[0] for one in answered(embeddings, of_answers("far", "near"), limits)]
    assert hits == [-1, 1, 1]


def test_scores_are_of_the_categories_there_are(tmp_path: Path) -> None:
    embeddings = Embeddings(("x",), np.ones((1, 2)))
    scored = {}
    for name in ("google", "msr", "bats", "folders by kind"):
        folder = tmp_path / name
        folder.mkdir()
        found = analogy(embeddings, read_questions(write(folder, FILES[name]))).scores
        scored[name] = {s.metric.removeprefix("analogy/"): s.total for s in found}
    assert scored["google"] == {
        **{"total": 2, "semantic": 1, "syntactic": 1},
        **{"section/family": 1, "section/gram8-plural": 1},
    }
    assert scored["msr"] == {"total": 2, "syntactic": 2, "section/msr": 2}
    assert scored["folders by kind"] == {"total": 3, "semantic": 2, "section/b": 1, "section/a": 2}
    assert scored["bats"] == {
        **{"total": 4, "semantic": 2, "syntactic": 2},
        **{"category/inflectional": 2, "category/lexicographic": 2},
        **{"section/I01 [noun - plural]": 2, "section/L01 [hypernyms]": 2},
    }


def test_answers_are_part_of_what_questions_are() -> None:
    assert of_answers("far").digest != of_answers("far", "near").digest
