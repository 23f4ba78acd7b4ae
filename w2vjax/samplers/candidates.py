"""TensorFlow's candidate sampling: noise with its expected counts, with or without repeats.

What its `*_candidate_sampler` ops return and its `nce_loss` and `sampled_softmax_loss` subtract
the logarithm of. `range_max` is the sampler's vocabulary, `distortion` the power of unigram.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Bool, Float32, Int32, Integer, Key

from w2vjax.errors import InputError, of_kind, whole
from w2vjax.pytrees import pytree
from w2vjax.samplers.contract import Law, Sampler, check_key, check_sampler, num_unreachable
from w2vjax.samplers.ids import are_words, check_ids, known_num_words
from w2vjax.samplers.without_repeats import distinct


@pytree
class Candidates:
    """Noise words, and what a loss needs to correct for how they came about.

    `[s]` if a batch shares them, `[b, s]` if every row has its own.
    """

    ids: Int32[Array, "*rows s"]
    """in the order of their draws; 0 where none is present, so that every id can be looked up"""
    log_expected: Float32[Array, "*rows s"]
    """log of the expected count of each id (`log_expected_count`); 0 where none is present"""
    present: Bool[Array, "*rows s"]
    """False where the sampler had no further word: such a candidate counts for nothing"""
    tries: Float32[Array, "*rows"]
    """draws that it took, a whole number: `s`, or more where repeats were thrown away. The last
    words of a steep law may take more than an int32 holds"""
    law: Any
    """what has `log_prob(ids)`: the sampler"""
    unique: bool = struct.field(pytree_node=False)
    """whether no id stands twice in a row"""

    def log_expected_of(self, ids: Int32[Array, "..."]) -> Float32[Array, "..."]:
        """Log of the expected count of other ids, of labels say, among such candidates.

        Ids of any shape if the batch shares the candidates; `[b, ...]` if every row has its own.
        -inf for words that are never drawn.
        """
        own = self.tries.ndim
        if ids.shape[:own] != self.tries.shape:
            raise InputError(
                f"ids have shape {ids.shape} and the candidates are of {self.tries.shape[0]} "
                "rows: give ids of each row, [rows, ...]"
            )
        tries = self.tries.reshape(self.tries.shape + (1,) * (ids.ndim - own))
        return log_expected_count(self.law.log_prob(ids), tries, unique=self.unique)


def draw_candidates(
    sampler: Sampler,
    key: Key[Array, ""],
    num_sampled: int,
    *,
    unique: bool = True,
    num_rows: int | None = None,
) -> Candidates:
    """`num_sampled` noise words, without repeats or, if not `unique`, with.

    Without repeats: as if words were drawn one after the other, those already in the set were
    thrown away, and all draws were counted, up to the one that fills the set. The time is bounded
    whatever the law (`without_repeats`). The sampler needs `num_words` for it. `num_rows`: as many
    independent sets, `[num_rows, num_sampled]`.

    Shapes are static: it can be jitted and vmapped. Inside of jit, give the sampler as an
    argument: its tables are constants of the program otherwise. Raises `InputError` for what is no
    sampler or no key, if `num_sampled` or `num_rows` is not a positive whole number, or if there
    are fewer words than `num_sampled`; where the sampler is traced and some of its words are never
    drawn, `present` tells instead.
    """
    check_sampler(sampler)
    check_key(key)
    whole("num_sampled", num_sampled, 1)
    if num_rows is not None:
        whole("num_rows", num_rows, 1)
    keys = jax.random.split(key, num_rows) if num_rows else key[None]
    if unique:
        num_words = _enough_words(sampler, num_sampled)
        ids, tries, present = distinct(sampler, keys, num_sampled, num_words)
    else:
        ids = jax.vmap(lambda one: sampler.sample(one, (num_sampled,)))(keys)
        tries = jnp.full(len(keys), num_sampled, jnp.float32)
        present = jnp.ones(ids.shape, bool)
    if num_rows is None:
        ids, tries, present = ids[0], tries[0], present[0]
    log_expected = log_expected_count(sampler.log_prob(ids), tries[..., None], unique=unique)
    log_expected = jnp.where(present, log_expected, 0)
    return Candidates(ids, log_expected, present, tries, sampler, unique)


def in_batch(labels: Integer[Array, " b"], law: Law) -> Candidates:
    """The labels of a batch as candidates of all its rows (Yi et al. 2019, eq. 3).

    `law` tells how often the stream has each id: a sampler over its counts, or an estimate that
    learns them. A row's own label is no noise for it; what is left are `b - 1` draws, and these
    are the `tries`. Remove accidental hits: the label itself is among them.

    Raises `InputError` for labels that are not integers `[b]` or, where they are known, out of
    range, and for what is no law. A label that is traced and out of range is not present: it is
    noise for no row, and the losses make its own row NaN.
    """
    of_kind("law", law, Law, "a sampler or a FrequencyEstimate, whatever has log_prob(ids)")
    labels = jnp.asarray(labels)
    if labels.ndim != 1 or not jnp.issubdtype(labels.dtype, jnp.integer):
        raise InputError(
            f"labels are {labels.dtype} of shape {labels.shape}: noise of a batch needs one id a "
            "row, integers of shape (B,)"
        )
    num_words = known_num_words(law)
    present = are_words(labels, num_words)
    check_ids("labels", labels, ~present, num_words)
    ids = jnp.where(present, labels, 0).astype(jnp.int32)
    tries = jnp.float32(max(len(labels) - 1, 1))
    log_expected = log_expected_count(law.log_prob(ids), tries, unique=False)
    return Candidates(ids, jnp.where(present, log_expected, 0), present, tries, law, False)


def check_candidates(candidates: Any) -> None:
    """Raises `InputError` for what is no `Candidates`."""
    made = "Candidates, from draw_candidates(sampler, key, num_sampled) or in_batch(labels, law)"
    of_kind("candidates", candidates, Candidates, made)


def accidental_hits(labels: Int32[Array, "b ..."], candidates: Candidates) -> Bool[Array, "b s"]:
    """Where a candidate is a label of the row: `tf.nn.compute_accidental_hits` as a mask.

    Every copy of it, where candidates repeat; TensorFlow names the last copy alone.
    Labels `[b]`, or `[b, t]` with several a row.
    """
    check_candidates(candidates)
    ids, present = candidates.ids, candidates.present
    if ids.ndim == 1:
        ids, present = ids[None], present[None]
    several = labels.reshape(len(labels), -1)
    hits = (several[:, :, None] == ids[:, None, :]).any(1)
    return hits & present


def log_expected_count(
    log_prob: Float32[Array, "*n"], tries: Float32[Array, "..."], *, unique: bool
) -> Float32[Array, "*n"]:
    """Log of how often words of this log-probability are expected among the candidates.

    `tries · p` with repeats, `1 - (1 - p)^tries` without: the chance to be in the set, as if the
    number of tries were fixed beforehand (TensorFlow's `range_sampler.cc`, which takes the first
    form for a set that happened to need no more tries than its size; the two differ there by
    `tries² p² / 2`). For noise as well as for labels, whose count is that of being noise.
    """
    log_prob = jax.lax.stop_gradient(log_prob)
    if not unique:
        return jnp.log(tries) + log_prob
    return jnp.log(-jnp.expm1(tries * jnp.log1p(-jnp.exp(log_prob))))


def _enough_words(sampler: Sampler, num_sampled: int) -> int:
    """Of the vocabulary. Raises `InputError` if fewer are known to be drawn than are asked for."""
    num_words = getattr(sampler, "num_words", None)
    if not isinstance(num_words, int | np.integer):
        raise InputError(
            f"sampler {type(sampler).__name__} has no num_words, a whole number: draws without "
            "repeats need it; add it, or let them repeat"
        )
    if any(leaf is sampler for leaf in jax.tree.leaves(sampler)):
        raise InputError(
            f"sampler {type(sampler).__name__} is no pytree: mark its class with "
            "w2vjax.pytrees.pytree, or let noise words repeat"
        )
    reachable = int(num_words)
    if not any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(sampler)):
        with jax.ensure_compile_time_eval():
            reachable -= num_unreachable(sampler, reachable)
    if num_sampled > reachable:
        raise InputError(
            f"{num_sampled} different noise words are asked for and only {reachable} can be "
            "drawn: ask for fewer, or let them repeat"
        )
    return int(num_words)
