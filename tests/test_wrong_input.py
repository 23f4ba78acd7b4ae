"""Wrong input on the command line: one clear line, and nothing half-written."""

import re

import pytest
from typed import FILES, called

pytestmark = pytest.mark.usefixtures("folder")

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
    ((*TRAIN, "--save-vocab", "./out.bin"), "are both out.bin: name two files"),
    (("train", "--corpus", "good.txt", "--out", f"{'v' * 300}.bin"), "File name too long"),
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
    (("grid", "deep.json"), "deep.json is not JSON"),
    (("grid", "long.toml"), "long.toml is not TOML"),
    (("eval", "no.bin"), "cannot read no.bin"),
    (("eval", "header.txt"), "is text, not vectors"),
    (("eval", "short.txt", "--errors", "strict"), "is it cut short"),
    (("eval", "nan.txt", "--errors", "strict"), "with NaN or infinity"),
    (("eval", "twice.txt", "--errors", "strict"), "whose word came before"),
    (("eval", "vectors.txt", "--limit", "0"), "limit is 0"),
    ((*TRAIN[:-1], "out.model"), "cannot write out.model: .* not written as .model; take .bin"),
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
    ((*CARD, "huge.txt"), "huge.txt line 1: the count 9+ is too large"),
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


@pytest.mark.filterwarnings("ignore::w2vjax.errors.InputWarning")  # that the text is small
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
    left = {str(path.relative_to(folder)) for path in folder.rglob("*")}
    assert left == {*FILES, "bad"}, "nothing half-written, no empty folder"


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
