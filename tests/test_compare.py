"""The comparison as a list of runs: every layer, the sampled ones with every sampler."""

import pytest
from test_grid import BASE

from w2vjax.errors import InputError
from w2vjax.study import compare


def test_comparison_is_layers_times_samplers_times_seeds():
    cells = compare.cells(BASE, samplers=["uniform", "log-uniform"], seeds=3)
    sampled, others = 3, 3
    assert len(cells) == 3 * (sampled * 2 + others)
    assert len({config.run_id for config in cells}) == len(cells)
    assert [config.train.seed for config in cells] == sorted(c.train.seed for c in cells)
    epochs = {config.output.layer: config.train.epochs for config in cells}
    assert epochs["full-softmax"] < epochs["hierarchical-softmax"] < epochs["nce"]
    assert {c.train.epochs for c in compare.cells(BASE, epochs=1.5)} == {1.5}
    one = compare.cells(BASE, ["nce"], ["unigram"], seeds=1)
    assert [config.output.label for config in one] == ["nce / unigram^1"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"layers": ["nce", "softmax"]}, "did you mean .*full-softmax"),
        ({"samplers": ["unigrm"]}, "did you mean unigram"),
        ({"samplers": ["unigram", "unigram^1"]}, "twice"),
        ({"layers": ["nce", "nce"]}, "twice"),
        ({"layers": []}, "outputs is empty"),
        ({"samplers": []}, "samplers is empty"),
        ({"seeds": 0}, "seeds is 0"),
        ({"epochs": -1.0}, "epochs is -1"),
    ],
)
def test_impossible_comparisons_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        compare.cells(BASE, **arguments)
