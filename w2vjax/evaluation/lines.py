"""Lines of test files as they are found, and what is told of those that cannot be read."""

import warnings
from collections.abc import Sequence
from pathlib import Path

from w2vjax.compressed import decompressed
from w2vjax.errors import InputError, InputWarning
from w2vjax.files import opened
from w2vjax.text.recognised import encoding_of, refuse

Line = tuple[int, str]
"""its number, from 1, and its text"""
HEAD = 1 << 14
"""bytes by which a file is recognised"""
ZIP = b"PK\x03\x04"


def lines(path: Path) -> list[Line]:
    """Lines that are neither blank nor comments (`#`), without blanks around them.

    UTF-8, with a byte-order mark or without, or UTF-16; lines end as on any system; compressed or
    not. Raises `InputError` if the file cannot be read or is no text, naming what it is.
    """
    with opened(path) as file:
        data = decompressed(file, str(path)).read()
    if data.startswith(ZIP):
        raise InputError(f"{path} is a zip archive: unpack it, and give the file or folder in it")
    head = data[:HEAD]
    refuse(head, str(path))
    encoding = encoding_of(head)
    try:
        text = data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        where = f"{path} is not {encoding.upper()} at byte offset {error.start:,}"
        raise InputError(f"{where}: save it as UTF-8") from None
    whole = text.replace("\r\n", "\n").replace("\r", "\n")
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
