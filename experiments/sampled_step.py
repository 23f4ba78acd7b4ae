"""A step of sampled softmax for any model: against the same by hand, and the exact softmax.

Claim: what the library checks and offers costs nothing (at most 1.05 of the step that a user would
write with gathers in plain JAX); a step does not grow with the vocabulary; the exact softmax takes
twenty times as long or more.
Protocol: log-uniform candidates without repeats, drawn beforehand, the same for all; loss,
gradients and the update of rows in one program, matrices donated; one process, programs in turn
(A B A B), sampled ones and exact ones apart, one round to warm up; medians with quartiles, the best
(other work on the machine only ever adds time), and medians of ratios in a round. The exact
softmax, with its dense gradient and update, is measured on two parts of the batch, and a straight
line through them taken to the whole. Cost: about 2 minutes on 2 cores.
"""

import json
import math
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import tyro

from w2vjax.clock import Laps, interleaved, seconds
from w2vjax.files import make_folder, write
from w2vjax.losses import row_adagrad, row_sgd, sampled_softmax_loss, softmax_loss
from w2vjax.losses import value_and_row_gradient as by_rows
from w2vjax.samplers import Candidates, draw_candidates, log_uniform

RATE = 0.1


@partial(jax.jit, donate_argnums=0)
def library_step(weights: Any, inputs: Any, labels: Any, candidates: Candidates) -> Any:
    """With rows and stochastic gradient descent."""
    loss, slopes = by_rows(sampled_softmax_loss)(weights[0], inputs, labels, candidates)
    return (row_sgd(weights[0], slopes.weights, RATE),), slopes.inputs, loss


@partial(jax.jit, donate_argnums=0)
def adagrad_step(weights: Any, inputs: Any, labels: Any, candidates: Candidates) -> Any:
    """With rows and Adagrad."""
    loss, slopes = by_rows(sampled_softmax_loss)(weights[0], inputs, labels, candidates)
    return row_adagrad(*weights, slopes.weights, RATE), slopes.inputs, loss


@partial(jax.jit, donate_argnums=0)
def hand_step(weights: Any, inputs: Any, labels: Any, candidates: Candidates) -> Any:
    """What a user would write: gathers, logsumexp, one scatter."""

    def log_expected(ids: Any) -> Any:
        share = jnp.log1p(1 / (ids.astype(jnp.float32) + 1)) / math.log1p(len(weights[0]))
        return jnp.log(-jnp.expm1(candidates.tries * jnp.log1p(-share)))

    def loss_of(label_rows: Any, noise_rows: Any, inputs: Any) -> Any:
        own = jnp.sum(inputs * label_rows, axis=1) - log_expected(labels)
        noise = inputs @ noise_rows.T - log_expected(candidates.ids)[None]
        noise = jnp.where(labels[:, None] == candidates.ids[None], -jnp.inf, noise)
        log_z = jax.nn.logsumexp(jnp.concatenate([own[:, None], noise], axis=1), axis=1)
        return jnp.mean(log_z - own)

    rows = weights[0][labels], weights[0][candidates.ids]
    loss, slopes = jax.value_and_grad(loss_of, (0, 1, 2))(*rows, inputs)
    ids = jnp.concatenate([labels, candidates.ids])
    changed = weights[0].at[ids].add(-RATE * jnp.concatenate(slopes[:2]))
    return (changed,), slopes[2], loss


@partial(jax.jit, donate_argnums=0)
def exact_step(weights: Any, inputs: Any, labels: Any, candidates: Candidates) -> Any:
    """The exact softmax, dense."""

    def loss_of(matrix: Any, inputs: Any) -> Any:
        return jnp.mean(softmax_loss(matrix, inputs, labels))

    loss, slopes = jax.value_and_grad(loss_of, (0, 1))(weights[0], inputs)
    return (weights[0] - RATE * slopes[0],), slopes[1], loss


class Sizes(NamedTuple):
    """Of a step."""

    num_words: int = 500_000
    num_features: int = 256
    num_sampled: int = 1_024
    batch: int = 4_096


FULL = Sizes()


def program(step: Callable, sizes: Sizes) -> Callable[[], Laps]:
    """A step again and again, on matrices of its own."""
    sampler, keys = log_uniform(sizes.num_words), jax.random.split(jax.random.key(0), 4)
    candidates = draw_candidates(sampler, keys[0], sizes.num_sampled)
    labels = sampler.sample(keys[1], (sizes.batch,))
    inputs = jax.random.normal(keys[2], (sizes.batch, sizes.num_features))
    matrix = jax.random.normal(keys[3], (sizes.num_words, sizes.num_features)) / 16
    state = [(matrix, jnp.ones_like(matrix)) if step is adagrad_step else (matrix,)]

    def call() -> Any:
        state[0], *found = step(state[0], inputs, labels, candidates)
        return state[0], found

    return lambda: {"step": seconds(call)}


def table(times: dict[str, list[float]], sizes: Sizes, parts: tuple[int, int]) -> str:
    """Of medians, and of what they are to the library's step."""
    ours = np.array(times["library, SGD"])
    lines = ["| step | ms (quartiles) | best | over the library's |", "|---|---|---|---|"]
    for name, found in times.items():
        best, low, middle, high = 1e3 * np.quantile(found, (0, 0.25, 0.5, 0.75))
        in_turn = len(found) == len(ours)
        ratio = np.median(found / ours) if in_turn else np.median(found) / np.median(ours)
        lines.append(
            f"| {name} | {middle:.1f} ({low:.1f} to {high:.1f}) | {best:.1f} | {ratio:.3f} |"
        )
    few, more = (np.median(times[f"exact softmax, {part} rows"]) for part in parts)
    whole = few + (more - few) / (parts[1] - parts[0]) * (sizes.batch - parts[0])
    ratio = whole / np.median(ours)
    lines.append(
        f"| exact softmax, {sizes.batch} rows, computed | {1e3 * whole:.0f} |  | {ratio:.1f} |"
    )
    return "\n".join(lines)


def main(
    sizes: Sizes = FULL,
    repeats: int = 40,
    parts: tuple[int, int] = (128, 256),
    out: Path = Path("results/sampled_step"),
) -> None:
    """Prints the table, and writes it with all measurements to `out`."""
    print(__doc__)
    small = sizes._replace(num_words=sizes.num_words // 10)
    sampled = {
        "library, SGD": (library_step, sizes),
        "by hand, SGD": (hand_step, sizes),
        "library, Adagrad": (adagrad_step, sizes),
        f"library, SGD, {small.num_words:,} words": (library_step, small),
    }
    exact = {f"exact softmax, {n} rows": (exact_step, sizes._replace(batch=n)) for n in parts}
    times: dict[str, list[float]] = {name: [] for name in (*sampled, *exact)}
    for group, rounds in ((sampled, repeats), (exact, 3)):
        programs = {name: program(*what) for name, what in group.items()}
        for lap in interleaved(programs, rounds):
            times[lap.name].append(lap.seconds["step"])
    told = f"{sizes._asdict()}, {os.cpu_count()} cores, jax {jax.__version__}"
    shown = f"{told}\n\n{table(times, sizes, parts)}\n"
    print(shown)
    make_folder(out)
    write(out / "table.md", shown.encode())
    write(out / "seconds.json", f"{json.dumps(times, indent=1)}\n".encode())


if __name__ == "__main__":
    tyro.cli(main)
