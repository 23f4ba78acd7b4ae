"""The check of the contract: what it accepts, what it refuses, and how it says so."""

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import struct
from noise import COUNTS, V

from w2vjax.config.schema import SamplerConfig
from w2vjax.errors import InputError
from w2vjax.samplers import OWN, build, check, parse, probabilities, register
from w2vjax.samplers.mechanisms import Alias


@struct.dataclass
class Mine:
    """A user's sampler, right unless told otherwise: uniform over ten words."""

    law: jax.Array
    fault: str = struct.field(pytree_node=False, default="none")

    def sample(self, key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
        ids = jax.random.randint(key, shape, 0, 10, jnp.int32)
        match self.fault:
            case "biased":
                ids = jnp.where((ids == 9) & (ids[:1] < 2), 8, ids)
            case "range":
                ids = ids + 1
            case "dtype":
                return ids.astype(jnp.float32)
            case "shape":
                return ids[0]
            case "constant":
                ids = jnp.zeros_like(ids)
        return ids

    def log_prob(self, ids: jax.Array) -> jax.Array:
        log_prob = jnp.log(self.law)[ids]
        match self.fault:
            case "half":
                return log_prob - 0.01
            case "log nan":
                return log_prob * jnp.nan
            case "log dtype":
                return log_prob.astype(jnp.bfloat16)
            case "log shape":
                return log_prob[:1]
        return log_prob


UNIFORM_LAW = jnp.full(10, 0.1)
WRONG_LAW = jnp.array([0.103, 0.097, *[0.1] * 8])
SKEW_LAW = jnp.array([0.2, 0.0, *[0.1] * 8])


def test_check_accepts_a_users_sampler() -> None:
    check(Mine(UNIFORM_LAW), 10)


@pytest.mark.parametrize(
    ("law", "fault", "message"),
    [
        (WRONG_LAW, "none", r"draws disagree with log_prob over .*p = "),
        (UNIFORM_LAW, "biased", "draws disagree"),
        (UNIFORM_LAW, "constant", "draws disagree"),
        (SKEW_LAW, "none", "drew id 1, whose log_prob is -inf"),
        (UNIFORM_LAW, "range", "drew id 10, outside of 0 … 9"),
        (UNIFORM_LAW, "dtype", "sample gives float32"),
        (UNIFORM_LAW, "shape", "sample gives int32 "),
        (UNIFORM_LAW, "half", "sums to 0.99005 and not to one"),
        (UNIFORM_LAW, "log nan", "log_prob of id 0 is NaN"),
        (UNIFORM_LAW, "log dtype", "log_prob gives bfloat16"),
        (UNIFORM_LAW, "log shape", "log_prob gives float32"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_check_names_what_fails(law: jax.Array, fault: str, message: str) -> None:
    with pytest.raises(InputError, match=f"sampler Mine: .*{message}"):
        check(Mine(law, fault), 10)


def test_check_needs_a_pytree() -> None:
    class Plain:
        sample = Mine.sample
        log_prob = Mine.log_prob

    with pytest.raises(InputError, match="Plain is not a pytree"):
        check(Plain(), 10)


@pytest.mark.usefixtures("unchecked")
def test_check_needs_the_methods() -> None:
    @struct.dataclass
    class Half:
        law: jax.Array
        sample = Mine.sample

    with pytest.raises(InputError, match="Half: it needs the methods sample and log_prob"):
        check(Half(UNIFORM_LAW), 10)


# --- samplers that users register ---


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """What a test registers is forgotten when it ends."""
    before = dict(OWN)
    yield
    OWN.clear()
    OWN.update(before)


def test_a_registered_sampler_is_used_by_its_name() -> None:
    @register("by-root-of-rank")
    def by_root_of_rank(counts: np.ndarray) -> Alias:
        weights = np.arange(1, len(counts) + 1) ** -0.5
        return Alias.of(weights / weights.sum())

    config = parse("by-root-of-rank")
    assert config == SamplerConfig("by-root-of-rank") and config.name == "by-root-of-rank"
    held = probabilities(build(config, COUNTS), V)
    assert held[0] / held[99] == pytest.approx(10, rel=1e-5)
    assert len(by_root_of_rank(COUNTS).log_law) == V, "the decorated function is as it was"


def test_a_registered_sampler_is_checked_when_it_is_built() -> None:
    register("ten-words")(lambda counts: Mine(UNIFORM_LAW, "biased"))
    with pytest.raises(InputError, match="sampler ten-words: draws disagree with log_prob"):
        build(parse("ten-words"), np.arange(10, 0, -1))
    register("ten-words")(lambda counts: Mine(UNIFORM_LAW, "half"))
    with pytest.raises(InputError, match=r"sampler ten-words: .*sums to 0.99005"):
        build(parse("ten-words"), np.arange(10, 0, -1))
    register("ten-words")(lambda counts: Mine(UNIFORM_LAW))
    build(parse("ten-words"), np.arange(10, 0, -1))
    with pytest.raises(InputError, match="all counts are zero"):
        build(parse("ten-words"), np.zeros(10))


def test_a_registered_sampler_cannot_spoil_the_counts() -> None:
    @register("spoiler")
    def spoiler(counts: np.ndarray) -> Alias:
        counts[:] = 1
        return Alias.of(counts / counts.sum())

    counts = COUNTS.astype(np.float64)
    build(parse("spoiler"), counts)
    assert (counts == COUNTS).all()


@pytest.mark.parametrize("name", ["unigram", "two words", "a^2", "", "a+b"])
def test_names_that_cannot_be_registered(name: str) -> None:
    with pytest.raises(InputError, match="sampler name"):
        register(name)


@pytest.mark.parametrize("name", ["mine^2", "mine:alias", "mine+uniform(0.1)"])
def test_a_registered_sampler_takes_nothing_else(name: str) -> None:
    register("mine")(lambda counts: Mine(UNIFORM_LAW))
    with pytest.raises(InputError, match="mine is used by its name alone"):
        parse(name)
    with pytest.raises(InputError, match="it takes no mechanism, share of uniform"):
        build(SamplerConfig("mine", mechanism="alias"), np.arange(10, 0, -1))
    with pytest.raises(InputError, match="did you mean mine"):
        parse("mien")
