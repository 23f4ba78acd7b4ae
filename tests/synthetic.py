"""Records of an imagined experiment, with the numbers of a real one's kind."""

from collections.abc import Iterator, Sequence

import numpy as np

from w2vjax.config.schema import CorpusConfig, OutputConfig, RunConfig, SamplerConfig, TrainConfig
from w2vjax.study.run import planned

SECTIONS = (
    *("capital-common-countries", "capital-world", "currency", "city-in-state", "family"),
    *("gram1-adjective-to-adverb", "gram2-opposite", "gram3-comparative", "gram4-superlative"),
    *("gram5-present-participle", "gram6-nationality-adjective", "gram7-past-tense"),
    *("gram8-plural", "gram9-plural-verbs"),
)
VOCABULARY = 20_000
WORDS = 58_160_211
BANDS = {1_000: 0.12, 3_000: 0.24, 10_000: 0.4, 20_000: 0.24}
"""share of the questions by upper rank"""
MACHINE = {
    "platform": "cpu",
    "device": "cpu",
    "num_devices": 2,
    "peak_memory": 900_000_000,
    "versions.python": "3.12.1",
    "versions.w2vjax": "0.1.0",
    "versions.jax": "0.10.2",
    "versions.numpy": "2.3.1",
    "system": "Linux x86_64",
    "processor": "A Processor @ 2.10GHz",
    "cores": 2,
    "commit": "0123456789abcdef0123456789abcdef01234567",
    "dirty": False,
    "time": "2026-01-02T03:04:05+00:00",
}
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
    """The records of one run of a cell."""
    layer, sampler, accuracy, speed, loss = cell
    config = RunConfig(
        CorpusConfig("simplewiki-2018"),
        OutputConfig(layer, SAMPLERS[sampler] if sampler else SamplerConfig()),
        TrainConfig(seed=seed),
    )
    yield from measured("compare", config, (accuracy, speed, loss), generator)


def measured(
    experiment: str,
    config: RunConfig,
    outcome: tuple[float, float, float],
    generator: np.random.Generator,
) -> Iterator[dict]:
    """What `study.run` records of a run: accuracy, million words a second and final loss given."""
    accuracy, speed, loss = outcome
    layer, words = config.output.layer, round(WORDS * config.train.epochs / 5)
    noise = generator.normal(size=4) * 0.004
    base = {
        **planned(config, experiment),
        **MACHINE,
        "words": words,
        "kept_words": round(0.55 * words),
        "pairs": 3 * words,
        "seconds": words / speed / 1e6,
        "compile_seconds": 3.2,
        "vocabulary": VOCABULARY,
        "corpus_sha256": "0123456789abcdef" * 4,
    }
    curve_base = {"run": base["run"]}
    for share in np.linspace(0.02, 1, 40):
        curve = loss * (1 + 0.6 * np.exp(-6 * share)) + generator.normal() * 0.01 * loss
        yield curve_base | {"metric": "loss/total", "value": curve, "x": round(words * share)}
    covered = {"covered": 18_430, "total": 19_544}
    covered["evaluation"] = "3CosAdd, top 30,000 candidates, out-of-vocabulary skipped"
    for part, shift in (("total", 0), ("semantic", -0.03), ("syntactic", 0.03)):
        yield base | covered | {"metric": f"analogy/{part}", "value": accuracy + shift + noise[0]}
    for place, section in enumerate(SECTIONS):
        value = float(np.clip(accuracy + 0.3 * np.sin(3 * place) + noise[1], 0, 1))
        yield base | {"metric": f"analogy/section/{section}", "value": value}
    for name, level in (("EN-WS-353-ALL", 0.6), ("EN-SIMLEX-999", 0.28)):
        yield base | {"metric": f"similarity/{name}", "value": level + accuracy / 10 + noise[2]}
    for rank, share in BANDS.items():
        held = {"x": rank, "covered": round(18_430 * share), "total": round(19_544 * share)}
        fall = 0.1 * np.log10(rank / 3_000)
        for what, level in (("analogy", accuracy), ("similarity", 0.5 + accuracy / 10)):
            value = level - fall + 2 * generator.normal() * 0.004
            yield base | held | {"metric": f"{what}/band", "value": value}
    if "softmax" in layer and layer != "sampled-softmax":
        yield base | {"metric": "likelihood/held-out", "value": loss + noise[2]}
    for name, number in (("words", words), ("kept-words", 0.55 * words), ("pairs", 3 * words)):
        value = number / base["seconds"] * (1 + 4 * noise[3])
        yield base | {"metric": f"speed/{name}", "value": value}
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
