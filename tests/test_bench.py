"""Benchmarks, small: what is measured, how, and what is made of it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from pages import QUICKLY
from problems import COUNTS
from test_cli import called

from w2vjax import clock
from w2vjax.bench import peers
from w2vjax.bench import settings as bench
from w2vjax.bench.layers import layers
from w2vjax.bench.ledger import Ledger
from w2vjax.bench.scaling import scaling, zipf_corpus
from w2vjax.bench.settings import Care, CeilingConfig, PeerConfig
from w2vjax.config.layers import LAYERS as OUTPUTS
from w2vjax.config.schema import RunConfig, TrainConfig
from w2vjax.errors import InputError
from w2vjax.records.file import Records
from w2vjax.records.metrics import MATMUL, SUBJECT
from w2vjax.report import bench_layers, bench_peers, bench_rows
from w2vjax.report import build as report
from w2vjax.report.bench_scaling import logarithmic, power_law
from w2vjax.report.cells import load
from w2vjax.study import compare
from w2vjax.text.encoding import EncodedCorpus
from w2vjax.text.vocab import Vocabulary

CARE = Care(repeats=2, seconds=0.0)
TRAIN = TrainConfig(dim=8, subsample=0.0, tokens_per_step=128, devices=2, sync_words=8 * 128)


def tiny_corpus() -> EncodedCorpus:
    ids = np.random.default_rng(0).integers(0, len(COUNTS), 2_000).astype(np.int32)
    words = tuple(f"w{number}" for number in range(len(COUNTS)))
    return EncodedCorpus(Vocabulary(words, COUNTS, 2_000), ids, np.array([0, 2_000]), "", "tiny")


def built(folder: Path) -> dict[str, bytes]:
    """What a report leaves in the folder: the same, whatever was there before."""
    files = report.build(folder)
    made = {path.name: path.read_bytes() for path in files}
    for path in files:
        path.write_bytes(b"")
    for name in ("full_softmax.csv", "time_to_accuracy.csv", "growth.png"):
        if name not in made:
            (folder / name).write_text("of an earlier benchmark")
    report.build(folder)
    left = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert left == made | {"records.jsonl": left["records.jsonl"]}
    return made


def test_programs_run_in_turn_and_slow_ones_drop_out() -> None:
    order: list[str] = []
    taken = {"quick": 1.0, "slow": 3.0}

    def measure(name: str) -> Callable[[], clock.Laps]:
        return lambda: order.append(name) or {"all": taken[name]}

    rounds: list[None] = []
    calls = {name: measure(name) for name in taken}
    laps = list(clock.interleaved(calls, 4, 2.5, lambda: rounds.append(None)))
    assert order == ["quick", "slow"] * 3 + ["quick"], "warm-up first; two rounds for all"
    assert [(lap.name, lap.repeat) for lap in laps] == [
        *(("quick", 0), ("slow", 0), ("quick", 1), ("slow", 1), ("quick", 2))
    ]
    assert len(rounds) == 4


def test_every_layer_is_measured_and_reported(undrawn: None, tmp_path: Path) -> None:
    base = RunConfig(train=replace(TRAIN, dim=64))
    configs = compare.cells(base, tuple(OUTPUTS), ("uniform",), 1, 1.0)
    ledger = Ledger(Records(tmp_path), bench.LAYERS)
    layers(tiny_corpus(), configs, CARE, CeilingConfig(64, 1), ledger)
    frame = bench_rows.last_session(load(tmp_path))
    rows = bench_layers.measured(frame).set_index("cell")
    assert len(rows) == len(OUTPUTS) and set(rows["num"]) == {2}
    for name in ("seconds", "words", "kept_words", "pairs", "flops", "bytes", "xla_flops"):
        assert (rows[name] > 0).all(), name
    np.testing.assert_allclose(rows["words"], rows["kept_words"], err_msg="none is thinned out")
    assert (rows["pairs"] > 4 * rows["kept_words"]).all(), "a window of 1 to 5 on each side"
    assert rows["device_memory"].min() > 0
    extra = rows["xla_flops"] / rows["flops"]
    even = ~rows.index.str.startswith("hierarchical")  # XLA counts one of their parcels
    assert extra[even].between(1, 1.6).all(), "XLA counts the products, and little more"
    assert bench_layers.rate(frame, MATMUL).num == 2
    made = built(tmp_path)
    text = made["table.md"].decode()
    for said in ("A B A B", "of vocabulary", "without compiling", "2 cpu device", "GFLOP/s, and"):
        assert said in text
    assert text.count("| NEG ") == 2 and "its matrix products alone" in text
    assert {"speed.png", "roofline.pdf", "ceilings.csv", "full_softmax.csv"} < set(made)


def test_points_of_the_scaling_benchmark() -> None:
    sweeps = {"vocabulary": (64, 256), "dim": (3,), "block_size": (16, 32)}
    points = bench.points(RunConfig(train=TRAIN), (), sweeps, 64, 128)
    assert [len(together) for together in points] == [3, 2, 3, 1, 1], "who has such a setting"
    assert [together[0].words for together in points] == [64, 256, 64, 64, 64]
    assert {point.config.train.dim for point in points[2]} == {3}
    usual = RunConfig(train=TRAIN).resolved()
    assert points[-1][0].config == replace(usual, train=replace(usual.train, block_size=32))


def test_nothing_but_what_is_varied_changes() -> None:
    """Not the words of a step either, which by default follow the dimensions."""
    points = bench.points(RunConfig(), (), {"dim": (25, 100, 800)}, 64, 128)
    for configs in zip(*([point.config for point in some] for some in points), strict=True):
        assert [config.train.dim for config in configs] == [25, 100, 800]
        assert len({replace(config, train=replace(config.train, dim=1)) for config in configs}) == 1
    assert len({config.train.tokens_per_step for config in (p.config for p in points[0])}) == 2


def test_scaling_is_fitted_and_reported(undrawn: None, tmp_path: Path) -> None:
    base = RunConfig(train=TRAIN)
    points = bench.points(base, ("hierarchical-softmax",), {"vocabulary": (64, 128, 256)}, 64, 128)
    points += bench.points(base, ("negative-sampling",), {"block_size": (16, 32)}, 64, 128)
    scaling(points, CARE, Ledger(Records(tmp_path), bench.SCALING))
    made = built(tmp_path)
    rows = pd.read_csv(tmp_path / "table.csv").set_index(["variable", "layer"])
    assert rows["points"].to_dict() == {
        ("vocabulary", "hierarchical-softmax"): 3,
        ("block_size", "negative-sampling"): 2,
    }
    text = made["table.md"].decode()
    assert "by default: hierarchical softmax (Huffman) 128, NEG 128; noise" in text
    assert "a block K: NEG 32. Seconds" in text
    assert "log V" in text and "the noise's rows" in text and "2 to 2 measurements" in text
    assert {"growth.png", "growth.pdf", "growth.csv"} < set(made)


def test_growth_finds_what_was_put_in() -> None:
    x = [10, 100, 1000, 10_000]
    power = power_law(x, [3 * value**0.7 for value in x])
    assert power.slope == pytest.approx(0.7) and power.low <= 0.7 <= power.high
    log = logarithmic(x, [5 + 2 * np.log2(value) for value in x])
    assert log.slope == pytest.approx(2) and log.r_squared == pytest.approx(1)
    noisy = power_law(x, [3.0, 2.0, 3.5, 2.5])
    assert noisy.low < 0 < noisy.high
    assert np.isnan(power_law([7], [1.0]).slope) and np.isnan(power_law([1, 2], [1, 2]).low)


def test_zipf_text_follows_its_law() -> None:
    corpus = zipf_corpus(1_000, length=200_000)
    assert (np.diff(corpus.vocabulary.counts) <= 0).all() and corpus.vocabulary.counts.min() > 0
    share = 1 / np.arange(1, 1_001) / (1 / np.arange(1, 1_001)).sum()
    found = np.bincount(corpus.ids, minlength=1_000)[:100]
    error = np.sqrt(200_000 * share[:100] * (1 - share[:100]))
    assert (np.abs(found - 200_000 * share[:100]) < 5 * error).all()


class Imagined:
    """Processes that only pretend, with speeds and accuracies that are known."""

    seconds: ClassVar = {"w2vjax": 1.0, "gensim": 6.0, "fasttext": 5.0}
    accuracy: ClassVar = {"w2vjax": 0.3, "gensim": 0.4, "fasttext": 0.2}

    def __init__(self) -> None:
        self.calls: list[tuple[str, float, int]] = []

    def __call__(self, task: peers.Task) -> dict:
        self.calls.append((task.program, task.epochs, task.seed))
        if task.program == "fasttext" and task.seed == 1:
            raise peers.Failed("RuntimeError: no luck")
        ours = task.program == "w2vjax"
        return {
            "seconds": self.seconds[task.program] * (task.epochs if ours else 1.0),
            "whole_seconds": 9.0,
            "start_seconds": 2.0 if ours else None,
            "compile_seconds": 1.0 if ours else None,
            "peak_memory": 1 << 30,
            "value": self.accuracy[task.program] + (0.05 * task.epochs if ours else 0.0),
            "covered": 10,
            "total": 20,
            "protocol": "as it should be",
        }


def test_peers_take_turns_until_ours_are_as_accurate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imagined = Imagined()
    monkeypatch.setattr(peers, "_run", imagined)
    monkeypatch.setattr(peers, "version", lambda program: "1.0")  # they need not be there
    ledger = Ledger(Records(tmp_path), bench.PEERS, device=False)
    settings = PeerConfig("planted", epochs=1, max_words=3_000)
    names = ["gensim", "fasttext"]
    failed = peers.peers(settings, names, 2, (0.5, 1.0, 2.0, 3.0), ledger)
    assert failed == ["fasttext, 1 epochs: RuntimeError: no luck"]
    turns = [(name, 1.0, seed) for seed in (0, 1) for name in ("w2vjax", *names)]
    rungs = [("w2vjax", epochs, seed) for epochs in (0.5, 2.0) for seed in (0, 1)]
    assert imagined.calls == turns + rungs, "three epochs need not be tried"
    rows = bench_peers.measured(bench_rows.last_session(load(tmp_path)))
    peer = rows[rows["program"] == "gensim"].iloc[0]
    assert peer["ratio"] == pytest.approx(6) and peer["num"] == 2
    text = built(tmp_path)["table.md"].decode()
    assert "no luck" in text and "as it should be" in text and "3,000 words" in text
    csv = pd.read_csv(tmp_path / "time_to_accuracy.csv").set_index("program")
    assert csv.loc["gensim", "our_epochs"] == 2 and csv.loc["fasttext", "our_epochs"] == 0.5
    assert csv.loc["gensim", "share"] == pytest.approx(2 / 6)


def test_peers_read_the_same_words(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("one two three\n\nfour five six\nseven eight\n" * 3)
    path = peers._plain_text(PeerConfig(str(text), max_words=12), tmp_path / "plain.txt")
    lines = [line.split() for line in path.read_text().splitlines() if line.strip()]
    assert lines == [
        *(["one", "two", "three"], ["four", "five", "six"], ["seven", "eight"]),
        *(["one", "two", "three"], ["four"]),
    ]
    whole = peers._plain_text(PeerConfig(str(text)), tmp_path / "plain.txt")
    assert whole.read_text().split() == text.read_text().split()
    assert peers._first_words(b"cut in the", 5) == (b"cut in the ", 2), "the line goes on"


def test_a_real_peer(tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("gensim")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bench, "find_spec", lambda name: name == "gensim" or None)
    for name, value in QUICKLY.items():
        monkeypatch.setenv(name, value)
    small = ("--corpus", "planted", "--max-words", "60000", "--dim", "10", "--epochs", "1")
    code, out, err = called(
        capsys, "bench", "peers", *small, "--repeats", "1", "--ladder", "--out", "b"
    )
    assert code == 0, err
    assert "fasttext is not installed" in err and "word2vec is not installed" in err
    rows = [line.split("|") for line in out.splitlines() if line.startswith(("| w2v", "| gen"))]
    assert len(rows) == 2 and all(float(row[3]) > 0 for row in rows)
    words = [json.loads(line) for line in (tmp_path / "b/records.jsonl").read_text().splitlines()]
    assert {row["words"] for row in words if row["metric"] == SUBJECT} == {60_000}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("peers", "--peers", "gensin"), "did you mean gensim"),
        (("peers", "--peers", "gensim", "gensim"), "different names"),
        (("peers", "--epochs", "0"), "epochs is 0"),
        (("peers", "--repeats", "0"), "repeats is 0"),
        (("peers", "--ladder", "-1"), "ladder is -1"),
        (("layers", "--repeats", "1"), "repeats is 1"),
        (("layers", "--outputs", "full"), "unknown output layer 'full'"),
        (("layers", "--matmul-size", "0"), "matmul_size is 0"),
        (("scaling", "--outputs", "nec"), "did you mean nce"),
        (("scaling", "--vocabulary", "1"), "vocabulary is 1"),
    ],
)
def test_wrong_input_is_one_line(arguments, message, capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = called(capsys, "bench", *arguments)
    assert code == 2 and message in err and len(err.splitlines()) == 1 and not out
    assert not list(tmp_path.iterdir()), "before anything is measured"


def test_no_peer_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="w2vjax\\[peers\\]"):
        bench.installed(bench.PROGRAMS)


def test_the_last_session_counts(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no measurement"):
        Ledger(Records(tmp_path), bench.LAYERS).describe("nothing")
        report.build(tmp_path)
    assert set(report.BENCHES) == {bench.LAYERS, bench.SCALING, bench.PEERS}
