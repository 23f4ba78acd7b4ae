"""Experiments as data: which cells they stand for, and what is refused."""

import json
from pathlib import Path

import pytest

from w2vjax.config.overrides import override
from w2vjax.config.schema import RunConfig, SamplerConfig, flatten
from w2vjax.errors import InputError
from w2vjax.study.experiment import Experiment, Part
from w2vjax.study.experiment_file import read_experiment, read_rates

TOML = """
name = "mine"
seeds = 2
[base]
corpus.source = "planted"
"train.dim" = 8
[product]
output.layer = ["nce", "negative-sampling"]
sampler = ["unigram^0.5", "log-uniform"]
[zip]
train.window = [2, 5]
output.num_noise = [3, 4]
[[parts]]
base.output.layer = "balanced-softmax"
[rates]
"nce / log-uniform" = 0.5
"""


def read(folder: Path, text: str, name: str = "file.toml") -> Experiment:
    path = folder / name
    path.write_text(text)
    return read_experiment(path)


def test_the_most_devices_are_known_without_its_cells():
    assert Experiment("e").most_devices() is None
    assert Experiment("e", base={"train.devices": 2}).most_devices() == 2
    parts = (Part(product={"train.devices": [1, 4]}), Part(zip={"train.devices": [None, 3]}))
    assert Experiment("e", base={"train.devices": 2}, parts=parts).most_devices() == 4


def test_a_file_is_products_and_zips_and_parts_and_seeds(tmp_path):
    configs = read(tmp_path, TOML).configs()
    cells = [
        (layer, sampler, window, noise)
        for layer in ("nce", "negative-sampling")
        for sampler in ("unigram^0.5", "log-uniform")
        for window, noise in ((2, 3), (5, 4))
    ] + [("balanced-softmax", SamplerConfig().name, 5, 5)]
    assert [
        (c.output.layer, c.output.sampler.name, c.train.window, c.output.num_noise) for c in configs
    ] == cells * 2
    assert [config.train.seed for config in configs] == [0] * 9 + [1] * 9
    assert {(c.corpus.source, c.train.dim) for c in configs} == {("planted", 8)}
    rates = {config.output.label: config.train.learning_rate for config in configs}
    assert {label for label, rate in rates.items() if rate} == {"nce / log-uniform"}
    assert rates["nce / log-uniform"] == 0.5


def test_toml_json_and_python_say_the_same(tmp_path):
    json_text = json.dumps(
        {"base": {"train.dim": 8, "corpus": {"source": "planted"}}, "seeds": [3, 5]}
        | {"product": {"sampler": ["uniform", "zipf^1"]}}
    )
    toml_text = (
        'base.train.dim = 8\nseeds = [3, 5]\n[base.corpus]\nsource = "planted"\n'
        '[product]\nsampler = ["uniform", "zipf^1"]\n'
    )
    python = Experiment(
        name="same",
        base={"train.dim": 8, "corpus.source": "planted"},
        product={"sampler": ("uniform", "zipf^1")},
        seeds=(3, 5),
    )
    one, two = read(tmp_path, json_text, "same.json"), read(tmp_path, toml_text, "same.toml")
    assert one.configs() == two.configs() == python.configs()
    assert one.name == two.name == "same", "the file's"
    assert [c.train.seed for c in one.configs()] == [3, 3, 5, 5]


@pytest.mark.parametrize("name", flatten(RunConfig()))
def test_every_field_can_be_an_axis(name):
    value = flatten(RunConfig())[name]
    experiment = Experiment("all", product={name: [value]})
    assert experiment.configs() == [RunConfig()]


def test_layers_without_noise_are_not_multiplied_by_samplers():
    layers, samplers = ("nce", "full-softmax"), ("uniform", "unigram^1", "log-uniform")
    crossed = Experiment("x", product={"output.layer": layers, "sampler": samplers}, seeds=2)
    labels = [config.output.label for config in crossed.configs()]
    assert labels == [*(f"nce / {name}" for name in samplers), "full-softmax"] * 2
    assert crossed.configs()[3].output.sampler == SamplerConfig()
    powers = Experiment("x", {"output.layer": "full-softmax"}, {"output.sampler.power": (0.5, 1.0)})
    assert len(powers.configs()) == 1


def test_tuned_rates_leave_rates_that_are_given():
    base = {"output.layer": "nce", "train.learning_rate": 0.01}
    rates = {"nce / unigram^0.75": 0.5}
    assert Experiment("x", base, rates=rates).configs()[0].train.learning_rate == 0.01
    del base["train.learning_rate"]
    assert Experiment("x", base, rates=rates).configs()[0].train.learning_rate == 0.5


