"""The exact softmax of a batch, forward and backward: time and memory, against others' ways.

Claim: `softmax_loss` is no slower than logits in memory (optax) and than jax-cce, which does
without them too, and takes a small part of the logits' memory.
Protocol: mean loss and both gradients in one program on all cores, float32; one process, programs
in turn (A B A B), one round to warm up; medians with quartiles, the best (other work on the machine
only ever adds time), and medians of ratios in a round. Memory is what the compiled program takes
besides arguments and results. All losses must agree to 1e-5. `pip install --no-deps jax-cce` for
the peer; without it it is left out. Cost: about 2 minutes on 2 cores.
"""

import json
import os
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import tyro

from w2vjax.clock import Laps, interleaved, seconds
from w2vjax.files import make_folder, write
from w2vjax.losses import softmax_loss

OURS = "softmax_loss"


class Sizes(NamedTuple):
    """Of a step."""

    num_words: int = 100_000
    num_features: int = 256
    batch: int = 2_048


FULL = Sizes()


def ours(weights: Any, inputs: Any, labels: Any) -> Any:
    return jnp.mean(softmax_loss(weights, inputs, labels))


def with_biases(weights: Any, inputs: Any, labels: Any) -> Any:
    return jnp.mean(softmax_loss(weights, inputs, labels, biases=jnp.zeros(len(weights))))


def logits_in_memory(weights: Any, inputs: Any, labels: Any) -> Any:
    logits = inputs @ weights.T
    return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(logits, labels))


def peer(weights: Any, inputs: Any, labels: Any) -> Any:
    from jax_cce import linear_cross_entropy

    return linear_cross_entropy(inputs, weights, labels)


def programs() -> dict[str, Callable]:
    """All losses by name; jax-cce if it is installed."""
    losses = {
        OURS: ours,
        "softmax_loss with biases": with_biases,
        "logits, optax": logits_in_memory,
    }
    return losses | ({"jax-cce": peer} if find_spec("jax_cce") else {})


def table(times: dict[str, list[float]], memory: dict[str, float]) -> str:
    """Of medians, and of what they are to ours."""
    lines = ["| loss | s (quartiles) | best | over ours | memory (MiB) |", "|---|---|---|---|---|"]
    for name, found in times.items():
        best, low, middle, high = np.quantile(found, (0, 0.25, 0.5, 0.75))
        ratio = np.median(np.array(found) / times[OURS])
        lines.append(
            f"| {name} | {middle:.2f} ({low:.2f} to {high:.2f}) | {best:.2f} | {ratio:.2f} | "
            f"{memory[name]:.0f} |"
        )
    return "\n".join(lines)


def main(sizes: Sizes = FULL, repeats: int = 7, out: Path = Path("results/exact_softmax")) -> None:
    """Prints the table, and writes it with all measurements to `out`."""
    print(__doc__)
    keys = jax.random.split(jax.random.key(0), 3)
    weights = jax.random.normal(keys[0], (sizes.num_words, sizes.num_features)) / 16
    inputs = jax.random.normal(keys[1], (sizes.batch, sizes.num_features))
    labels = jax.random.randint(keys[2], (sizes.batch,), 0, sizes.num_words)
    given = weights, inputs, labels
    made = {
        name: jax.jit(jax.value_and_grad(loss, (0, 1))).lower(*given).compile()
        for name, loss in programs().items()
    }
    for name, program in made.items():
        np.testing.assert_allclose(program(*given)[0], made[OURS](*given)[0], 1e-5, err_msg=name)

    def timed(program: Callable) -> Laps:
        return {"step": seconds(lambda: program(*given))}

    times: dict[str, list[float]] = {name: [] for name in made}
    for lap in interleaved({name: partial(timed, of) for name, of in made.items()}, repeats):
        times[lap.name].append(lap.seconds["step"])
    memory = {
        name: of.memory_analysis().temp_size_in_bytes / (1 << 20) for name, of in made.items()
    }
    logits = 4 * sizes.batch * sizes.num_words / (1 << 20)
    told = f"{sizes._asdict()}, {os.cpu_count()} cores, jax {jax.__version__}; logits: {logits:.0f}"
    shown = f"{told} MiB\n\n{table(times, memory)}\n"
    print(shown)
    make_folder(out)
    write(out / "table.md", shown.encode())
    write(out / "seconds.json", f"{json.dumps(times, indent=1)}\n".encode())


if __name__ == "__main__":
    tyro.cli(main)
