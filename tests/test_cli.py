"""The commands, as a user types them."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from synthetic import CELLS, experiment

from w2vjax.commands import cli
from w2vjax.config.layers import LAYERS as OUTPUTS
from w2vjax.records import file as records
from w2vjax.text import planted
from w2vjax.vectors.embeddings import Embeddings

COMMAND = [sys.executable, "-m", "w2vjax"]
SMALL = ("--corpus", "planted", "--max-words", "60000", "--dim", "10", "--epochs", "1")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("W2VJAX_DATA", raising=False)
    return tmp_path


def call(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True)


def called(capsys: pytest.CaptureFixture, *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command in this process."""
    try:
        code = cli.main(arguments)
    except SystemExit as stop:
        code = stop.code
    return code, *capsys.readouterr()


@pytest.mark.parametrize(
    "command",
    [
        *("compare", "grid", "train", "eval", "report", "samplers", "replay"),
        *("data list", "data fetch", "data prepare"),
        *("bench layers", "bench scaling", "bench peers"),
    ],
)
def test_help_teaches(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    code, text, _ = called(capsys, *command.split(), "--help")
    assert code == 0
    assert f"$ w2vjax {command}" in text, "an example"
    options = re.findall(r"^│ (?:-\w, )?(--[\w-]+)(.*)", text, re.MULTILINE)
    entries = re.split(r"^│ (?=-)", text, flags=re.MULTILINE)[1:]
    assert len(entries) == len(options)
    for entry in entries:
        name, rest = entry.split(maxsplit=1)
        assert name == "-h," or "(default: " in rest or "(required)" in rest, entry


def test_the_command_line_does_not_start_jax(folder):
    records.Records(folder / "results").append(experiment(CELLS[:2], num_seeds=1))
    program = (
        "import sys; from w2vjax.commands.cli import main; code = main(['report', 'results']); "
        "assert 'jax' not in sys.modules; sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "| full softmax" in done.stdout and (folder / "results/table.tex").exists()


FILES = {
    "empty.txt": b"",
    "rare.txt": b"all words once\n",
    "latin.txt": b"na\xefve " * 20,
    "good.txt": b"one two three four " * 30,
    "vocab.txt": b"</s> 0\none 9\ntwo 7\nthree 7\n",
    "again.txt": b"one 9\none 7\n",
    "rising.txt": b"one 7\ntwo 9\n",
    "zero.txt": b"one 7\ntwo 0\n",
    "header.txt": b"three words\n",
    "field.toml": b"base.train.dimm = 5\n",
    "empty.toml": b"product.train.dim = []\n",
    "short.txt": b"9 3\na 1 2 3\n",
    "nan.txt": b"2 2\na 1 nan\nb 1 2\n",
    "twice.txt": b"2 2\na 1 2\na 1 2\n",
    "vectors.txt": b"2 2\na 1 2\nb 2 1\n",
    "three.txt": b": family\nhe she king\n",
    "pairs.txt": b"king queen close\n",
    "file": b"",
    "bad/records.jsonl": b"{}\n{}\n",
}
TRAIN = ("train", "--corpus", "good.txt", "--out", "out.bin")
CARD = ("samplers", "--vocabulary")
WRONG = [
    (("train", "--corpus", "no.txt", "--out", "out.bin"), "no.txt"),
    (("train", "--corpus", "empty.txt", "--out", "out.bin"), "empty.txt is empty"),
    (("train", "--corpus", "rare.txt", "--out", "out.bin"), "no word occurs 5 times"),
    (("train", "--corpus", "latin.txt", "--out", "out.bin"), "byte offset 2.*--errors replace"),
    (("train", "--corpus", "almanack", "--out", "out.bin"), "did you mean almanac"),
    (("train", "--corpus", "good.txt", "--out", "no/out.bin"), "no folder no"),
    (("train", "--corpus", "good.txt", "--out", "bad"), "not a file"),
    ((*TRAIN, "--save-vocab", "no/words"), "no folder no"),
    ((*TRAIN, "--sampler", "unigrm"), "did you mean unigram"),
    ((*TRAIN, "--sampler", "unigram^x"), "'x' is not a number"),
    ((*TRAIN, "--sampler", "unigram^11"), "power is 11"),
    ((*TRAIN, "--sampler", "uniform:alis"), "did you mean alias"),
    ((*TRAIN, "--output-layer", "full-softmaxx"), "did you mean full-softmax"),
    ((*TRAIN, "--window", "0"), "window is 0"),
    ((*TRAIN, "--dim", "0"), "dim is 0"),
    ((*TRAIN, "--negative", "0"), "num_noise is 0"),
    ((*TRAIN, "--subsample", "-1"), "subsample is -1"),
    ((*TRAIN, "--learning-rate", "-0.1"), "learning_rate is -0.1"),
    ((*TRAIN, "--learning-rate", "nan"), "learning_rate is nan: it must be finite"),
    ((*TRAIN, "--learning-rate", "inf"), "learning_rate is inf: it must be finite"),
    ((*TRAIN, "--epochs", "inf"), "epochs is inf: it must be between"),
    ((*TRAIN, "--sampler", "unigram^inf"), "power is inf"),
    ((*TRAIN, "--epochs", "0"), "epochs is 0"),
    ((*TRAIN, "--seed", "-1"), "seed is -1"),
    ((*TRAIN, "--devices", "1000"), "devices is 1000"),
    (("grid", "no.toml"), "cannot read no.toml"),
    (("grid", "field.toml"), "unknown field 'train.dimm': did you mean train.dim"),
    (("grid", "empty.toml"), "the grid is empty"),
    (("eval", "no.bin"), "cannot read no.bin"),
    (("eval", "header.txt"), "must start with 'words dimensions'"),
    (("eval", "short.txt"), "cut short"),
    (("eval", "nan.txt"), "not finite"),
    (("eval", "twice.txt"), "comes twice"),
    (("eval", "vectors.txt", "--questions", "three.txt"), "line 2: a question has 4 words, not 3"),
    (("eval", "vectors.txt", "--similarity", "pairs.txt"), "line 1"),
    (("eval", "vectors.txt", "--json", "no/out.json"), "no folder no"),
    (("report", "no"), "cannot read no/records.jsonl"),
    (("report", "bad"), "line 1: not a record"),
    (("compare", "--outputs", "softmax"), "did you mean"),
    (("compare", "--samplers", "log-unifrom"), "did you mean log-uniform"),
    (("compare", "--seeds", "0"), "seeds is 0"),
    (("compare", "--out", "file", "--outputs", "nce"), "file is no folder"),
    ((*CARD, "no.txt"), "cannot read no.txt"),
    ((*CARD, "empty.txt"), "empty.txt holds no words"),
    ((*CARD, "good.txt"), "good.txt line 1: the count .* is not a positive integer"),
    ((*CARD, "again.txt"), "again.txt line 2: 'one' comes twice"),
    ((*CARD, "rising.txt"), "rising.txt line 2: .* sort the words by falling count"),
    ((*CARD, "zero.txt"), "zero.txt line 2: the count '0'"),
    ((*CARD, "vocab.txt", "--samplers", "unigrm"), "did you mean unigram"),
    ((*CARD, "vocab.txt", "--samplers", "uniform", "uniform"), "name twice"),
    ((*CARD, "vocab.txt", "--samplers", "zipf:closed-form"), "no closed form"),
    ((*CARD, "vocab.txt", "--samplers", "unigram:table(0)"), "table_size is 0"),
    ((*CARD, "vocab.txt", "--samplers", "unigram:table(2)"), "3 words: 2 of them could never"),
    ((*CARD, "vocab.txt", "--table-size", "0"), "table_size is 0"),
    ((*CARD, "vocab.txt", "--num-draws", "0"), "num_draws is 0"),
    ((*CARD, "vocab.txt", "--repeats", "0"), "repeats is 0"),
    ((*CARD, "vocab.txt", "--out", "file"), "cannot write file"),
    (("samplers", "--corpus", "almanack"), "did you mean almanac"),
    (("data", "fetch", "text9"), "did you mean text8"),
    (("data", "prepare", "empty.txt"), "empty"),
    (("replay", "no.txt"), "cannot read no.txt"),
    (("replay", "empty.txt", "--out", "trace"), "empty.txt: it holds no words"),
    (("replay", "rare.txt"), "rare.txt: no word occurs 5 times"),
    (("replay", "good.txt", "--out", "no/trace"), "no folder no"),
    (("replay", "good.txt", "--window", "0"), "window is 0"),
    (("replay", "good.txt", "--table-size", "0"), "table_size is 0"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG, ids=lambda part: str(part)[-60:])
def test_wrong_input_is_told_in_one_line(arguments, message, folder, capsys, monkeypatch):
    monkeypatch.setattr("w2vjax.engine.devices.prepare", lambda *_: None)
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    code, output, error = called(capsys, *arguments)
    assert (code, output) == (2, "")
    assert re.fullmatch(rf"w2vjax: .*{message}.*\n", error), error
    left = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert left == set(FILES), "nothing half-written"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*TRAIN, "--windw", "3"), "--window"),
        ((*TRAIN, "--window", "x"), "--window"),
        ((*TRAIN, "--cleaning", "text9"), "text8"),
        (("train", "--corpus", "x"), "--out"),
        (("trian",), "train"),
        ((), "compare"),
    ],
)
def test_a_wrong_command_line_ends_with_2(arguments, message, capsys):
    code, output, error = called(capsys, *arguments)
    assert (code, output) == (2, "")
    assert message in error and "Traceback" not in error


