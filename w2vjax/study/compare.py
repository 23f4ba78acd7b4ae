"""The main job as data: every output layer, the sampled ones with every sampler."""

from collections.abc import Sequence
from dataclasses import replace

from w2vjax.config.layers import LAYERS, draws_noise, layer_class
from w2vjax.config.schema import BASELINES, RunConfig
from w2vjax.errors import InputError, in_range, unknown

SAMPLERS = ("unigram^0.75", "unigram^1", "log-uniform")
SEEDS = 2
MAX_VOCAB = 5_000
"""so that the exact softmax, whose cost grows with it, can take part"""
DIM = 64
HELD_OUT_EVERY = 50


def cells(
    base: RunConfig,
    layers: Sequence[str] | None = None,
    samplers: Sequence[str] = SAMPLERS,
    seeds: int = SEEDS,
    epochs: float | None = None,
) -> list[RunConfig]:
    """One run a layer, sampler and seed; all else as in `base`. All cells of a seed come together.

    `epochs` of None gives each layer about the same time. Raises `InputError` for unknown names,
    with the nearest, and for names that come twice.
    """
    # Only parsing names needs it: the command line knows the defaults without starting JAX.
    from w2vjax.samplers import parse

    in_range("seeds", seeds, 1, 1_000)
    layers = [*LAYERS] if layers is None else layers
    for layer in layers:
        if layer not in (*LAYERS, *BASELINES):
            raise unknown("output layer", layer, [*LAYERS, *BASELINES])
    configs = [parse(name) for name in samplers]
    for kind, names in (("outputs", layers), ("samplers", [config.name for config in configs])):
        if not names:
            raise InputError(f"{kind} is empty: name at least one")
        if len(set(names)) < len(names):
            raise InputError(f"{kind} has a name twice: {', '.join(names)}")
    made = []
    for seed in range(seeds):
        for layer in layers:
            passes = epochs if epochs is not None else _epochs(layer)
            train = replace(base.train, seed=seed, epochs=passes)
            output = replace(base.output, layer=layer)
            outputs = [output]
            if draws_noise(layer):
                outputs = [replace(output, sampler=config) for config in configs]
            made += [replace(base, output=output, train=train) for output in outputs]
    return made


def _epochs(layer: str) -> float:
    """Passes that bring layers of very different cost nearer to one clock; the table states both.

    A closed form has one: once counted, nothing is left to learn.
    """
    return float(layer_class(layer).defaults.epochs) if layer in LAYERS else 1.0
