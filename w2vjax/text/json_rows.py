"""Values of JSON in a text: one a line, or one after another, or in a list."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from w2vjax.errors import InputError
from w2vjax.text.streams import lines_of

LONGEST_VALUE = 1 << 28
"""characters after which a value is taken for damaged"""
_BETWEEN = " \t\r\n,"
_DECODER = json.JSONDecoder()


def values(name: str, blocks: Iterator[bytes], first: bytes) -> Iterator[Any]:
    """The values, one at a time: JSON lines where the first line is one, else those of a list or of
    objects over several lines. `first` is the first block, which `blocks` has too.

    Raises `InputError` for what is not JSON, with its place.
    """
    line = first.lstrip().partition(b"\n")[0]
    try:
        value = json.loads(line)
    except ValueError:
        value = None
    if isinstance(value, dict | str) or is_tokens(value):
        return _by_line(name, lines_of(blocks))
    return _by_value(name, blocks)


def is_tokens(value: Any) -> bool:
    """Whether it is a list of strings."""
    return isinstance(value, list) and all(isinstance(token, str) for token in value)


def _by_line(name: str, lines: Iterable[bytes]) -> Iterator[Any]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield json.loads(line)
            except ValueError as error:
                raise InputError(
                    f"{name} line {number:,} is not JSON ({error}), though the first line is: mend "
                    "it, or leave it out"
                ) from None


def _by_value(name: str, blocks: Iterator[bytes]) -> Iterator[Any]:
    held, in_list, number = "", False, 0
    while True:
        held = held.lstrip(_BETWEEN)
        if held.startswith("]" if in_list else "["):
            held, in_list = held[1:], not in_list
            continue
        value, end = _decoded(held)
        if end in (0, len(held)) and (more := _text(blocks, len(held))):
            held += more  # the value may go on there
            continue
        if not end:
            break
        yield value
        number, held = number + 1, held[end:]
    if held or in_list:
        raise InputError(f"{name} is not JSON after {number:,} values: mend it")


def _decoded(held: str) -> tuple[Any, int]:
    """The first value and its length; 0: it is not whole, or is none."""
    try:
        return _DECODER.raw_decode(held)
    except ValueError:
        return None, 0


def _text(blocks: Iterator[bytes], least: int) -> str:
    """More text, as much as there is already, so that a long value is not tried too often."""
    some: list[str] = []
    while sum(map(len, some)) <= least < LONGEST_VALUE:
        block = next(blocks, None)
        if block is None:
            break
        some.append(block.decode())
    return "".join(some)
