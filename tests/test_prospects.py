"""A text with nothing, or hardly anything, to learn from is told before training, and how."""

import math

import pytest

from w2vjax.commands.cli import main
from w2vjax.config.schema import CorpusConfig, OutputConfig, RunConfig, TrainConfig
from w2vjax.engine import prospects
from w2vjax.engine.history import LossPoint
from w2vjax.engine.train import train
from w2vjax.errors import InputError, InputWarning
from w2vjax.study import grid, plan
from w2vjax.study.run import _curve
from w2vjax.text.encoding import encode, encode_documents

SENTENCE = "the cat sat on the mat with a dog and a bird in the house by the river"


def config(corpus=None, **train_settings):
    settings = {"dim": 4, "subsample": 0.0, "devices": 1, "epochs": 1.0, **train_settings}
    return RunConfig(corpus or CorpusConfig(min_count=1), train=TrainConfig(**settings))


def corpus(documents, tmp_path, **settings):
    return encode_documents(documents, CorpusConfig(min_count=1, **settings), cache=tmp_path)


USELESS = {
    "one word a line": (["the", "cat", "sat"] * 60, {}, "no pair of words.*one line$"),
    "one kept word a line": (["a b", "a c", "a d"] * 9, {"max_vocab": 1}, "'a' is the only word"),
    "rare company": (["a x1", "b x2", "a x3", "b x4"], {"max_vocab": 2}, "no pair of words"),
    "one word": (["a a a a"] * 5, {}, "'a' is the only word of the vocabulary"),
}


@pytest.mark.parametrize("kind", USELESS)
def test_a_text_without_pairs_is_refused_before_anything_is_trained(tmp_path, monkeypatch, kind):
    documents, settings, told = USELESS[kind]
    found = corpus(documents, tmp_path, **settings)
    monkeypatch.setattr("w2vjax.engine.train.Run", None)  # would fail as training begins
    with pytest.raises(InputError, match=told):
        train(found, config(), show=False)
    run = config(CorpusConfig("documents", min_count=1))
    with pytest.raises(InputError, match=told):
        plan.check_possible([[run]], {run.corpus: found})


def test_documents_held_out_do_not_count(tmp_path):
    found = corpus(["a", "a b c"] * 9, tmp_path)
    run = config(CorpusConfig(held_out_every=2))
    with pytest.raises(InputError, match="no pair of words"):
        prospects.check(found, run)


def test_what_subsampling_leaves_is_told(tmp_path):
    found = corpus([" ".join([SENTENCE] * 50)], tmp_path)
    with pytest.warns(InputWarning, match=r"--subsample 0.0001 .* leaves \d\.\d% of its words"):
        prospects.warn(found, config(subsample=1e-4))
    prospects.warn(found, config())
    prospects.warn(found, config(subsample=1e-4, epochs=1_000.0))


def test_words_that_stand_alone_are_told(tmp_path):
    found = corpus(["a", "b", "c"] * 90 + ["a b c"], tmp_path)
    with pytest.warns(InputWarning, match=r"98\.9% of its words stand alone .* on one line"):
        prospects.warn(found, config())


def test_few_words_for_the_dimensions_are_told(tmp_path):
    found = corpus([SENTENCE] * 5, tmp_path)
    told = r"90 words are left to train on in 1 passes, few for vectors of 100 numbers"
    with pytest.warns(InputWarning, match=told):
        prospects.warn(found, config(dim=100))
    prospects.warn(found, config(dim=100, epochs=20.0))
    prospects.warn(found, config(dim=9))


