"""The sampled losses for any model are the textbook's; weights from wherever they come."""

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
    OPTIONS,
    SCOPES,
    SHARES,
    B,
    D,
    Parameters,
    S,
    T,
    Table,
    V,
    candidates,
    parameters,
)
from jax.sharding import Mesh

from w2vjax.losses import (
    VocabularySharded,
    nce_loss,
    negative_sampling_loss,
    textbook,
)
from w2vjax.samplers import Candidates, draw_candidates

EVERY = pytest.mark.parametrize("name", LOSSES)


def losses(values: Parameters, given: Candidates, labels: Any, mask: Any) -> jax.Array:
    """Under all options, `[options, B]`."""
    return jnp.stack(
        [
            LOSSES[name](
                values.weights,
                values.inputs,
                labels,
                given,
                biases=values.biases,
                label_mask=mask,
                hits=hits,
                temperature=values.temperature,
                **({} if name == "negative-sampling" else {"log_q": log_q}),
            )
            for name, hits, log_q in OPTIONS
        ]
    )


def textbook_loss(
    name: str, logits: jax.Array, expected: jax.Array, place: int, left_out: jax.Array
) -> jax.Array:
    """Of one example: the label at a place, all others noise, those left out apart."""
    target, noise = (logits[place], expected[place]), (logits, expected)
    left_out = left_out.at[place].set(True)
    if name == "sampled-softmax":
        return textbook.sampled_softmax(target[0], noise[0], target[1], noise[1], left_out)
    counted = jnp.where(left_out, 0.0, 1.0)
    return textbook.nce(target[0], noise[0], target[1], noise[1], counted)


def by_textbook(values: Parameters, given: Candidates, labels: Any, mask: Any) -> jax.Array:
    """The mean of `vmap(textbook)` over a row's labels, under all options, `[options, B]`."""
    ids = jnp.concatenate([labels, jnp.broadcast_to(given.ids, (B, given.ids.shape[-1]))], axis=1)
    logits = jnp.einsum("bd,bnd->bn", values.inputs, values.weights[ids])
    logits = (logits + values.biases[ids]) / values.temperature
    shape = B, given.ids.shape[-1]
    of_labels = given.log_expected_of(labels)
    of_noise = jnp.broadcast_to(given.log_expected, shape)
    absent = jnp.broadcast_to(~given.present, shape)
    hits = ((labels[:, :, None] == ids[:, None, labels.shape[1] :]) & mask[:, :, None]).any(1)
    of_all = []
    for name, removed, log_q in OPTIONS:
        own = of_labels if log_q == "both" else jnp.zeros_like(of_labels)
        others = of_noise if log_q != "none" else jnp.zeros_like(of_noise)
        expected = jnp.concatenate([own, others], axis=1)
        expected = jnp.where(jnp.isneginf(expected), 0.0, expected).astype(logits.dtype)
        left_out = jnp.concatenate([~mask, absent | (hits & (removed == "mask"))], axis=1)
        one = [
            jax.vmap(partial(textbook_loss, name), (0, 0, None, 0))(logits, expected, t, left_out)
            for t in range(labels.shape[1])
        ]
        total = jnp.sum(jnp.where(mask, jnp.stack(one, axis=1), 0.0), axis=1)
        of_all.append(total / jnp.maximum(mask.sum(1), 1).astype(total.dtype))
    return jnp.stack(of_all)


@pytest.mark.parametrize("scope", SCOPES)
def test_losses_are_the_textbooks_and_slopes_those_of_finite_differences(scope):
    """In float64, under every option; padding, a word never drawn and a row without labels too."""
    labels, mask, given = LABEL_IDS, jnp.asarray(MASK), candidates(scope)
    with jax.enable_x64(True):
        point, step = parameters(), parameters(seed=1)
        of = jax.jit(lambda values: losses(values, given, labels, mask))
        found = of(point)
        expected = jax.jit(lambda values: by_textbook(values, given, labels, mask))(point)
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, expected, rtol=3e-7)  # expected counts are float32
        slopes = jax.jit(jax.jacrev(lambda values: of(values).sum(1)))(point)
        along = sum(
            np.sum(np.asarray(part) * np.asarray(way), axis=tuple(range(1, part.ndim)))
            for part, way in zip(slopes, step, strict=True)
        )
        ahead, behind = (
            of(jax.tree.map(lambda x, y, t=t: x + t * y, point, step)).sum(1) for t in (1e-6, -1e-6)
        )
        np.testing.assert_allclose(along, (ahead - behind) / 2e-6, rtol=1e-7)


