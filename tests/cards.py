"""A small report card, made once, that the tests of cards share."""

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import struct
from noise import COUNTS

from w2vjax.samplers import OWN, parse
from w2vjax.study import card, draw_times
from w2vjax.study.card_settings import CardConfig

NAMES = (
    *("uniform", "unigram^0.75", "unigram^1:table(20000)", "log-uniform:cdf"),
    *("in-batch", "learned-unigram", "first-two"),
)
CONFIG = CardConfig(table_size=5_000, num_draws=20_000, repeats=2)


@struct.dataclass
class FirstTwo:
    """A user's sampler: a coin for the two most frequent words."""

    chance: jax.Array

    def sample(self, key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
        return jax.random.bernoulli(key, self.chance, shape).astype(jnp.int32)

    def log_prob(self, ids: jax.Array) -> jax.Array:
        second = jnp.where(ids == 1, self.chance, 0.0)
        return jnp.log(jnp.where(ids == 0, 1 - self.chance, second))


@cache
def small_card() -> dict[str, Any]:
    """Of `NAMES`, on `noise.COUNTS`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(OWN, "first-two", lambda counts: FirstTwo(jnp.float32(0.25)))
        patch.setattr(draw_times, "SIZES", (1_000, 10_000))
        samplers = [parse(name) for name in NAMES]
        return card.card("test", np.sort(COUNTS)[::-1], samplers, CONFIG)
