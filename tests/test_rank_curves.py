"""Curves of probability against rank."""

import numpy as np
from noise import COUNTS, V

from w2vjax.config.schema import SamplerConfig
from w2vjax.study.rank_curves import POINTS, distributions


def test_distributions_are_those_of_the_samplers() -> None:
    samplers = [SamplerConfig(power=0.5), SamplerConfig("uniform"), SamplerConfig("in-batch")]
    rows = distributions(samplers, COUNTS, "test")
    assert len({row["metric"] for row in rows}) == 3, "what goes by the stream has no curve"
    assert all("run" not in row and "label" not in row for row in rows)
    laws = {"corpus": COUNTS / COUNTS.sum(), "unigram^0.5": COUNTS**0.5 / (COUNTS**0.5).sum()}
    laws["uniform"] = np.full(V, 1 / V)
    for name, law in laws.items():
        held = {row["x"]: row["value"] for row in rows if row["metric"] == f"distribution/{name}"}
        assert {1, V} <= set(held) and 40 < len(held) <= POINTS
        np.testing.assert_allclose(list(held.values()), law[np.array(list(held)) - 1], rtol=1e-4)
