"""Ids of words: which there are, what is said of others, and what a table has for them."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int32, Integer

from w2vjax.errors import InputError


def are_words(ids: Integer[Array, "*n"], num_words: int | None) -> Bool[Array, "*n"]:
    """Which ids are from 0 to `num_words - 1`. None: the vocabulary has no known end."""
    # Compared in 32 bits at least, before anything is cut to 32.
    wide = ids.astype(jnp.int32) if ids.dtype.itemsize < 4 else ids
    return wide >= 0 if num_words is None else (wide >= 0) & (wide < num_words)


def check_ids(
    name: str, ids: Integer[Array, "*n"], wrong: Bool[Array, "*n"], num_words: int | None
) -> None:
    """Raises `InputError` that names the first id that is wrong. Those that are traced pass."""
    if is_true(wrong.any()):
        where = tuple(int(place) for place in np.argwhere(wrong)[0])
        raise InputError(
            f"{name}{list(where)} is {ids[where]}: {name} are ids of words, from 0 to "
            + ("V - 1" if num_words is None else str(num_words - 1))
        )


def is_true(condition: Bool[Array, ""]) -> bool:
    """Whether it is known to be true: False where it is traced."""
    return not isinstance(condition, jax.core.Tracer) and bool(condition)


def known_num_words(law: Any) -> int | None:
    """V of what draws words or tells their law; None where it has no `num_words`, or a traced one.

    A law without a vocabulary, such as an estimate by hashes, takes any id from 0 on.
    """
    try:
        return int(law.num_words)
    except (AttributeError, jax.errors.ConcretizationTypeError):
        return None


def gathered(table: Array, ids: Int32[Array, "*n"], otherwise: float) -> Array:
    """What the table has for the ids; `otherwise` for those below 0 or beyond its end."""
    return table.at[ids].get(mode="fill", fill_value=otherwise, wrap_negative_indices=False)
