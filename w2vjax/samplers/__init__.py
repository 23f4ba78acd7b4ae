"""Noise samplers: a distribution and a mechanism that draws from it, by name and by contract."""

from w2vjax.samplers.candidates import (
    Candidates,
    accidental_hits,
    draw_candidates,
    in_batch,
    log_expected_count,
)
from w2vjax.samplers.catalogue import (
    from_file,
    from_probabilities,
    log_uniform,
    uniform,
    unigram,
    zipf,
)
from w2vjax.samplers.contract import (
    FromStep,
    Law,
    Learning,
    Sampler,
    check,
    draw,
    noise,
    num_unreachable,
    probabilities,
)
from w2vjax.samplers.frequency import FrequencyEstimate
from w2vjax.samplers.names import SAMPLERS, parse
from w2vjax.samplers.registry import (
    MECHANISMS,
    OWN,
    STREAMED,
    build,
    has_closed_form,
    mechanism,
    register,
    target_distribution,
)
from w2vjax.samplers.without_repeats import distinct, expected_tries

__all__ = [
    "MECHANISMS",
    "OWN",
    "SAMPLERS",
    "STREAMED",
    "Candidates",
    "FrequencyEstimate",
    "FromStep",
    "Law",
    "Learning",
    "Sampler",
    "accidental_hits",
    "build",
    "check",
    "distinct",
    "draw",
    "draw_candidates",
    "expected_tries",
    "from_file",
    "from_probabilities",
    "has_closed_form",
    "in_batch",
    "log_expected_count",
    "log_uniform",
    "mechanism",
    "noise",
    "num_unreachable",
    "parse",
    "probabilities",
    "register",
    "target_distribution",
    "uniform",
    "unigram",
    "zipf",
]
