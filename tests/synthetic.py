"""Records of an imagined experiment, with the numbers of a real one's kind."""

from collections.abc import Iterator, Sequence

import numpy as np

from w2vjax.config import CorpusConfig, OutputConfig, RunConfig, SamplerConfig, TrainConfig, flatten

SECTIONS = (
    *("capital-common-countries", "capital-world", "currency", "city-in-state", "family"),
    *("gram1-adjective-to-adverb", "gram2-opposite", "gram3-comparative", "gram4-superlative"),
    *("gram5-present-participle", "gram6-nationality-adjective", "gram7-past-tense"),
    *("gram8-plural", "gram9-plural-verbs"),
)
VOCABULARY = 20_000
WORDS = 58_160_211
SAMPLERS = {
    "uniform": SamplerConfig("uniform"),
    "unigram^0.5": SamplerConfig(power=0.5),
    "unigram^0.75": SamplerConfig(),
    "unigram^1": SamplerConfig(power=1.0),
    "log-uniform": SamplerConfig("log-uniform"),
    "zipf^1": SamplerConfig("zipf", 1.0),
}
# layer, sampler, accuracy, million words a second, final loss
CELLS = (
    ("full-softmax", None, 0.35, 0.03, 6.3),
    ("hierarchical-softmax", None, 0.38, 0.55, 7.1),
    ("balanced-softmax", None, 0.29, 0.50, 8.0),
    ("negative-sampling", "uniform", 0.33, 2.1, 1.1),
    ("negative-sampling", "unigram^0.75", 0.41, 2.0, 2.2),
    ("negative-sampling", "log-uniform", 0.39, 2.08, 2.4),
    ("nce", "unigram^0.75", 0.405, 1.9, 2.6),
    ("nce", "log-uniform", 0.36, 1.95, 2.8),
    ("sampled-softmax", "unigram^0.75", 0.40, 1.7, 1.6),
    ("sampled-softmax", "log-uniform", 0.385, 1.75, 1.7),
)
MORE_CELLS = (
    CELLS
    + tuple(
        (layer, sampler, accuracy - 0.02, speed * 0.97, loss + 0.3)
        for layer, accuracy, speed, loss in (
            ("negative-sampling", 0.40, 2.0, 2.2),
            ("nce", 0.40, 1.85, 2.6),
            ("sampled-softmax", 0.39, 1.7, 1.6),
        )
        for sampler in ("unigram^0.5", "unigram^1", "zipf^1")
    )
    + (("nce", "uniform", 0.2, 1.8, 3.0),)
)


def experiment(cells: Sequence[tuple] = CELLS, num_seeds: int = 3) -> list[dict]:
    """Every record of every run of the cells, then the distributions."""
    rows = [
        row
        for number, cell in enumerate(cells)
        for seed in range(num_seeds)
        for row in run(cell, seed, np.random.default_rng((seed, number)))
    ]
    return rows + list(distributions({cell[1] for cell in cells} - {None}))


def run(cell: tuple, seed: int, generator: np.random.Generator) -> Iterator[dict]:
    """The records of one run."""
    layer, sampler, accuracy, speed, loss = cell
    config = RunConfig(
        CorpusConfig("simplewiki-2018"),
        OutputConfig(layer, SAMPLERS[sampler] if sampler else SamplerConfig()),
        TrainConfig(seed=seed),
    )
    noise = generator.normal(size=4) * 0.004
    base = {
        "experiment": "compare",
        "run": config.run_id,
        "seed": seed,
        "label": f"{layer} / {sampler}" if sampler else layer,
        **{f"config.{name}": value for name, value in flatten(config).items()},
        "words": WORDS,
        "seconds": WORDS / speed / 1e6,
        "compile_seconds": 3.2,
        "vocabulary": VOCABULARY,
        "corpus_sha256": "0" * 64,
        "platform": "cpu",
        "num_devices": 2,
    }
    for share in np.linspace(0.02, 1, 40):
        curve = loss * (1 + 0.6 * np.exp(-6 * share)) + generator.normal() * 0.01 * loss
        yield base | {"metric": "loss/total", "value": curve, "x": float(WORDS * share)}
    covered = {"covered": 18_430, "total": 19_544}
    covered["evaluation"] = "3CosAdd, top 30,000 candidates, out-of-vocabulary skipped"
    for part, shift in (("total", 0), ("semantic", -0.03), ("syntactic", 0.03)):
        yield base | covered | {"metric": f"analogy/{part}", "value": accuracy + shift + noise[0]}
    for place, section in enumerate(SECTIONS):
        value = float(np.clip(accuracy + 0.3 * np.sin(3 * place) + noise[1], 0, 1))
        yield base | {"metric": f"analogy/section/{section}", "value": value}
    yield base | {"metric": "similarity/wordsim-353", "value": 0.6 + accuracy / 10 + noise[2]}
    if "softmax" in layer and layer != "sampled-softmax":
        yield base | {"metric": "likelihood/held-out", "value": loss + noise[2]}
    yield base | {"metric": "speed/words", "value": speed * 1e6 * (1 + 4 * noise[3])}
    yield base | {"metric": "run/finished", "value": None}


def distributions(samplers: set[str]) -> Iterator[dict]:
    """Probability by rank, at ranks evenly spaced on a logarithmic axis."""
    ranks = np.arange(1, VOCABULARY + 1)
    counts = 1 / (ranks + 2.7)
    weights = {
        "corpus": counts,
        "uniform": np.ones(VOCABULARY),
        "log-uniform": np.log1p(1 / ranks),
        "zipf^1": 1 / ranks,
    } | {f"unigram^{power:g}": counts**power for power in (0.5, 0.75, 1)}
    places = np.unique(np.geomspace(1, VOCABULARY, 60).astype(int))
    for name in sorted(samplers | {"corpus"}):
        probabilities = weights[name] / weights[name].sum()
        for place in places:
            yield {
                "experiment": "compare",
                "metric": f"distribution/{name}",
                "x": int(place),
                "value": float(probabilities[place - 1]),
            }
