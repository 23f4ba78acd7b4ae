"""Encoding: the ids are the text's, the cache is sound, whatever happens leaves nothing behind."""

import json
import os
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2vjax.config.schema import CorpusConfig
from w2vjax.errors import InputError
from w2vjax.text import datasets, encoding, numbering
from w2vjax.text.encoding import encode
from w2vjax.text.tokens import WordIds

WORD = st.text(st.sampled_from("abé漢"), min_size=1, max_size=9)
LINES = st.lists(st.lists(WORD, max_size=8), min_size=1, max_size=20)


def write(folder, lines, name="a.txt"):
    path = folder / name
    path.write_text("\n".join(" ".join(line) for line in lines), encoding="utf-8")
    return path


def corpus(path, cache, **changes):
    return encode(CorpusConfig(source=str(path), **{"min_count": 1, **changes}), cache)


def decoded(found):
    """The documents' words, from the ids."""
    return [
        [found.vocabulary.words[number] for number in found.ids[start:stop]]
        for start, stop in zip(found.starts[:-1], found.starts[1:], strict=True)
    ]


def entries(cache):
    return list((cache / "encoded").iterdir()) if (cache / "encoded").exists() else []


@settings(max_examples=60, deadline=None)
@given(lines=LINES, min_count=st.integers(1, 3), max_vocab=st.none() | st.integers(1, 5))
def test_the_ids_are_the_texts_words(tmp_path_factory, lines, min_count, max_vocab):
    folder = tmp_path_factory.mktemp("text")
    counts = Counter(word for line in lines for word in line)
    order = sorted(counts, key=lambda word: (-counts[word], word))
    words = [word for word in order if counts[word] >= min_count][:max_vocab]
    path = write(folder, lines)
    if not words:
        with pytest.raises(InputError):
            corpus(path, folder / "cache", min_count=min_count, max_vocab=max_vocab)
        assert entries(folder / "cache") == []
        return
    found = corpus(path, folder / "cache", min_count=min_count, max_vocab=max_vocab)
    assert list(found.vocabulary.words) == words
    assert found.vocabulary.counts.tolist() == [counts[word] for word in words]
    assert found.vocabulary.num_words == counts.total()
    kept = [[word for word in line if word in words] for line in lines]
    assert decoded(found) == [line for line in kept if line]
    assert found.ids.dtype == np.int32
    assert found.starts.dtype == np.int64
    assert isinstance(found.ids, np.memmap)


@settings(max_examples=60, deadline=None)
@given(lines=LINES, min_count=st.integers(1, 3), max_vocab=st.none() | st.integers(1, 5))
def test_unknown_words_are_one_word_among_the_others(tmp_path_factory, lines, min_count, max_vocab):
    """As if the text had that word in their place; b is one of the text already."""
    folder = tmp_path_factory.mktemp("text")
    counts = Counter(word for line in lines for word in line)
    if not any(count >= min_count for count in counts.values()):
        return
    order = sorted(counts, key=lambda word: (-counts[word], word))
    known = [word for word in order if counts[word] >= min_count][:max_vocab]
    if len(known) < len(counts):
        known = [word for word in order if counts[word] >= min_count and word != "b"]
        known = known[: None if max_vocab is None else max_vocab - 1]
    marked = [[word if word in known else "b" for word in line] for line in lines]
    limits = {"min_count": min_count, "max_vocab": max_vocab}
    found = corpus(write(folder, lines), folder / "cache", unknown="b", **limits)
    same = corpus(write(folder, marked, "b.txt"), folder / "cache")
    assert decoded(found) == decoded(same)
    assert found.vocabulary.words == same.vocabulary.words
    assert found.vocabulary.counts.tolist() == same.vocabulary.counts.tolist()
    assert found.vocabulary.num_words == len(found.ids) == counts.total()
    assert max_vocab is None or len(found.vocabulary) <= max_vocab


def test_the_unknown_word_is_one_word(tmp_path):
    for name in ("", "two words", " UNK"):
        with pytest.raises(InputError, match="it must be one word"):
            CorpusConfig(unknown=name)
    path, cache = write(tmp_path, [["a", "a", "c"]]), tmp_path / "cache"
    for name in (None, "UNK", "OOV"):
        corpus(path, cache, min_count=2, unknown=name)
    assert len(entries(cache)) == 3
    whole = corpus(path, cache, max_words=2, unknown="UNK")
    assert whole.vocabulary.words == ("a",), "no word is left out"