def test_a_quick_trial_is_small_and_passes_every_part():
    experiment = Experiment(
        name="big",
        base={"corpus.source": "enwiki-2018", "train.dim": 300},
        product={"sampler": ("uniform", "zipf^1", "log-uniform"), "train.epochs": (7.0, 9.0)},
        parts=(Part({"output.layer": "nce", "corpus.max_words": 10**9}, zip={"train.dim": [7]}),),
        seeds=(4, 5),
    )
    configs = experiment.quick().configs()
    assert [config.output.label for config in configs] == [
        *("negative-sampling / uniform", "negative-sampling / zipf^1", "nce / unigram^0.75"),
    ]
    assert {(c.corpus.source, c.train.dim, c.train.epochs, c.train.seed) for c in configs} == {
        ("planted", 8, 1.0, 4)
    }
    assert {config.corpus.max_words for config in configs} == {40_000}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("base.train.dimm = 5", "unknown field 'train.dimm': did you mean train.dim"),
        ("base.output.sampler.pwer = 5", "did you mean output.sampler.power"),
        ("product.sampler = ['unigrm^1']", "did you mean unigram"),
        ("base.sampler = 3", "sampler is 3: it must be a name"),
        ("base.train.dim = 'large'", "train.dim is 'large': it must be int"),
        ("base.train.dim = 0", "dim is 0"),
        ("base.train.architecture = 'cbwo'", "did you mean cbow"),
        ("product.train.dim = 5", "product.train.dim is 5: an axis must be a list"),
        ("product.train.dim = []", "the grid is empty: the axis train.dim"),
        ("seeds = []", "the grid is empty: seeds"),
        ("seeds = 0", "seeds is 0"),
        ("seeds = 'many'", "seeds is 'many': it must be a number"),
        ("seeds = [1, true]", "seeds is .* list of seeds"),
        ("seeds = 2\nbase.train.seed = 1", "seeds and train.seed"),
        ("product.train.dim = [5, 6, 5]", "axis train.dim has 5 twice"),
        ("product.train.dim = [5]\nzip.train.dim = [6]", "product and of zip"),
        ("product.train.dim = [5]\nbase.train.dim = 6\n", None),
        ("[[parts]]\nproduct.train.dim = [5]\nbase.train.dim = 6\n", "fixed value beside it"),
        ("zip.train.dim = [5]\nzip.train.window = [6, 7]", "train.dim has 1, train.window has 2"),
        ("prduct.train.dim = [5]", "unknown entry 'prduct': did you mean product"),
        ("[[parts]]\nseeds = 5", "unknown entry 'seeds'"),
        ("parts = 5", "parts is 5"),
        ("parts = [5]", "each of parts is 5"),
        ("product = 5", "product is 5: it must be a table"),
        ("name = 5", "name is 5"),
        ("name = '../up'", "experiment name '../up'"),
        ("rates.nce = 'fast'", "learning rate of 'nce' is 'fast'"),
        ("a = = b", "file.toml is not TOML: .*line 1"),
    ],
)
def test_impossible_files_are_refused_by_name(text, message, tmp_path):
    if message is None:  # an axis of the head overrides what all parts share
        assert [config.train.dim for config in read(tmp_path, text).configs()] == [5]
        return
    with pytest.raises(InputError, match=message):
        read(tmp_path, text).configs()


def test_files_that_are_no_experiments(tmp_path):
    with pytest.raises(InputError, match=r"file.json is not JSON.*line 1"):
        read(tmp_path, "{", "file.json")
    with pytest.raises(InputError, match=r"the file is \[\]"):
        read(tmp_path, "[]", "file.json")
    with pytest.raises(InputError, match="cannot read"):
        read_experiment(tmp_path / "absent.toml")


def test_rates_are_read_from_a_file(tmp_path):
    path = tmp_path / "rates.json"
    path.write_text('{"nce / uniform": 1}')
    assert read_rates(path) == {"nce / uniform": 1.0}
    for text, message in (("{", "not JSON"), ("[]", "a table"), ('{"a": "b"}', "a number")):
        path.write_text(text)
        with pytest.raises(InputError, match=message):
            read_rates(path)


def test_overriding_changes_what_is_named_alone():
    config = override(RunConfig(), {"output.sampler.power": 1, "train.learning_rate": None})
    expected = flatten(RunConfig()) | {"output.sampler.power": 1.0}
    assert flatten(config) == expected
