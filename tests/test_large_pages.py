"""Large pages: a matter of speed alone."""

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest

from w2vjax.engine import large_pages
from w2vjax.engine.large_pages import PAGE, in_large_pages


def held(address):
    """Bytes in large pages where Linux's map has this address."""
    found = False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        bounds = re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line)
        if bounds:
            found = int(bounds[1], 16) <= address < int(bounds[2], 16)
        elif found and line.startswith("AnonHugePages"):
            return 1024 * int(line.split()[1])
    return 0


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="only Linux tells")
def test_linux_has_put_an_array_where_it_was_asked_to_and_its_values_are_the_same():
    array = jnp.arange(4 * PAGE // 4, dtype=jnp.int32)
    address = array.unsafe_buffer_pointer()
    pages = in_large_pages({"a": array, "b": [jnp.zeros(3)]})
    if not pages:
        pytest.skip("Linux does not take the advice here")
    assert pages in (3, 4)  # the ends may lie within a page
    assert held(-(-address // PAGE) * PAGE) >= pages * PAGE
    assert array.unsafe_buffer_pointer() == address
    np.testing.assert_array_equal(array, np.arange(PAGE))


def test_advice_that_is_not_taken_changes_nothing(monkeypatch):
    refuses = SimpleNamespace(madvise=lambda *_: -1)
    monkeypatch.setattr(large_pages.ctypes, "CDLL", lambda _: refuses)
    array = jnp.ones(2 * PAGE)
    assert in_large_pages(array) == 0
    np.testing.assert_array_equal(array, np.ones(2 * PAGE))


def test_only_linux_is_asked(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert in_large_pages(jnp.ones(2 * PAGE)) == 0
