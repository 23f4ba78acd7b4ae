"""Heads without noise, whose loss is the exact -log P(label|h)."""

from typing import Any, Unpack

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from w2vjax import losses
from w2vjax.errors import of_kind
from w2vjax.losses.trees import Tree
from w2vjax.losses.two_level import Classes
from w2vjax.nn.head import Best, Head, Inputs, LabelMask, Labels, Parameters, Table, check_num_words


class FullSoftmax(Head):
    """The exact softmax (`w2vjax.losses.softmax_loss`): no noise, V products an example."""


class Factored(Head):
    """Heads whose -log P(label|h) takes no sum over the vocabulary."""

    def perplexity(self, inputs: Inputs, labels: Int[Array, " b"]) -> Float[Array, ""]:
        """exp of the mean of -log P(label|h)."""
        return jnp.exp(jnp.mean(self.exact_loss(inputs, labels)))


class HierarchicalSoftmax(Factored):
    """The turns from the root of a tree to the label (`w2vjax.losses.hierarchical_softmax_loss`).

    Weights and biases are those of the V - 1 inner nodes; `predict` searches the tree, exactly.

    Args:
        tree: over `num_words` words, such as `w2vjax.losses.trees.huffman(counts)`

    Raises `InputError` for what is no tree, and a tree over another number of words.
    """

    def __init__(
        self, num_words: int, num_features: int, tree: Tree, **parameters: Unpack[Parameters]
    ) -> None:
        of_kind("tree", tree, Tree, "a tree, such as w2vjax.losses.trees.huffman(counts)")
        check_num_words("tree", tree.num_words, num_words)
        super().__init__(num_words, num_features, num_rows=tree.num_nodes, **parameters)
        self.table = Table(tree)

    @property
    def tree(self) -> Tree:
        """The words' paths."""
        tree: Tree = self.table.get_value()
        return tree

    def exact_loss(
        self, inputs: Inputs, labels: Labels, *, label_mask: LabelMask | None = None
    ) -> Float[Array, " b"]:
        """-log P(label|h)."""
        return losses.hierarchical_softmax_loss(
            self.weights[...],
            inputs,
            labels,
            self.tree,
            biases=self._biases(),
            label_mask=label_mask,
        )

    def log_probs(self, inputs: Inputs) -> Float[Array, "b v"]:
        """log P(word|h) of all words."""
        return losses.tree_log_probs(self.weights[...], inputs, self.tree, biases=self._biases())

    def predict(self, inputs: Inputs, k: int) -> Best:
        """The k most probable words, the best first, and their log-probabilities."""
        return losses.tree_predict(self.weights[...], inputs, self.tree, k, biases=self._biases())


class TwoLevelSoftmax(Factored):
    """A softmax over classes, then one in the label's (`w2vjax.losses.two_level_softmax_loss`).

    Weights and biases are those of the words within their classes; `class_head` has the classes'.

    Args:
        classes: of `num_words` words, such as `w2vjax.losses.classes_of(counts)`

    Raises `InputError` for what are no classes, classes of another number of words, and a single
    class.
    """

    def __init__(
        self, num_words: int, num_features: int, classes: Classes, **parameters: Unpack[Parameters]
    ) -> None:
        of_kind("classes", classes, Classes, "classes, such as w2vjax.losses.classes_of(counts)")
        check_num_words("classes", classes.num_words, num_words)
        super().__init__(num_words, num_features, **parameters)
        self.class_head = FullSoftmax(classes.num_classes, num_features, **parameters)
        self.table = Table(classes)

    @property
    def classes(self) -> Classes:
        """The words' classes."""
        classes: Classes = self.table.get_value()
        return classes

    def exact_loss(
        self, inputs: Inputs, labels: Labels, *, label_mask: LabelMask | None = None
    ) -> Float[Array, " b"]:
        """-log P(label|h)."""
        return losses.two_level_softmax_loss(
            inputs=inputs, labels=labels, label_mask=label_mask, **self._parameters()
        )

    def log_probs(self, inputs: Inputs) -> Float[Array, "b v"]:
        """log P(word|h) of all words."""
        return losses.two_level_log_probs(inputs=inputs, **self._parameters())

    def predict(self, inputs: Inputs, k: int) -> Best:
        """The k most probable words, the best first, and their log-probabilities."""
        return losses.two_level_predict(inputs=inputs, k=k, **self._parameters())

    def _parameters(self) -> dict[str, Any]:
        return {
            "class_weights": self.class_head.weights[...],
            "class_biases": self.class_head.shifts(),
            "weights": self.weights[...],
            "biases": self._biases(),
            "classes": self.classes,
        }
