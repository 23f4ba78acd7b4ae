"""Where a benchmark's measurements go: records of one session, written as they are made."""

import secrets
from typing import Any

from w2vjax.engine import devices
from w2vjax.records.file import Records, Row
from w2vjax.records.metrics import SUBJECT, SUBJECT_FAILED
from w2vjax.records.provenance import provenance


class Ledger:
    """Rows of one call of a benchmark, told from those of other calls in the same folder."""

    def __init__(self, records: Records, experiment: str, device: bool = True) -> None:
        """`device`: whether this process is what is measured, and its device worth recording."""
        self.session = secrets.token_hex(8)
        self._records = records
        self._base: Row = {"experiment": experiment, "session": self.session}
        if device:
            self._base |= devices.described()
        self._made = provenance()

    def describe(self, name: str, **facts: Any) -> None:
        """A program, its settings, and where it is measured."""
        row = {"metric": SUBJECT, "value": None, "label": name}
        self._records.append([self._row(name) | self._made | facts | row])

    def measured(self, name: str, metric: str, value: float, repeat: int, **amounts: Any) -> None:
        """One measurement of a program."""
        self._records.append(
            [self._row(name) | {"metric": metric, "value": value, "x": repeat} | amounts]
        )

    def failed(self, name: str, repeat: int, message: str) -> None:
        """A measurement that came to nothing."""
        row = {"metric": SUBJECT_FAILED, "value": None, "x": repeat, "message": message}
        self._records.append([self._row(name) | row])

    def _row(self, name: str) -> Row:
        return self._base | {"run": f"{self.session} {name}"}
