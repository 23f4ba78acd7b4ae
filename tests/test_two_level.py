"""Two-level softmax of a batch: the textbook's, its probabilities, and predictions by search."""

from functools import partial
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from batches import B, D, V, assert_same, float32, normal, options, some_labels

from w2vjax.errors import InputError
from w2vjax.losses import (
    Classes,
    classes_of,
    two_level,
    two_level_log_probs,
    two_level_predict,
    two_level_softmax,
    two_level_softmax_loss,
)

CLASS_OF = np.array([2, 0, 1, 1, 0, 2, 2, 3, 2, 2, 1, 2, 0])
"""of 13 words: classes of 1 to 6"""
CLASSES = Classes.of(CLASS_OF)
C = CLASSES.num_classes
GRID = options(labels=("one", "several", "padded"), biases=(False, True), at_a_time=(1, 1 << 25))


def parameters(*, biases: bool = True) -> dict:
    return {
        "class_weights": normal(C, D, seed=3),
        "weights": normal(V, D, seed=0),
        "inputs": normal(B, D, seed=1),
        "class_biases": normal(C, seed=4) if biases else None,
        "biases": normal(V, seed=2) if biases else None,
    }


def both_logits(xp, class_weights, weights, inputs, class_biases, biases):
    of_classes, of_words = inputs @ class_weights.T, inputs @ weights.T
    if biases is not None:
        of_classes, of_words = of_classes + class_biases[None], of_words + biases[None]
    return of_classes, of_words


@pytest.mark.parametrize("option", GRID, ids=str)
def test_it_is_the_textbook(option, monkeypatch):
    monkeypatch.setattr(two_level, "NUMBERS_AT_A_TIME", option["at_a_time"])
    labels, mask = some_labels(option["labels"])
    columns = labels.reshape(B, -1)
    there = np.ones(columns.shape) if mask is None else mask
    shares = there / np.maximum(there.sum(axis=1, keepdims=True), 1)
    its_class = CLASS_OF[columns]
    same = CLASS_OF[None, None] == its_class[:, :, None]

    def wanted(parameters):
        of_classes, of_words = both_logits(jnp, **parameters)
        inside = jnp.where(same, of_words[:, None], -jnp.inf)
        one = jax.vmap(two_level_softmax, in_axes=(None, 0, 0, 0))
        losses = jax.vmap(one)(of_classes, its_class, inside, columns % V)
        return jnp.sum(losses * jnp.asarray(shares, jnp.float32), axis=1)

    def formula(parameters):
        of_classes, of_words = both_logits(np, **parameters)
        log_z = np.log(np.sum(same * np.exp(of_words)[:, None], axis=2))
        of_label = np.take_along_axis(of_words, columns % V, axis=1)
        norm = np.log(np.sum(np.exp(of_classes), axis=1, keepdims=True))
        of_class = np.take_along_axis(of_classes, its_class, axis=1)
        return np.sum((norm - of_class + log_z - of_label) * shares, axis=1)

    masked = None if mask is None else jnp.asarray(mask)
    loss = lambda parameters: two_level_softmax_loss(  # noqa: E731
        **parameters, labels=jnp.asarray(labels), classes=CLASSES, label_mask=masked
    )
    assert_same(loss, wanted, formula, parameters(biases=option["biases"]))


def test_losses_of_short_floats_are_those_of_the_same_numbers_in_float32():
    short = jax.tree.map(lambda array: jnp.asarray(array, jnp.bfloat16), parameters())
    long = jax.tree.map(lambda array: array.astype(jnp.float32), short)
    loss = jax.jit(partial(two_level_softmax_loss, classes=CLASSES, labels=jnp.arange(B)))
    found = loss(**short)
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, loss(**long), rtol=1e-6)


def test_probabilities_sum_to_one_and_are_the_loss():
    given = float32(parameters())
    found = jax.jit(two_level_log_probs)(**given, classes=CLASSES)
    np.testing.assert_allclose(np.exp(found).sum(axis=1), 1, rtol=1e-5)
    loss = lambda word: two_level_softmax_loss(  # noqa: E731
        **given, labels=jnp.full(B, word), classes=CLASSES
    )
    np.testing.assert_allclose(-found.T, jax.jit(jax.vmap(loss))(jnp.arange(V)), rtol=1e-5)


