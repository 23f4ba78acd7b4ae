"""What the sampled losses refuse: told at once, when traced, or by NaN in the row."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from given import (
    BATCH_LABELS,
    LABEL_IDS,
    LOSSES,
    MASK,
    SHARES,
    B,
    S,
    T,
    Table,
    V,
    candidates,
    parameters,
)
from jax.sharding import Mesh

from w2vjax.errors import InputError
from w2vjax.losses import (
    VocabularySharded,
    candidate_logits,
    negative_sampling_loss,
    sampled_softmax_loss,
)
from w2vjax.samplers import draw_candidates, in_batch

EVERY = pytest.mark.parametrize("name", LOSSES)


Refusals = dict[str, tuple[str, dict[str, Any]]]
"""What is wrong: what is said, and the arguments that are so."""


def refused_labels() -> Refusals:
    far = BATCH_LABELS.at[2].set(V)
    return {
        "label past the end": (rf"labels\[2\] is {V}: .* from 0 to {V - 1}", {"labels": far}),
        "negative label": (r"labels\[0\] is -1: ", {"labels": BATCH_LABELS.at[0].set(-1)}),
        "labels of floats": ("labels are float32", {"labels": BATCH_LABELS.astype(float)}),
        "labels of another batch": (
            r"labels have shape \(2,\): 4 inputs need",
            {"labels": BATCH_LABELS[:2]},
        ),
        "labels with three axes": (
            r"labels have shape \(4, 3, 1\)",
            {"labels": LABEL_IDS[..., None]},
        ),
        "mask of another shape": ("label_mask is bool", {"label_mask": jnp.asarray(MASK)}),
        "mask of numbers": ("label_mask is int32", {"label_mask": BATCH_LABELS}),
    }


def refused_numbers() -> Refusals:
    weights, inputs, _, temperature = parameters(np.float32)
    return {
        "weights of whole numbers": ("weights are int32", {"weights": weights.astype(int)}),
        "weights of one axis": (r"weights have shape \(16,\)", {"weights": weights[:, 0]}),
        "weights of another width": (
            r"weights have shape \(16, 2\) and not \(any, 3\)",
            {"weights": weights[:, 1:]},
        ),
        "weights with NaN": ("weights, .* is NaN", {"weights": weights.at[4, 0].set(jnp.nan)}),
        "rows of another number": (
            r"rows of weights have shape \(16, 3\) and not \(10, 3\)",
            {"weights": lambda ids: weights},
        ),
        "inputs of whole numbers": ("inputs are int32", {"inputs": inputs.astype(int)}),
        "inputs of one axis": ("inputs have shape", {"inputs": inputs[0]}),
        "inputs with NaN": (r"inputs\[0, 0\] is NaN", {"inputs": inputs.at[0, 0].set(jnp.nan)}),
        "biases with NaN": ("biases, .* is NaN", {"biases": jnp.full(V, jnp.nan)}),
        "biases of whole numbers": ("biases are int32", {"biases": jnp.zeros(V, int)}),
        "biases of other words": (
            f"weights of {V}, biases of {V + 1}",
            {"biases": jnp.zeros(V + 1)},
        ),
        "a column of biases": (r"biases are float32 \(16, 1\)", {"biases": jnp.zeros((V, 1))}),
        "temperature": ("temperature is 0.0: it must be positive", {"temperature": 0.0}),
        "temperature in words": ("temperature is 'warm'", {"temperature": "warm"}),
        "temperature NaN": ("temperature is nan", {"temperature": temperature * jnp.nan}),
    }


def refused_words() -> Refusals:
    weights, given = parameters(np.float32).weights, candidates()
    more = draw_candidates(Table.of(np.full(V + 1, 1 / (V + 1))), jax.random.key(0), S)
    return {
        "a sampler for candidates": (
            r"candidates is of type Table: give Candidates, from draw_candidates\(",
            {"candidates": given.law},
        ),
        "another vocabulary": (
            f"weights of {V}, the candidates' sampler of {V + 1}",
            {"candidates": more},
        ),
        "candidates of another batch": (
            r"candidates.ids have shape \(2, 6\): 4 inputs need",
            {"candidates": draw_candidates(given.law, jax.random.key(0), S, num_rows=2)},
        ),
        "candidates past the end": (
            f"candidates.ids are not all words, from 0 to {V - 1}",
            {"candidates": given.replace(ids=given.ids.at[0].set(V))},
        ),
        "hits": ("unknown hits 'maks': did you mean mask", {"hits": "maks"}),
        "log_q": ("unknown log_q 'all'", {"log_q": "all"}),
        "divided among too many": (
            "add rows up to a multiple of that",
            {"weights": VocabularySharded(weights, Mesh(np.array(jax.devices()[:3]), "x"), "x")},
        ),
        "no such axis": (
            "axis is 'y'",
            {"weights": VocabularySharded(weights, Mesh(np.array(jax.devices()[:2]), "x"), "y")},
        ),
    }


WHEN_TRACED = {"label past", "negative label", "NaN", "candidates past"}
"""what is not an error of a traced argument, but makes losses NaN"""


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("refused", [refused_labels, refused_numbers, refused_words])
def test_wrong_arguments_are_told_at_once_and_when_traced(
    refused: Callable[[], Refusals], subtests: pytest.Subtests
) -> None:
    for wrong, (match, changed) in refused().items():
        with subtests.test(wrong):
            check_refusal(wrong, match, changed)


def check_refusal(wrong: str, match: str, changed: dict[str, Any]) -> None:
    """By every loss, and when it is traced; see `WHEN_TRACED`."""
    values = parameters(np.float32)
    arguments = {"weights": values.weights, "inputs": values.inputs, "labels": BATCH_LABELS}
    arguments |= {"candidates": candidates()} | changed
    for loss in (*LOSSES.values(), candidate_logits):
        if loss is negative_sampling_loss and "log_q" in changed:
            continue
        with pytest.raises(InputError, match=match):
            loss(**arguments)
        static = {k: v for k, v in arguments.items() if isinstance(v, str | float) or callable(v)}
        traced = {k: v for k, v in arguments.items() if k not in static}
        whole = jax.jit(partial(loss, **static))
        if any(kind in wrong for kind in WHEN_TRACED):
            assert any(np.isnan(part).any() for part in jax.tree.leaves(whole(**traced)))
        else:
            with pytest.raises(InputError, match=match):
                whole(**traced)


@EVERY
@pytest.mark.parametrize("label", [-1, V, 2**31 - 1, -(2**31)])
def test_a_traced_label_out_of_range_makes_its_row_nan_and_no_other(name, label):
    values, given = parameters(np.float32), candidates()
    of = jax.jit(LOSSES[name])
    found = of(values.weights, values.inputs, BATCH_LABELS.at[1].set(label), given)
    expected = of(values.weights, values.inputs, BATCH_LABELS, given)
    np.testing.assert_array_equal(found, jnp.where(jnp.arange(B) == 1, jnp.nan, expected))
    padded = LABEL_IDS.at[0, 1].set(label), jnp.ones((B, T), bool).at[0, 1].set(False)
    found = of(values.weights, values.inputs, padded[0], given, label_mask=padded[1])
    assert np.isfinite(found).all()


@EVERY
def test_a_traced_label_out_of_range_is_noise_for_no_other_row(name):
    values, law = parameters(np.float32), Table.of(SHARES)

    @jax.jit
    def of(labels: jax.Array) -> jax.Array:
        return LOSSES[name](values.weights, values.inputs, labels, in_batch(labels, law))

    found = of(BATCH_LABELS.at[1].set(V))
    given = in_batch(BATCH_LABELS, law)
    given = given.replace(present=given.present.at[1].set(False))
    expected = LOSSES[name](values.weights, values.inputs, BATCH_LABELS, given)
    np.testing.assert_array_equal(np.isnan(found), np.arange(B) == 1)
    np.testing.assert_allclose(found[np.arange(B) != 1], expected[np.arange(B) != 1], rtol=1e-6)


@EVERY
@pytest.mark.parametrize("wrong", [0.0, -1.0])
def test_a_traced_temperature_that_is_not_positive_makes_all_losses_nan(name, wrong):
    values, given = parameters(np.float32), candidates()
    of = jax.jit(partial(LOSSES[name], values.weights, values.inputs, BATCH_LABELS, given))
    assert np.isnan(of(temperature=wrong)).all()


def test_labels_may_be_of_any_whole_numbers():
    values, given = parameters(np.float32), candidates()
    of = partial(sampled_softmax_loss, values.weights, values.inputs, candidates=given)
    for dtype in ("int8", "uint8", "uint32"):
        np.testing.assert_array_equal(of(BATCH_LABELS.astype(dtype)), of(BATCH_LABELS))
