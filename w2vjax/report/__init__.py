"""What is made from records alone: statistics, tables, figures, pages.

`table` and `figures` are for scripts and notebooks; they are loaded at first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from w2vjax.report import figures
    from w2vjax.report.tabulation import table

__all__ = ["figures", "table"]


def __getattr__(name: str) -> Any:
    if name == "table":
        return import_module("w2vjax.report.tabulation").table
    if name == "figures":
        return import_module("w2vjax.report.figures")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
