"""Whether a layer keeps the contract: told before anything is trained, with what breaks."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import ShapeDtypeStruct as Shaped

from w2vjax.errors import InputError
from w2vjax.losses.layer import Labels, OutputLayer

TARGETS, BLOCKS = 2, 3
"""that are tried"""
MEMBERS = tuple(
    name for name in (*OutputLayer.__annotations__, *vars(OutputLayer)) if not name.startswith("_")
)
"""what the contract asks of a layer"""


def check(name: str, layer: Any, num_words: int) -> None:
    """Raises `InputError`, naming the layer and what breaks: missing members, wrong shapes.

    Methods are traced for the shapes of two targets, not run.
    """
    missing = [member for member in MEMBERS if not hasattr(layer, member)]
    wrong = f"it has no {', '.join(missing)}" if missing else _wrong_shape(layer, num_words)
    if wrong:
        raise InputError(
            f"output layer {name}: {type(layer).__name__} breaks the contract, {wrong}; see "
            "OutputLayer in w2vjax/losses/layer.py"
        )


class _Fails(Exception):
    """A method raises something."""


def _wrong_shape(layer: OutputLayer, num_words: int) -> str | None:
    """What is wrong with what the methods give for two targets; None: nothing."""
    targets = Shaped((TARGETS,), jnp.int32)
    key = jax.eval_shape(lambda: jax.random.key(0))
    try:
        own = _traced("target_rows", layer.target_rows, targets)
        shared = _traced("shared_rows", lambda key: layer.shared_rows(key, (BLOCKS,)), key)
        for name, rows, number in (("target_rows", own, TARGETS), ("shared_rows", shared, BLOCKS)):
            if len(rows.shape) != 2 or rows.shape[0] != number or rows.dtype != jnp.int32:
                return f"{name} gives {rows.dtype} {rows.shape} and not int32 ({number}, …)"
        shift = _traced("shift", layer.shift, own)
        if shift.shape != own.shape:
            return f"shift gives {shift.shape} and not {own.shape}"
        ids = Shaped(shared.shape[1:], jnp.int32)
        return _wrong_labels(layer, targets, own, ids) or _wrong_loss(layer, own, ids, num_words)
    except _Fails as failure:
        return str(failure)


def _wrong_labels(layer: OutputLayer, targets: Shaped, own: Shaped, shared: Shaped) -> str | None:
    def arrays(targets: jax.Array, shared: jax.Array) -> Any:
        return jax.tree.map(jnp.asarray, layer.labels(targets, shared))

    labels = _traced("labels", arrays, targets, shared)
    if not isinstance(labels, Labels):
        return f"labels gives {type(labels).__name__} and not Labels"
    block = (*shared.shape, TARGETS)
    wanted: dict[str, tuple[tuple[int, ...], ...]] = {
        "pull": (own.shape,),
        "push": (own.shape,),
        "shared_pull": (block, ()),
        "shared_push": (block, ()),
        "target_in_partition": ((TARGETS,), ()),
    }
    for name, shapes in wanted.items():
        found = getattr(labels, name).shape
        if found not in shapes:
            return f"labels gives a {name} of {found} and not {shapes[0]}"
    return None


def _wrong_loss(layer: OutputLayer, own: Shaped, shared: Shaped, num_words: int) -> str | None:
    if layer.candidate_scope == "matrix":
        shared = Shaped((layer.num_rows(num_words),), jnp.int32)
    logits = (Shaped(shape, jnp.float32) for shape in (own.shape[1:], shared.shape))
    loss = _traced("example", layer.example, *logits, Shaped((), jnp.int32), shared)
    return f"example gives {loss.shape} and not a scalar" if loss.shape else None


def _traced(name: str, method: Callable[..., Any], *arguments: Any) -> Any:
    """What a method gives, shapes alone."""
    try:
        return jax.eval_shape(method, *arguments)
    except Exception as error:
        raise _Fails(f"{name} fails ({str(error).partition(chr(10))[0]})") from error
