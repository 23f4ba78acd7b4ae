"""The output layers once more, one pair at a time, in float64 numpy, as the papers write them.

Nothing here is shared with the package but the paths of a tree. Every formula takes the scores
`v · h` of all rows of the output matrix and gives the loss of one (hidden vector, target) pair in
nats, split into what the target and what the noise contributes, and its slope in every score.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.special import logsumexp, softmax

from w2vjax.engine.windows import Batch, frame
from w2vjax.losses.trees import TREES


class Terms(NamedTuple):
    """The loss of one pair."""

    positive: float
    noise: float
    slope: np.ndarray
    """[rows]"""


@dataclass(frozen=True)
class Setting:
    """What a layer knows besides scores."""

    counts: np.ndarray
    law: np.ndarray
    """every word's expected share of the noise"""
    num_noise: int
    collision: str


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def full_softmax(scores: np.ndarray, target: int, noise: np.ndarray, setting: Setting) -> Terms:
    """-log p(t|h), p the softmax over the vocabulary. Mikolov et al. 2013b, eq. 2."""
    slope = softmax(scores)
    slope[target] -= 1
    return Terms(-scores[target], logsumexp(scores), slope)


@cache
def paths(tree: str, counts: tuple[int, ...]) -> list[list[tuple[int, int]]]:
    """Every word's nodes and turns from the root."""
    built = jax.tree.map(np.asarray, TREES[tree](np.array(counts)))
    return [
        [(int(built.nodes[word, step]), int(built.turns[word, step])) for step in range(length)]
        for word, length in enumerate(built.lengths)
    ]


def tree_softmax(
    tree: str, scores: np.ndarray, target: int, noise: np.ndarray, setting: Setting
) -> Terms:
    """-Σ log σ(±v_n · h) over the nodes of the path, + to the left. Mikolov et al. 2013b, eq. 3."""
    parts, slope = {1: 0.0, -1: 0.0}, np.zeros_like(scores)
    for node, turn in paths(tree, tuple(setting.counts))[target]:
        chance = sigmoid(turn * scores[node])
        parts[turn] -= np.log(chance)
        slope[node] -= turn * (1 - chance)
    return Terms(parts[1], parts[-1], slope)


def shares(target: int, noise: np.ndarray, setting: Setting) -> np.ndarray:
    """How much every drawn word counts for a pair that has `num_noise` noise words."""
    share = np.full(len(noise), setting.num_noise / len(noise))
    if setting.collision in ("mask", "redraw"):
        share[noise == target] = 0
    if setting.collision == "redraw":
        share /= 1 - setting.law[target]
    return share


def negative_sampling(
    scores: np.ndarray, target: int, noise: np.ndarray, setting: Setting
) -> Terms:
    """-log σ(v_t · h) - Σ_j log σ(-v_j · h). Mikolov et al. 2013b, eq. 4."""
    share, slope = shares(target, noise, setting), np.zeros_like(scores)
    slope[target] -= sigmoid(-scores[target])
    np.add.at(slope, noise, share * sigmoid(scores[noise]))
    against = -share @ np.log(sigmoid(-scores[noise]))
    if setting.collision == "expect":
        expected = setting.num_noise * setting.law[target]
        slope[target] -= expected * sigmoid(scores[target])
        against += expected * np.log(sigmoid(-scores[target]))
    return Terms(-np.log(sigmoid(scores[target])), against, slope)


def nce(scores: np.ndarray, target: int, noise: np.ndarray, setting: Setting) -> Terms:
    """-log P(D=1|t) - Σ_j log P(D=0|j), P(D=1|w) = p(w) / (p(w) + k q(w)) with p = exp(v_w · h).

    Mnih & Teh 2012, eqs. 8 and 9, the normalising constant fixed at one.
    """
    rival = setting.num_noise * setting.law
    data = np.exp(scores) / (np.exp(scores) + rival)
    share, slope = shares(target, noise, setting), np.zeros_like(scores)
    slope[target] -= 1 - data[target]
    np.add.at(slope, noise, share * data[noise])
    against = -share @ np.log(1 - data[noise])
    if setting.collision == "expect":
        expected = setting.num_noise * setting.law[target]
        slope[target] -= expected * data[target]
        against += expected * np.log(1 - data[target])
    return Terms(-np.log(data[target]), against, slope)


def sampled_softmax(scores: np.ndarray, target: int, noise: np.ndarray, setting: Setting) -> Terms:
    """The softmax over the target and all noise words of v · h - log(K q).

    Jean et al. 2015, section 3.2. With `mask` noise words equal to the target are struck out, as
    TensorFlow's `remove_accidental_hits` does.
    """
    kept = noise if setting.collision == "keep" else noise[noise != target]
    candidates = np.append(target, kept)
    corrected = scores[candidates] - np.log(len(noise) * setting.law[candidates])
    slope = np.zeros_like(scores)
    np.add.at(slope, candidates, softmax(corrected))
    slope[target] -= 1
    return Terms(-corrected[0], logsumexp(corrected), slope)


Formula = Callable[[np.ndarray, int, np.ndarray, Setting], Terms]
FORMULAS: dict[str, Formula] = {
    "full-softmax": full_softmax,
    "hierarchical-softmax": partial(tree_softmax, "huffman"),
    "balanced-softmax": partial(tree_softmax, "balanced"),
    "negative-sampling": negative_sampling,
    "nce": nce,
    "sampled-softmax": sampled_softmax,
}
"""By the names of `outputs.OUTPUTS`."""


class Step(NamedTuple):
    """The loss of some blocks, and its gradient in both whole matrices."""

    loss: np.ndarray
    """[blocks, 2]: targets, noise"""
    to_input: np.ndarray
    """[v, d]"""
    to_output: np.ndarray
    """[r, d]"""


def blocks_step(
    formula: Formula,
    setting: Setting,
    matrices: tuple[np.ndarray, np.ndarray],
    batch: Batch,
    noise: np.ndarray,
) -> Step:
    """The sum over the pairs of the blocks, one after the other."""
    inputs, outputs = (np.asarray(matrix, np.float64) for matrix in matrices)
    batch, noise = jax.tree.map(np.asarray, (batch, noise))
    number, width, size = batch.weight.shape
    all_rows = np.asarray(frame(jnp.asarray(batch.inputs), *batch.reads))
    all_targets = np.asarray(frame(jnp.asarray(batch.targets), number, width))
    all_mixes = np.stack([np.eye(size)] * number) if batch.averaging is None else batch.averaging
    together = number // len(all_rows)  # blocks of pairs whose hidden vectors are made at once
    step = Step(np.zeros((number, 2)), np.zeros_like(inputs), np.zeros_like(outputs))
    for b in range(number):
        weight, rows = batch.weight[b], all_rows[b // together]
        drawn = noise[b * len(noise) // number]
        here = slice(b % together * size, (b % together + 1) * size)
        mix = all_mixes[b // together][here].astype(np.float64)
        hidden = mix @ inputs[rows]
        for t, s in zip(*np.nonzero(weight), strict=True):
            scores = outputs @ hidden[s]
            terms = formula(scores, int(all_targets[b, t]), drawn, setting)
            step.loss[b] += weight[t, s] * np.array([terms.positive, terms.noise])
            step.to_output[:] += weight[t, s] * np.outer(terms.slope, hidden[s])
            np.add.at(step.to_input, rows, weight[t, s] * np.outer(mix[s], terms.slope @ outputs))
    return step
