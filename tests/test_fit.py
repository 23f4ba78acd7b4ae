"""The goodness of fit, where the law holds and where it does not."""

import math

import numpy as np
import pytest
from noise import COUNTS

from w2vjax.samplers.distributions import DISTRIBUTIONS
from w2vjax.samplers.fit import goodness_of_fit


def test_p_values_are_uniform_where_the_law_holds() -> None:
    law = DISTRIBUTIONS["zipf"](COUNTS, 1.0)
    rng = np.random.default_rng(0)
    p_values = np.array(
        [list(goodness_of_fit(rng.multinomial(20_000, law), law).values()) for _ in range(400)]
    )
    assert p_values.shape[1] == 5
    share = (p_values < 0.1).mean(axis=0)
    assert np.abs(share - 0.1).max() < 4 * math.sqrt(0.1 * 0.9 / 400)


@pytest.mark.parametrize(("rank", "part"), [(1, "1-9"), (9, "1-9"), (10, "10-99"), (99, "10-99")])
def test_goodness_of_fit_finds_the_decade(rank: int, part: str) -> None:
    law = DISTRIBUTIONS["zipf"](COUNTS, 1.0)
    observed = np.rint(law * 10**6).astype(np.int64)
    observed[rank - 1] += 20 * math.isqrt(observed[rank - 1])
    p_values = goodness_of_fit(observed, law)
    wrong = {name for name, p_value in p_values.items() if p_value < 1e-3}
    assert f"ranks {part}" in wrong <= {f"ranks {part}", "all words"}


def test_goodness_of_fit_sees_a_wrong_tail() -> None:
    """Mass moved between words too rare to be tested one by one, within one decade."""
    law = DISTRIBUTIONS["zipf"](COUNTS, 1.0)
    moved = law.copy()
    moved[1000:1500] *= 0.8
    moved[1500:] *= law[1000:].sum() / moved[1000:].sum()
    observed = np.random.default_rng(0).multinomial(100_000, moved / moved.sum())
    p_values = goodness_of_fit(observed, law)
    assert p_values["ranks 1000-2000"] < 1e-6 < 1e-3 < p_values["ranks 10-99"]
