"""Which questions a run got right: kept in one record, about 3 kB for Google's 19,544.

The record has the metric `analogy/hits` and no value, but three texts: `hits`, the answers packed;
`questions`, a digest of the questions, for only answers to the same ones can be compared; and
`sections`, the kinds of question in order with the length of each stretch.
"""

import base64
import binascii
import json
import zlib
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np
from jaxtyping import Int, Int8

from w2vjax.errors import InputError

METRIC = "analogy/hits"


def encode(hits: Int8[np.ndarray, " q"]) -> str:
    """Answers (1 right, 0 wrong, -1 not covered) as text.

    base64 of zlib of two planes of bits, the first bit of a byte the highest: which questions are
    covered, filled up to whole bytes, then which are right.
    """
    planes = [np.packbits(plane) for plane in (hits >= 0, hits == 1)]
    packed = zlib.compress(np.concatenate(planes).tobytes(), 9)
    return base64.b64encode(packed).decode()


def decode(text: str, num_questions: int) -> Int8[np.ndarray, " q"]:
    """The answers that `encode` wrote. Raises `InputError` for anything else."""
    try:
        packed = zlib.decompress(base64.b64decode(text, validate=True))
    except (binascii.Error, zlib.error, ValueError) as error:
        raise InputError(f"recorded hits are damaged ({error}): run the cell again") from None
    size = -(-num_questions // 8)
    if len(packed) != 2 * size:
        raise InputError(
            f"recorded hits are of another number of questions than {num_questions:,}: "
            "run the cell again"
        )
    bits = np.frombuffer(packed, np.uint8).reshape(2, size)
    covered, hit = np.unpackbits(bits, axis=1, count=num_questions).astype(np.int8)
    return covered + hit - np.int8(1)


def fields(
    hits: Int8[np.ndarray, " q"],
    digest: str,
    names: Sequence[str],
    section: Int[np.ndarray, " q"],
) -> dict[str, Any]:
    """What a record of hits holds; `section` are each question's, as indices of `names`."""
    stretches = [[names[place], len(list(run))] for place, run in groupby(section.tolist())]
    return {
        "metric": METRIC,
        "value": None,
        "hits": encode(hits),
        "questions": digest,
        "sections": json.dumps(stretches),
    }
