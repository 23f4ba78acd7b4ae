"""Records of imagined experiments that sweep a setting, as `study.run` would write them."""

from collections.abc import Callable, Iterator

import numpy as np
from synthetic import CELLS, distributions, measured

from w2vjax.config.schema import CorpusConfig, OutputConfig, RunConfig, SamplerConfig, TrainConfig

NEG = "negative-sampling"


def one(output: OutputConfig, seed: int, **train: object) -> RunConfig:
    return RunConfig(CorpusConfig("simplewiki-2018"), output, TrainConfig(seed=seed, **train))


def power(num_seeds: int) -> Iterator[dict]:
    """Negative sampling with noise of every power, and log-uniform."""
    samplers = [SamplerConfig(power=p) for p in (-0.5, 0.25, 0.5, 0.75, 1.0, 1.25)]
    samplers += [SamplerConfig("zipf", p) for p in (0.5, 0.75, 1.0)]
    samplers += [SamplerConfig("log-uniform"), SamplerConfig("uniform")]
    for place, sampler in enumerate(samplers):
        exponent = {"log-uniform": 0.9, "uniform": 0.0}.get(sampler.distribution, sampler.power)
        accuracy = 0.41 - 0.08 * (exponent - 0.7) ** 2
        config = [one(OutputConfig(NEG, sampler), seed) for seed in range(num_seeds)]
        yield from _runs("power", config, (accuracy, 2.0, 2.2), place)
    yield from distributions({"uniform", "unigram^0.5", "unigram^0.75", "log-uniform"})


def noise(num_seeds: int) -> Iterator[dict]:
    """Negative sampling with few and many noise words, shared by a block or not."""
    for place, num in enumerate((1, 2, 5, 10, 15)):
        for grouping in ("block", "pair"):
            pair = grouping == "pair"
            accuracy = 0.42 - 0.06 / num + 0.01 * pair
            output = OutputConfig(NEG, num_noise=num)
            config = [one(output, seed, grouping=grouping) for seed in range(num_seeds)]
            speed = (0.3 if pair else 2.0) / num**0.3
            yield from _runs("noise", config, (accuracy, speed, 2.2), 2 * place + pair)


def sharing(num_seeds: int) -> Iterator[dict]:
    """Two layers with few and many noise words a block: more are slower and more accurate."""
    for layer in (NEG, "nce"):
        for place, num in enumerate((16, 32, 64, 128)):
            block = max(64, 2 * num)
            config = [
                one(OutputConfig(layer), s, noise_per_block=num, block_size=block)
                for s in range(num_seeds)
            ]
            outcome = 0.4 - 1 / num - 0.1 * (layer == "nce"), 3.0 / num**0.3, 2.2
            yield from _runs("sharing", config, outcome, place)


def table(num_seeds: int) -> Iterator[dict]:
    """Negative sampling from word2vec.c's table of several sizes, and exactly."""
    sizes = (100_000, 1_000_000, 10_000_000, 100_000_000)
    samplers = [SamplerConfig(mechanism="table", table_size=size) for size in sizes]
    for place, sampler in enumerate([*samplers, SamplerConfig(mechanism="alias")]):
        accuracy = 0.41 - 0.02 * (1e5 / sampler.table_size if place < 4 else 0)
        config = [one(OutputConfig(NEG, sampler), seed) for seed in range(num_seeds)]
        yield from _runs("table", config, (accuracy, 2.0, 2.2), place)


def clock(num_seeds: int) -> Iterator[dict]:
    """Every layer, for several numbers of epochs."""
    best = [cell for cell in CELLS if cell[1] in (None, "unigram^0.75")]
    for place, (layer, _, accuracy, speed, loss) in enumerate(best):
        for epochs in (0.5, 1.0, 2.0, 4.0, 8.0):
            value = accuracy * (1 - np.exp(-epochs / 1.5))
            output = OutputConfig(layer)
            config = [one(output, seed, epochs=epochs) for seed in range(num_seeds)]
            yield from _runs("clock", config, (value, speed, loss), 10 * place + int(2 * epochs))


def tuning(num_seeds: int) -> Iterator[dict]:
    """Three layers, each at several learning rates; the best differ."""
    for place, (layer, best) in enumerate((("nce", 0.02), (NEG, 0.06), ("full-softmax", 0.02))):
        for step, rate in enumerate((0.01, 0.02, 0.04, 0.08)):
            accuracy = 0.4 - 0.05 * np.log2(rate / best) ** 2
            config = [one(OutputConfig(layer), s, learning_rate=rate) for s in range(num_seeds)]
            yield from _runs("tuning", config, (accuracy, 2.0, 2.2), 10 * place + step)


STUDIES: dict[str, Callable[[int], Iterator[dict]]] = {
    "power": power,
    "noise": noise,
    "sharing": sharing,
    "table": table,
    "clock": clock,
    "tuning": tuning,
}
"""by the number of seeds"""


def _runs(
    name: str, configs: list[RunConfig], outcome: tuple[float, float, float], place: int
) -> Iterator[dict]:
    for config in configs:
        generator = np.random.default_rng((config.train.seed, place))
        yield from measured(name, config, outcome, generator)