def test_divergence_and_interruption_have_codes_of_their_own(capsys, monkeypatch):
    def fails(error: BaseException):
        def run(self):
            raise error

        monkeypatch.setattr(cli.Report, "run", run)
        return called(capsys, "report", "x")

    assert fails(FloatingPointError("at step 3")) == (1, "", "w2vjax: at step 3\n")
    assert fails(KeyboardInterrupt()) == (130, "", "")


def test_a_preset_says_what_it_sets_and_what_stays_different(folder):
    done = call("train", *SMALL, "--out", "v.npz", "--preset", "gensim", "--window", "2")
    assert done.returncode == 0, done.stderr
    for said in (
        "preset gensim: gensim 4",
        "train.learning_rate_floor = 0.004: min_alpha",
        "train.window = 5: window=5, but 2 was asked for",
        "stays different: ",
    ):
        assert said in done.stderr, said
    wrong = call("train", *SMALL, "--out", "v.npz", "--preset", "gensin")
    assert wrong.returncode == 2 and "did you mean gensim" in wrong.stderr


def test_train_then_eval(folder):
    (folder / "questions.txt").write_text(planted.questions())
    done = call("train", *SMALL, "--out", "v.bin", "--save-vocab", "words.tsv")
    assert done.returncode == 0, done.stderr
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


