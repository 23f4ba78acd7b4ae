"""Similarity judgements in every format they are published in, and what is told of the rest."""

import warnings
from pathlib import Path

import pytest

from w2vjax.errors import InputError, InputWarning
from w2vjax.evaluation.similarity_files import read_similarity

THREE = (("king", "queen", 9.0), ("man", "woman", 8.5), ("cat", "dog", 7.0))
PLAIN = {
    "blanks": "king queen 9\nman  woman 8.5\ncat dog 7\n",
    "tabs and comments": "# word word mean\nking\tqueen\t9\r\nman\twoman\t8.5\r\n\r\ncat\tdog\t7",
    "WordSim-353, commas": "Word 1,Word 2,Human (mean)\nking,queen,9\nman,woman,8.5\ncat,dog,7\n",
    "WordSim-353, tabs": "Word1\tWord2\tHuman (mean)\nking\tqueen\t9\nman\twoman\t8.5\ncat\tdog\t7",
    "semicolons": "w1;w2;score\nking;queen;9\nman;woman;8.5\ncat;dog;7\n",
    "bars": "king|queen|9\nman|woman|8.5\ncat|dog|7\n",
    "SimVerb-3500": "king\tqueen\tV\t9\tNONE\nman\twoman\tV\t8.5\tNONE\ncat\tdog\tV\t7\tANTONYMS\n",
    "quotes": '"king","queen","9"\nman,"woman",8.5\ncat,dog,7\n',
    "a part of speech before": "w1,w2,POS,SimLex\nking,queen,N,9\nman,woman,N,8.5\ncat,dog,N,7",
    "words apart": "POS,Word1,Word2,Score\nN,king,queen,9\nN,man,woman,8.5\nN,cat,dog,7\n",
}
SEVERAL = {
    "SimLex-999": (
        "word1\tword2\tPOS\tSimLex999\tconc(w1)\tconcQ\tSimAssoc333\tSD(SimLex)\n"
        "king\tqueen\tN\t9\t3.5\t2\t1\t0.4\nman\twoman\tN\t8.5\t2.7\t2\t1\t0.4\n"
        "cat\tdog\tN\t7\t3.1\t2\t0\t1.4\n",
        "SimLex999",
    ),
    "WordSim-353, judges": (
        "Word 1,Word 2,Human (mean),1,2,3\n"
        "king,queen,9,8,9,10\nman,woman,8.5,9,8,9\ncat,dog,7,7,7,7",
        "Human",
    ),
    "Rare Words": (
        "king\tqueen\t9\t8\t9\t10\nman\twoman\t8.5\t9\t8\t9\ncat\tdog\t7\t7\t7\t7\n",
        "column 3",
    ),
    "running number": (
        ",word1,word2,score\n0,king,queen,9\n1,man,woman,8.5\n2,cat,dog,7\n",
        "score",
    ),
    "running number, no titles": (
        "1\tking\tqueen\t9\n2\tman\twoman\t8.5\n3\tcat\tdog\t7",
        "column 4",
    ),
    "a flag before": ("king queen 1 9\nman woman 1 8.5\ncat dog 0 7\n", "column 4"),
}


@pytest.mark.parametrize("mark", ["", "\N{ZERO WIDTH NO-BREAK SPACE}"], ids=["plain", "marked"])
@pytest.mark.parametrize("name", PLAIN)
def test_every_published_format_is_read(name: str, mark: str, tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(mark + PLAIN[name], newline="")
    read = read_similarity(tmp_path / "s.csv")
    assert (read.name, read.pairs) == ("s", THREE)


@pytest.mark.parametrize("name", SEVERAL)
def test_of_several_columns_of_numbers_one_is_taken_and_named(name: str, tmp_path: Path) -> None:
    text, column = SEVERAL[name]
    (tmp_path / "s.txt").write_text(text)
    with pytest.warns(InputWarning, match=f"the scores are '{column}.*other columns") as told:
        assert read_similarity(tmp_path / "s.txt").pairs == THREE
    assert len(told) == 1


def test_parts_of_speech_are_no_words_though_they_stand_among_them(tmp_path: Path) -> None:
    lines = [
        f"{n}\tw{n}\t{'nv'[n % 2]}\tv{n}\tn\ta text\tmore\t{n % 7}.5\t{n % 9}" for n in range(60)
    ]
    (tmp_path / "ratings.txt").write_text("\n".join(lines))
    with pytest.warns(InputWarning, match="the scores are 'column 8'"):
        pairs = read_similarity(tmp_path / "ratings.txt").pairs
    assert pairs[:2] == (("w0", "v0", 0.5), ("w1", "v1", 1.5)) and len(pairs) == 60


def test_a_column_is_asked_for_by_its_title(tmp_path: Path) -> None:
    (tmp_path / "s.txt").write_text(SEVERAL["SimLex-999"][0])
    read = read_similarity(tmp_path / "s.txt", column="SD(SimLex)")
    assert [score for _, _, score in read.pairs] == [0.4, 0.4, 1.4]
    with pytest.raises(InputError, match=r"unknown column of .*SimLex998.*mean SimLex999.*SD"):
        read_similarity(tmp_path / "s.txt", column="SimLex998")


@pytest.mark.parametrize(
    ("text", "pairs", "message"),
    [
        ("a;b;9,5\nc;d;8\n", [9.5, 8], "1 score has a decimal comma"),
        (
            "sana1,sana2,arvo\na,b,1\nc,d,2\n",
            [1, 2],
            "first line is taken for titles: sana1, sana2",
        ),
        ("a b 1\nc d\ne f 2\n", [1, 2], "1 of 3 lines is left out: line 2: it must hold two words"),
        ("a,b,1\nc,d,\n,e,5\nf,g,2\nh,i,3\n", [1, 2, 3], "2 of 5 lines are left out: line 2"),
        ("a-n b-v 1\nc-n d-j 2\n", [1, 2], "part of speech, which is cut off: a-n"),
    ],
)
def test_what_is_made_of_a_file_is_told(text: str, pairs, message: str, tmp_path: Path) -> None:
    (tmp_path / "s.txt").write_text(text)
    with pytest.warns(InputWarning, match=message):
        read = read_similarity(tmp_path / "s.txt").pairs
    assert [score for _, _, score in read] == pairs
    assert all(len(word) == 1 for pair in read for word in pair[:2])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a b 1\na b\n", "line 2: it must hold two words and a number"),
        ("a b c\n", "line 1: it must hold two words and a number"),
        ("a b nan\n", "line 1: it must hold"),
        ("1 2 3\n", None),
        ("word1\tword2\tPOS\na\tb\tN\n", "its columns are word1, word2, POS"),
        ("word1,word2,score\n", "nothing below its line of titles"),
        ("# nothing\n", "has no judgements"),
        ("", "has no judgements"),
    ],
)
def test_what_is_no_test_is_refused(tmp_path: Path, text: str, message: str | None) -> None:
    (tmp_path / "s.txt").write_text(text)
    if message is None:  # words may be numbers
        assert read_similarity(tmp_path / "s.txt").pairs == (("1", "2", 3.0),)
        return
    with pytest.raises(InputError, match=message):
        read_similarity(tmp_path / "s.txt")


def test_quotes_keep_a_delimiter_within_a_word(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text('word1,word2,score\n"a, b","say ""c""",1\nd,e,2\n')
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_similarity(tmp_path / "s.csv").pairs[0] == ("a, b", 'say "c"', 1.0)
