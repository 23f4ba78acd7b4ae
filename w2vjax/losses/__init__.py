"""The losses: of one example (`textbook`), and of the engine's output layers.

The names of `__all__` are the textbook's. They are loaded at first use, so that names of layers are
known without starting JAX.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from w2vjax.losses.textbook import (
        full_softmax,
        hierarchical_softmax,
        nce,
        negative_sampling,
        sampled_softmax,
        two_level_softmax,
    )

__all__ = [
    "full_softmax",
    "hierarchical_softmax",
    "nce",
    "negative_sampling",
    "sampled_softmax",
    "two_level_softmax",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from w2vjax.losses import textbook

    return getattr(textbook, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