@pytest.mark.parametrize("scale", [0.0, 0.3, 4.0])
def test_the_search_finds_the_most_probable_of_all_words(scale):
    """From models that know nothing, where words of a class are equal, to sure ones."""
    given = float32({name: scale * values for name, values in parameters().items()})
    values = np.asarray(jax.jit(two_level_log_probs)(**given, classes=CLASSES))
    for k in (1, 4, V):
        ids, found = jax.jit(partial(two_level_predict, k=k))(**given, classes=CLASSES)
        order = np.argsort(-values.round(5), axis=1, kind="stable")[:, :k]
        np.testing.assert_array_equal(ids, order)
        best = np.take_along_axis(values, order, axis=1)
        np.testing.assert_allclose(found, best, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("num_words", [1, 2, 13, 100, 1000])
@pytest.mark.parametrize("num_classes", [None, 1, "all"])
def test_classes_hold_every_word_once_by_falling_count(num_words, num_classes):
    counts = np.random.default_rng(0).integers(0, 50, num_words)
    classes = classes_of(counts, num_words if num_classes == "all" else num_classes)
    places = np.asarray(classes.members)[np.asarray(classes.inside(jnp.arange(len(classes.sizes))))]
    np.testing.assert_array_equal(np.sort(places), np.arange(num_words))
    np.testing.assert_array_equal(
        classes.members[classes.class_of, classes.place_of], np.arange(num_words)
    )
    assert np.ptp(classes.sizes) <= 1
    class_of = np.asarray(classes.class_of)
    by_class = [counts[class_of == number] for number in range(classes.num_classes)]
    for more, less in pairwise(by_class):
        assert more.min() >= less.max()
    if num_classes is None:
        assert classes.num_classes == round(num_words**0.5)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: Classes.of([0, 2, 2]), "class 1 has no words"),
        (lambda: Classes.of([0, -1]), "from -1 to 0"),
        (lambda: Classes.of([0.0, 1.0]), "class_of is float64"),
        (lambda: Classes.of(np.zeros((2, 2), int)), r"shape \(2, 2\)"),
        (lambda: classes_of([1, -2]), r"counts\[1\] is -2"),
        (lambda: classes_of([1, 2], 3), "num_classes"),
    ],
)
def test_wrong_classes_are_told(made, said):
    with pytest.raises(InputError, match=said):
        made()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"weights": normal(V - 1, D, seed=0)}, r"weights have shape \(12, 4\)"),
        ({"class_weights": normal(C, D + 1, seed=0)}, r"class_weights have shape \(4, 5\)"),
        ({"class_biases": normal(C + 1, seed=0)}, "class_biases are"),
        ({"biases": np.full(V, np.nan)}, r"biases\[0\] is NaN"),
    ],
)
def test_wrong_arguments_are_told(change, said, unchecked):
    given = float32(parameters() | change)
    with pytest.raises(InputError, match=said):
        two_level_softmax_loss(**given, labels=jnp.arange(B), classes=CLASSES)


def test_labels_out_of_range_are_told_or_make_their_row_nan():
    given, labels = float32(parameters()), jnp.array([0, V, 1, -1, 2])
    with pytest.raises(InputError, match=r"labels\[1\] is 13"):
        two_level_softmax_loss(**given, labels=labels, classes=CLASSES)
    losses = jax.jit(partial(two_level_softmax_loss, classes=CLASSES))(**given, labels=labels)
    np.testing.assert_array_equal(np.isnan(losses), [False, True, False, True, False])


def test_a_prediction_beyond_the_vocabulary_is_told():
    with pytest.raises(InputError, match="k"):
        two_level_predict(**float32(parameters()), classes=CLASSES, k=V + 1)


def test_of_equal_words_of_different_classes_the_lower_id_is_better():
    classes = Classes.of(np.arange(V)[::-1])
    nothing = jnp.zeros((V, D))
    ids, _ = two_level_predict(nothing, nothing, jnp.ones((1, D)), classes, 3)
    np.testing.assert_array_equal(ids, [[0, 1, 2]])