@pytest.mark.filterwarnings("default::w2vjax.errors.InputWarning")
def test_the_loss_of_no_pairs_is_no_number(tmp_path, capsys):
    """Subsampling leaves words, but none beside another."""
    path = tmp_path / "a.txt"
    path.write_text("a b\n" * 200 + "c d\n" * 200)
    settings = ["--corpus", str(path), "--out", str(tmp_path / "v.txt"), "--epochs", "1"]
    assert main(["train", *settings, "--subsample", "1e-4", "--dim", "2"]) == 0
    printed = capsys.readouterr()
    assert "loss        none: no pair was trained" in printed.out
    assert "--subsample 0.0001 (train.subsample) leaves 2.0% of its words" in printed.err
    found = encode(CorpusConfig(str(path)), tmp_path / "cache")
    with pytest.warns(InputWarning):
        trained = train(found, config(subsample=1e-4), show=False)
    assert trained.pairs == 0 and trained.kept_words > 5 and trained.curve
    assert all(math.isnan(point.positive + point.noise) for point in trained.curve)
    points = [*trained.curve, LossPoint(trained.words, 1.0, 2.0)]
    recorded = _curve("run", points, trained.words)
    assert [row["value"] for row in recorded] == [3.0, 1.0, 2.0]


def test_a_grid_says_it_once(tmp_path, monkeypatch, recwarn):
    path = tmp_path / "a.txt"
    path.write_text((SENTENCE + "\n") * 5)
    monkeypatch.setattr(grid, "execute", lambda configs, *_: [(None, []) for _ in configs])
    own = CorpusConfig(str(path), min_count=1)
    runs = [config(own, seed=seed, dim=100) for seed in range(3)]
    with pytest.warns(InputWarning) as told:
        grid.plan.check_possible([runs], {own: encode(own, tmp_path / "cache")})
    assert len(told) == 1


UNCUT = {
    "chinese": "我们喜欢自然语言处理和词向量模型因为它们很有用",
    "japanese": "私たちは自然言語処理と単語ベクトルが好きです",
    "thai": "พวกเราชอบการประมวลผลภาษาธรรมชาติ",
}


@pytest.mark.parametrize("language", UNCUT)
def test_a_text_that_is_not_cut_into_words_is_told(tmp_path, language):
    with pytest.warns(InputWarning, match="not cut into words.*jieba"):
        corpus([UNCUT[language]] * 9, tmp_path)
    with pytest.raises(InputError, match=r"no word occurs 50 times .*not cut into words"):
        encode_documents([UNCUT[language]] * 9, CorpusConfig(min_count=50), cache=tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "我们 喜欢 自然 语言 处理 和 词 向量",
        "Donaudampfschifffahrtsgesellschaftskapitän Rindfleischetikettierungsgesetz",
        "우리는 자연어처리를 좋아합니다 그리고",
        "https://example.org/a/very/long/path-that-is-one-word and words",
    ],
)
def test_long_words_of_other_scripts_are_words(tmp_path, text):
    assert corpus([text] * 9, tmp_path).notes == ()


def test_a_cleaning_that_drops_the_text_is_told(tmp_path):
    chinese = "我们 喜欢 自然 语言 处理"
    told = "keeps a-z only. Read the text with --cleaning none"
    with pytest.raises(InputError, match=f"not one word.*{told}"):
        corpus([chinese] * 9, tmp_path, cleaning="text8")
    with pytest.warns(InputWarning, match=told):
        corpus([chinese + " GPU"] * 9, tmp_path, cleaning="text8")
    assert corpus(["“Plain” words — café"], tmp_path, cleaning="text8").notes == ()


def test_no_noise_is_fine_where_none_is_drawn(tmp_path, capsys):
    for layer in ("hierarchical-softmax", "balanced-softmax", "full-softmax"):
        assert OutputConfig(layer, num_noise=0).num_noise == 0
    for layer in ("negative-sampling", "nce", "sampled-softmax", "sppmi-svd"):
        with pytest.raises(InputError, match=f"num_noise is 0: {layer} needs noise"):
            OutputConfig(layer, num_noise=0)
    path = tmp_path / "a.txt"
    path.write_text((SENTENCE + "\n") * 50)
    settings = ["--corpus", str(path), "--out", str(tmp_path / "v.txt"), "--epochs", "1"]
    settings += ["--subsample", "0", "--dim", "4", "--negative", "0"]
    assert main(["train", *settings, "--output-layer", "hierarchical-softmax"]) == 0
    assert main(["train", *settings]) == 2
    assert "num_noise is 0: negative-sampling needs noise" in capsys.readouterr().err
