"""How annotations are checked while tests run."""

from collections.abc import Callable
from typing import Any, Self

from beartype import BeartypeConf, FrozenDict, beartype

_checked = beartype(conf=BeartypeConf(is_pep484_tower=True, hint_overrides=FrozenDict({Self: Any})))


def checked(function: Callable) -> Callable:
    """Arguments and results of functions; not the fields of pytrees, which may hold anything."""
    return function if function.__name__ == "__init__" else _checked(function)
