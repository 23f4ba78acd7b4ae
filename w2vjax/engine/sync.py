"""The devices' exchange of what they changed: how often rows meet, and what of it counts."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P
from jaxtyping import Array, Float

from w2vjax.engine.damping import RowProgress
from w2vjax.engine.program import ALL, STATE
from w2vjax.engine.replicas import Run
from w2vjax.engine.update import Parameters, State

CACHED = 1 << 19
"""numbers exchanged at a time: what is read several times comes from the cache, and into memory
that the part before it used"""
MOST_PARTS = 32
"""of rows that meet equally often"""
SPAN = 4
"""rows this many times as rare meet this many times more seldom"""


def share(decays: Float[Array, "n rows"]) -> Float[Array, " rows"]:
    """How much of the sum of n devices' changes to a row is applied, from the row's decay h_i.

    (1 - e^-Σh) / Σ(1 - e^-h_i), between 1/n and 1. Gradient steps go to where the row's gradient
    vanishes, and e^-h of the way is left after them. Devices that began at the same place have gone
    1 - e^-h_i of it each; one that had done all of their steps, 1 - e^-Σh. Rows that hardly moved
    (h → 0) get the sum, as if one device had done all the steps; rows that each device took all the
    way (h → ∞) get the mean, for the sum would overshoot n-fold.

    A device by itself counts as two that went the same way: a row that it took all the way ends
    half-way between where it was and where it is (Zhang et al. 2019, Lookahead, α = ½). That evens
    out the noise of the steps as it does between devices, and what suits one suits several.
    """
    if len(decays) == 1:
        decays = jnp.concatenate([decays, decays])
    gone = jnp.sum(-jnp.expm1(-decays), axis=0)
    together = -jnp.expm1(-jnp.sum(decays, axis=0))
    return jnp.where(gone > 0, together / jnp.where(gone > 0, gone, 1.0), 1.0)


@partial(
    jax.jit,
    static_argnames=("mesh", "replicas"),
    donate_argnames=("state", "before"),
)
def exchange(
    state: State, before: tuple[Parameters, ...], mesh: Mesh, replicas: bool = False
) -> tuple[State, tuple[Parameters, ...]]:
    """Adds a share of the sum of all devices' changes since `before`, to the first rows.

    `before` are consecutive parts of the matrices, from their first row, as all devices agreed on
    them. Returns the state, and these parts as agreed on now; their rows' decay starts anew.
    """

    def on_device(state: State, before: tuple[Parameters, ...]) -> Any:
        matrices = state.parameters.input, state.parameters.output
        decays = state.decay.input, state.decay.output
        parts = [part.input for part in before], [part.output for part in before]
        met = [_together(*each) for each in zip(matrices, decays, parts, strict=True)]
        (inputs, of_inputs, agreed), (outputs, of_outputs, agreed_there) = met
        now = tuple(Parameters(*each) for each in zip(agreed, agreed_there, strict=True))
        return State(Parameters(inputs, outputs), RowProgress(of_inputs, of_outputs)), now

    program = jax.shard_map(
        on_device, mesh=mesh, in_specs=(STATE, ALL), out_specs=(STATE, ALL), check_vma=False
    )
    program = jax.vmap(program) if replicas else program
    result: tuple[State, tuple[Parameters, ...]] = program(state, before)
    return result


def _together(
    matrix: Float[Array, "1 rows d"],
    decay: Float[Array, "1 rows"],
    before: list[Float[Array, "part d"]],
) -> tuple[Array, Array, list[Array]]:
    """One matrix of one device, part by part; parts apart, lest they be copied as a whole."""
    first, now = 0, []
    for old in before:
        last = first + len(old)
        of_all = jax.lax.all_gather(decay[0, first:last], "data")
        change = jax.lax.psum(matrix[0, first:last] - old, "data")
        new = old + share(of_all)[:, None] * change
        matrix = jax.lax.dynamic_update_slice(matrix, new[None], (0, first, 0))
        now.append(new)
        first = last
    return matrix, decay.at[:, :first].set(0.0), now


class Exchange:
    """The devices' agreement, compiled. A device by itself agrees with where it was.

    The more seldom a row occurs, the more seldom it need be exchanged: after every segment the
    frequent rows are, after every fourth four times as many, after every sixteenth sixteen times.
    """

    def __init__(self, run: Run) -> None:
        self._before: list[Parameters] = []
        """parts of the matrices, as agreed on when they were last exchanged"""
        self._programs: list[tuple[int, jax.stages.Compiled]] = []
        """and how many parts each lets meet: every time one program, for many in one go hang"""
        self._number = 0
        devices = run.mesh.shape["data"]
        parameters, settings = run.state.parameters, run.configs[0].train
        rows = max(leaf.shape[-2] for leaf in jax.tree.leaves(parameters))
        static = {"mesh": run.mesh, "replicas": run.several}
        first, last = 0, settings.frequent_rows or max(1, (1 << 14) // devices)
        while first < rows:
            for start, end in _parts(first, min(last, rows), settings.dim):
                self._before.append(_agreed(parameters, start, end, run.mesh))
            lowered = exchange.lower(run.state, tuple(self._before), **static)
            self._programs.append((len(self._before), lowered.compile()))
            first, last = last, last * SPAN

    def __call__(self, state: State) -> State:
        """After a segment: the rows whose turn it is."""
        self._number += 1
        turn = 0
        while turn + 1 < len(self._programs) and self._number % SPAN ** (turn + 1) == 0:
            turn += 1
        return self._meet(state, turn)

    def end(self, state: State) -> State:
        """After the last segment: all rows."""
        return self._meet(state, -1)

    def _meet(self, state: State, turn: int) -> State:
        parts, program = self._programs[turn]
        state, now = program(state, tuple(self._before[:parts]))
        self._before[:parts] = now
        return state


def _parts(first: int, last: int, dim: int) -> list[tuple[int, int]]:
    """Stretches of rows that fit a cache, or else as many as are compiled in little time."""
    size = max(1, CACHED // dim, -(-(last - first) // MOST_PARTS))
    return [(start, min(start + size, last)) for start in range(first, last, size)]


def _agreed(parameters: Parameters, first: int, last: int, mesh: Mesh) -> Parameters:
    """A copy of rows that are the same on all devices, `[v, d]`; replicas stay in front."""

    def copied(leaf: Array) -> Array:
        rows = leaf[..., 0, first:last, :]
        spec = P(*(None,) * (rows.ndim - 2), *ALL)
        return jax.device_put(rows, NamedSharding(mesh, spec))

    return jax.tree.map(copied, parameters)
