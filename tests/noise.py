"""Vocabularies and sampler names that the tests of samplers share."""

import jax
import numpy as np

from w2vjax.samplers import SAMPLERS

V = 2000
COUNTS = np.maximum(5, 300_000 // np.arange(1, V + 1))
OTHER_COUNTS = np.maximum(7, 900_000 // np.arange(1, V + 1) ** 2)
KEY = jax.random.key(0)
EVERY = [
    *SAMPLERS,
    "unigram^-0.5",
    "uniform:cdf",
    "log-uniform:closed-form",
    "unigram^1:table(20000)",
    "log-uniform+uniform(0.3):table(1e5)",
    "log-uniform+reserved(3)+unique",
    "unigram^1+temperature(2)+uniform(0.1)+reserved(3)",
]
KINDS = [
    "uniform",
    "log-uniform",
    "unigram^0.75",
    "unigram^0.75:cdf",
    "unigram^1:table(20000)",
    "in-batch",
]
"""one of each class"""
