"""What a sampler promises, and the check that it keeps it.

A sampler is a frozen pytree (`w2vjax.pytrees.pytree`) with `sample` and `log_prob`. One that goes
by the words of the step, or learns from those of the stream, has one method more.
"""

from functools import partial
from typing import Any, Protocol, Self, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float32, Int32, Int64, Key

from w2vjax.errors import InputError, of_kind
from w2vjax.samplers.distributions import Probabilities
from w2vjax.samplers.fit import goodness_of_fit


@runtime_checkable
class Law(Protocol):
    """Whatever tells how probable words are as noise: a sampler, or an estimate."""

    def log_prob(self, ids: Int32[Array, "..."]) -> Float32[Array, "..."]:
        """Log-probability of each id; of a sampler: under the law of what `sample` really draws.

        -inf for words that are never drawn. The samplers of this package give it to ids that are
        no words too, below 0 or beyond the last; one's own may give anything there.
        """
        ...


@runtime_checkable
class Sampler(Law, Protocol):
    """What an output layer needs of its noise. A pytree: arrays are leaves, never constants."""

    def sample(self, key: Key[Array, ""], shape: tuple[int, ...]) -> Int32[Array, "..."]:
        """Independent ids of the given shape."""
        ...


@runtime_checkable
class FromStep(Sampler, Protocol):
    """A sampler whose noise comes from the words of the same step."""

    def sample_from(
        self, words: Int32[Array, "*steps n"], key: Key[Array, ""], shape: tuple[int, ...]
    ) -> Int32[Array, "..."]:
        """Ids of the given shape `[*steps, …]`; a step's words end in -1 where it is not full."""
        ...


@runtime_checkable
class Learning(Sampler, Protocol):
    """A sampler that learns from the stream."""

    def learn(self, seen: Int64[np.ndarray, " v"]) -> Self:
        """The sampler after each word has been seen this often. Arrays keep their shapes."""
        ...


def noise(
    sampler: Sampler,
    key: Key[Array, ""],
    shape: tuple[int, ...],
    words: Int32[Array, "*steps n"] | None,
) -> Int32[Array, "..."]:
    """Ids of the given shape: of the steps' words, if the sampler goes by them and has them."""
    if words is None or not isinstance(sampler, FromStep):
        return sampler.sample(key, shape)
    return sampler.sample_from(words, key, shape)


def check_sampler(sampler: Any) -> None:
    """Raises `InputError` for what has not the methods of a sampler."""
    wanted = "a sampler, such as w2vjax.samplers.unigram(counts): it has sample and log_prob"
    of_kind("sampler", sampler, Sampler, wanted)


def check_key(key: Any) -> None:
    """Raises `InputError` unless it is one random key of JAX, of the new kind or the old."""
    what = type(key).__name__
    if isinstance(key, jax.Array | np.ndarray):
        new = jnp.issubdtype(key.dtype, jax.dtypes.prng_key)
        if key.ndim == (0 if new else 1) and (new or key.dtype == np.uint32):
            return
        what = f"{key.dtype} of shape {key.shape}"
    raise InputError(f"key is {what}: give one random key, such as jax.random.key(0)")


def probabilities(sampler: Sampler, num_words: int) -> Probabilities:
    """`exp(log_prob)` of the ids `0 … num_words - 1`, in float64."""
    log_law = np.asarray(sampler.log_prob(jnp.arange(num_words, dtype=jnp.int32)))
    return np.exp(log_law.astype(np.float64))


def num_unreachable(sampler: Sampler, num_words: int) -> int:
    """How many words of the vocabulary the sampler never draws."""
    return int((probabilities(sampler, num_words) == 0).sum())


def check(
    sampler: Sampler,
    num_words: int,
    *,
    name: str | None = None,
    seed: int = 0,
    num_draws: int = 1 << 20,
) -> None:
    """Checks the contract of a sampler over `num_words` words.

    It is a pytree; `log_prob` is float32 of the shape of the ids and sums to one; draws are int32
    ids in range, and agree with `log_prob` (chi-square over all words with pooled tails, and in
    every decade of rank, none below p = 1e-7). Raises `InputError` that names the sampler (by
    `name`, or its class) and says what fails.
    """
    name = name or type(sampler).__name__
    if jax.tree_util.all_leaves([sampler]):
        raise InputError(f"sampler {name} is not a pytree: decorate it with w2vjax.pytrees.pytree")
    if not (
        callable(getattr(sampler, "sample", None)) and callable(getattr(sampler, "log_prob", None))
    ):
        raise InputError(f"sampler {name}: it needs the methods sample and log_prob")
    law = _checked_law(sampler, num_words, name)
    shape = (num_draws // 8, 8)
    ids = np.asarray(draw(sampler, jax.random.key(seed), shape))
    if ids.dtype != np.int32 or ids.shape != shape:
        raise InputError(
            f"sampler {name}: sample gives {ids.dtype} {ids.shape} "
            f"where int32 {shape} was asked for"
        )
    if ids.min() < 0 or ids.max() >= num_words:
        wrong = ids.min() if ids.min() < 0 else ids.max()
        raise InputError(f"sampler {name}: it drew id {wrong}, outside of 0 … {num_words - 1}")
    observed = np.bincount(ids.ravel(), minlength=num_words)
    impossible = np.flatnonzero((observed > 0) & (law == 0))
    if len(impossible):
        raise InputError(f"sampler {name}: it drew id {impossible[0]}, whose log_prob is -inf")
    for part, p_value in goodness_of_fit(observed, law).items():
        if p_value < 1e-7:
            raise InputError(
                f"sampler {name}: draws disagree with log_prob over {part} (chi-square, "
                f"p = {p_value:.1e}): log_prob must be the law of what sample draws"
            )


@partial(jax.jit, static_argnames="shape")
def draw(sampler: Sampler, key: Key[Array, ""], shape: tuple[int, ...]) -> Int32[Array, "..."]:
    """`sampler.sample(key, shape)`, compiled once a kind of sampler: tables are arguments."""
    return sampler.sample(key, shape)


def _checked_law(sampler: Sampler, num_words: int, name: str) -> Probabilities:
    ids = jnp.arange(num_words, dtype=jnp.int32)
    log_law = np.asarray(sampler.log_prob(ids))
    if log_law.dtype != np.float32 or log_law.shape != ids.shape:
        raise InputError(
            f"sampler {name}: log_prob gives {log_law.dtype} {log_law.shape} where float32 "
            f"{ids.shape} was asked for"
        )
    if np.isnan(log_law).any():
        raise InputError(f"sampler {name}: log_prob of id {int(np.isnan(log_law).argmax())} is NaN")
    law = probabilities(sampler, num_words)
    if not abs(law.sum() - 1) < 2e-5:
        raise InputError(f"sampler {name}: exp(log_prob) sums to {law.sum():.6g} and not to one")
    return law
