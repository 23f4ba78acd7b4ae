"""What every preset changes."""

import pytest

from w2vjax.config import presets
from w2vjax.config.programs import PRESETS
from w2vjax.config.schema import CorpusConfig, OutputConfig, RunConfig, TrainConfig, flatten
from w2vjax.errors import InputError

UNUSUAL = RunConfig(
    corpus=CorpusConfig(source="planted", min_count=77, max_vocab=777),
    output=OutputConfig(layer="sampled-softmax", num_noise=77, collision="redraw"),
    train=TrainConfig(dim=77, window=77, epochs=7.0, seed=7, subsample=0.7, learning_rate=0.7),
)
"""A configuration that no preset agrees with."""

OWN = {
    "word2vec.c": {
        "output.sampler.table_size": 100_000_000,
        "output.collision": "mask",
        "train.predicts": "centre",
        "train.learning_rate": 0.025,
    },
    "gensim": {"output.sampler.mechanism": "cdf", "train.learning_rate_floor": 1e-4 / 0.025},
    "fasttext": {
        "output.sampler.power": 0.5,
        "output.sampler.table_size": 10_000_000,
        "output.collision": "redraw",
        "train.learning_rate": 0.05,
    },
    "tensorflow": {
        "output.layer": "nce",
        "output.sampler.distribution": "log-uniform",
        "output.num_noise": 64,
        "train.noise_per_block": 64,
        "train.dynamic_window": False,
        "output.biases": "zero",
        "output.sampler.unique": True,
        "corpus.unknown": "UNK",
        "train.learning_rate": 1 / 128,
    },
    "paper": {"train.subsample": 1e-5, "train.subsample_formula": "paper", "train.dim": 300},
}
"""What tells the programs apart."""


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_sets_its_fields_and_no_others(name: str) -> None:
    before, after = flatten(UNUSUAL), flatten(presets.apply(name, UNUSUAL))
    assert after == before | PRESETS[name].fields
    assert OWN[name].items() <= after.items()


@pytest.mark.parametrize("name", PRESETS)
def test_every_field_has_its_reason_and_nothing_pending_is_there_already(name: str) -> None:
    preset, known = PRESETS[name], flatten(RunConfig()).keys()
    assert all(why for _, why in preset.settings.values())
    assert preset.cbow.keys() <= preset.settings.keys() <= known
    assert not known & set(preset.pending)


def test_word2vec_c_learns_cbow_at_a_rate_of_its_own() -> None:
    cbow = RunConfig(train=TrainConfig(architecture="cbow"))
    assert presets.apply("word2vec.c", cbow).train.learning_rate == 0.05
    assert presets.apply("gensim", cbow).train.learning_rate == 0.025
    assert presets.apply("paper", cbow).train.architecture == "skip-gram"


def test_unknown_presets_are_refused() -> None:
    with pytest.raises(InputError, match="did you mean gensim"):
        presets.apply("gensin", RunConfig())


def test_trees_skip_what_word2vec_c_lets_saturate() -> None:
    tree = RunConfig(output=OutputConfig(layer="hierarchical-softmax"))
    assert presets.apply("word2vec.c", tree).output.sigmoid_beyond == "skip"
    assert presets.apply("word2vec.c", RunConfig()).output.sigmoid_beyond == "saturate"
    assert presets.apply("fasttext", tree).output.sigmoid_beyond == "saturate"


def test_what_a_user_chose_stays() -> None:
    mine = RunConfig(train=TrainConfig(window=9))
    made = presets.apply("paper", mine, unless=RunConfig())
    assert made.train.window == 9 and made.train.dim == 300
