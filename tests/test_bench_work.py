"""Counts by hand against XLA's, and against a count of every score one by one."""

from dataclasses import replace
from typing import get_args, get_type_hints

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from problems import COUNTS

from w2vjax.bench.compiling import compiled, memory
from w2vjax.bench.work import shape_of, work
from w2vjax.config.schema import OutputConfig, RunConfig, TrainConfig
from w2vjax.config.settings import Settings
from w2vjax.engine.program import make_batch
from w2vjax.losses.layers import build
from w2vjax.losses.trees import huffman

ARCHITECTURES = get_args(get_type_hints(TrainConfig)["architecture"])
GROUPINGS = get_args(get_type_hints(TrainConfig)["grouping"])
T, W = 64, 2


def settings_of(layer: str, **settings) -> Settings:
    train = {"dim": 8, "window": W, "block_size": 32, "tile_size": 16, "tokens_per_step": T}
    made = RunConfig(output=OutputConfig(layer=layer), train=TrainConfig(**train | settings))
    return Settings.of(made)


@pytest.mark.parametrize("predicts", ["neighbours", "centre"])
@pytest.mark.parametrize("grouping", GROUPINGS)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_shapes_are_those_of_the_batch(architecture: str, grouping: str, predicts: str) -> None:
    settings = settings_of("full-softmax", architecture=architecture, grouping=grouping)
    train = replace(settings, predicts=predicts)
    words = jnp.zeros(T + 2 * W, jnp.int32)
    batch = make_batch(words, words, jnp.ones(T, jnp.int32), train, "matrix")
    tiles, targets, hidden = batch.weight.shape
    shape = shape_of(train, "matrix")
    assert shape == (tiles, targets, hidden, len(batch.inputs), len(batch.targets), batch.disjoint)


def test_a_step_counted_by_hand() -> None:
    train = settings_of("negative-sampling", noise_per_block=7, predicts="neighbours")
    layer = build(OutputConfig(), 7, COUNTS)
    made = work(train, layer, len(COUNTS), jnp.arange(3))
    # 4 tiles of 16 words and their 20 targets; 2 blocks of 32 words and 7 noise words
    assert made.flops == 6 * 8 * (4 * 16 * 20 + 2 * 32 * 7)
    assert made.bytes == 12 * 8 * (64 + 68 + 2 * 7)
    full = work(train, build(OutputConfig("full-softmax"), 0, COUNTS), len(COUNTS), jnp.arange(3))
    assert full.flops == 6 * 8 * (4 * 16 * 20 + 64 * len(COUNTS))
    assert full.bytes == 12 * 8 * (64 + 68) + 16 * 8 * len(COUNTS)


def test_a_path_counts_as_long_as_it_is() -> None:
    train = settings_of("hierarchical-softmax", predicts="centre", tile_size=16)
    layer = build(OutputConfig("hierarchical-softmax", shared_nodes=0), 0, COUNTS)
    lengths = huffman(COUNTS).lengths
    for words in ([0], [0, 1, len(COUNTS) - 1]):
        own = float(np.mean(lengths[np.array(words)]))
        found = work(train, layer, len(COUNTS) - 1, jnp.array(words))
        assert found.flops == pytest.approx(6 * 8 * 4 * 16 * own * (16 + 2 * W))


def test_xla_counts_a_product_and_a_loop_once() -> None:
    left, right = jnp.ones((32, 16)), jnp.ones((16, 64))

    def flops(function) -> float:
        return compiled(lambda: jax.jit(function).lower(left, right)).program.cost_analysis()[
            "flops"
        ]

    once = 2 * 32 * 16 * 64
    assert flops(lambda a, b: a @ b) == once

    def looped(a: jax.Array, b: jax.Array) -> jax.Array:
        return jax.lax.fori_loop(0, 10, lambda _, state: state + a @ b, jnp.zeros((32, 64)))

    assert once <= flops(looped) < 1.1 * once, "why segments are counted by their single steps"


def test_compiling_is_timed_and_memory_counted() -> None:
    made = compiled(lambda: jax.jit(lambda x: x + 1.0).lower(jnp.ones(1024)))
    assert made.seconds > 0 and made.cached_seconds is None
    assert memory(made.program) == 2 * 4096, "an argument and a result"
