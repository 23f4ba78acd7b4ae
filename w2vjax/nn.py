"""Output layers for models in flax.nnx: the losses of `w2vjax.losses` with their parameters.

>>> import jax, jax.numpy as jnp
>>> from flax import nnx
>>> from w2vjax import nn, samplers
>>> head = nn.SampledSoftmax(1_000, 16, samplers.log_uniform(1_000), 64, rngs=nnx.Rngs(0))
>>> inputs, labels = jnp.ones((8, 16)), jnp.arange(8)
>>> head.loss(inputs, labels, jax.random.key(0)).shape
(8,)
>>> words, log_probs = head.predict(inputs, k=3)
>>> words.shape
(8, 3)

Inputs are `[B, d]`: a model of sequences flattens them, and all its words then share their noise.
Losses are nats `[B]`, float32 also where inputs or parameters are bfloat16. `weights` and `biases`
are `nnx.Param`; a sampler, a tree or classes are a `Table`, which checkpoints keep and an
`nnx.Optimizer(..., wrt=nnx.Param)` leaves alone. To share the weights of an embedding:
`head.weights = embed.embedding`.
"""

import math
from collections.abc import Callable
from typing import Any, ClassVar, Required, TypedDict, Unpack

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float, Int, Key

from w2vjax import losses
from w2vjax.errors import InputError, in_range
from w2vjax.losses.logits import Hits, LogQ
from w2vjax.losses.row_gradients import RowGradients
from w2vjax.losses.weights import num_words_of
from w2vjax.samplers.candidates import Candidates, draw_candidates
from w2vjax.samplers.contract import Sampler

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

    Raises `InputError` for fewer than two words or no features.
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
        in_range("num_words", num_words, 2)
        in_range("num_features", num_features, 1)
        self.num_words, self.num_features = num_words, num_features
        rows = num_words if num_rows is None else num_rows
        self.weights = nnx.Param(weights_init(rngs.params(), (rows, num_features), param_dtype))
        biases = bias_init(rngs.params(), (rows,), param_dtype) if use_bias else None
        self.biases = None if biases is None else nnx.Param(biases)

    def loss(
        self, inputs: Inputs, labels: Labels, key: Key[Array, ""] | None = None, **options: Any
    ) -> Float[Array, " b"]:
        """The loss of every row. Heads without noise do not use the key: all are called alike."""
        return self.exact_loss(inputs, labels, **options)

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


class FullSoftmax(Head):
    """The exact softmax (`w2vjax.losses.softmax_loss`): no noise, V products an example."""


class SampledHead(Head):
    """What the heads that draw noise share.

    Args:
        sampler: over `num_words` words, from `w2vjax.samplers` or one's own
        num_sampled: candidates, shared by the batch
        unique: whether they are different words
        hits: candidates that are labels are left out ("mask") or kept ("keep")
        log_q: whose logits are corrected for the sampler (`w2vjax.losses.sampled_softmax_loss`)

    Raises `InputError` for a sampler over another number of words, and for more different
    candidates than it can draw.
    """

    loss_of: ClassVar[Callable[..., Float[Array, " b"]]]

    def __init__(
        self,
        num_words: int,
        num_features: int,
        sampler: Sampler,
        num_sampled: int,
        *,
        unique: bool = True,
        hits: Hits = "mask",
        log_q: LogQ = "both",
        **parameters: Unpack[Parameters],
    ) -> None:
        super().__init__(num_words, num_features, **parameters)
        check_num_words("sampler", num_words_of(sampler), num_words)
        self.num_sampled, self.unique, self.hits, self.log_q = num_sampled, unique, hits, log_q
        self.table = Table(sampler)
        jax.eval_shape(self.draw, jax.random.key(0))  # tells what cannot be drawn

    @property
    def sampler(self) -> Sampler:
        """What draws the noise."""
        sampler: Sampler = self.table.get_value()
        return sampler

    def draw(self, key: Key[Array, ""]) -> Candidates:
        """The candidates of a batch."""
        return draw_candidates(self.sampler, key, self.num_sampled, unique=self.unique)

    def loss(  # type: ignore[override]  # there is no noise without a key
        self, inputs: Inputs, labels: Labels, key: Key[Array, ""], **options: Any
    ) -> Float[Array, " b"]:
        """The loss of every row, against candidates that the key draws; option: `label_mask`."""
        return self._of(type(self).loss_of, inputs, labels, key, options)

    def value_and_row_gradient(
        self,
        inputs: Inputs,
        labels: Labels,
        key: Key[Array, ""],
        *,
        reduction: Callable[[Float[Array, " b"]], Float[Array, ""]] = jnp.mean,
        label_mask: LabelMask | None = None,
    ) -> tuple[Float[Array, ""], RowGradients]:
        """The mean loss, or another reduction, and its gradients, of weights and biases by rows.

        For steps whose cost does not grow with the words: `w2vjax.losses.value_and_row_gradient`.
        """
        gradient = losses.value_and_row_gradient(type(self).loss_of, reduction)
        return self._of(gradient, inputs, labels, key, {"label_mask": label_mask})

    def _of(
        self,
        function: Callable[..., Any],
        inputs: Inputs,
        labels: Labels,
        key: Key[Array, ""],
        options: dict[str, Any],
    ) -> Any:
        """The function of the head's weights, biases and settings, and of candidates."""
        return function(
            self.weights[...],
            inputs,
            labels,
            self.draw(key),
            biases=self._biases(),
            hits=self.hits,
            log_q=self.log_q,
            **options,
        )


