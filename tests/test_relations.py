"""Degrees of relational similarity: SemEval-2012's files, and what vectors make of them."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from w2vjax.errors import InputError, InputWarning
from w2vjax.evaluation.found import questions_of
from w2vjax.evaluation.questions import Choice, Relation, RelationSet
from w2vjax.evaluation.relation_files import read_relations
from w2vjax.evaluation.relations import relational
from w2vjax.study.exam import _questions
from w2vjax.vectors.embeddings import Embeddings

FOLDER = {
    "Testing/Phase1Questions/Phase1Questions-2b.txt": (
        "Question 1: Consider the following word pairs. What relation best describes these?\n"
        "car:engine\nface:nose\n\nHand:Finger\nThe correct answer is: (2) part\n"
    ),
    "Testing/Phase2Answers/Phase2Answers-2b.txt": (
        "pair1\tpair2\tpair3\tpair4\tleast_illustrative\tmost_illustrative\trelation\n"
        + "a:b\tc:d\te:f\tg:h\ta:b\tc:d\tpart\n" * 2
        + "a:b\tc:d\te:f\tg:h\te:f\tc:d\tpart\n"
    ),
    "Gold/GoldRatings-2b.txt": '# a note\n50.0 "c:d"\n0.0 "g:h"\n-10.5 "e:f"\n-20 "a:b"\n',
    "Gold/GoldRatings-10a.txt": '5.0 "a:b"\n1 "c:d"\n0 "e:f"\n-1 "g:h"\n-2 "i:j"\n-3 "k:l"\n',
    "Testing/Phase1Questions/Phase1Questions-10a.txt": "x:y\n",
}
RATED = (("c", "d", 50.0), ("g", "h", 0.0), ("e", "f", -10.5), ("a", "b", -20.0))


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.replace("\n", "\r\n").encode("utf-8-sig"))
    return folder


def test_the_published_folder_is_read(tmp_path: Path) -> None:
    read = questions_of(str(write(tmp_path, FOLDER)))
    assert isinstance(read, RelationSet)
    assert [relation.name for relation in read.relations] == ["2b", "10a"]
    first = read.relations[0]
    assert first.prototypes == (("car", "engine"), ("face", "nose"), ("Hand", "Finger"))
    assert first.rated == RATED
    (choice,) = first.choices
    assert choice.pairs == (("a", "b"), ("c", "d"), ("e", "f"), ("g", "h"))
    assert (choice.most, choice.least) == ({("c", "d")}, {("a", "b")})


def test_one_file_has_its_prototypes_in_the_first_line(tmp_path: Path) -> None:
    lines = [f"{a}:{b} {score}" for a, b, score in RATED]
    write(tmp_path, {"test_2b.txt": "car:engine,face:nose\n" + "\n".join(lines)})
    read = questions_of(str(tmp_path / "test_2b.txt"))
    assert read.relations[0].prototypes == (("car", "engine"), ("face", "nose"))
    assert read.relations[0].rated == RATED
    others = {"test_2b_meta.txt": "a,b,c\n", "pl-test_2b.txt": "x:y\nc:d 1\na:b 2\n"}
    (again,) = questions_of(str(write(tmp_path, others))).relations
    assert again == read.relations[0]


def test_ratings_alone_are_told(tmp_path: Path) -> None:
    write(tmp_path, {"GoldRatings-10a.txt": FOLDER["Gold/GoldRatings-10a.txt"]})
    for path in (tmp_path, tmp_path / "GoldRatings-10a.txt"):
        with pytest.warns(
            InputWarning, match="no Phase1Questions for 1 of 1 relations: 10a; the 3"
        ):
            (relation,) = read_relations(path).relations
        assert relation.prototypes == (("a", "b"), ("c", "d"), ("e", "f"))
        assert [a for a, _, _ in relation.rated] == ["g", "i", "k"]


def test_what_is_wrong_is_told(tmp_path: Path) -> None:
    write(tmp_path, {"Phase1Questions-1a.txt": "a:b\n"})
    with pytest.raises(InputError, match="has no ratings: files GoldRatings"):
        read_relations(tmp_path)
    with pytest.raises(InputError, match="runs are asked analogies, and these are relations"):
        _questions(str(write(tmp_path, FOLDER)))
    files = FOLDER | {"Gold/GoldRatings-2b.txt": '1 "a:b"\n2 "c:d"\nnonsense\n'}
    with pytest.warns(
        InputWarning, match="1 of 3 lines is left out: line 3: it must hold a rating"
    ):
        read_relations(write(tmp_path, files))


PAIRS = [(f"a{place}", f"b{place}") for place in range(8)]


def of_degrees(seed: int = 0) -> tuple[Embeddings, np.ndarray]:
    """Vectors of pairs, the last of which has none, and the definition's degrees of the others."""
    draw = np.random.default_rng(seed)
    words = [word for pair in PAIRS[:-1] for word in pair]
    vectors = draw.normal(size=(len(words), 5))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    changes = unit[1::2] - unit[::2]
    changes /= np.linalg.norm(changes, axis=1, keepdims=True)
    embeddings = Embeddings(tuple(words), vectors.astype(np.float32))
    return embeddings, np.mean(changes[:2] @ changes[2:].T, axis=0)


def test_scores_are_the_definition() -> None:
    embeddings, degrees = of_degrees()
    ratings = [3.0, 1.0, 2.0, 5.0, 4.0, 9.0]
    rated = tuple((*pair, score) for pair, score in zip(PAIRS[2:], ratings, strict=True))
    best, worst = PAIRS[2:6][int(degrees[:4].argmax())], PAIRS[2:6][int(degrees[:4].argmin())]
    choices = (
        Choice(tuple(PAIRS[2:6]), frozenset([best]), frozenset([worst])),
        Choice(tuple(PAIRS[2:6]), frozenset([worst]), frozenset([worst, best])),
        Choice(tuple(PAIRS[4:]), frozenset(PAIRS), frozenset(PAIRS)),  # with one that has no vector
    )
    empty = Relation("none", (("no", "such"),), rated)
    relations = RelationSet("s", (Relation("r", tuple(PAIRS[:2]), rated, choices), empty))
    rho, share, each, none = relational(embeddings, relations)
    expected = stats.spearmanr(degrees, ratings[:-1]).statistic
    assert (rho.metric, rho.covered, rho.total) == ("relation/spearman", 5, 12)
    assert rho.value == each.value == pytest.approx(expected)
    assert (share.metric, share.value) == ("relation/maxdiff", 0.75)
    assert (share.covered, share.total) == (2, 3)
    assert (none.metric, none.value, none.covered) == ("relation/section/none", None, 0)


def test_no_relations_have_no_scores() -> None:
    assert relational(of_degrees()[0], RelationSet("", ())) == []
