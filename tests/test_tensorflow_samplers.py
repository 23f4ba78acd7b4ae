"""What TensorFlow's candidate samplers return, and what ours do, number by number."""

import json
import os
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from w2vjax.samplers import (
    Candidates,
    Sampler,
    draw_candidates,
    log_expected_count,
    log_uniform,
    uniform,
    unigram,
)

PATH = Path(os.environ.get("W2VJAX_DATA", "../shared/data")).parent / "cases" / "tf_cases.json"
V = 50


@pytest.fixture(scope="module")
def cases() -> dict[str, Any]:
    if not PATH.exists():
        pytest.skip("numbers from TensorFlow are not here: set W2VJAX_DATA to the folder beside")
    return json.loads(PATH.read_text())


def sampler_of(name: str, arguments: dict[str, Any]) -> Sampler:
    if name == "log_uniform":
        return log_uniform(V)
    if name == "learned_unigram":  # every word starts with a count of one
        return uniform(V)
    reserved = arguments.get("num_reserved_ids", 0)
    counts = [0] * reserved + arguments["unigrams"]
    return unigram(counts, power=arguments["distortion"], reserved=reserved)


def test_expected_counts_are_tensorflows(cases: dict[str, Any]) -> None:
    """Without repeats: by the tries that one of its counts tells; all others follow."""
    for case in cases["cases"]:
        sampler = sampler_of(case["sampler"], case["sampler_args"])
        ids, labels = jnp.int32(case["sampled_ids"]), jnp.int32(case["labels"])
        noise = np.array(case["sampled_expected_count"])
        tries = float(case["num_sampled"])
        if case["unique"]:
            p = np.exp(float(sampler.log_prob(ids[0])))
            tries = np.round(np.log1p(-noise[0]) / np.log1p(-p))
            assert tries > case["num_sampled"]
        log_expected = log_expected_count(
            sampler.log_prob(ids), jnp.float32(tries), unique=case["unique"]
        )
        held = Candidates(ids, log_expected, ids >= 0, jnp.float32(tries), sampler, case["unique"])
        np.testing.assert_allclose(np.exp(held.log_expected), noise, 1e-5, err_msg=case["name"])
        np.testing.assert_allclose(
            np.exp(held.log_expected_of(labels)), case["true_expected_count"], 1e-5, atol=1e-9
        )


def test_a_set_without_rejections_has_the_chance_to_be_in_it(cases: dict[str, Any]) -> None:
    """There TensorFlow takes tries · p, which may exceed one: to first order in p the same."""
    case = cases["unique_without_rejections"]
    ids, sampler = jnp.int32(case["sampled_ids"]), log_uniform(V)
    tries = case["num_sampled"]
    theirs = np.array(case["sampled_expected_count"])
    log_prob = sampler.log_prob(ids)
    np.testing.assert_allclose(tries * np.exp(log_prob), theirs, rtol=1e-5)
    ours = np.exp(log_expected_count(log_prob, jnp.float32(tries), unique=True))
    np.testing.assert_allclose(ours, 1 - (1 - theirs / tries) ** tries, rtol=1e-5)
    assert (ours < theirs).all() and (ours > theirs - theirs**2 / 2).all()


@pytest.mark.parametrize("name", ["log_uniform", "fixed_unigram"])
@pytest.mark.parametrize("unique", [True, False])
def test_words_come_as_often_as_in_tensorflow(
    cases: dict[str, Any], name: str, unique: bool
) -> None:
    theirs = cases["empirical"][f"{name}_{unique}"]
    arguments = {"unigrams": cases["counts"], "distortion": 0.75}
    sampler, num = sampler_of(name, arguments), 4000

    def counted(key: jax.Array) -> tuple[jax.Array, jax.Array]:
        held = draw_candidates(sampler, key, 12, unique=unique)
        counts = jnp.zeros(V, jnp.int32).at[held.ids].add(1)
        of_all = jnp.arange(V)
        theirs = jnp.where(  # a set without rejections: see above
            held.tries == 12,
            12 * jnp.exp(sampler.log_prob(of_all)),
            jnp.exp(held.log_expected_of(of_all)),
        )
        return counts, theirs

    counts, expected = jax.jit(jax.vmap(counted))(jax.random.split(jax.random.key(3), num))
    error = counts.std(0) * np.sqrt(1 / num + 1 / theirs["draws"])
    scores = np.abs(counts.mean(0) - np.array(theirs["mean_count"])) / error
    assert scores.max() < 4.5 and np.mean(scores < 2) > 0.8, scores
    error = expected.std(0) * np.sqrt(1 / num + 1 / theirs["draws"])
    beside = np.abs(expected.mean(0) - np.array(theirs["mean_expected"]))
    assert (beside < 4.5 * error + 1e-6).all()