def test_one_label_a_row_is_a_column_of_one():
    values, given = parameters(np.float32), candidates()
    of = jax.jit(losses)
    of_column = of(values, given, BATCH_LABELS[:, None], None)
    np.testing.assert_array_equal(of(values, given, BATCH_LABELS, None), of_column)


def test_negative_sampling_is_nce_without_the_correction():
    values, given = parameters(np.float32), candidates()
    args = values.weights, values.inputs, BATCH_LABELS, given
    np.testing.assert_array_equal(negative_sampling_loss(*args), nce_loss(*args, log_q="none"))


@EVERY
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_losses_of_narrow_numbers_are_float32(name, dtype):
    """And their gradients of the numbers' own type."""
    values, given = parameters(np.float32), candidates()
    narrow = jax.tree.map(lambda x: x.astype(dtype), (values.weights, values.inputs))

    def total(matrices: Any) -> tuple[jax.Array, jax.Array]:
        found = LOSSES[name](*matrices, BATCH_LABELS, given)
        return found.sum(), found

    slopes, found = jax.grad(total, has_aux=True)(narrow)
    assert found.dtype == np.float32
    assert [slope.dtype for slope in slopes] == [dtype, dtype]
    exact = LOSSES[name](*jax.tree.map(lambda x: x.astype(np.float32), narrow), BATCH_LABELS, given)
    np.testing.assert_allclose(found, exact, rtol=1e-5)
    LOSSES[name](narrow[0], values.inputs, BATCH_LABELS, given)  # of two types


@EVERY
def test_rows_may_come_from_a_function(name):
    """A tower over candidates: it sees the words of the batch alone, and learns from them."""
    values, given = parameters(np.float32), candidates()
    tower, features = values.weights[:D], jnp.eye(V, D) + 0.1
    seen = []

    def through(tower: jax.Array) -> jax.Array:
        def rows(ids: jax.Array) -> jax.Array:
            seen.append(ids.shape)
            return features[ids] @ tower

        return LOSSES[name](
            rows, values.inputs, LABEL_IDS, given, biases=lambda ids: values.biases[ids]
        ).sum()

    def whole(tower: jax.Array) -> jax.Array:
        return LOSSES[name](
            features @ tower, values.inputs, LABEL_IDS, given, biases=values.biases
        ).sum()

    found, expected = (jax.value_and_grad(one)(tower) for one in (through, whole))
    assert seen == [(B * T + S,)]
    jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-4, atol=1e-5), found, expected)


@EVERY
@pytest.mark.parametrize("num_devices", [2, 4])
def test_weights_may_be_divided_by_words(name, num_devices):
    """Loss and gradients as of the whole; rows are read where they live, and stay there."""
    values, given = parameters(np.float32), candidates()
    mesh = Mesh(np.array(jax.devices()[:num_devices]), ("words",))

    def total(weights: Any, biases: Any, inputs: jax.Array) -> jax.Array:
        return LOSSES[name](weights, inputs, LABEL_IDS, given, biases=biases).sum()

    whole = values.weights, values.biases
    parts = [VocabularySharded(array, mesh, "words") for array in whole]
    placed = [part.replace(weights=jax.device_put(part.weights, part.sharding)) for part in parts]
    slopes = jax.jit(jax.value_and_grad(total, (0, 1, 2)))
    found, by_part = slopes(*placed, values.inputs)
    expected, of_whole = slopes(*whole, values.inputs)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert by_part[0].weights.sharding.is_equivalent_to(parts[0].sharding, 2)
    for ours, theirs in zip(jax.tree.leaves(by_part), of_whole, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
    program = jax.jit(total).lower(*placed, values.inputs).compile().as_text()
    assert "all-reduce" in program and f"f32[{V},{D}]" not in program


def test_the_labels_law_is_no_path_of_the_gradient():
    """What the sampler's tables would be told is nothing: they are not learned from the loss."""
    values = parameters(np.float32)

    def total(law: Table) -> jax.Array:
        given = draw_candidates(law, jax.random.key(0), S, unique=False)
        return losses(values, given, LABEL_IDS, None).sum()

    assert not np.any(jax.grad(total)(Table.of(SHARES)).log_law)
