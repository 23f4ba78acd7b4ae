"""Lines of test files as they are found, and what is told of those that cannot be read."""

import codecs
import warnings
from collections.abc import Sequence
from pathlib import Path

from w2vjax.errors import InputError, InputWarning
from w2vjax.files import opened, read_text

Line = tuple[int, str]
"""its number, from 1, and its text"""
BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"


def lines(path: Path) -> list[Line]:
    """Lines that are neither blank nor comments (`#`), without blanks around them.

    UTF-8, with a byte-order mark or without, or UTF-16 with one; lines end as on any system.
    Raises `InputError` if the file cannot be read.
    """
    with opened(path) as file:
        start = file.read(2)
        wide = start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        try:
            text = (start + file.read()).decode("utf-16") if wide else read_text(path)
        except UnicodeDecodeError as error:
            raise InputError(
                f"{path} is damaged UTF-16 ({error.reason}): save it as UTF-8"
            ) from None
    whole = text.removeprefix(BYTE_ORDER_MARK).replace("\r\n", "\n").replace("\r", "\n")
    numbered = ((number, line.strip(" ")) for number, line in enumerate(whole.split("\n"), start=1))
    return [(at, line) for at, line in numbered if line.strip() and not line.startswith("#")]


def tell_left_out(path: Path, faults: Sequence[Line], num_read: int) -> None:
    """Warns of lines that could not be read, each with what is wrong; `InputError` where most are.

    A test with a few lines less is still that test: the message says how many, and an example.
    """
    if not faults:
        return
    number, wrong = faults[0]
    if len(faults) >= num_read:
        raise InputError(f"{path} line {number}: {wrong}")
    some = f"{len(faults):,} of {len(faults) + num_read:,} lines are left out"
    told = some if len(faults) > 1 else some.replace("lines are", "lines is")
    warnings.warn(f"{path}: {told}: line {number}: {wrong}", InputWarning, stacklevel=3)
