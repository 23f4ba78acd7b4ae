"""What the commands do: train, eval, data, samplers, replay, compare."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pages import quickly
from typed import COMMAND, FILES, SMALL, call, called

from w2vjax.records import file as records
from w2vjax.text import planted
from w2vjax.vectors.embeddings import Embeddings

pytestmark = pytest.mark.usefixtures("folder")


def test_an_unknown_preset_is_told_with_the_nearest(folder, capsys):
    code, _, error = called(capsys, "train", *SMALL, "--out", "v.npz", "--preset", "gensin")
    assert code == 2 and "did you mean gensim" in error


def test_train_by_a_preset_then_eval(folder):
    (folder / "questions.txt").write_text(planted.questions())
    preset = ("--preset", "gensim", "--window", "2")
    done = call("train", *SMALL, *preset, "--out", "v.bin", "--save-vocab", "words.tsv")
    assert done.returncode == 0, done.stderr
    for said in (
        "preset gensim: gensim 4",
        "train.learning_rate_floor = 0.004: min_alpha",
        "train.window = 5: window=5, but 2 was asked for",
        "stays different: ",
    ):
        assert said in done.stderr, said
    for what in ("words ", "kept words ", "pairs ", " a second", "nats a pair", "s to compile"):
        assert what in done.stdout, what
    vectors = Embeddings.load("v.bin")
    words = [line.split("\t")[0] for line in Path("words.tsv").read_text().splitlines()]
    assert list(vectors.words) == words and vectors.vectors.shape[1] == 10
    scored = call("eval", "v.bin", "--questions", "questions.txt", "--json", "scores.json")
    assert scored.returncode == 0, scored.stderr
    assert re.search(r"analogy/total +\d+\.\d % +3,480 of 3,480 covered", scored.stdout)
    assert "3CosAdd, top 30,000 candidates, out-of-vocabulary skipped" in scored.stdout
    scores = json.loads(Path("scores.json").read_text())
    assert (scores["words"], scores["dimensions"]) == (len(words), 10)
    assert scores["scores"][0]["metric"] == "analogy/total"


def test_eval_takes_its_options(folder, capsys):
    generator = np.random.default_rng(0)
    words = ("he", "she", "king", "queen", "man")
    Embeddings(words, generator.normal(size=(5, 4)), generator.normal(size=(5, 4))).save("v.npz")
    Path("q.txt").write_text(": family\nhe she king queen\nhe she man woman\n")
    Path("s.txt").write_text("he she 3\nking queen 2\nman queen 1\n")
    files = ("v.npz", "--questions", "q.txt", "--similarity", "s.txt")
    code, text, _ = called(capsys, "eval", *files, "--candidates", "all", "--oov", "wrong")
    assert code == 0
    assert "3CosAdd, all candidates, out-of-vocabulary counted wrong" in text
    assert "similarity/s" in text and "3 of 3 covered" in text
    code, text, _ = called(capsys, "eval", *files, "--candidates", "3", "--method", "3CosMul")
    assert "3CosMul, top 3 candidates, out-of-vocabulary skipped" in text
    assert re.search(r"analogy/total +none % +0 of 2 covered", text)


def test_data_commands(folder, capsys):
    code, text, _ = called(capsys, "data", "list")
    assert code == 0 and "almanac" in text and "simplewiki-2018" in text
    assert called(capsys, "data", "fetch", "planted")[0] == 0
    Path("text.txt").write_text("one two two\nthree three three\n")
    arguments = ("text.txt", "--min-count", "2", "--save-vocab", "words.tsv")
    code, text, _ = called(capsys, "data", "prepare", *arguments)
    assert code == 0 and re.search(r"words +6 .*83.3%", text) and re.search("vocabulary +2", text)
    assert Path("words.tsv").read_text() == "three\t3\ntwo\t2\n"


def test_replay_writes_the_same_trace_into_a_file_and_to_the_screen(folder):
    (folder / "latin.txt").write_bytes(FILES["latin.txt"])
    arguments = ("replay", "latin.txt", "--negative", "2", "--epochs", "1", "--dim", "2")
    assert call(*arguments, "--out", "trace").returncode == 0
    done = subprocess.run([*COMMAND, *arguments], capture_output=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == Path("trace").read_bytes()
    assert done.stdout.startswith(
        b"word 0 0 </s>\nword 1 20 na\xefve\nrate 0.0500000007\nepoch 1\n"
    )
    assert len(done.stdout.splitlines()[-1].split()) == 4, "vector, id, two numbers"


def test_replay_stops_without_a_word_when_its_reader_does(folder):
    (folder / "long.txt").write_bytes(b"all words are here many times\n" * 1000)
    head = "--min-count 1 --epochs 1 | head -1; exit ${PIPESTATUS[0]}"
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m w2vjax replay long.txt {head}"], capture_output=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"word 0 1000 </s>\n", b"")


@pytest.mark.parametrize(
    "text", [("--vocabulary", "vocab.txt"), ("--corpus", "good.txt", "--min-count", "1")]
)
def test_samplers_of_a_vocabulary(text, folder, capsys, monkeypatch):
    monkeypatch.setattr("w2vjax.engine.devices.prepare", lambda *_: None)
    monkeypatch.setattr("w2vjax.study.draw_times.SIZES", (1_000,))
    for name in ("vocab.txt", "good.txt"):
        Path(name).write_bytes(FILES[name])
    few = ("--samplers", "uniform", "zipf:cdf", "--num-draws", "2000", "--repeats", "1")
    code, output, error = called(capsys, "samplers", *text, *few, "--max-vocab", "2")
    assert code == 0 and "Traceback" not in error, error
    assert f"# Noise samplers on {text[1]}" in output and "2 words of vocabulary" in output
    assert len(re.findall(r"^\| zipf\^1 +\| cdf ", output, re.MULTILINE)) == 3
    card = json.loads((folder / "results/card/card.json").read_text())
    assert [row["top_1"] for row in card["samplers"]] == pytest.approx([1 / 2, 2 / 3])
    assert (folder / "results/card/card.md").read_text() == output[:-1]


INTERRUPTED = """
import signal, sys
from w2vjax.commands import cli
from w2vjax.engine.replicas import Run
from w2vjax.study import grid

