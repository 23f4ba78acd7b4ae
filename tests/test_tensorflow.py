"""TensorFlow's own numbers: losses and gradients of its sampled operations, with its candidates."""

import json
import os
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from given import Table

from w2vjax.losses import nce_loss, sampled_softmax_loss
from w2vjax.samplers import Candidates, accidental_hits

LOSSES = {"sampled_softmax": sampled_softmax_loss, "nce": nce_loss}
EVERY = Path(os.environ.get("W2VJAX_DATA", "../shared/data")).parent / "cases" / "tf_cases.json"
SOME = Path(__file__).with_name("tf_cases.json")
"""a third of them"""
NUMBERS = json.loads((EVERY if EVERY.is_file() else SOME).read_text())
CASES = {case["name"]: case for case in NUMBERS["cases"]}


def last_copies(ids: np.ndarray) -> np.ndarray:
    """True where an id does not come again."""
    return np.array([i not in ids[place + 1 :] for place, i in enumerate(ids)])


def candidates_of(case: dict) -> Candidates:
    """Its candidates with the expected counts that it recorded.

    Of a candidate that is there twice and is a label TensorFlow removes the last copy alone. So it
    is told here, row by row, which are present: what TensorFlow leaves.
    """
    ids, labels = np.array(case["sampled_ids"]), np.array(case["labels"])
    counts = np.ones(case["num_classes"])
    counts[ids] = case["sampled_expected_count"]
    counts[labels] = case["true_expected_count"]
    removed = (labels[:, :, None] == ids).any(1) & last_copies(ids)
    present = jnp.asarray(~(removed & case["remove_accidental_hits"]))
    of_rows, law = jnp.broadcast_to(jnp.asarray(ids, jnp.int32), present.shape), Table.of(counts)
    tries = jnp.ones(len(labels), jnp.float32)
    return Candidates(of_rows, law.log_prob(of_rows), present, tries, law, unique=False)


def computed(case: dict, candidates: Candidates, hits: str) -> tuple[np.ndarray, tuple]:
    """Losses `[B]`, and the gradients of their sum in weights, inputs and biases."""
    matrices = [jnp.asarray(NUMBERS[name]) for name in ("weights", "inputs", "biases")]
    labels = jnp.asarray(case["labels"], jnp.int32)

    def total(weights: jax.Array, inputs: jax.Array, biases: jax.Array) -> tuple:
        losses = LOSSES[case["function"]](
            weights, inputs, labels, candidates, biases=biases, hits=hits
        )
        return jnp.sum(losses), losses

    gradients, losses = jax.jit(jax.grad(total, (0, 1, 2), has_aux=True))(*matrices)
    return np.asarray(losses), gradients


def close(found: np.ndarray, theirs: np.ndarray) -> None:
    """To 1e-5 relative, and to what float32 keeps of logits of about ten."""
    theirs = np.asarray(theirs)
    np.testing.assert_allclose(found, theirs, rtol=1e-5, atol=1e-6 * np.nanmax(np.abs(theirs)))


@pytest.mark.parametrize("name", CASES)
def test_losses_and_gradients_are_tensorflows(name):
    case = CASES[name]
    losses, (to_weights, to_inputs, to_biases) = computed(case, candidates_of(case), "keep")
    told = np.isfinite(case["loss"])
    close(losses[told], np.array(case["loss"])[told])
    close(np.asarray(to_inputs)[told], np.array(case["grad_inputs"])[told])
    if told.all():
        close(to_biases, case["grad_biases"])
        assert float(jnp.abs(to_weights).sum()) == pytest.approx(
            case["grad_weights_sum_abs"], rel=1e-5
        )


@pytest.mark.parametrize("name", CASES)
def test_hits_are_removed_as_there_and_all_their_copies(name):
    """The mask of the loss itself, with candidates that the batch shares."""
    case = CASES[name]
    given = candidates_of(case)
    candidates = given.replace(
        ids=given.ids[0],
        log_expected=given.log_expected[0],
        present=jnp.ones(given.ids.shape[1], bool),
        tries=given.tries[0],
    )
    losses, _ = computed(case, candidates, "mask" if case["remove_accidental_hits"] else "keep")
    ids, labels = np.array(case["sampled_ids"]), np.array(case["labels"])
    copies = (labels[:, :, None] == ids[~last_copies(ids)]).any((1, 2))
    more = copies & case["remove_accidental_hits"]
    theirs = np.array(case["loss"])
    told = np.isfinite(theirs)
    close(losses[told & ~more], theirs[told & ~more])
    assert (losses[told & more] < theirs[told & more]).all()


def test_a_label_that_is_never_drawn_is_not_corrected():
    """TensorFlow takes log 0 off its logit: NaN, from there all over the matrix."""
    case = CASES["ssm_unigram_reserved2_label_reserved"]
    never = np.array(case["true_expected_count"]) == 0
    assert never.sum() == 2 and np.isnan(np.array(case["loss"])[never[:, 0]]).all()
    losses, gradients = computed(case, candidates_of(case), "keep")
    assert all(np.isfinite(part).all() for part in (losses, *gradients))
    as_one = case | {"true_expected_count": np.where(never, 1.0, case["true_expected_count"])}
    np.testing.assert_array_equal(losses, computed(as_one, candidates_of(as_one), "keep")[0])


def test_accidental_hits_are_tensorflows_and_all_their_copies():
    case = NUMBERS["compute_accidental_hits"]
    ids = jnp.asarray(case["sampled"], jnp.int32)
    law = Table.of(np.full(10, 0.1))
    candidates = Candidates(
        ids, law.log_prob(ids), jnp.ones(len(ids), bool), jnp.float32(5), law, unique=False
    )
    hits = np.asarray(accidental_hits(jnp.asarray(case["true"], jnp.int32), candidates))
    assert hits[case["indices"], case["ids"]].all()
    np.testing.assert_array_equal(hits, np.array(case["true"]) == np.array(case["sampled"]))
    assert hits.sum() == len(case["ids"]) + 2
