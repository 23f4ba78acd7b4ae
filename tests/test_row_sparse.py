"""The example of training by rows, in small: both ways learn."""

import math
import runpy
from pathlib import Path

import jax

EXAMPLE = Path(__file__).parents[1] / "examples" / "row_sparse.py"
NUM_WORDS = 200


def test_both_ways_learn() -> None:
    with jax.numpy_dtype_promotion("standard"):  # optax is not strict
        last = runpy.run_path(str(EXAMPLE))["main"](NUM_WORDS, repeats=100, num_sampled=64)
    assert set(last) == {"dense", "by rows"}
    # the loss of noise alone is about log 65: label and noise are equally likely
    assert all(loss < math.log(65) - 0.5 for loss in last.values()), last
