"""Configurations refuse what cannot be, before anything runs."""

import functools
import json
import math
from dataclasses import dataclass, field, fields, is_dataclass
from typing import get_args

import pytest

from w2vjax.config.defaults import LONG, STANDARD_DEFAULTS, WIDER
from w2vjax.config.json import from_json, to_json
from w2vjax.config.layers import layer_class, sampled_layers
from w2vjax.config.schema import (
    CorpusConfig,
    EvalConfig,
    OutputConfig,
    RunConfig,
    SamplerConfig,
    TrainConfig,
    digest,
    flatten,
)
from w2vjax.errors import InputError

KINDS = (CorpusConfig, SamplerConfig, OutputConfig, TrainConfig, EvalConfig)
NUMBERS = [
    (kind, item.name)
    for kind in KINDS
    for item in fields(kind)
    if {int, float} & {item.type, *get_args(item.type)}
]


@pytest.mark.parametrize("value", [-20, math.nan, math.inf])
@pytest.mark.parametrize(("kind", "name"), NUMBERS)
def test_every_number_has_bounds(kind, name, value):
    with pytest.raises(InputError, match=f"{name} is {value}: it must be "):
        kind(**{name: value})


def test_json_both_ways_keeps_a_run():
    config = RunConfig(
        corpus=CorpusConfig("planted", held_out_every=7),
        output=OutputConfig("nce", SamplerConfig("zipf", 1.0)),
        train=TrainConfig(epochs=0.5, learning_rate=0.1, seed=3),
        evaluation=EvalConfig(None, "3CosMul"),
    )
    assert from_json(RunConfig, to_json(config)) == config
    assert from_json(RunConfig, to_json(config)).run_id == config.run_id
    assert from_json(RunConfig, "{}") == RunConfig()


CHOICES = {
    "column": "body",
    "cleaning": "text8",
    "errors": "replace",
    "unknown": "UNK",
    "collision": "keep",
    "biases": "unigram",
    "architecture": "cbow",
    "predicts": "centre",
    "subsample_formula": "paper",
    "grouping": "pair",
    "priority": "accuracy",
    "compute_dtype": "bfloat16",
    "matmul_precision": "highest",
    "sigmoid_beyond": "skip",
    "cbow_gradient": "sum",
    "optimizer": "adagrad",
    "analogy_method": "3CosMul",
    "analogy_oov": "wrong",
    "case": "exact",
    "questions": "bats",
    "similarity": "pairs.txt",
}


def another(name, value):
    """A value of the same kind."""
    if isinstance(value, str):
        return CHOICES.get(name, value + "x")
    if isinstance(value, bool):
        return not value
    if isinstance(value, float):
        return value / 2 or 0.5
    return CHOICES.get(name, 77) if value is None else value + 1


def test_every_setting_makes_another_run():
    resolved = RunConfig().resolved()
    ids = {resolved.run_id}
    for path, value in flatten(resolved).items():
        data = json.loads(to_json(resolved))
        *parents, name = path.split(".")
        place = functools.reduce(dict.__getitem__, parents, data)
        place[name] = another(name, value)
        ids.add(from_json(RunConfig, json.dumps(data)).run_id)
    assert len(ids) == 1 + len(flatten(resolved))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[]", "RunConfig is .*: it must be a JSON object"),
        ('{"trian": {}}', "unknown field 'trian': did you mean train"),
        ('{"train": {"dims": 3}}', "'train.dims': did you mean train.dim"),
        ('{"train": 3}', "train is 3: it must be a JSON object"),
        ('{"train": {"dim": "3"}}', "train.dim is '3': it must be int"),
        ('{"train": {"dim": true}}', "train.dim is True: it must be int"),
        ('{"train": {"learning_rate": "fast"}}', "it must be float or null"),
        ('{"train": {"grouping": "blocks"}}', "train.grouping 'blocks': did you mean block"),
        ('{"train": {"epochs": Infinity}}', "epochs is inf"),
    ],
)
def test_wrong_json_is_told(text, message):
    with pytest.raises(InputError, match=message):
        from_json(RunConfig, text)


def test_configurations_are_data():
    assert all(is_dataclass(kind) and kind.__hash__ for kind in KINDS)
    assert all(not isinstance(value, dict | list) for value in flatten(RunConfig()).values())


def test_steps_of_long_vectors_take_fewer_words_and_whole_blocks():
    def words(layer="negative-sampling", **train):
        config = RunConfig(output=OutputConfig(layer), train=TrainConfig(**train))
        return config.resolved().train.tokens_per_step

    assert words() == words(dim=128) == 512
    assert words(dim=300) == 192
    assert words(dim=300, block_size=48) == 192
    assert words(dim=4_096) == 64
    assert words("hierarchical-softmax") == 256
    assert words("hierarchical-softmax", dim=300) == 192
    assert words("full-softmax", dim=300) == 512
    assert words(dim=300, tokens_per_step=512) == 512


def test_cbow_has_settings_of_its_own():
    def settings(**train):
        config = RunConfig(train=TrainConfig(**train)).resolved().train
        return config.noise_per_block, config.learning_rate

    rate = STANDARD_DEFAULTS.learning_rate
    assert settings() == (32, rate)
    assert settings(architecture="cbow") == (24, STANDARD_DEFAULTS.cbow_rate * rate)
    assert settings(architecture="cbow", cbow_gradient="sum") == (24, rate)
    assert settings(architecture="cbow", noise_per_block=8, learning_rate=0.1) == (8, 0.1)
    assert settings(dim=LONG) == (24, rate) and settings(dim=LONG - 1) == (32, rate)


@pytest.mark.parametrize(("priority", "times"), WIDER.items())
@pytest.mark.parametrize("layer", sampled_layers())
def test_a_priority_shares_more_noise_words_among_more_words(layer, priority, times):
    """A step reads as many rows, and every pair meets more of them."""

    def shared(**train):
        config = RunConfig(output=OutputConfig(layer), train=TrainConfig(**train))
        train = config.resolved().train
        return train.block_size, train.noise_per_block

    own = layer_class(layer).defaults.noise_per_block
    assert shared(priority=priority) == (64 * times, own * times)
    assert shared(priority=priority, block_size=32) == (32, own * times)
    assert shared(priority=priority, noise_per_block=7) == (64 * times, 7)


def test_a_later_setting_leaves_older_ids_as_they_were() -> None:
    @dataclass(frozen=True)
    class Older:
        size: int = 3

    @dataclass(frozen=True)
    class Newer(Older):
        shape: str = field(default="round", metadata={"later": True})

    assert digest(Newer()) == digest(Older())
    assert digest(Newer(shape="flat")) != digest(Older())
    assert digest(Newer(size=4)) == digest(Older(size=4)) != digest(Older())