@given(st.lists(st.binary(max_size=40).map(lambda word: word + b" "), max_size=60))
def test_word_ids_are_a_dictionarys(blocks):
    number, known = WordIds(), {}
    for block in blocks:
        ids, newlines = number(block)
        table = bytes(range(33))
        text = block.translate(bytes(32 if byte in table else byte for byte in range(256)))
        assert ids.tolist() == [known.setdefault(word, len(known)) for word in text.split()]
        before = block.split(b"\n")[:-1]
        text_before = [b"\n".join(before[: n + 1]) for n in range(len(before))]
        spaced = [text[: len(part)].split() for part in text_before]
        assert newlines.tolist() == [len(part) for part in spaced]


@pytest.mark.parametrize("start", [b"", b"12345678", b"123456789abcdef", b"x" * 16, b"x" * 30])
def test_word_ids_are_right_when_words_are_long_alike_or_share_a_slot(monkeypatch, start):
    monkeypatch.setattr("w2vjax.text.tokens.SLOTS", 2)
    words = [start + b"%d" % n for n in range(200)]
    generator = np.random.default_rng(0)
    number, known = WordIds(), {}
    for _ in range(5):
        some = [words[n] for n in generator.integers(len(words), size=2_000)]
        ids, _ = number(b" ".join(some))
        assert ids.tolist() == [known.setdefault(word, len(known)) for word in some]


def test_copying_in_pieces_changes_nothing(tmp_path, monkeypatch):
    lines = [["a", "b", "b", "c"], ["c"], ["a", "a", "d"], ["d", "b"]]
    whole = corpus(write(tmp_path, lines), tmp_path / "1", min_count=2)
    for size in (1, 2, 3, 4, 5):
        monkeypatch.setattr(numbering, "COPY", size)
        pieces = corpus(tmp_path / "a.txt", tmp_path / f"cache{size}", min_count=2)
        assert decoded(pieces) == decoded(whole) == lines


@pytest.mark.parametrize("limit", [1, 3, 4, 5, 9, 100])
def test_max_words_cuts_the_text(tmp_path, limit):
    lines = [["a", "b", "b"], ["c", "d"], ["a", "a", "d", "e"]]
    words = [word for line in lines for word in line][:limit]
    found = corpus(write(tmp_path, lines), tmp_path / "cache", max_words=limit)
    assert [word for line in decoded(found) for word in line] == words
    assert found.vocabulary.num_words == len(words)
    assert set(found.vocabulary.words) == set(words)


def test_text_that_is_one_line_is_one_document(tmp_path):
    found = corpus(write(tmp_path, [["a", "b"] * 1_000]), tmp_path / "cache")
    assert found.starts.tolist() == [0, 2_000]


def test_a_second_time_comes_from_the_cache_and_settings_have_their_own(tmp_path, monkeypatch):
    path, cache = write(tmp_path, [["a", "a", "b"]]), tmp_path / "cache"
    first = corpus(path, cache)
    assert len(entries(cache)) == 1
    monkeypatch.setattr(encoding, "_build", None)  # to build again would fail
    again = corpus(path, cache)
    assert decoded(again) == decoded(first)
    assert (again.sha256, again.name) == (first.sha256, first.name)
    assert again.vocabulary.num_words == 3
    monkeypatch.undo()
    assert len(corpus(path, cache, min_count=2).ids) == 2
    assert len(entries(cache)) == 2


def test_documents_held_out_are_encoded_with_the_others(tmp_path):
    path, cache = write(tmp_path, [["a", "b"], ["b"]]), tmp_path / "cache"
    for held_out_every in (None, 2, 50):
        assert decoded(corpus(path, cache, held_out_every=held_out_every)) == [["a", "b"], ["b"]]
    assert len(entries(cache)) == 1


def test_a_changed_file_is_read_again(tmp_path):
    path = write(tmp_path, [["a", "a"]])
    first = corpus(path, tmp_path / "cache")
    write(tmp_path, [["b", "b", "b"]])
    second = corpus(path, tmp_path / "cache")
    assert (first.vocabulary.words, second.vocabulary.words) == (("a",), ("b",))
    assert first.sha256 != second.sha256


