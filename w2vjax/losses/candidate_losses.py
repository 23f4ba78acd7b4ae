"""The sampled losses for any model: weights, inputs, labels and candidates in, nats `[B]` out.

A row with several labels is the mean of the examples with one of them each, in which the others
are noise: of `w2vjax.losses.textbook`, and as in TensorFlow.

Which options of the sampled softmax lead to the exact one as candidates grow?

| `log_q` | `hits` | leads there |
|---|---|---|
| "negatives" (arXiv 2507.09331) | "mask" | always: the label stands for itself |
| "both" | "keep" | always: the label is one more draw |
| "both" (TensorFlow's) | "mask" | without repeats, where expected counts end at one |

With repeats TensorFlow's options take k q(label) from the label's weight. Hits are left out with
all their copies; of a candidate that is there twice TensorFlow leaves out the last only.

A word that the sampler never draws (a label with a count of zero, or a reserved one) is not
corrected: loss and gradient stay finite, where TensorFlow has NaN.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Integer

from w2vjax.losses.elementwise import LOGISTIC, logistic_noise
from w2vjax.losses.logits import CandidateLogits, Hits, LogQ, candidate_logits
from w2vjax.losses.weights import Rows
from w2vjax.samplers.candidates import Candidates


def sampled_softmax_loss(
    weights: Rows,
    inputs: Float[Array, "b d"],
    labels: Integer[Array, " b"] | Integer[Array, "b t"],
    candidates: Candidates,
    *,
    biases: Rows | None = None,
    label_mask: Bool[Array, " b"] | Bool[Array, "b t"] | None = None,
    hits: Hits = "mask",
    log_q: LogQ = "both",
    temperature: float | Float[Array, ""] = 1.0,
) -> Float[Array, " b"]:
    """The softmax over labels and candidates: as `tf.nn.sampled_softmax_loss`, with more options.

        -1/T Σ_t r_t + log(Σ_t exp(r_t) + Σ_j exp(r_j)),   r_v = (h·w_v + b_v)/τ - log E[count of v]

    Bengio & Senécal 2008; Jean et al. 2015, section 3.2; for one label `textbook.sampled_softmax`.
    Nats, float32 whatever the inputs' type (float64 where they are). The defaults are TensorFlow's;
    the module tells which options lead to the exact softmax.

    Args:
        weights: `[V, d]`, `VocabularySharded`, or a tower: ids `[R]` to rows `[R, d]`, called once
        inputs: the hidden vectors h
        labels: the words to predict, `[B]`, or `[B, T]`
        candidates: from `draw_candidates` or `in_batch`: shared, `[S]`, or of each row, `[B, S]`
        biases: `[V]`, or a function from ids `[R]` to `[R]`
        label_mask: False where a label does not count; rows without any have no loss
        hits: candidates that are labels of the row are left out ("mask"), or "keep"
        log_q: whose logits are corrected: "both" labels and candidates, "negatives" or "none"
        temperature: τ; candidates are drawn as before

    A traced label out of range makes its row's loss NaN; gradients stay finite, those of the other
    rows. A traced temperature that is not positive makes all losses NaN.

    Raises `InputError` for labels out of range or not integer, weights, inputs or biases that are
    not floating-point or hold NaN, shapes that do not fit, a sampler over another number of words
    than the weights, no `Candidates`, unknown options, a temperature that is not positive.

    >>> import jax, jax.numpy as jnp
    >>> from w2vjax.samplers import draw_candidates, uniform
    >>> candidates = draw_candidates(uniform(1_000), jax.random.key(0), 64)
    >>> weights, inputs, labels = jnp.zeros((1_000, 8)), jnp.ones((2, 8)), jnp.array([3, 999])
    >>> sampled_softmax_loss(weights, inputs, labels, candidates).shape
    (2,)
    """
    logits = candidate_logits(
        weights,
        inputs,
        labels,
        candidates,
        biases=biases,
        label_mask=label_mask,
        hits=hits,
        log_q=log_q,
        temperature=temperature,
    )
    labels, shares = _finite(logits)
    losses = _log_partition(labels, logits.noise)[:, None] - labels
    losses = jnp.sum(jnp.where(logits.checked.mask, shares * losses, 0.0), axis=1)
    return logits.checked.or_nan(losses)


def nce_loss(
    weights: Rows,
    inputs: Float[Array, "b d"],
    labels: Integer[Array, " b"] | Integer[Array, "b t"],
    candidates: Candidates,
    *,
    biases: Rows | None = None,
    label_mask: Bool[Array, " b"] | Bool[Array, "b t"] | None = None,
    hits: Hits = "keep",
    log_q: LogQ = "both",
    temperature: float | Float[Array, ""] = 1.0,
) -> Float[Array, " b"]:
    """Labels told from noise, logits corrected for the sampler: as `tf.nn.nce_loss`.

        Σ_t (-1/T log σ(r_t) - (1 - 1/T) log σ(-r_t)) - Σ_j log σ(-r_j)

    with r as in `sampled_softmax_loss`, which explains arguments and errors. Gutmann & Hyvärinen
    2012; Mnih & Teh 2012, eq. 8; for one label `textbook.nce`. At the optimum with `hits="keep"`
    the logits are log-probabilities, normalised without a sum over the vocabulary.
    """
    logits = candidate_logits(
        weights,
        inputs,
        labels,
        candidates,
        biases=biases,
        label_mask=label_mask,
        hits=hits,
        log_q=log_q,
        temperature=temperature,
    )
    labels, shares = _finite(logits)
    mask = logits.checked.mask
    as_target, as_noise = LOGISTIC.parts(labels, pull=shares, push=1 - shares)
    of_labels = jnp.sum(jnp.where(mask, as_target + as_noise, 0.0), axis=1)
    of_noise = jnp.sum(logistic_noise(logits.noise), axis=1)
    return logits.checked.or_nan(of_labels + jnp.where(mask.any(axis=1), of_noise, 0.0))


def negative_sampling_loss(
    weights: Rows,
    inputs: Float[Array, "b d"],
    labels: Integer[Array, " b"] | Integer[Array, "b t"],
    candidates: Candidates,
    *,
    biases: Rows | None = None,
    label_mask: Bool[Array, " b"] | Bool[Array, "b t"] | None = None,
    hits: Hits = "keep",
    temperature: float | Float[Array, ""] = 1.0,
) -> Float[Array, " b"]:
    """Labels told from noise, logits as they are: `nce_loss` without the correction.

        Σ_t (-1/T log σ(s_t) - (1 - 1/T) log σ(-s_t)) - Σ_j log σ(-s_j),   s_v = (h·w_v + b_v)/τ

    Mikolov et al. 2013b, eq. 4; for one label `textbook.negative_sampling`. Arguments and errors as
    in `sampled_softmax_loss`. The noise is part of the objective: at the optimum with `hits="keep"`
    s_v = log P(v|h) - log E[count of v].
    """
    return nce_loss(
        weights,
        inputs,
        labels,
        candidates,
        biases=biases,
        label_mask=label_mask,
        hits=hits,
        log_q="none",
        temperature=temperature,
    )


def _finite(logits: CandidateLogits) -> tuple[Float[Array, "b t"], Float[Array, "b t"]]:
    """Of labels, 0 instead of NaN, so that rows with one out of range have no gradient; 1/T."""
    labels = jnp.where(logits.checked.in_range[:, None], logits.labels, 0.0)
    return labels, logits.checked.shares().astype(labels.dtype)


def _log_partition(labels: Float[Array, "b t"], noise: Float[Array, "b s"]) -> Float[Array, " b"]:
    """log(Σ exp(logit)) over labels and candidates; 0 where none counts."""
    parts = labels, noise
    top = jnp.maximum(*(jnp.max(part, axis=1, initial=-jnp.inf) for part in parts))
    top = jax.lax.stop_gradient(jnp.where(jnp.isneginf(top), 0.0, top))
    total = sum(jnp.sum(jnp.exp(part - top[:, None]), axis=1) for part in parts)
    return jnp.log(jnp.where(total > 0, total, 1.0)) + top
