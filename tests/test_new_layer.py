"""A layer from the outside: one class and one line, and everything else knows it."""

from typing import ClassVar, Self

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import struct
from jaxtyping import Array, Float, Int
from problems import parameters, shared_of, step, window
from test_one_definition import by_hand

from w2vjax.commands import cli
from w2vjax.config.defaults import LayerDefaults
from w2vjax.config.layers import LAYERS
from w2vjax.config.schema import CorpusConfig, OutputConfig, RunConfig, SamplerConfig
from w2vjax.errors import InputError
from w2vjax.losses.elementwise import LOGISTIC, Logistic
from w2vjax.losses.layer import Labels
from w2vjax.losses.layers import build
from w2vjax.losses.sampled import SampledLayer, hits
from w2vjax.losses.textbook import negative_sampling
from w2vjax.pytrees import pytree
from w2vjax.records import file as records
from w2vjax.samplers import Sampler
from w2vjax.samplers import build as build_sampler
from w2vjax.study.costs import memory
from w2vjax.text.encoding import encode

NAME = "doubled-sampling"


@pytree
class Doubled(SampledLayer):
    """Negative sampling whose noise words count twice, and never where they are the target."""

    sampler: Sampler
    draws: int = struct.field(pytree_node=False)
    loss: ClassVar[Logistic] = LOGISTIC
    title: ClassVar[str] = "doubled noise"
    help: ClassVar[str] = "negative sampling, every noise word counted twice"
    probabilities: ClassVar[str] = "none"
    defaults: ClassVar[LayerDefaults] = LayerDefaults(
        learning_rate=0.0625, noise_per_block=8, epochs=1.0
    )

    @classmethod
    def build(cls, config, draws, counts, kept=None) -> Self:
        return cls(build_sampler(config.sampler, counts, kept), draws)

    @classmethod
    def table_bytes(cls, config: OutputConfig, num_words: int) -> float:
        return 3 * 2.0**20

    def shift(self, rows: Int[Array, "*n"]) -> Float[Array, "*n"]:
        return jnp.zeros(rows.shape)

    def labels(self, targets: Int[Array, " t"], shared: Int[Array, " k"]) -> Labels:
        once = jnp.ones((targets.shape[0], 1))
        return Labels(once, 0.0 * once, 0.0, 2.0 * (1.0 - hits(targets, shared)))

    def example(self, target_logits, shared_logits, target, shared) -> Float[Array, ""]:
        weights = jnp.where(shared == target, 0.0, 2.0)
        return negative_sampling(target_logits[0], shared_logits, weights)


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LAYERS, NAME, Doubled)


def test_its_textbook_is_what_the_engine_takes(registered):
    layer = build(OutputConfig(NAME, SamplerConfig("uniform")), 6, np.ones(20, np.int64))
    matrices, batch = parameters(20), window("skip-gram", "neighbours")
    shared = shared_of(layer, batch)
    _, slopes = by_hand(matrices, layer, batch, shared)
    found = step(matrices, layer, batch, shared)
    np.testing.assert_allclose(found.to_output, slopes.output, atol=1e-5, rtol=1e-4)
    np.testing.assert_allclose(found.to_input, slopes.input, atol=1e-5, rtol=1e-4)


def test_compare_knows_it(registered, undrawn, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    few = ("--corpus", "planted", "--max-words", "30000", "--dim", "8", "--seeds", "1")
    only = ("--outputs", NAME, "negative-sampling", "--samplers", "uniform")
    code = cli.main(["compare", *few, *only, "--out", str(tmp_path), "--held-out-every", "None"])
    output = capsys.readouterr()
    assert code == 0, output.err
    assert "| doubled noise" in output.out and "| NEG" in output.out
    assert f"{NAME} / uniform: 1 epoch," in output.err, "its own passes"
    (planned,) = [
        row
        for row in records.rows(tmp_path)
        if row["metric"] == "run/planned" and row["label"].startswith(NAME)
    ]
    assert planned["config.train.learning_rate"] == 0.0625
    assert planned["config.train.noise_per_block"] == 8
    assert planned["layer"] == Doubled.title and planned["layer.help"] == Doubled.help
    for made in ("table.md", "accuracy_against_speed.csv", "report.html"):
        assert "doubled noise" in (tmp_path / made).read_text(), made


def test_help_and_the_estimate_of_memory_know_it(registered, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    with pytest.raises(SystemExit):
        cli.main(["compare", "--help"])
    assert NAME in capsys.readouterr().out
    corpus = encode(CorpusConfig("planted", max_words=30_000), progress=False)
    needed = [
        memory(RunConfig(output=OutputConfig(layer, SamplerConfig("uniform"))), corpus, 1)
        for layer in (NAME, "negative-sampling")
    ]
    assert needed[0] - needed[1] == 2 * 3 * 2**20, "on the device, and on the host while made"


def without_title() -> type:
    return type("Untitled", (), {name: None for name in ("build", "help")})


class Flat(Doubled):
    def target_rows(self, targets: Int[Array, " m"]) -> Array:
        return targets


class Summed(Doubled):
    def example(self, target_logits, shared_logits, target, shared) -> Array:
        return shared_logits


class Transposed(Doubled):
    def labels(self, targets: Int[Array, " t"], shared: Int[Array, " k"]) -> Labels:
        return jax.tree.map(jnp.transpose, super().labels(targets, shared))


class Shrunk(Doubled):
    def shift(self, rows: Int[Array, "*n"]) -> Array:
        return jnp.zeros(rows.shape[:1])


class Unlabelled(Doubled):
    def labels(self, targets: Int[Array, " t"], shared: Int[Array, " k"]) -> Array:
        return targets


class Sideways(Doubled):
    def labels(self, targets: Int[Array, " t"], shared: Int[Array, " k"]) -> Labels:
        labels = super().labels(targets, shared)
        return labels._replace(shared_push=labels.shared_push.T)


class Unaware(Doubled):
    def example(self, target_logits, shared_logits) -> Array:
        return target_logits[0]


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (without_title(), f"{NAME}: Untitled has no title, draws_noise"),
        (Flat, r"Flat breaks the contract, target_rows gives int32 \(2,\)"),
        (Transposed, r"labels gives a pull of \(1, 2\) and not \(2, 1\)"),
        (Shrunk, r"shift gives \(2,\) and not \(2, 1\)"),
        (Unlabelled, "labels gives .* and not Labels"),
        (Sideways, r"labels gives a shared_push of \(2, 4\) and not \(4, 2\)"),
        (Unaware, "example fails .*positional argument"),
        (Summed, r"example gives \(4,\) and not a scalar"),
    ],
)
def test_a_layer_that_breaks_the_contract_is_named(broken, message, monkeypatch):
    if broken.__name__ != "Untitled":
        broken = pytree(broken)
    monkeypatch.setitem(LAYERS, NAME, broken)
    with pytest.raises(InputError, match=message):
        build(OutputConfig(NAME, SamplerConfig("uniform")), 4, np.ones(20, np.int64))