@pytest.mark.parametrize("name", ["ids.npy", "starts.npy", "vocabulary.tsv", "about.json"])
@pytest.mark.parametrize("damage", ["cut", "changed", "gone"])
def test_a_damaged_entry_is_built_again(tmp_path, name, damage):
    path, cache = write(tmp_path, [["a", "b", "a"], ["b", "c"]]), tmp_path / "cache"
    expected = decoded(corpus(path, cache))
    (entry,) = entries(cache)
    data = (entry / name).read_bytes()
    if damage == "gone":
        (entry / name).unlink()
    elif damage == "cut":
        (entry / name).write_bytes(data[:-3])
    else:
        (entry / name).write_bytes(data[:-3] + b"!!" + data[-1:])
    assert decoded(corpus(path, cache)) == expected
    assert entries(cache) == [entry]
    assert json.loads((entry / "about.json").read_text())["num_words"] == 5


def test_an_entry_of_a_faster_process_is_kept(tmp_path, monkeypatch):
    path, cache = write(tmp_path, [["a", "b", "a"]]), tmp_path / "cache"
    build, theirs = encoding._build, []

    def slow(*arguments):
        made = build(*arguments)
        if not entries(cache)[0].name.startswith("."):
            return made
        monkeypatch.setattr(encoding, "_build", build)
        corpus(path, cache)  # the other process, meanwhile
        theirs.append(next(e for e in entries(cache) if not e.name.startswith(".")).stat().st_ino)
        return made

    monkeypatch.setattr(encoding, "_build", slow)
    assert decoded(corpus(path, cache)) == [["a", "b", "a"]]
    assert [entry.stat().st_ino for entry in entries(cache)] == theirs


def test_two_processes_at_once(tmp_path):
    path = write(tmp_path, [["a", "b", "c"] * 2_000] * 20)
    program = (
        "import sys; from w2vjax.config.schema import CorpusConfig; "
        "from w2vjax.text.encoding import encode; "
        "print(len(encode(CorpusConfig(source=sys.argv[1])).ids))"
    )
    environment = {**os.environ, "W2VJAX_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-c", program, str(path)]
    running = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    assert [process.communicate()[0].strip() for process in running] == ["120000", "120000"]
    assert len(entries(tmp_path / "cache")) == 1


@pytest.mark.parametrize(
    ("data", "changes", "message"),
    [
        (b"", {}, "is empty"),
        (b" \n\n \t ", {}, "is empty"),
        (b"a b c a", {"min_count": 3}, "no word occurs 3 times (most frequent: 2)"),
        (b"a b \xff", {}, "not UTF-8 at byte offset 4"),
    ],
)
def test_text_that_cannot_be_used_leaves_nothing(tmp_path, data, changes, message):
    (tmp_path / "a.txt").write_bytes(data)
    with pytest.raises(InputError) as error:
        corpus(tmp_path / "a.txt", tmp_path / "cache", **changes)
    assert message in str(error.value)
    assert entries(tmp_path / "cache") == []


def test_a_cache_that_is_no_folder_is_refused(tmp_path):
    path = write(tmp_path, [["a"]])
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(InputError, match="W2VJAX_CACHE"):
        corpus(path, tmp_path / "cache")


def test_a_full_disk_is_refused_and_leaves_nothing(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(numbering, "renumber", full)
    with pytest.raises(InputError, match="No space left on device"):
        corpus(write(tmp_path, [["a"]]), tmp_path / "cache")
    assert entries(tmp_path / "cache") == []


def test_a_named_set_is_read_to_its_end_for_its_checksum(tmp_path):
    planted = datasets.DATASETS["planted"]
    for limit in (1_000, None):
        found = corpus("planted", tmp_path, max_words=limit)
        assert found.sha256 == planted.checksum.removeprefix("sha256:")
        assert found.vocabulary.num_words == (limit or planted.tokens)


def test_memory_does_not_grow_with_the_text(tmp_path):
    path = tmp_path / "a.txt"
    program = (
        "import sys, tracemalloc; from w2vjax.text.encoding import encode; "
        "from w2vjax.config.schema import CorpusConfig; tracemalloc.start(); "
        "encode(CorpusConfig(source=sys.argv[1])); print(tracemalloc.get_traced_memory()[1])"
    )
    peaks = []
    for repeats in (300_000, 1_200_000):
        path.write_bytes(b"some words here and there " * repeats)  # one long line
        environment = {**os.environ, "W2VJAX_CACHE": str(tmp_path / "cache")}
        command = [sys.executable, "-c", program, str(path)]
        peaks.append(int(subprocess.check_output(command, env=environment, text=True)))
    # the longer text is 30 MB, its ids 24 MB, mapped from disk
    assert peaks[1] - peaks[0] < 1e6, peaks
