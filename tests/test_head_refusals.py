"""What does not fit a head is told, when it is made or when its loss is asked for."""

import pytest
from flax import nnx
from test_nn import (
    CLASSES,
    COUNTS,
    INPUTS,
    KEY,
    LABELS,
    NOISY,
    SAMPLER,
    TREE,
    D,
    V,
    each_head,
    made,
)

from w2vjax import nn, samplers
from w2vjax.errors import InputError

WRONG = {
    "num_words is 1": lambda rngs: nn.FullSoftmax(1, D, rngs=rngs),
    "num_features is 0": lambda rngs: nn.FullSoftmax(V, 0, rngs=rngs),
    "num_sampled is 0": lambda rngs: nn.NCE(V, D, SAMPLER, 0, rngs=rngs),
    "sampler is over 50 words and num_words is 51": lambda rngs: nn.NCE(
        V + 1, D, SAMPLER, 5, rngs=rngs
    ),
    "tree is over 50 words and num_words is 49": lambda rngs: nn.HierarchicalSoftmax(
        V - 1, D, TREE, rngs=rngs
    ),
    "classes is over 50 words and num_words is 49": lambda rngs: nn.TwoLevelSoftmax(
        V - 1, D, CLASSES, rngs=rngs
    ),
    "51 different noise words": lambda rngs: nn.SampledSoftmax(V, D, SAMPLER, V + 1, rngs=rngs),
    "sampler is of type ndarray: give a sampler": lambda rngs: nn.NCE(V, D, COUNTS, 5, rngs=rngs),
    "tree is of type Classes: give a tree": lambda rngs: nn.HierarchicalSoftmax(
        V, D, CLASSES, rngs=rngs
    ),
    "classes is of type Tree: give classes": lambda rngs: nn.TwoLevelSoftmax(V, D, TREE, rngs=rngs),
    "rngs is of type int: give nnx.Rngs": lambda rngs: nn.FullSoftmax(V, D, rngs=3),
    "num_words is 50.0: give a whole number": lambda rngs: nn.FullSoftmax(50.0, D, rngs=rngs),
    "unknown hits 'maks': did you mean mask": lambda rngs: nn.NegativeSampling(
        V, D, SAMPLER, 5, hits="maks", rngs=rngs
    ),
    "unknown log_q 'None': .*known: both, negatives, none": lambda rngs: nn.SampledSoftmax(
        V, D, SAMPLER, 5, log_q=None, rngs=rngs
    ),
    "only 40 can be drawn": lambda rngs: nn.SampledSoftmax(
        V, D, samplers.uniform(V, reserved=10), 41, rngs=rngs
    ),
}


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("message", WRONG)
def test_what_does_not_fit_is_told_when_a_head_is_made(message: str) -> None:
    with pytest.raises(InputError, match=message):
        WRONG[message](nnx.Rngs(0))


@pytest.mark.usefixtures("unchecked")
@each_head
def test_inputs_of_another_width_are_told(name: str) -> None:
    with pytest.raises(InputError, match=r"weights have shape"):
        made(name).loss(INPUTS[:, 1:], LABELS, KEY)
    with pytest.raises(InputError, match=r"inputs have shape \(2, 3, 8\): flatten"):
        made(name).loss(INPUTS.reshape(2, 3, D), LABELS.reshape(2, 3), KEY)
    if name in NOISY:
        with pytest.raises(InputError, match="key is int: give one random key"):
            made(name).loss(INPUTS, LABELS, 0)
