"""Scores of vectors: analogies, similarity, likelihood; each with its coverage and protocol."""

from w2vjax.evaluation.own import register_metric

__all__ = ["register_metric"]
