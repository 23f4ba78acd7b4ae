"""Mistakes told in words that help."""

import math

import pytest

from w2vjax.errors import InputError, in_range, unknown


@pytest.mark.parametrize("value", [1, 1.5, 2**40, 1e300])
def test_what_is_in_range_passes(value):
    in_range("rate", value, 1)


@pytest.mark.parametrize(
    ("value", "bounds", "message"),
    [
        (0, (1,), "rate is 0: it must be at least 1"),
        (-math.inf, (1,), "rate is -inf: it must be at least 1"),
        (math.inf, (1,), "rate is inf: it must be finite"),
        (math.nan, (1,), "rate is nan: it must be finite"),
        (3, (1, 2), "rate is 3: it must be between 1 and 2"),
        (math.inf, (1, 2), "rate is inf: it must be between 1 and 2"),
        (math.nan, (1, 2), "rate is nan: it must be between 1 and 2"),
    ],
)
def test_what_is_not_is_told(value, bounds, message):
    with pytest.raises(InputError) as error:
        in_range("rate", value, *bounds)
    assert str(error.value) == message


def test_infinity_passes_where_it_is_allowed():
    in_range("rate", math.inf, 1, math.inf)


def test_near_names_come_first():
    text = str(unknown("layer", "nec", ["full-softmax", "nce"]))
    assert text == "unknown layer 'nec': did you mean nce? known: full-softmax, nce"
    assert "did you mean" not in str(unknown("layer", "zzz", ["full-softmax", "nce"]))
