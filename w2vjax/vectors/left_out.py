"""What of a file of vectors is left out, and why: told in one line, or refused."""

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from w2vjax.errors import InputError, InputWarning, unknown

Errors = Literal["skip", "strict"]

NUMBERS = "with too few or too many numbers"
NO_NUMBER = "with something that is no number"
NOT_UTF8 = "whose word is not UTF-8"
NO_WORD = "without a word"
TWICE = "whose word came before"
NOT_FINITE = "with NaN or infinity"
OUT_OF_STEP = "out of step with the rows before (a word that holds a blank?)"


@dataclass
class LeftOut:
    """The rows of a file that are not sound, counted by reason, and what else is not as promised.

    Raises `InputError` for the first of them if `errors` is `strict`.
    """

    path: Path
    errors: Errors = "skip"
    _rows: dict[str, tuple[int, str]] = field(default_factory=dict)
    _notes: list[str] = field(default_factory=list)
    _blanks: tuple[int, str] = (0, "")
    _kept: int = 0

    def __post_init__(self) -> None:
        if self.errors not in ("skip", "strict"):
            raise unknown("way with errors", str(self.errors), ("skip", "strict"))

    def row(self, reason: str, place: str, example: str | bytes) -> None:
        """One row that is left out: why, where it stands, and its word or start."""
        shown = ", ".join(filter(None, (place, repr(example[:40]) if example else "")))
        if self.errors == "strict":
            raise InputError(
                f"{self.path}: a row {reason} ({shown}); `--errors skip` leaves it out"
            )
        count, first = self._rows.get(reason, (0, shown))
        self._rows[reason] = (count + 1, first)

    def blanks(self, place: str, word: bytes) -> None:
        """A word that holds blanks, which is read: the last fields of its row are the numbers."""
        shown = f"{place}, {word[:40].decode(errors='replace')!r}"
        if self.errors == "strict":
            raise InputError(
                f"{self.path}: a word holds blanks ({shown}); `--errors skip` reads it as one"
            )
        self._blanks = (self._blanks[0] + 1, self._blanks[1] or shown)

    def note(self, told: str) -> None:
        """Something that is not as the file promises."""
        if self.errors == "strict":
            raise InputError(f"{self.path}: {told}; `--errors skip` reads it")
        self._notes.append(told)

    def check(self, kept: int) -> None:
        """Raises `InputError` if no row was `kept` beside those that were left out."""
        self._kept = kept
        if not kept:
            raise InputError(f"{self.path} holds no sound row: {self._told() or 'it has none'}")

    def warn(self) -> None:
        """Warns the caller's caller, in one line, of all that is left out or not as promised."""
        if told := self._told():
            warnings.warn(f"{self.path}: {told}", InputWarning, stacklevel=3)

    def _told(self) -> str:
        left = sum(count for count, _ in self._rows.values())
        reasons = [f"{count:,} {why} ({first})" for why, (count, first) in self._rows.items()]
        rows = f"{left:,} of {left + self._kept:,} rows left out: {', '.join(reasons)}"
        num, first = self._blanks
        words = "1 word holds blanks and is" if num == 1 else f"{num:,} words hold blanks and are"
        return "; ".join(
            [rows] * (left > 0) + [f"{words} read ({first})"] * (num > 0) + self._notes
        )
