"""What every head has: parameters, and how probabilities are read from them."""

from typing import Any, Required, TypedDict

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float, Int, Key

from w2vjax import losses
from w2vjax.errors import InputError, whole

Best = tuple[Int[Array, "b k"], Float[Array, "b k"]]
Inputs = Float[Array, "b d"]
Labels = Int[Array, " b"] | Int[Array, "b t"]
LabelMask = Bool[Array, " b"] | Bool[Array, "b t"]


ROWS = nnx.initializers.variance_scaling(1.0, "fan_in", "normal", in_axis=1, out_axis=0)
"""normal of variance 1/d, for weights `[V, d]`"""


class Table(nnx.Variable):
    """What a head is built with and does not train: its sampler, tree or classes."""


class Parameters(TypedDict, total=False):
    """How the parameters of every head are made."""

    rngs: Required[nnx.Rngs]
    """whose stream `params` makes them"""
    use_bias: bool
    """a bias for every row; True by default"""
    param_dtype: Any
    """float32 by default"""
    weights_init: nnx.Initializer
    """normal of variance 1/d by default"""
    bias_init: nnx.Initializer
    """zeros by default; in `NCE` -log V"""


class Head(nnx.Module):
    """What the heads share: rows of weights and their biases, and how probabilities are read.

    Raises `InputError` for fewer than two words, no features, and rngs without `params`.
    """

    def __init__(
        self,
        num_words: int,
        num_features: int,
        *,
        rngs: nnx.Rngs,
        num_rows: int | None = None,
        use_bias: bool = True,
        param_dtype: Any = jnp.float32,
        weights_init: nnx.Initializer = ROWS,
        bias_init: nnx.Initializer = nnx.initializers.zeros,
    ) -> None:
        whole("num_words", num_words, 2)
        whole("num_features", num_features, 1)
        if not hasattr(rngs, "params"):
            given = type(rngs).__name__
            raise InputError(f"rngs is of type {given}: give nnx.Rngs with a stream for params")
        self.num_words, self.num_features = num_words, num_features
        rows = num_words if num_rows is None else num_rows
        self.weights = nnx.Param(weights_init(rngs.params(), (rows, num_features), param_dtype))
        biases = bias_init(rngs.params(), (rows,), param_dtype) if use_bias else None
        self.biases = None if biases is None else nnx.Param(biases)

    def loss(
        self,
        inputs: Inputs,
        labels: Labels,
        key: Key[Array, ""] | None = None,
        *,
        label_mask: LabelMask | None = None,
    ) -> Float[Array, " b"]:
        """The loss of every row. Heads without noise do not use the key: all are called alike.

        Where labels are traced, one out of range makes its row's loss NaN; gradients stay finite.
        """
        return self.exact_loss(inputs, labels, label_mask=label_mask)

    def exact_loss(
        self, inputs: Inputs, labels: Labels, *, label_mask: LabelMask | None = None
    ) -> Float[Array, " b"]:
        """-log P(label|h), exactly, whatever the head is trained with."""
        return losses.softmax_loss(
            self.weights[...], inputs, labels, biases=self.shifts(), label_mask=label_mask
        )

    def perplexity(self, inputs: Inputs, labels: Int[Array, " b"]) -> Float[Array, ""]:
        """exp of the mean of -log P(label|h)."""
        return losses.perplexity(self.weights[...], inputs, labels, biases=self.shifts())

    def log_probs(self, inputs: Inputs) -> Float[Array, "b v"]:
        """log P(word|h) of all words."""
        return losses.log_probs(self.weights[...], inputs, biases=self.shifts())

    def predict(self, inputs: Inputs, k: int) -> Best:
        """The k most probable words, the best first, and their log-probabilities."""
        return losses.predict(self.weights[...], inputs, k, biases=self.shifts())

    def shifts(self) -> Float[Array, " r"] | None:
        """What is added to the products where probabilities are read: the biases, or None."""
        return self._biases()

    def _biases(self) -> Float[Array, " r"] | None:
        return None if self.biases is None else self.biases[...]


def check_num_words(name: str, known: int | None, num_words: int) -> None:
    """Raises `InputError` if what is called `name` is known to be over another number of words."""
    if known not in (None, num_words):
        raise InputError(
            f"{name} is over {known} words and num_words is {num_words}: make them agree"
        )
