"""The samplers' report card: what is drawn, how faithfully, and at what cost."""

import math
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from w2vjax.config.schema import SamplerConfig
from w2vjax.engine import devices
from w2vjax.progress import track
from w2vjax.records.provenance import provenance
from w2vjax.samplers import OWN, STREAMED, Learning, build, draw, mechanism, target_distribution
from w2vjax.samplers.closed_forms import LogUniform
from w2vjax.samplers.distributions import Probabilities, unigram
from w2vjax.samplers.fit import goodness_of_fit
from w2vjax.samplers.laws import (
    hellinger,
    kl_divergence,
    law,
    rare_half_mass,
    ratio_bounds,
    top_mass,
    total_variation,
)
from w2vjax.samplers.mechanisms import check_table, fill_table
from w2vjax.study.card_settings import CardConfig
from w2vjax.study.draw_times import against_bits, by_vocabulary, of_numpy, vocabulary_sizes
from w2vjax.study.rank_curves import rank_curves

Row = dict[str, Any]
TABLE_SIZES = np.geomspace(1e5, 1e8, 13).round().astype(int)
TABLE_POWERS = (0.5, 0.75, 1.0)
TOPS = (1, 10, 100, 1000)
ALL_WORDS = "all words"


def card(
    source: str,
    counts: NDArray[np.int64],
    samplers: Sequence[SamplerConfig],
    config: CardConfig,
) -> dict[str, Any]:
    """Everything on the card, as plain data, for words with these counts `[V]`, falling.

    `samplers` has a row for each sampler; `table_sizes` what word2vec.c's table of any size would
    do to these words; `vocabulary_sizes` the time of a draw for other vocabularies; `curves`
    probability against rank. Raises `InputError`, before anything is measured, as `build` does.
    """
    _check(samplers, counts)
    sizes = vocabulary_sizes(len(counts))
    with track("report card", len(samplers) + len(sizes), "parts") as advance:
        numpy_ns = of_numpy(unigram(counts, 0.75), config.num_draws)
        closed = LogUniform.of(len(counts))
        closed_ns = against_bits(closed, config.num_draws, config.repeats).nanoseconds
        rows: list[Row] = []
        laws: dict[str, Probabilities] = {"corpus": counts / counts.sum()}
        for sampler in samplers:
            row, target = _row(sampler, counts, config)
            row["speed_numpy"] = numpy_ns / row["nanoseconds"]
            row["speed_closed_form"] = closed_ns / row["nanoseconds"]
            rows.append(row)
            if sampler.distribution not in STREAMED:  # the corpus' own words: its curve is there
                laws.setdefault(sampler.law_name, target)
            advance(1, 1)
        times = by_vocabulary(
            largest=len(counts),
            table_size=config.table_size,
            num_draws=config.num_draws,
            repeats=max(1, config.repeats // 3),
            advance=lambda: advance(1, 1),
        )
    return {
        "vocabulary": {
            "source": source,
            "words": len(counts),
            "total": int(counts.sum()),
            "largest": int(counts[0]),
            "least": int(counts[-1]),
        },
        "config": asdict(config),
        "made": provenance() | devices.described(),
        "numpy_nanoseconds": numpy_ns,
        "closed_form_nanoseconds": closed_ns,
        "samplers": rows,
        "table_sizes": table_sizes(counts),
        "vocabulary_sizes": times,
        "curves": rank_curves(laws, "samplers"),
    }


def table_sizes(counts: NDArray[np.int64]) -> list[Row]:
    """What word2vec.c's table does to a vocabulary, from its slots as filled, without drawing."""
    rows = []
    for power in TABLE_POWERS:
        target = unigram(counts, power)
        for size in TABLE_SIZES.tolist():
            slots = fill_table(target, size)
            rows.append(
                {
                    "distribution": SamplerConfig(power=power).law_name,
                    "size": size,
                    "total_variation": total_variation(slots / size, target),
                    "unreachable": int((slots == 0).sum()),
                }
            )
    return rows


def _check(samplers: Sequence[SamplerConfig], counts: NDArray[np.int64]) -> None:
    for config in samplers:
        if config.distribution in OWN or mechanism(config) == "closed-form":
            build(config, counts)
            continue
        target = target_distribution(config, counts)
        if mechanism(config) == "table":
            check_table(target[config.reserved :], config.table_size)


def _row(
    config: SamplerConfig, counts: NDArray[np.int64], card: CardConfig
) -> tuple[Row, Probabilities]:
    """A sampler's row, and the distribution it stands for: a user's stands for itself.

    Those of the stream are as after one pass over the text, all of its words kept.
    """
    num_words, own = len(counts), config.distribution in OWN
    start = time.perf_counter()
    sampler = jax.block_until_ready(build(config, counts))
    setup = time.perf_counter() - start
    if isinstance(sampler, Learning):
        sampler = sampler.learn(counts)
    held = law(sampler, num_words)
    ids = np.asarray(draw(sampler, jax.random.key(card.seed), (card.num_draws,)))
    fit = goodness_of_fit(np.bincount(ids, minlength=num_words), held)
    times = against_bits(sampler, card.num_draws, card.repeats, card.seed)
    row = {
        "sampler": config.name,
        "distribution": config.law_name,
        "mechanism": "own" if own else mechanism(config),
        "table_size": config.table_size if mechanism(config) == "table" else None,
        "unreachable": int((held == 0).sum()),
        **{f"top_{num}": top_mass(held, num) for num in TOPS},
        "rarest_half": rare_half_mass(held),
        "noise_is_target": float(held @ unigram(counts, 1.0)),
        "p_value": fit.pop(ALL_WORDS),
        "p_values": fit,
        "bytes": sum(leaf.nbytes for leaf in jax.tree.leaves(sampler)),
        "setup_seconds": setup,
        "nanoseconds": times.nanoseconds,
        "bits_nanoseconds": times.bits,
        "speed_bits": times.speed,
    }
    row |= _distances(held, unigram(counts, 0.75), "_unigram_0.75")
    if own:
        return row, held
    target = target_distribution(config, counts)
    return row | _distances(held, target, ""), target


def _distances(held: Probabilities, target: Probabilities, suffix: str) -> Row:
    """Of the law that is drawn from a target; an infinite divergence is None."""
    backwards = kl_divergence(target, held)
    low, high = ratio_bounds(held, target)
    values = {
        "total_variation": total_variation(held, target),
        "kl": kl_divergence(held, target),
        "kl_backwards": backwards if math.isfinite(backwards) else None,
        "hellinger": hellinger(held, target),
        "least_ratio": low,
        "largest_ratio": high,
    }
    return {f"{name}{suffix}": value for name, value in values.items()}
