"""TensorFlow's own numbers, by the engine: one block of pairs, with TensorFlow's candidates.

Biases are as in the engine: a last column of both matrices, of the inputs all ones.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from given import Table
from problems import each_step, one_pair, step
from test_tensorflow import CASES, EVERY, NUMBERS, close, last_copies

from w2vjax.engine.update import Parameters
from w2vjax.engine.windows import Batch
from w2vjax.losses.negative_layers import NoiseContrastive
from w2vjax.losses.sampled_layer import SampledSoftmax

V = len(NUMBERS["weights"])
EXPRESSIBLE = [
    name
    for name, case in CASES.items()
    if case["num_true"] == 1 and np.isfinite(case["loss"]).all()
]
"""one label a row, and none that is never drawn, which layers with corrected logits refuse"""


def layer_of(case: dict) -> Any:
    """The layer, with a law and tries that give the expected counts which the case recorded."""
    draws, unique = case["num_sampled"], case["unique"]
    counts = np.full(V, 0.5)
    counts[case["sampled_ids"]] = case["sampled_expected_count"]
    counts[case["labels"]] = case["true_expected_count"]
    law = Table.of(1 - (1 - counts) ** (1 / draws) if unique else counts / draws)
    tries = jnp.float32(draws) if unique else None
    collision = "mask" if case["remove_accidental_hits"] else "keep"
    if case["function"] == "nce":
        return NoiseContrastive(law, draws, draws, collision, tries=tries)
    return SampledSoftmax(law, draws, collision, tries)


def matrices() -> Parameters:
    """With a column for the biases."""
    arrays = {name: np.array(NUMBERS[name], np.float32) for name in ("weights", "inputs", "biases")}
    ones = np.ones((len(arrays["inputs"]), 1), np.float32)
    return Parameters(
        input=jnp.asarray(np.append(arrays["inputs"], ones, axis=1)),
        output=jnp.asarray(np.append(arrays["weights"], arrays["biases"][:, None], axis=1)),
    )


def removed_otherwise(case: dict) -> np.ndarray:
    """Rows whose label is noise more than once: TensorFlow removes its last copy, the engine all.

    None where candidates do not repeat, or hits are kept.
    """
    ids, labels = np.array(case["sampled_ids"]), np.array(case["labels"])
    copies = (labels[:, :, None] == ids[~last_copies(ids)]).any((1, 2))
    return copies & case["remove_accidental_hits"]


@pytest.mark.parametrize("name", EXPRESSIBLE)
def test_the_engines_losses_and_gradients_are_tensorflows(name):
    case, size = CASES[name], len(NUMBERS["inputs"])
    layer, noise = layer_of(case), jnp.asarray(case["sampled_ids"], jnp.int32)
    inputs, targets = jnp.arange(size), jnp.asarray(case["labels"], jnp.int32)[:, 0]
    of_rows = each_step(
        matrices(), layer, one_pair(inputs, targets), jnp.tile(noise[None], (size, 1))
    )
    losses, theirs, told = (
        of_rows.loss.sum((1, 2)),
        np.array(case["loss"]),
        ~removed_otherwise(case),
    )
    close(losses[told], theirs[told])
    assert (losses[~told] < theirs[~told]).all()
    to_inputs = np.asarray(of_rows.to_input)[inputs, inputs, :-1]
    close(to_inputs[told], np.array(case["grad_inputs"])[told])
    if not told.all():
        return
    block = Batch(inputs, None, targets, jnp.eye(size)[None])
    found = step(matrices(), layer, block, noise[None])
    assert float(found.loss.sum()) == pytest.approx(theirs.sum(), rel=1e-5)
    close(found.to_input[:, :-1], case["grad_inputs"])
    close(found.to_output[:, -1], case["grad_biases"])
    to_weights = float(jnp.abs(found.to_output[:, :-1]).sum())
    assert to_weights == pytest.approx(case["grad_weights_sum_abs"], rel=1e-5)


@pytest.mark.skipif(not EVERY.is_file(), reason="set W2VJAX_DATA to the folder beside all numbers")
def test_every_kind_of_case_is_among_them():
    cases = [CASES[name] for name in EXPRESSIBLE]
    for told in ("function", "unique", "remove_accidental_hits"):
        assert len({case[told] for case in cases}) == 2
    assert any("num_reserved_ids" in case["sampler_args"] for case in cases)
    assert 0 < sum(removed_otherwise(case).any() for case in cases) < len(cases) / 2
