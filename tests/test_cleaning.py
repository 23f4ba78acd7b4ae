"""Cleaning: what is left is words of a-z, wherever the stream was cut."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from w2vjax.text.cleaning import clean, clean_documents, clean_line, fold
from w2vjax.text.notes import Notes

TEXT = st.text(
    st.one_of(st.sampled_from(" \n\t.aZé½ß™e\u03010٣9"), st.characters(exclude_categories=["Cs"]))
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The 42nd  Café", "the four two nd cafe"),
        ("AT&T's naïve résumé", "at t s naive resume"),
        ("x² ½", "x two one two"),  # compatibility forms are decomposed
        ("Windows™", "windowstm"),
        ("Straße\u2013Øre", "stra e re"),  # no decomposition: a space, as for any other sign
        ("e\u0301", "e"),
        ("漢字", ""),
        ("", ""),
    ],
)
def test_known_lines(text, expected):
    assert clean_line(text.encode()).decode() == expected


@given(TEXT)
def test_only_words_of_letters_are_left_and_cleaning_again_changes_nothing(text):
    line = clean_line(text.encode())
    assert line == b" ".join(line.split())
    assert set(line.decode()) <= set("abcdefghijklmnopqrstuvwxyz ")
    assert clean_line(line) == line


@given(TEXT)
@example("a \nb")
@example("a \n b")
@example("a . \n . b")
def test_a_stream_is_its_lines_wherever_it_was_cut(text):
    data = text.encode()
    lines = [line for line in map(clean_line, data.split(b"\n")) if line]
    expected = b"".join(line + b"\n" for line in lines)
    pieces = re.findall(rb"[^ \n\t]*[ \n\t]|[^ \n\t]+$", data)
    assert b"".join(clean(pieces, "text", Notes())) == expected
    for cut in range(len(pieces)):
        assert (
            b"".join(clean([b"".join(pieces[:cut]), b"".join(pieces[cut:])], "text", Notes()))
            == expected
        )


def test_long_ascii_is_untouched_by_folding():
    text = "".join(map(chr, range(128)))
    assert fold(text) == text


def test_documents_under_twenty_words_are_left_out():
    nineteen, twenty = b"A " * 19, b"A " * 20
    assert list(clean_documents([nineteen, twenty])) == [b" ".join([b"a"] * 20) + b"\n"]
