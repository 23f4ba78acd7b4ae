"""Large pages of memory for matrices whose rows are read in no order."""

import ctypes
import sys
from typing import Any

import jax

PAGE = 1 << 21
"""bytes of a large page: 2 MiB, where processors have pages of 4 KiB"""
ALLOW, COLLAPSE = 14, 25
"""Linux's advice: this memory may have large pages (2.6.38), and now (6.1); see madvise(2)"""


def in_large_pages(arrays: Any) -> int:
    """Asks Linux to put arrays on a CPU into large pages. Returns how many of them they have.

    Every row that a step meets lies in a page of its own, and a core keeps the addresses of two
    thousand pages at most: pages of 4 KiB, which are what Linux gives unless it is asked, are
    looked up for almost every row. It is advice: where it is not taken, all is as before. Donated
    arrays stay where they are, so once is enough.
    """
    if not sys.platform.startswith("linux"):
        return 0
    pages = 0
    for leaf in jax.tree.leaves(jax.block_until_ready(arrays)):
        for shard in leaf.addressable_shards:
            if shard.device.platform == "cpu":
                pages += _advise(shard.data.unsafe_buffer_pointer(), shard.data.nbytes)
    return pages


def _advise(address: int, size: int) -> int:
    """The whole large pages from an address on, if Linux agrees to them at once."""
    begin, end = -(-address // PAGE) * PAGE, (address + size) // PAGE * PAGE
    if begin >= end:
        return 0
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    taken = [madvise(begin, end - begin, advice) == 0 for advice in (ALLOW, COLLAPSE)]
    return (end - begin) // PAGE if all(taken) else 0
