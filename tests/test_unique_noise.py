"""Noise words of a block that are all different, reserved words, temperature: in the engine."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from noise import COUNTS, V

from w2vjax.config.layers import sampled_layers
from w2vjax.config.schema import OutputConfig
from w2vjax.errors import InputError
from w2vjax.losses.layers import build
from w2vjax.samplers import build as build_sampler
from w2vjax.samplers import catalogue, expected_tries, parse
from w2vjax.samplers.laws import law

K = 32
SAMPLERS = (
    "log-uniform+unique",
    "unigram^0.75+unique",
    "unigram^1+unique:cdf",
    "uniform+temperature(2)+unique:table(1e4)",
    "zipf^2+unique",
)


def layer_of(name: str, sampler: str, draws: int = K, counts: np.ndarray = COUNTS) -> Any:
    return build(OutputConfig(name, parse(sampler)), draws, counts)


def counts_of(layer: Any, num_words: int = V) -> np.ndarray:
    """Expected counts of all words, float64."""
    words = jnp.arange(num_words)
    return np.exp(np.asarray(layer.log_expected(words), np.float64))


@pytest.mark.parametrize("name", SAMPLERS)
def test_blocks_have_different_words_as_often_as_expected(name):
    """Frequencies of 4,000 blocks; what is expected is near, not exact: within 3 % besides."""
    layer = layer_of("sampled-softmax", name)
    blocks = 4_000
    ids = np.asarray(jax.jit(layer.shared_rows, static_argnums=1)(jax.random.key(0), (4, 1_000)))
    assert ids.shape == (4, 1_000, K) and ids.min() >= 0 and ids.max() < V
    assert (np.diff(np.sort(ids, axis=-1)) > 0).all(), "a word comes twice"
    often = np.bincount(ids.ravel(), minlength=V) / blocks
    wanted = counts_of(layer)
    error = np.sqrt(wanted * (1 - wanted) / blocks)
    apart = np.abs(often - wanted)
    assert (apart < 5 * error + 0.03 * wanted).all()
    assert np.mean(apart[:200] < 2 * error[:200] + 0.03 * wanted[:200]) > 0.9


@pytest.mark.parametrize("draws", [1, K, V - 1, V])
def test_expected_counts_add_up_to_the_words_drawn(draws):
    for name in ("log-uniform+unique", "unigram^1+unique", "uniform+unique"):
        found = counts_of(layer_of("sampled-softmax", name, draws))
        assert found.sum() == pytest.approx(draws, rel=2e-6)
        assert found.max() <= 1


def test_expected_tries_by_hand():
    """Of equal words: V (1 - (1 - 1/V)^T) = K."""
    law = np.full(10, 0.1)
    assert expected_tries(law, 4) == pytest.approx(np.log(0.6) / np.log(0.9), rel=1e-9)
    assert expected_tries(law, 1) == pytest.approx(1, rel=1e-9)
    steep = np.arange(1.0, 1001) ** -3
    steep /= steep.sum()
    tries = expected_tries(steep, 999)
    assert (1 - (1 - steep) ** tries).sum() == pytest.approx(999, rel=1e-9)


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("unigram^0.75+temperature(2)+uniform(0.1)+reserved(3)", catalogue.unigram),
        ("log-uniform+temperature(2)+uniform(0.1)+reserved(3)", catalogue.log_uniform),
        ("zipf^1+temperature(2)+uniform(0.1)+reserved(3)", catalogue.zipf),
    ],
)
def test_settings_mean_what_they_mean_in_the_library(name: str, same: Callable):
    given: Any = COUNTS if same is catalogue.unigram else V
    theirs = same(given, reserved=3, temperature=2.0, uniform_share=0.1)
    np.testing.assert_allclose(law(build_sampler(parse(name), COUNTS), V), law(theirs, V), 1e-6)


@pytest.mark.parametrize("mechanism", ["auto", "alias", "cdf", "table", "closed-form"])
def test_reserved_words_leave_the_law_of_the_others(mechanism):
    config = f"log-uniform+reserved(3):{mechanism}"
    found = law(build_sampler(parse(config), COUNTS), V)
    others = law(build_sampler(parse(f"log-uniform:{mechanism}"), COUNTS[3:]), V - 3)
    np.testing.assert_array_equal(found, np.append(np.zeros(3), others))


REFUSED = [
    ("nce", "log-uniform+reserved(2)", K, r"never draws 2 of the 2,000 words \(ids 0, 1\): nce"),
    ("sampled-softmax", "unigram^1+reserved(5)", K, r"ids 0, 1, 2, …\).*Set reserved to 0"),
    ("nce", "unigram^10", K, "add a share of uniform noise, or use negative-sampling"),
    ("sampled-softmax", "log-uniform+unique", V + 1, "2001 different noise words .* only 2000"),
    ("nce", "uniform+unique", V + 1, "lower noise_per_block, or let them repeat"),
]


@pytest.mark.parametrize(("name", "sampler", "draws", "message"), REFUSED)
def test_what_cannot_be_trained_is_refused(name, sampler, draws, message):
    with pytest.raises(InputError, match=message):
        layer_of(name, sampler, draws)


@pytest.mark.parametrize("layer", [name for name in sampled_layers() if name != "sampled-softmax"])
def test_different_words_are_not_drawn_again(layer):
    config = OutputConfig(layer, parse("log-uniform+unique"), collision="redraw")
    with pytest.raises(InputError, match="collision is redraw and the sampler log-uniform"):
        build(config, K, COUNTS)


def test_negative_sampling_may_leave_words_out_and_says_so():
    told = r"never draws 5 of the 2,000 words \(ids 0, 1, 2, …\): as noise .* never pushed away"
    with pytest.warns(UserWarning, match=told):
        layer = layer_of("negative-sampling", "unigram^0.75+reserved(5)+unique")
    ids = layer.shared_rows(jax.random.key(0), (100,))
    assert ids.min() == 5
    found = counts_of(layer)
    assert not found[:5].any() and found.sum() == pytest.approx(K, rel=2e-6)
    labels = layer.labels(jnp.arange(10), ids[0])
    assert np.isfinite(labels.push).all() and not labels.push[:5].any()
