"""What is said of a text that is read in part, or guessed at."""

import threading
from dataclasses import dataclass, field


@dataclass
class Notes:
    """Remarks, those of many files gathered: `a.csv and 3 more: 12 rows …`."""

    _places: dict[str, dict[str, None]] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, name: str, what: str, count: int = 0) -> None:
        """Of the text `name`, what there is to say, and of how many things, which are added up."""
        with self._lock:
            self._places.setdefault(what, {})[name] = None
            self._counts[what] = self._counts.get(what, 0) + count

    def lines(self) -> tuple[str, ...]:
        """A line a remark."""
        return tuple(
            f"{_listed(places)}: {_counted(self._counts[what])}{what}"
            for what, places in self._places.items()
        )


def _listed(places: dict[str, None]) -> str:
    first = next(iter(places))
    return first if len(places) == 1 else f"{first} and {len(places) - 1:,} more"


def _counted(count: int) -> str:
    return f"{count:,} " if count else ""
