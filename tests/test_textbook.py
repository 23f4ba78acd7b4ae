"""The textbook losses: examples, formulas in numpy, and what they have in common."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from references import FORMULAS, Setting

import w2vjax.losses
from w2vjax.losses import textbook
from w2vjax.losses.trees import balanced

V, TARGET = 16, 3
NOISE = np.array([3, 0, 7, 7, 15])
LOGITS = np.random.default_rng(0).normal(size=V) * 2
LAW = np.random.default_rng(1).dirichlet(np.ones(V))


def log_expected(rows: np.ndarray | int) -> jax.Array:
    return jnp.asarray(np.log(len(NOISE) * LAW[rows]), jnp.float32)


def found(name: str, collision: str) -> float:
    logits = jnp.asarray(LOGITS, jnp.float32)
    hits = jnp.asarray(NOISE == TARGET)
    weights = jnp.where(hits & (collision == "mask"), 0.0, 1.0)
    expected = log_expected(TARGET), log_expected(NOISE)
    losses = {
        "full-softmax": lambda: textbook.full_softmax(logits, jnp.array(TARGET)),
        "negative-sampling": lambda: textbook.negative_sampling(
            logits[TARGET], logits[NOISE], weights
        ),
        "nce": lambda: textbook.nce(logits[TARGET], logits[NOISE], *expected, weights),
        "sampled-softmax": lambda: textbook.sampled_softmax(
            logits[TARGET], logits[NOISE], *expected, hits if collision == "mask" else None
        ),
    }
    return float(losses[name]())


def test_the_package_offers_every_loss():
    assert w2vjax.losses.__all__ == sorted(w2vjax.losses._HOMES)
    for name, home in w2vjax.losses._HOMES.items():
        loss = getattr(w2vjax.losses, name)
        assert (loss.__name__, loss.__module__) == (name, f"w2vjax.losses.{home}")
        assert name in dir(w2vjax.losses)
    with pytest.raises(AttributeError, match="no attribute 'nse'"):
        w2vjax.losses.nse  # noqa: B018


@pytest.mark.parametrize("collision", ["keep", "mask"])
@pytest.mark.parametrize("name", ["full-softmax", "negative-sampling", "nce", "sampled-softmax"])
def test_losses_are_the_papers_formulas(name, collision):
    setting = Setting(np.ones(V), LAW, len(NOISE), collision)
    terms = FORMULAS[name](LOGITS, TARGET, NOISE, setting)
    assert found(name, collision) == pytest.approx(terms.positive + terms.noise, rel=1e-5)


def test_two_levels_are_a_softmax_over_the_products():
    """P(C|h) P(w|C, h) sums to one over all words, classes of different sizes included."""
    sizes = np.array([3, 1, 4])
    classes = jnp.asarray(LOGITS[:3], jnp.float32)
    words = jnp.where(np.arange(4) < sizes[:, None], LOGITS[3:15].reshape(3, 4), -jnp.inf)
    total = 0.0
    for of, size in enumerate(sizes):
        for word in range(size):
            loss = textbook.two_level_softmax(
                classes, jnp.array(of), words[of].astype(jnp.float32), jnp.array(word)
            )
            total += np.exp(-float(loss))
            chance = jax.nn.softmax(classes)[of] * jax.nn.softmax(words[of])[word]
            assert float(loss) == pytest.approx(-np.log(chance), rel=1e-5)
    assert total == pytest.approx(1, abs=1e-5)


def test_halving_again_and_again_is_the_balanced_tree():
    """Classes of two: each level is a softmax over the logits (s, 0), that is, one turn."""
    tree = jax.tree.map(np.asarray, balanced(np.arange(V, 0, -1)))
    for word in range(V):
        turns, nodes = tree.turns[word], tree.nodes[word]
        logits = jnp.asarray(LOGITS[nodes], jnp.float32)
        by_turns = textbook.hierarchical_softmax(logits, jnp.asarray(turns))
        halves = [
            textbook.two_level_softmax(
                class_logits=jnp.array([logits[n], 0.0]),
                target_class=jnp.array(int(turns[n] < 0)),
                word_logits=jnp.array([logits[n + 1], 0.0]),
                target=jnp.array(int(turns[n + 1] < 0)),
            )
            for n in range(0, len(turns), 2)
        ]
        assert float(by_turns) == pytest.approx(float(sum(halves)), rel=1e-5)
