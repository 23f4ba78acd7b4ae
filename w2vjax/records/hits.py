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
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int, Int8, Shaped

from w2vjax.errors import InputError

METRIC = "analogy/hits"


@dataclass(frozen=True, eq=False)
class Hits:
    """The answers of several runs to the same questions."""

    runs: tuple[str, ...]
    hit: Bool[np.ndarray, "r q"]
    covered: Bool[np.ndarray, "r q"]
    sections: Shaped[np.ndarray, " q"]
    """name of each question's section"""


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


def read_hits(frame: pd.DataFrame) -> Hits | None:
    """The answers of all runs in the records that have them; None if no run has.

    Raises `InputError` if they are answers to different questions, or damaged.
    """
    rows = frame[frame["metric"] == METRIC]
    if rows.empty:
        return None
    if rows["questions"].nunique() > 1:
        found = ", ".join(sorted(rows["questions"].unique()))
        raise InputError(
            f"the records mix question sets ({found}): their answers cannot be compared; "
            "keep each in a folder of its own"
        )
    stretches = json.loads(rows["sections"].iloc[0])
    sections = np.repeat([name for name, _ in stretches], [length for _, length in stretches])
    answers = np.stack([decode(text, len(sections)) for text in rows["hits"]])
    return Hits(tuple(rows["run"]), answers == 1, answers >= 0, sections)
