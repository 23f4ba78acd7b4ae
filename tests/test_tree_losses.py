"""Hierarchical softmax of a batch: the textbook's, its probabilities, and predictions by search."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from batches import B, D, V, assert_same, float32, normal, options, some_labels

from w2vjax.errors import InputError
from w2vjax.losses import (
    hierarchical_softmax,
    hierarchical_softmax_loss,
    tree_log_probs,
    tree_losses,
    tree_predict,
)
from w2vjax.losses.trees import TREES, huffman

COUNTS = np.array([1, 1, 30, 2, 500, 1, 90, 4, 4, 0, 7, 2, 1])
"""not sorted, and far from even: paths of 2 to 9 turns"""
GRID = options(tree=tuple(TREES), labels=("one", "several", "padded"), biases=(False, True))


def parameters(*, biases: bool = True) -> dict:
    of_nodes = normal(V - 1, seed=2) if biases else None
    matrices = {"weights": normal(V - 1, D, seed=0), "inputs": normal(B, D, seed=1)}
    return matrices | {"biases": of_nodes}


@pytest.mark.parametrize("option", GRID, ids=str)
def test_it_is_the_textbook(option):
    tree = TREES[option["tree"]](COUNTS)
    labels, mask = some_labels(option["labels"])
    columns = labels.reshape(B, -1)
    there = np.ones(columns.shape) if mask is None else mask
    shares = there / np.maximum(there.sum(axis=1, keepdims=True), 1)
    nodes, turns = np.asarray(tree.nodes)[columns], np.asarray(tree.turns)[columns]

    def logits_of(xp, weights, inputs, biases):
        logits = xp.einsum("btld,bd->btl", weights[nodes], inputs)
        return logits if biases is None else logits + biases[nodes]

    def wanted(parameters):
        logits = logits_of(jnp, **parameters)
        losses = jax.vmap(jax.vmap(hierarchical_softmax))(logits, jnp.asarray(turns))
        return jnp.sum(losses * jnp.asarray(shares, jnp.float32), axis=1)

    def formula(parameters):
        signed = turns * logits_of(np, **parameters)
        return np.sum(np.sum(np.logaddexp(0, -signed) * (turns != 0), axis=2) * shares, axis=1)

    masked = None if mask is None else jnp.asarray(mask)
    loss = lambda parameters: hierarchical_softmax_loss(  # noqa: E731
        **parameters, labels=jnp.asarray(labels), tree=tree, label_mask=masked
    )
    assert_same(loss, wanted, formula, parameters(biases=option["biases"]))


def test_losses_of_short_floats_are_those_of_the_same_numbers_in_float32():
    tree, labels = huffman(COUNTS), jnp.asarray(some_labels("one")[0])
    short = jax.tree.map(lambda array: jnp.asarray(array, jnp.bfloat16), parameters())
    long = jax.tree.map(lambda array: array.astype(jnp.float32), short)

    def summed(parameters):
        losses = hierarchical_softmax_loss(**parameters, labels=labels, tree=tree)
        return jnp.sum(losses), losses

    slopes = jax.jit(jax.grad(summed, has_aux=True))
    (found, losses), (right, of_long) = (slopes(numbers) for numbers in (short, long))
    assert losses.dtype == jnp.float32
    np.testing.assert_allclose(losses, of_long, rtol=1e-6)
    for name, gradient in found.items():
        assert gradient.dtype == jnp.bfloat16
        np.testing.assert_allclose(gradient.astype(jnp.float32), right[name], rtol=0.03, atol=0.01)


@pytest.mark.parametrize("kind", TREES)
def test_probabilities_sum_to_one_and_are_the_loss(kind):
    tree, given = TREES[kind](COUNTS), float32(parameters())
    found = jax.jit(tree_log_probs)(**given, tree=tree)
    np.testing.assert_allclose(np.exp(found).sum(axis=1), 1, rtol=1e-5)
    loss = lambda word: hierarchical_softmax_loss(  # noqa: E731
        **given, labels=jnp.full(B, word), tree=tree
    )
    of_all = jax.jit(jax.vmap(loss))(jnp.arange(V))
    np.testing.assert_allclose(-found.T, of_all, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", TREES)
@pytest.mark.parametrize("at_a_time", [1, 3, 16])
@pytest.mark.parametrize("scale", [0.0, 0.3, 4.0])
def test_the_search_finds_the_most_probable_of_all_words(kind, at_a_time, scale, monkeypatch):
    """From trees that know nothing, where all words are looked into and equal, to sure ones."""
    monkeypatch.setattr(tree_losses, "NODES_AT_A_TIME", at_a_time)
    num_words = 61
    counts = (1.35 ** np.arange(num_words)).astype(int) if kind == "huffman" else np.ones(num_words)
    tree = TREES[kind](counts)
    given = {
        "weights": jnp.asarray(scale * normal(num_words - 1, D, seed=0), jnp.float32),
        "inputs": jnp.asarray(normal(B, D, seed=1), jnp.float32),
        "biases": jnp.asarray(scale * normal(num_words - 1, seed=2), jnp.float32),
    }
    values = np.asarray(jax.jit(tree_log_probs)(**given, tree=tree))
    order = np.argsort(-values, axis=1, kind="stable")
    for k in (1, 7, num_words):
        ids, found = jax.jit(partial(tree_predict, k=k))(**given, tree=tree)
        np.testing.assert_array_equal(ids, order[:, :k])
        np.testing.assert_allclose(
            found, np.take_along_axis(values, order[:, :k], axis=1), rtol=1e-5, atol=1e-6
        )


@pytest.mark.parametrize("at_a_time", [1, 16])
@pytest.mark.parametrize("seed", [0, 1])
def test_subtrees_as_probable_as_the_words_found_are_looked_into(at_a_time, seed, monkeypatch):
    """Turns are even or sure: a subtree is as probable as a word in it, whose id may be lower."""
    monkeypatch.setattr(tree_losses, "NODES_AT_A_TIME", at_a_time)
    num_words = 32
    tree = TREES["balanced"](np.random.default_rng(seed).permutation(num_words))
    biases = np.random.default_rng(seed).choice([-200.0, 0.0, 200.0], num_words - 1)
    given = {"weights": jnp.zeros((num_words - 1, 1)), "inputs": jnp.ones((1, 1))}
    given |= {"biases": jnp.asarray(biases, jnp.float32).at[0].set(0.0)}
    values = np.asarray(tree_log_probs(**given, tree=tree))[0]
    order = np.argsort(-values, kind="stable")
    for k in (1, 3):
        ids, found = jax.jit(partial(tree_predict, k=k))(**given, tree=tree)
        np.testing.assert_array_equal(ids[0], order[:k])
        np.testing.assert_array_equal(found[0], values[order[:k]])


def test_a_sure_tree_is_searched_along_one_path(monkeypatch):
    """For the best word of 4,096: its 12 nodes, and the 11 subtrees beside, which are left."""
    monkeypatch.setattr(tree_losses, "NODES_AT_A_TIME", 1)
    tree = TREES["balanced"](np.ones(4096))
    looks = []

    def counted(*arguments):
        jax.debug.callback(lambda: looks.append(1))
        return best(*arguments)

    best = tree_losses._best
    monkeypatch.setattr(tree_losses, "_best", counted)
    weights = jnp.where(jnp.arange(4095) % 2, 9.0, -9.0)[:, None]
    ids, log_prob = jax.jit(partial(tree_predict, k=1))(weights, jnp.ones((1, 1)), tree)
    jax.effects_barrier()
    assert len(looks) == 12 + 11
    turns = np.asarray(tree.turns)[int(ids[0, 0])]
    signs = np.asarray(weights[:, 0])[np.asarray(tree.nodes)[int(ids[0, 0])]] > 0
    np.testing.assert_array_equal(turns > 0, signs)
    assert float(log_prob[0, 0]) == pytest.approx(-12 * np.log1p(np.exp(-9.0)), rel=1e-3)


def test_traced_labels_out_of_range_are_nan_and_train_nothing():
    given, tree = float32(parameters()), huffman(COUNTS)

    @jax.jit
    def slopes(labels):
        def summed(parameters):
            losses = hierarchical_softmax_loss(**parameters, labels=labels, tree=tree)
            return jnp.sum(losses), losses

        return jax.grad(summed, has_aux=True)(given)

    gradients, losses = slopes(jnp.array([0, V, -1, 3, V - 1]))
    np.testing.assert_array_equal(np.isnan(losses), [False, True, True, False, False])
    assert jnp.all(gradients["inputs"][1:3] == 0) and jnp.all(jnp.isfinite(gradients["weights"]))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"tree": huffman(COUNTS[:-1])}, r"weights have shape \(12, 4\): a tree of 12 words .* 11"),
        ({"weights": jnp.zeros((V, D))}, r"weights have shape \(13, 4\): .* 13 words needs 12 row"),
        ({"labels": jnp.array([0, 1, V, 0, 0])}, r"labels\[2\] is 13: .* from 0 to 12"),
        ({"inputs": jnp.zeros((B, D + 1))}, r"weights have shape \(12, 4\) and not \(any, 5\)"),
        ({"inputs": jnp.full((B, D), jnp.nan)}, r"inputs\[0, 0\] is NaN"),
        ({"biases": jnp.zeros(V)}, r"biases are float32 \(13,\)"),
    ],
    ids=lambda case: "".join(case) if isinstance(case, dict) else None,
)
def test_what_is_wrong_is_said(wrong, message, unchecked):
    given = float32(parameters()) | {"tree": huffman(COUNTS)} | wrong
    labels = given.pop("labels", jnp.zeros(B, int))
    with pytest.raises(InputError, match=message):
        hierarchical_softmax_loss(**given, labels=labels)
    if "labels" not in wrong:
        with pytest.raises(InputError, match=message):
            tree_predict(**given, k=2)


@pytest.mark.parametrize("k", [0, V + 1])
def test_as_many_words_are_predicted_as_there_are(k):
    with pytest.raises(InputError, match=f"k is {k}"):
        tree_predict(**float32(parameters()), tree=huffman(COUNTS), k=k)
