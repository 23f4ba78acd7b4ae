"""Samplers for catalogues: the laws asked for, whatever the order of ids, and bad arguments."""

import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from w2vjax.errors import InputError
from w2vjax.samplers import (
    Sampler,
    check,
    draw,
    from_file,
    from_probabilities,
    log_uniform,
    probabilities,
    uniform,
    unigram,
    zipf,
)
from w2vjax.samplers.laws import law, total_variation

V = 300
KEY = jax.random.key(0)
COUNTS = np.random.default_rng(0).permutation(np.maximum(0, 5000 // np.arange(1, V + 1) - 20))
ORDER = np.argsort(-COUNTS, kind="stable")
RESERVED = (0, 17, 4)
FREE = np.ones(V, bool)
FREE[list(RESERVED)] = False
RANKS = np.arange(1.0, V + 1)
LOG_UNIFORM = np.log1p(1 / RANKS) / math.log(V + 1)


def shares(weights: np.ndarray) -> np.ndarray:
    return weights / weights.sum()


def ranked(weights: np.ndarray, order: np.ndarray = ORDER) -> np.ndarray:
    """Weights by rank as the law of ids that are not reserved."""
    whole = np.zeros(V)
    ids = order[FREE[order]]
    whole[ids] = weights[: len(ids)]
    return shares(whole)


CASES: dict[str, tuple[Callable[[], Sampler], np.ndarray]] = {
    "unigram": (lambda: unigram(COUNTS), shares(COUNTS**0.75)),
    "unigram, power 0": (lambda: unigram(COUNTS, power=0), shares(1.0 * (COUNTS > 0))),
    "unigram, reserved": (
        lambda: unigram(COUNTS, power=1, reserved=RESERVED),
        shares(COUNTS * FREE),
    ),
    "unigram, temperature": (
        lambda: unigram(COUNTS, temperature=2),
        shares(COUNTS**0.375),
    ),
    "unigram, share": (
        lambda: unigram(COUNTS, reserved=RESERVED, uniform_share=0.25),
        0.75 * shares(COUNTS**0.75 * FREE) + 0.25 * shares(1.0 * FREE),
    ),
    "probabilities": (
        lambda: from_probabilities(COUNTS * 1e300, reserved=RESERVED),
        shares(COUNTS * FREE),
    ),
    "uniform": (lambda: uniform(V), shares(np.ones(V))),
    "uniform, reserved": (lambda: uniform(V, reserved=RESERVED), shares(1.0 * FREE)),
    "uniform, first": (lambda: uniform(V, reserved=3), shares(1.0 * (RANKS > 3))),
    "log-uniform": (lambda: log_uniform(V), LOG_UNIFORM),
    "log-uniform, order": (lambda: log_uniform(V, order=ORDER), LOG_UNIFORM[np.argsort(ORDER)]),
    "log-uniform, order, reserved": (
        lambda: log_uniform(V, order=ORDER, reserved=RESERVED),
        ranked(np.log1p(1 / RANKS)),
    ),
    "log-uniform, temperature": (
        lambda: log_uniform(V, order=ORDER, reserved=RESERVED, temperature=0.5),
        ranked(np.log1p(1 / RANKS) ** 2),
    ),
    "zipf": (lambda: zipf(V, exponent=1.2), shares(RANKS**-1.2)),
    "zipf, order, reserved": (
        lambda: zipf(V, order=ORDER, reserved=RESERVED),
        ranked(1 / RANKS),
    ),
}
"""Each function with each argument, and the law asked for, written out again."""


@pytest.fixture(params=CASES, scope="module")
def case(request: pytest.FixtureRequest) -> tuple[Sampler, np.ndarray]:
    build, wanted = CASES[request.param]
    return build(), wanted


def test_the_law_is_the_one_asked_for(case: tuple[Any, np.ndarray]) -> None:
    sampler, wanted = case
    assert sampler.num_words == V
    assert total_variation(law(sampler, V), wanted) < 1e-9
    np.testing.assert_allclose(probabilities(sampler, V), law(sampler, V), rtol=2e-6)
    assert ((probabilities(sampler, V) > 0) == (wanted > 0)).all()


def test_ids_that_are_no_words_are_never_drawn(case: tuple[Any, np.ndarray]) -> None:
    outside = jnp.int32([-(2**31), -V, -2, -1, V, V + 1, 2**31 - 1])
    assert jnp.isneginf(case[0].log_prob(outside)).all()


def test_draws_have_the_law_and_are_never_of_what_has_none(case: tuple[Any, np.ndarray]) -> None:
    check(case[0], V, num_draws=1 << 17)


def test_under_jit_vmap_and_shard_map(case: tuple[Any, np.ndarray]) -> None:
    sampler, _ = case
    keys = jax.random.split(KEY, 2)
    wanted = jnp.stack([draw(sampler, key, (20,)) for key in keys])
    chex.assert_trees_all_equal(jax.vmap(lambda k: draw(sampler, k, (20,)))(keys), wanted)
    spec = jax.sharding.PartitionSpec
    mapped = jax.jit(
        jax.shard_map(
            lambda s, k: (ids := s.sample(k[0], (20,)), s.log_prob(ids)),
            mesh=jax.make_mesh((2,), ("data",), (jax.sharding.AxisType.Auto,)),
            in_specs=(spec(), spec("data")),
            out_specs=spec("data"),
        )
    )
    ids, log_prob = mapped(sampler, keys)
    chex.assert_trees_all_equal(ids, wanted.ravel())
    chex.assert_trees_all_close(log_prob, sampler.log_prob(ids), rtol=1e-6)


def test_a_module_of_flax_may_hold_one(case: tuple[Any, np.ndarray]) -> None:
    class Head(nnx.Module):
        def __init__(self, sampler: Sampler) -> None:
            self.sampler = sampler
            self.weights = nnx.Param(jnp.zeros(2))

    head = Head(case[0])
    ids = nnx.jit(lambda module, key: module.sampler.sample(key, (5,)))(head, KEY)
    assert ids.tolist() == draw(case[0], KEY, (5,)).tolist()
    assert len(jax.tree.leaves(nnx.state(head, nnx.Param))) == 1


def test_files_as_tensorflow_reads_them(tmp_path: Path) -> None:
    for text, weights in {
        "the 0.5\nof 0.3\nand 0.2\n": [0.5, 0.3, 0.2],
        "the 100\nof 120\nand 5": [100, 120, 5],
        "the,100\nof,50\n": [100, 50],
        "a b\t7\n\n,,3\r\nnew york,4\n12": [7, 3, 4, 12],
    }.items():
        path = tmp_path / "words"
        path.write_text(text)
        held = probabilities(from_file(path, num_reserved=2, power=0.5), len(weights) + 2)
        np.testing.assert_allclose(held, shares(np.array([0, 0, *weights]) ** 0.5), rtol=1e-6)
    path.write_text("the 100\nof many\n")
    with pytest.raises(InputError, match=r"words, line 2: the last field is 'many'"):
        from_file(path)
    path.write_text("\n")
    with pytest.raises(InputError, match="no lines with words"):
        from_file(path)
    with pytest.raises(InputError, match="nowhere cannot be read"):
        from_file(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: unigram([3, -1]), r"counts\[1\] is -1 \(negative\)"),
        (lambda: unigram([3, math.nan]), r"counts\[1\] is nan \(NaN\)"),
        (lambda: unigram([0, 0]), "all counts are zero"),
        (lambda: unigram([[1, 2]]), r"counts have shape \(1, 2\)"),
        (lambda: unigram(["many"]), "counts are no numbers"),
        (lambda: unigram([3, 1], power=math.nan), "power is nan"),
        (lambda: unigram([3, 0], reserved=[0]), "zero for all ids that are not reserved"),
        (lambda: unigram([3, 1], temperature=0), "temperature is 0"),
        (lambda: unigram([3, 1], uniform_share=1.5), "uniform_share is 1.5"),
        (lambda: from_probabilities([0.5, -0.5]), r"probabilities\[1\] is -0.5"),
        (lambda: from_probabilities([0.5, math.inf]), r"probabilities\[1\] is inf"),
        (lambda: from_probabilities([1.0, 0.0], reserved=1), "probabilities of all ids"),
        (lambda: uniform(0), "range_max is 0"),
        (lambda: uniform(2.5), "range_max is 2.5"),  # type: ignore[arg-type]
        (lambda: uniform(3, reserved=4), "reserved is 4: it must be between 0 and 3"),
        (lambda: uniform(3, reserved=3), "reserved are all of the 3 ids"),
        (lambda: uniform(3, reserved=[0, 3]), r"reserved\[1\] is 3: ids are between 0 and 2"),
        (lambda: uniform(3, reserved=[0.5]), "reserved is float64"),
        (lambda: log_uniform(3, order=[0, 1, 1]), "id 1 stands twice.*, id 2 is missing"),
        (lambda: log_uniform(3, order=[0, 1]), "order has 2 ids .*: id 2 is missing"),
        (lambda: zipf(3, order=[0, 1, 3]), r"order\[2\] is 3: ids are between 0 and 2"),
        (lambda: zipf(3, order=[0, -1, 1]), r"order\[1\] is -1"),
        (lambda: zipf(3, order=np.zeros((1, 3), int)), r"order is int64 of shape \(1, 3\)"),
        (lambda: zipf(10**6, exponent=100), "beyond the range of float64"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_bad_arguments_are_named(build: Callable[[], Sampler], message: str) -> None:
    with pytest.raises(InputError, match=message):
        build()


def test_importing_it_loads_nothing_heavy() -> None:
    heavy = ["scipy", "pandas", "seaborn", "matplotlib", "tyro", "jinja2", "optax", "flax.nnx"]
    program = (
        "import sys, w2vjax.losses, w2vjax.samplers; w2vjax.samplers.uniform(3); "
        f"loaded = set({heavy}) & set(sys.modules); assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
