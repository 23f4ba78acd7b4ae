"""Word vectors without training: the matrix that negative sampling factorises, factorised.

With enough dimensions the optimum of skip-gram with negative sampling is PMI(w, c) - log k in every
`w · c` (Levy & Goldberg 2014, eq. 11). Its positive part is sparse, its best factorisation known.
"""

import math
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float32
from scipy.sparse import csr_array
from scipy.sparse.linalg import LinearOperator, svds

from w2vjax.config.schema import BASELINES, RunConfig
from w2vjax.engine.kept_words import Plan
from w2vjax.engine.trained import Trained
from w2vjax.engine.update import Parameters
from w2vjax.errors import InputError
from w2vjax.progress import track
from w2vjax.study.cooccurrence import cooccurrence, marginals
from w2vjax.text.encoding import EncodedCorpus
from w2vjax.vectors.embeddings import Embeddings

SMOOTHING = 0.75
"""power of the contexts' frequencies: word2vec's noise (Levy, Goldberg & Dagan 2015, eq. 3)"""
WEIGHT = 0.5
"""power of the singular values in the word vectors (there, section 3.3)"""


def sppmi(upper: csr_array, num_noise: int, smoothing: float = SMOOTHING) -> csr_array:
    """Shifted positive PMI, `[v, v]` float32, of words by contexts.

        max(0, log P(w, c) / (P(w) P_a(c)) - log k),  P_a(c) = n_c^a / Σ n^a

    (Levy & Goldberg 2014, eq. 14), of the pairs in the upper triangle that `cooccurrence` counts.
    """
    pairs, often = upper.tocoo(), marginals(upper).astype(np.float64)
    powers = often**smoothing
    with np.errstate(divide="ignore", invalid="ignore"):  # words without company are in no pair
        log_words, log_contexts = np.log(often), np.log(powers) - np.log(powers.sum())
    first, second = pairs.coords
    # A word with itself stands once in the triangle and twice in the whole.
    log_times = np.log(pairs.data * np.where(first == second, 2.0, 1.0)) - math.log(num_noise)
    total = csr_array(upper.shape, dtype=np.float32)
    for words, contexts, once in (
        (first, second, first <= second),
        (second, first, first < second),
    ):
        values = log_times - log_words[words] - log_contexts[contexts]
        there = once & (values > 0)
        at = words[there], contexts[there]
        total = total + csr_array((values[there].astype(np.float32), at), shape=upper.shape)
    return total


def factorised(
    matrix: csr_array, dim: int, seed: int = 0, show: bool = True
) -> tuple[Float32[np.ndarray, "v d"], Float32[np.ndarray, "v d"]]:
    """`U Σ^½` and `V Σ^½` of the `dim` largest singular values, falling.

    Their product is the best approximation of that rank. The seed starts the iteration (ARPACK) and
    changes nothing but rounding and signs. Raises `InputError` for a matrix of zeros.
    """
    if not matrix.nnz:
        raise InputError(
            "no two words stand together more often than by chance: give more text, or fewer noise "
            "words (num_noise), whose logarithm is the shift"
        )
    start = np.random.default_rng(seed).standard_normal(min(matrix.shape)).astype(np.float32)
    with track("singular vectors", None, "products", show) as advance:

        def product(matrix: csr_array, vectors: np.ndarray) -> np.ndarray:
            advance(1, 1)
            return matrix @ vectors

        to_words, to_contexts = partial(product, matrix), partial(product, matrix.T.tocsr())
        operator = LinearOperator(
            matrix.shape, to_words, to_contexts, to_words, matrix.dtype, to_contexts
        )
        left, values, right = svds(operator, k=dim, v0=start)
    order = np.argsort(-values)
    scale = np.maximum(values[order], 0.0) ** WEIGHT
    return left[:, order] * scale, right[order].T * scale


def check(config: RunConfig, corpus: EncodedCorpus) -> None:
    """Raises `InputError` for what a closed form cannot do."""
    layer, train, size = config.output.layer, config.train, len(corpus.vocabulary)
    if train.architecture != "skip-gram":
        raise InputError(f"{layer} counts pairs of words: set architecture to skip-gram, not cbow")
    if train.dim >= size:
        raise InputError(
            f"dim is {train.dim}: {layer} needs fewer dimensions than the {size} words of the "
            "vocabulary"
        )


def sppmi_svd(corpus: EncodedCorpus, config: RunConfig, show: bool = True) -> Trained:
    """The vectors of shifted positive PMI and SVD, with the counts a trained layer would have.

    Text, subsampling, windows, `num_noise` (the shift) and `dim` are the configuration's; what is
    about steps has no meaning here. Seconds are those of counting and factorising, nothing is
    compiled; pairs are those of windows in expectation. Raises `InputError` as `check` does.
    """
    check(config, corpus)
    begin = time.perf_counter()
    plan = Plan(corpus, config.train, config.corpus.held_out_every)
    upper, kept_words = cooccurrence(plan, show)
    matrix = sppmi(upper, config.output.num_noise)
    vectors, contexts = factorised(matrix, config.train.dim, config.train.seed, show)
    seconds = time.perf_counter() - begin
    vocabulary = corpus.vocabulary
    share = vocabulary.num_words / len(corpus.ids)
    return Trained(
        embeddings=Embeddings(vocabulary.words, vectors, contexts, vocabulary.counts),
        parameters=Parameters(jnp.asarray(vectors), jnp.asarray(contexts)),
        curve=(),
        words=round(config.train.epochs * share * plan.words()),
        kept_words=kept_words,
        pairs=round(2 * int(upper.sum()) / config.train.window),
        steps=0,
        seconds=seconds,
        compile_seconds=0.0,
    )


class ClosedForm(NamedTuple):
    """What stands beside the output layers."""

    title: str
    """its name for people, in tables and figures"""
    help: str
    """what it is, as reports explain it"""
    solve: Callable[[EncodedCorpus, RunConfig, bool], Trained]
    """`(corpus, config, show) -> what a trained layer leaves`"""


SPPMI_SVD = ClosedForm(
    "SPPMI-SVD",
    "no training: the matrix of how much more often than by chance words stand together (shifted "
    "positive pointwise mutual information), factored",
    sppmi_svd,
)
CLOSED_FORMS: dict[str, ClosedForm] = dict(zip(BASELINES, (SPPMI_SVD,), strict=True))
"""Every baseline by name."""
