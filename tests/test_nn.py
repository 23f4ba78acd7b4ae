"""The heads for flax.nnx: they are the losses, they learn, and they fit into what nnx has."""

import inspect
import math
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import orbax.checkpoint as ocp
import pytest
from flax import nnx

from w2vjax import losses, nn, samplers
from w2vjax.errors import InputError
from w2vjax.losses.trees import huffman
from w2vjax.samplers import draw_candidates

V, D = 50, 8
COUNTS = np.random.default_rng(0).permutation(1_000 // np.arange(1, V + 1))
SAMPLER = samplers.unigram(COUNTS)
TREE, CLASSES = huffman(COUNTS), losses.classes_of(COUNTS)
NUM_SAMPLED = 16
NOISY = {head.__name__: head for head in (nn.SampledSoftmax, nn.NCE, nn.NegativeSampling)}
MAKERS: dict[str, Callable[..., nn.Head]] = {
    "FullSoftmax": partial(nn.FullSoftmax, V, D),
    **{name: partial(head, V, D, SAMPLER, NUM_SAMPLED) for name, head in NOISY.items()},
    "HierarchicalSoftmax": partial(nn.HierarchicalSoftmax, V, D, TREE),
    "TwoLevelSoftmax": partial(nn.TwoLevelSoftmax, V, D, CLASSES),
}
KEY = jax.random.key(7)
INPUTS = jax.random.normal(jax.random.key(1), (6, D))
LABELS = jax.random.randint(jax.random.key(2), (6,), 0, V)
each_head = pytest.mark.parametrize("name", MAKERS)
RANDOM_BIASES = nnx.initializers.normal(1.0)


def made(name: str, **options: Any) -> nn.Head:
    """A head with parameters, biases included, as they are in the midst of training."""
    return MAKERS[name](rngs=nnx.Rngs(3), **({"bias_init": RANDOM_BIASES} | options))


def test_every_head_is_here() -> None:
    kinds = [kind for _, kind in inspect.getmembers(nn, inspect.isclass)]
    heads = {kind.__name__ for kind in kinds if issubclass(kind, nn.Head)}
    assert heads - {"Head", "SampledHead"} == set(MAKERS)


@each_head
@pytest.mark.parametrize("use_bias", [True, False])
def test_a_head_is_its_function(name: str, use_bias: bool) -> None:
    head = made(name, use_bias=use_bias)
    weights = head.weights[...]
    biases = head.biases[...] if use_bias else None
    noise = draw_candidates(SAMPLER, KEY, NUM_SAMPLED, unique=name != "NegativeSampling")
    classes: dict[str, Any] = {"classes": CLASSES}
    if isinstance(head, nn.TwoLevelSoftmax):
        level = head.class_head
        classes |= {"class_weights": level.weights[...]}
        classes |= {"class_biases": level.biases[...] if use_bias else None}
    function = {
        "FullSoftmax": losses.softmax_loss,
        "SampledSoftmax": partial(losses.sampled_softmax_loss, candidates=noise),
        "NCE": partial(losses.nce_loss, candidates=noise),
        "HierarchicalSoftmax": partial(losses.hierarchical_softmax_loss, tree=TREE),
        "TwoLevelSoftmax": partial(losses.two_level_softmax_loss, **classes),
        "NegativeSampling": partial(losses.negative_sampling_loss, candidates=noise),
    }[name]
    found = head.loss(INPUTS, LABELS, KEY)
    assert found.shape == LABELS.shape
    expected = function(weights=weights, inputs=INPUTS, labels=LABELS, biases=biases)
    np.testing.assert_array_equal(found, expected)


@each_head
def test_probabilities_sum_to_one_and_the_best_are_predicted(name: str) -> None:
    head = made(name)
    log_probs = np.asarray(head.log_probs(INPUTS))
    assert log_probs.shape == (len(INPUTS), V)
    np.testing.assert_allclose(np.exp(log_probs).sum(axis=1), 1, rtol=1e-5)
    exact = log_probs[np.arange(len(LABELS)), LABELS]
    np.testing.assert_allclose(-head.exact_loss(INPUTS, LABELS), exact, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(head.perplexity(INPUTS, LABELS), np.exp(-exact.mean()), rtol=1e-5)
    words, best = head.predict(INPUTS, 5)
    np.testing.assert_array_equal(words, np.argsort(-log_probs, axis=1)[:, :5])
    np.testing.assert_allclose(best, -np.sort(-log_probs, axis=1)[:, :5], rtol=1e-5, atol=1e-5)


CONTEXTS = jnp.eye(D)
LAW = jax.nn.softmax(2.0 * jax.random.normal(jax.random.key(5), (D, V)))
"""P(word|context) of a language with eight contexts: a head can be it exactly"""
ENTROPY = float(-jnp.mean(jnp.sum(LAW * jnp.log(LAW), axis=1)))
MOST_NATS = {False: 1e-3, True: 0.03}
"""above the entropy at the end, without noise and with: four times the steps halve it"""


def step(head: nn.Head, optimizer: nnx.Optimizer, key: jax.Array) -> None:
    """Every word in every context, as often as the law has it: the noise alone is random."""
    inputs, labels = jnp.repeat(CONTEXTS, V, axis=0), jnp.tile(jnp.arange(V), D)

    def loss(head: nn.Head) -> jax.Array:
        return jnp.sum(LAW.ravel() * head.loss(inputs, labels, key)) / D

    gradient = nnx.grad(loss)(head)
    with jax.numpy_dtype_promotion("standard"):  # optax is not strict
        optimizer.update(head, gradient)


@nnx.jit
def steps(head: nn.Head, optimizer: nnx.Optimizer, keys: jax.Array) -> None:
    """A step a key, in one program."""
    kind, start = nnx.split((head, optimizer))

    def one(state: nnx.State, key: jax.Array) -> tuple[nnx.State, None]:
        both = nnx.merge(kind, state)
        step(*both, key)
        return nnx.state(both), None

    nnx.update((head, optimizer), jax.lax.scan(one, start, keys)[0])


@each_head
def test_training_finds_the_law(name: str) -> None:
    head = made(name)
    before = jax.tree.leaves(nnx.state(head, nn.Table))
    num_steps = 1_000 if name in NOISY else 200
    falling = optax.adam(lambda count: 0.2 * (1 - count.astype(jnp.float32) / num_steps))
    optimizer = nnx.Optimizer(head, falling, wrt=nnx.Param)
    steps(head, optimizer, jax.random.split(KEY, num_steps))
    log_probs = head.log_probs(CONTEXTS)
    nats = float(-jnp.mean(jnp.sum(LAW * log_probs, axis=1)))
    assert 0 <= nats - ENTROPY < MOST_NATS[name in NOISY]
    words, _ = head.predict(CONTEXTS, 1)
    predicted = jnp.take_along_axis(LAW, words, axis=1)[:, 0]
    assert (predicted > 0.8 * jnp.max(LAW, axis=1)).all()
    after = jax.tree.leaves(nnx.state(head, nn.Table))
    assert len(before) == len(after) and all(map(np.array_equal, before, after))
    trained = jax.tree.leaves(nnx.state(optimizer.opt_state, nnx.optimizer.OptVariable))
    assert len(trained) == 2 * len(jax.tree.leaves(nnx.state(head, nnx.Param)))


@pytest.mark.parametrize("name", NOISY)
def test_gradients_by_rows_are_those_of_nnx(name: str) -> None:
    head = made(name)
    dense = nnx.grad(lambda head: head.loss(INPUTS, LABELS, KEY).sum())(head)
    value, gradients = head.value_and_row_gradient(INPUTS, LABELS, KEY, reduction=jnp.sum)
    np.testing.assert_allclose(value, head.loss(INPUTS, LABELS, KEY).sum(), rtol=1e-5)
    for found, of in ((gradients.weights, "weights"), (gradients.biases, "biases")):
        summed = jnp.zeros_like(dense[of][...]).at[found.ids].add(found.rows)
        np.testing.assert_allclose(summed, dense[of][...], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NOISY)
def test_noise_may_be_given_in_place_of_a_key(name: str) -> None:
    """Of each row, and of the batch: the head is its function of these candidates."""
    head = made(name)
    given = {"weights": head.weights[...], "inputs": INPUTS, "labels": LABELS}
    given |= {"biases": head.biases[...], "hits": head.hits, "log_q": head.log_q}
    for noise in (
        draw_candidates(SAMPLER, KEY, 5, num_rows=len(LABELS)),
        samplers.in_batch(LABELS, SAMPLER),
    ):
        found = head.loss(INPUTS, LABELS, candidates=noise)
        np.testing.assert_array_equal(found, type(head).loss_of(**given, candidates=noise))
        value, _ = head.value_and_row_gradient(INPUTS, LABELS, candidates=noise)
        np.testing.assert_allclose(value, found.mean(), rtol=1e-6)
    for wrong, said in (({}, "neither is"), ({"key": KEY, "candidates": noise}, "both are")):
        with pytest.raises(InputError, match=f"of key and candidates {said} given"):
            head.loss(INPUTS, LABELS, **wrong)


def test_nce_starts_normalised() -> None:
    head = MAKERS["NCE"](rngs=nnx.Rngs(0))
    np.testing.assert_allclose(head.biases[...], -math.log(V), rtol=1e-6)
    other = MAKERS["NCE"](rngs=nnx.Rngs(0), bias_init=nnx.initializers.zeros)
    assert not other.biases[...].any()
    assert not MAKERS["SampledSoftmax"](rngs=nnx.Rngs(0)).biases[...].any()


def test_negative_sampling_gives_no_probability_to_what_is_never_noise() -> None:
    sampler = samplers.unigram(COUNTS, reserved=[3])
    head = nn.NegativeSampling(V, D, sampler, NUM_SAMPLED, rngs=nnx.Rngs(0))
    log_probs = np.asarray(head.log_probs(INPUTS))
    assert np.isneginf(log_probs[:, 3]).all() and np.isneginf(log_probs).sum() == len(INPUTS)
    np.testing.assert_allclose(np.exp(log_probs).sum(axis=1), 1, rtol=1e-5)
    assert not (head.predict(INPUTS, 10)[0] == 3).any()


def test_labels_that_do_not_count() -> None:
    several = jnp.stack([LABELS, LABELS], axis=1)
    mask = jnp.array([[True, False]] * len(LABELS))
    for name in ("FullSoftmax", "NCE"):
        head = made(name)
        found = head.loss(INPUTS, several, KEY, label_mask=mask)
        np.testing.assert_allclose(found, head.loss(INPUTS, LABELS, KEY), rtol=1e-5)


@each_head
def test_narrow_numbers_give_wide_losses(name: str) -> None:
    assert made(name, param_dtype=jnp.bfloat16).weights[...].dtype == jnp.bfloat16
    head = made(name)
    exact = head.loss(INPUTS, LABELS, KEY)
    for dtype in (jnp.float32, jnp.bfloat16):
        cast = partial(jnp.asarray, dtype=dtype)
        nnx.update(head, jax.tree.map(cast, nnx.state(head, nnx.Param)))
        narrow = head.loss(INPUTS.astype(jnp.bfloat16), LABELS, KEY)
        assert narrow.dtype == head.log_probs(INPUTS.astype(jnp.bfloat16)).dtype == jnp.float32
        np.testing.assert_allclose(narrow, exact, rtol=0.02, atol=0.02)


@pytest.mark.parametrize("name", ["FullSoftmax", "NCE", "TwoLevelSoftmax"])
def test_heads_under_vmap_are_one_after_the_other(name: str) -> None:
    head = made(name)
    inputs = jnp.stack([INPUTS, -INPUTS])
    labels, keys = jnp.stack([LABELS, LABELS[::-1]]), jax.random.split(KEY, 2)
    together = jax.jit(jax.vmap(head.loss))(inputs, labels, keys)
    alone = jax.jit(head.loss)
    apart = [alone(*one) for one in zip(inputs, labels, keys, strict=True)]
    np.testing.assert_allclose(together, jnp.stack(apart), rtol=1e-5)


def test_checkpoints_bring_all_heads_back(tmp_path: Path) -> None:
    heads = {name: made(name) for name in MAKERS}
    kinds, states = zip(*(nnx.split(head) for head in heads.values()), strict=True)
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(tmp_path / "heads", dict(zip(heads, states, strict=True)))
    shapes = {name: nnx.state(nnx.eval_shape(partial(made, name))) for name in heads}
    with ocp.StandardCheckpointer() as checkpointer:
        restored = checkpointer.restore(tmp_path / "heads", shapes)
    loss = nnx.jit(lambda head: head.loss(INPUTS, LABELS, KEY))
    for kind, (name, head) in zip(kinds, heads.items(), strict=True):
        np.testing.assert_array_equal(loss(nnx.merge(kind, restored[name])), loss(head))


def test_a_head_made_inside_of_jit() -> None:
    head = nnx.jit(lambda: nn.SampledSoftmax(V, D, SAMPLER, NUM_SAMPLED, rngs=nnx.Rngs(3)))()
    same = nn.SampledSoftmax(V, D, SAMPLER, NUM_SAMPLED, rngs=nnx.Rngs(3))
    found, expected = (h.loss(INPUTS, LABELS, KEY) for h in (head, same))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_losses_and_samplers_do_not_load_flax_nnx() -> None:
    heavy = {"pandas", "scipy", "seaborn", "tyro", "flax.nnx"}
    program = (
        "import sys, w2vjax.losses, w2vjax.samplers; "
        "from w2vjax.losses import sampled_softmax_loss; w2vjax.samplers.unigram([2, 1]); "
        f"print(sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_a_variable_is_an_array_of_weights_and_not_a_function():
    head = made("SampledSoftmax")
    given = draw_candidates(SAMPLER, KEY, NUM_SAMPLED)
    of = partial(losses.sampled_softmax_loss, inputs=INPUTS, labels=LABELS, candidates=given)
    found = of(head.weights, biases=head.biases)
    np.testing.assert_array_equal(found, of(head.weights[...], biases=head.biases[...]))
