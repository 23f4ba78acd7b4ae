"""Two-level softmax of a batch, for any model: classes of words, then the words of a class.

    log P(w|h) = log P(C(w)|h) + log P(w|C(w), h)

`textbook.two_level_softmax` of every row: Goodman 2001, Classes for fast maximum entropy training.
With √V classes of √V words it costs 2 √V products an example. Float32 whatever the types.
"""

from functools import partial
from typing import NamedTuple, Self

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Float32, Int, Int32, Integer
from numpy.typing import ArrayLike

from w2vjax.errors import InputError, whole
from w2vjax.losses.arguments import (
    check_no_nan,
    checked_biases,
    checked_inputs,
    checked_labels,
    checked_matrix,
)
from w2vjax.losses.arithmetic import AMBIENT, dot
from w2vjax.losses.textbook import two_level_softmax
from w2vjax.pytrees import pytree
from w2vjax.samplers.distributions import checked_weights

NUMBERS_AT_A_TIME = 1 << 25
"""of the rows of labels' classes: 128 MiB"""


@pytree
class Classes:
    """A class for every word. A pytree."""

    class_of: Int32[Array, " v"]
    """the class of each word"""
    place_of: Int32[Array, " v"]
    """its place in the class"""
    members: Int32[Array, "c w"]
    """the words of each class, the lowest id first; 0 beyond its end"""
    sizes: Int32[Array, " c"]
    """words in each class"""

    @classmethod
    def of(cls, class_of: ArrayLike) -> Self:
        """Classes by the class `[V]` of every word, such as those of a clustering.

        Raises `InputError` unless they are whole numbers from 0 on, and none is left out.
        """
        given = np.asarray(class_of)
        if given.ndim != 1 or not len(given) or not np.issubdtype(given.dtype, np.integer):
            raise InputError(
                f"class_of is {given.dtype} of shape {given.shape}: give one class a word, a whole "
                "number"
            )
        if given.min() < 0 or given.max() >= len(given):
            raise InputError(
                f"class_of goes from {given.min()} to {given.max()}: {len(given)} words have "
                f"classes between 0 and {len(given) - 1}"
            )
        sizes = np.bincount(given)
        if not sizes.all():
            raise InputError(f"class {int((sizes == 0).argmax())} has no words: leave none out")
        by_class = np.argsort(given, kind="stable")
        place_of = np.empty(len(given), np.int64)
        place_of[by_class] = np.arange(len(given)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        members = np.zeros((len(sizes), sizes.max()), np.int32)
        members[given, place_of] = np.arange(len(given))
        return cls(
            class_of=jnp.asarray(given.astype(np.int32)),
            place_of=jnp.asarray(place_of.astype(np.int32)),
            members=jnp.asarray(members),
            sizes=jnp.asarray(sizes.astype(np.int32)),
        )

    @property
    def num_words(self) -> int:
        """V."""
        return self.class_of.shape[0]

    @property
    def num_classes(self) -> int:
        """C."""
        return self.sizes.shape[0]

    def inside(self, classes: Int[Array, "*n"]) -> Bool[Array, "*n w"]:
        """Which places of these classes hold words."""
        shape = (*classes.shape, self.members.shape[1])
        places = jax.lax.broadcasted_iota(jnp.int32, shape, len(shape) - 1)
        return places < self.sizes[classes][..., None]


def classes_of(counts: ArrayLike, num_classes: int | None = None) -> Classes:
    """Classes of equal size, of words that are about as frequent.

    Words by falling count are cut into `num_classes` pieces; None: about √V of them, which costs
    the fewest products. Raises `InputError` for counts that are negative or not finite, and for a
    number of classes below 1 or above V.
    """
    weights = checked_weights("counts", counts)
    num_words = len(weights)
    wanted = round(num_words**0.5) if num_classes is None else num_classes
    whole("num_classes", wanted, 1, num_words)
    class_of = np.empty(num_words, np.int64)
    rank = np.argsort(-weights, kind="stable")
    class_of[rank] = np.arange(num_words) * wanted // num_words
    return Classes.of(class_of)


def two_level_softmax_loss(
    class_weights: Float[Array, "c d"],
    weights: Float[Array, "v d"],
    inputs: Float[Array, "b d"],
    labels: Integer[Array, "..."],
    classes: Classes,
    *,
    class_biases: Float[Array, " c"] | None = None,
    biases: Float[Array, " v"] | None = None,
    label_mask: Bool[Array, "..."] | None = None,
) -> Float32[Array, " b"]:
    """A softmax over classes of words, then one over the words of the label's class.

        -Σ_t (log P(C(t)|h) + log P(t|C(t), h)) / T   over the T labels of a row

    Goodman 2001. Nats, not reduced. The rows of the labels' classes are read, those of no other
    class; of large batches some at a time, and once more for the gradient.

    Args:
        class_weights: a row for every class
        weights: a row for every word
        inputs: hidden vectors
        labels: words, `[B]`, or `[B, T]` where a row has several, which then count 1/T each. One
            out of range that is traced makes its row's loss NaN; gradients stay finite
        classes: `classes_of(counts)`, or `Classes.of(class_of)`
        class_biases: of the classes; None: 0
        biases: of the words; None: 0
        label_mask: of the labels' shape; False: padding, which counts nothing

    Raises `InputError` for shapes or types that do not fit, classes of another number of words, and
    for known values that are wrong: NaN, labels out of range.
    """
    levels = _Levels.of(class_weights, weights, inputs, class_biases, biases, classes)
    given = checked_labels(labels, len(levels.inputs), classes.num_words, label_mask)

    def of_row(row: tuple[Array, Array, Array]) -> Float32[Array, " t"]:
        hidden, class_logits, words = row
        its_class = classes.class_of[words]
        word_logits = levels.word_logits(hidden, its_class)
        of_labels = jax.vmap(two_level_softmax, in_axes=(None, 0, 0, 0))
        return of_labels(class_logits, its_class, word_logits, classes.place_of[words])

    numbers = given.ids.shape[1] * classes.members.shape[1] * levels.inputs.shape[1]
    rows = levels.inputs, levels.class_logits(), given.ids
    at_a_time = max(1, NUMBERS_AT_A_TIME // numbers)
    if at_a_time >= len(given.ids):
        losses = jax.vmap(of_row)(rows)
    else:
        losses = jax.lax.map(jax.checkpoint(of_row), rows, batch_size=at_a_time)
    return given.or_nan(jnp.sum(losses * given.shares(), axis=1))


def two_level_log_probs(
    class_weights: Float[Array, "c d"],
    weights: Float[Array, "v d"],
    inputs: Float[Array, "b d"],
    classes: Classes,
    *,
    class_biases: Float[Array, " c"] | None = None,
    biases: Float[Array, " v"] | None = None,
) -> Float32[Array, "b v"]:
    """log P(w|h) of all words. Raises `InputError` as `two_level_softmax_loss` does."""
    levels = _Levels.of(class_weights, weights, inputs, class_biases, biases, classes)
    logits = dot("bd,vd->bv", levels.inputs, levels.weights, AMBIENT)
    if levels.biases is not None:
        logits += levels.biases[None]
    inside = classes.inside(jnp.arange(classes.num_classes))[None]
    by_class = jnp.where(inside, logits[:, classes.members], -jnp.inf)
    of_classes = jax.nn.log_softmax(levels.class_logits()) - jax.nn.logsumexp(by_class, axis=-1)
    return logits + of_classes[:, classes.class_of]


def two_level_predict(
    class_weights: Float[Array, "c d"],
    weights: Float[Array, "v d"],
    inputs: Float[Array, "b d"],
    classes: Classes,
    k: int,
    *,
    class_biases: Float[Array, " c"] | None = None,
    biases: Float[Array, " v"] | None = None,
) -> tuple[Int32[Array, "b k"], Float32[Array, "b k"]]:
    """The k most probable words, the best first, and their log P(w|h). Of equals the lower id.

    Exact: classes are looked into by falling probability, until the next one is less probable than
    k words that were found. Raises `InputError` as `two_level_softmax_loss` does, and for a `k`
    below 1 or above V.
    """
    levels = _Levels.of(class_weights, weights, inputs, class_biases, biases, classes)
    whole("k", k, 1, classes.num_words)
    of_classes = jax.nn.log_softmax(levels.class_logits())
    return jax.vmap(partial(_search, levels, k))(levels.inputs, of_classes)


class _Levels(NamedTuple):
    """Checked arguments."""

    class_weights: Float[Array, "c d"]
    weights: Float[Array, "v d"]
    inputs: Float32[Array, "b d"]
    class_biases: Float32[Array, " c"] | None
    biases: Float32[Array, " v"] | None
    classes: Classes

    @classmethod
    def of(
        cls,
        class_weights: Array,
        weights: Array,
        inputs: Array,
        class_biases: Array | None,
        biases: Array | None,
        classes: Classes,
    ) -> Self:
        inputs = checked_inputs(inputs).astype(jnp.float32)
        width = inputs.shape[1]
        class_weights = checked_matrix("class_weights", class_weights, width, classes.num_classes)
        weights = checked_matrix("weights", weights, width, classes.num_words)
        class_biases = checked_biases(class_biases, len(class_weights), "class_biases")
        biases = checked_biases(biases, len(weights))
        check_no_nan(
            class_weights=class_weights,
            weights=weights,
            inputs=inputs,
            class_biases=class_biases,
            biases=biases,
        )
        class_biases, biases = jax.tree.map(
            lambda shift: shift.astype(jnp.float32), (class_biases, biases)
        )
        return cls(class_weights, weights, inputs, class_biases, biases, classes)

    def class_logits(self) -> Float32[Array, "b c"]:
        logits = dot("bd,cd->bc", self.inputs, self.class_weights, AMBIENT)
        return logits if self.class_biases is None else logits + self.class_biases[None]

    def word_logits(
        self, hidden: Float32[Array, " d"], classes: Int[Array, "*n"]
    ) -> Float32[Array, "*n w"]:
        """Of the words of these classes, for one hidden vector; -inf beyond a class's end."""
        words = self.classes.members[classes]
        logits = dot("...d,d->...", self.weights[words], hidden, AMBIENT)
        if self.biases is not None:
            logits += self.biases[words]
        return jnp.where(self.classes.inside(classes), logits, -jnp.inf)


def _search(
    levels: _Levels, k: int, hidden: Float32[Array, " d"], of_classes: Float32[Array, " c"]
) -> tuple[Int32[Array, " k"], Float32[Array, " k"]]:
    """Costs are -log P; the best k of one hidden vector."""
    classes = levels.classes
    costs, order = jax.lax.sort_key_val(-of_classes, jnp.arange(len(of_classes), dtype=jnp.int32))
    State = tuple[Int[Array, ""], Int32[Array, " k"], Float32[Array, " k"]]

    def promising(state: State) -> Bool[Array, ""]:
        number, _, best = state
        return (number < len(costs)) & ~(costs[jnp.minimum(number, len(costs) - 1)] > best[-1])

    def look(state: State) -> State:
        number, words, best = state
        its_class = order[number]
        found = costs[number] - jax.nn.log_softmax(levels.word_logits(hidden, its_class))
        others = jnp.where(
            classes.inside(its_class), classes.members[its_class], len(levels.weights)
        )
        best, words = jax.lax.sort(
            (jnp.concatenate([best, found]), jnp.concatenate([words, others])), num_keys=2
        )
        return number + 1, words[:k], best[:k]

    start = jnp.int32(0), jnp.full(k, len(levels.weights), jnp.int32), jnp.full(k, jnp.inf)
    _, words, best = jax.lax.while_loop(promising, look, start)
    return words, -best