class SampledSoftmax(SampledHead):
    """The softmax over labels and noise (`w2vjax.losses.sampled_softmax_loss`).

    For training an exact softmax over many words: `log_probs` and `predict` are the exact one's.
    """

    loss_of = staticmethod(losses.sampled_softmax_loss)


class NCE(SampledHead):
    """Noise-contrastive estimation (`w2vjax.losses.nce_loss`): learns log-probabilities as logits.

    Biases start at -log V, so that logits are normalised from the first step on (`bias_init`).
    """

    loss_of = staticmethod(losses.nce_loss)

    def __init__(
        self,
        num_words: int,
        num_features: int,
        sampler: Sampler,
        num_sampled: int,
        *,
        unique: bool = True,
        hits: Hits = "keep",
        log_q: LogQ = "both",
        **parameters: Unpack[Parameters],
    ) -> None:
        parameters.setdefault("bias_init", nnx.initializers.constant(-math.log(num_words)))
        options: Any = {"unique": unique, "hits": hits, "log_q": log_q} | parameters
        super().__init__(num_words, num_features, sampler, num_sampled, **options)


class NegativeSampling(SampledHead):
    """The label told from noise (`w2vjax.losses.negative_sampling_loss`): NCE, not corrected.

    Its scores learn log P(word|h) - log k q(word) (Levy & Goldberg 2014): `log_probs`, `predict`
    and `perplexity` add log q, and a word that is never noise has no probability. Rank by the
    scores themselves, `inputs @ weights.T + biases`, where q is to be left out. Noise repeats: the
    expected counts of different words are no multiple of q.
    """

    loss_of = staticmethod(losses.nce_loss)

    def __init__(
        self,
        num_words: int,
        num_features: int,
        sampler: Sampler,
        num_sampled: int,
        *,
        hits: Hits = "keep",
        **parameters: Unpack[Parameters],
    ) -> None:
        options: Any = {"unique": False, "hits": hits, "log_q": "none"} | parameters
        super().__init__(num_words, num_features, sampler, num_sampled, **options)

    def shifts(self) -> Float[Array, " v"]:
        """Biases and log q."""
        log_q = self.sampler.log_prob(jnp.arange(self.num_words, dtype=jnp.int32))
        biases = self._biases()
        return log_q if biases is None else biases.astype(log_q.dtype) + log_q


def check_num_words(name: str, known: int | None, num_words: int) -> None:
    """Raises `InputError` if what is called `name` is known to be over another number of words."""
    if known not in (None, num_words):
        raise InputError(
            f"{name} is over {known} words and num_words is {num_words}: make them agree"
        )