execute, arguments, begun = grid.execute, Run.arguments, []

def counted(*given):
    begun.append(given)
    return execute(*given)

def interrupted(*given):
    if len(begun) == 2:
        signal.raise_signal(signal.SIGINT)
    return arguments(*given)

# In the background signals to interrupt are ignored, and so by children.
signal.signal(signal.SIGINT, signal.default_int_handler)
grid.execute, Run.arguments = counted, interrupted
sys.exit(cli.main(sys.argv[1:]))
"""
"""The program, interrupted while it trains the second run: at a place of our own code, for Python
drops what a handler raises while other code of its own runs, when it collects garbage say."""


def test_compare_goes_on_where_it_was_interrupted(folder):
    few = ("--outputs", "negative-sampling", "--samplers", "uniform", "--seeds", "2")
    arguments = ("compare", *SMALL, *few, "--out", "results/few")
    environment = quickly() | {"COLUMNS": "100", "JAX_NUM_CPU_DEVICES": "1"}

    def run(*command: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [*command, *arguments], capture_output=True, text=True, env=environment
        )

    first = run(sys.executable, "-c", INTERRUPTED)
    assert (first.returncode, first.stdout) == (130, ""), first.stderr
    assert "Traceback" not in first.stderr and "the same command goes on" in first.stderr
    assert len(records.finished("results/few")) == 1
    second = run(*COMMAND)
    assert second.returncode == 0, second.stderr
    assert "1 of them to do" in second.stderr
    assert len(records.finished("results/few")) == 2
    assert "| NEG" in second.stdout
    for name in ("table.md", "table.tex", "table.csv", "loss_curves.pdf", "loss_curves.png"):
        assert (folder / "results/few" / name).stat().st_size, name