def test_compare_goes_on_where_it_was_interrupted(folder):
    few = ("--outputs", "negative-sampling", "nce", "--samplers", "uniform", "--seeds", "2")
    # Runs long enough to be interrupted.
    command = [*COMMAND, "compare", *SMALL, *few, "--epochs", "60", "--out", "results/few"]
    environment = os.environ | {"COLUMNS": "100", "JAX_NUM_CPU_DEVICES": "1"}
    # Where the tests run in the background, signals to interrupt are ignored, and so by children.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    first = subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    signal.signal(signal.SIGINT, before)
    with first:
        lines = []
        while not lines or (lines[-1] and not lines[-1].startswith("[1/4]")):
            lines.append(first.stderr.readline())
        first.send_signal(signal.SIGINT)
        output, rest = first.communicate()
    assert first.returncode == 130, "".join(lines) + rest
    assert "Traceback" not in rest and "the same command goes on" in rest and output == ""
    kept = records.finished("results/few")
    assert 1 <= len(kept) < 4
    second = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert second.returncode == 0, second.stderr
    assert f"{4 - len(kept)} of them to do" in second.stderr
    assert len(records.finished("results/few")) == 4
    assert "| NEG" in second.stdout and "| NCE" in second.stdout
    for name in ("table.md", "table.tex", "table.csv", "loss_curves.pdf", "loss_curves.png"):
        assert (folder / "results/few" / name).stat().st_size, name


def test_layers_of_the_command_line_are_those_of_the_registry():
    assert set(cli.Compare().outputs) == set(OUTPUTS)
