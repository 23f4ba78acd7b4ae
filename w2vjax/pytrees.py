"""Frozen pytrees whose class is part of their structure.

JAX (0.10) takes two dataclasses for the same structure if their static fields are equal, whatever
their classes: a program compiled for one may then be called with the other, now and then, as hashes
fall. With the class's name among the static fields it cannot be.
"""

import functools
import inspect
import sys
from typing import Any, TypeVar, dataclass_transform

from flax import struct

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(struct.field,))
def pytree(kind: type[T]) -> type[T]:
    """`flax.struct.dataclass`, with a static field `kind` that names the class.

    A `flax.nnx.Module` may have one as an attribute, as data (`_known_to_nnx`).
    """
    name = f"{kind.__module__}.{kind.__qualname__}"
    kind.__annotations__ = inspect.get_annotations(kind) | {"kind": str}
    kind.kind = struct.field(  # type: ignore[attr-defined]
        pytree_node=False, default=name, repr=False, kw_only=True
    )
    made: Any = struct.dataclass(kind)
    _known_to_nnx(made)
    return made


def _known_to_nnx(kind: Any) -> None:
    """Has `flax.nnx` take instances for data, at the first that is made once it is loaded.

    It is not loaded for this: that takes longer than all else together.
    """
    make = kind.__init__

    @functools.wraps(make)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        nnx = sys.modules.get("flax.nnx")
        if nnx is not None and type(self) is kind:
            nnx.register_data_type(kind)

    kind.__init__ = init
