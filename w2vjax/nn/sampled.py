"""Heads whose loss draws candidates: sampled softmax, NCE, negative sampling."""

import math
from collections.abc import Callable
from typing import Any, ClassVar, Unpack

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Key

from w2vjax import losses
from w2vjax.errors import InputError
from w2vjax.losses.logits import Hits, LogQ, check_options
from w2vjax.losses.row_gradients import RowGradients
from w2vjax.losses.weights import num_words_of
from w2vjax.nn.head import Head, Inputs, LabelMask, Labels, Parameters, Table, check_num_words
from w2vjax.samplers.candidates import Candidates, draw_candidates
from w2vjax.samplers.contract import Sampler, check_sampler


class SampledHead(Head):
    """What the heads that draw noise share.

    Args:
        sampler: over `num_words` words, from `w2vjax.samplers` or one's own
        num_sampled: candidates, shared by the batch
        unique: whether they are different words
        hits: candidates that are labels are left out ("mask") or kept ("keep")
        log_q: whose logits are corrected for the sampler (`w2vjax.losses.sampled_softmax_loss`)

    Raises `InputError` for what is no sampler, a sampler over another number of words, more
    different candidates than it can draw, and unknown options.
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
        check_sampler(sampler)
        check_options(hits, log_q)
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

    def loss(
        self,
        inputs: Inputs,
        labels: Labels,
        key: Key[Array, ""] | None = None,
        *,
        candidates: Candidates | None = None,
        label_mask: LabelMask | None = None,
    ) -> Float[Array, " b"]:
        """The loss of every row, against candidates that the key draws, or others in their place.

        Such as those of each row, `draw_candidates(head.sampler, key, n, num_rows=B)`, or of the
        batch, `in_batch(labels, law)`. Raises `InputError` unless one of both is given.
        """
        noise = self._noise(key, candidates)
        return self._of(type(self).loss_of, inputs, labels, noise, label_mask)

    def value_and_row_gradient(
        self,
        inputs: Inputs,
        labels: Labels,
        key: Key[Array, ""] | None = None,
        *,
        candidates: Candidates | None = None,
        reduction: Callable[[Float[Array, " b"]], Float[Array, ""]] = jnp.mean,
        label_mask: LabelMask | None = None,
    ) -> tuple[Float[Array, ""], RowGradients]:
        """The mean loss, or another reduction, and its gradients, of weights and biases by rows.

        For steps whose cost does not grow with the words: `w2vjax.losses.value_and_row_gradient`.
        """
        gradient = losses.value_and_row_gradient(type(self).loss_of, reduction)
        return self._of(gradient, inputs, labels, self._noise(key, candidates), label_mask)

    def _noise(self, key: Key[Array, ""] | None, candidates: Candidates | None) -> Candidates:
        if key is not None and candidates is None:
            return self.draw(key)
        if key is None and candidates is not None:
            return candidates
        given = "neither is" if key is None else "both are"
        raise InputError(f"of key and candidates {given} given: give one of them")

    def _of(
        self,
        function: Callable[..., Any],
        inputs: Inputs,
        labels: Labels,
        candidates: Candidates,
        label_mask: LabelMask | None,
    ) -> Any:
        """The function of the head's weights, biases and settings, and of candidates."""
        return function(
            self.weights[...],
            inputs,
            labels,
            candidates,
            biases=self._biases(),
            label_mask=label_mask,
            hits=self.hits,
            log_q=self.log_q,
        )


class SampledSoftmax(SampledHead):
    """The softmax over labels and noise (`w2vjax.losses.sampled_softmax_loss`).

    For training an exact softmax over many words: `log_probs` and `predict` are the exact one's.
    The defaults are TensorFlow's. With repeats (`unique=False`) take `log_q="negatives"`: with
    "both" and hits left out the exact softmax is not what it goes to.
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
        hits: Hits = "keep",
        **options: Any,
    ) -> None:
        options.setdefault("bias_init", nnx.initializers.constant(-math.log(num_words)))
        super().__init__(num_words, num_features, sampler, num_sampled, hits=hits, **options)


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
        super().__init__(
            num_words,
            num_features,
            sampler,
            num_sampled,
            unique=False,
            hits=hits,
            log_q="none",
            **parameters,
        )

    def shifts(self) -> Float[Array, " v"]:
        """Biases and log q."""
        log_q = self.sampler.log_prob(jnp.arange(self.num_words, dtype=jnp.int32))
        biases = self._biases()
        return log_q if biases is None else biases.astype(log_q.dtype) + log_q
